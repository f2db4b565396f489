//! The strict mode through its texts: attributes, content models, values, wildcards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sestina_wire::Frame;
use sestina_wire::strict::Rules;

/// One schema: its simple types, then complex ones, then elements.
fn rules(records: &[&str]) -> Rules {
    Rules::of([format!("N\turn:x\n{}\n", records.join("\n")).as_str()]).unwrap()
}

#[track_caller]
fn check(rules: &Rules, inner: &str, said: Result<(), &str>) {
    let frame = Frame::parse(inner.to_owned()).unwrap();
    let found = rules
        .check(frame.root())
        .map_err(|violation| violation.to_string());
    match said {
        Ok(()) => assert!(found.is_ok(), "{inner}: {found:?}"),
        Err(said) => {
            let found = found.expect_err(inner);
            assert!(found.contains(said), "{inner}: {found}");
        }
    }
}

#[test]
fn values_keep_to_their_facets() {
    let rules = rules(&[
        "S\txs:string\tpattern=[a-f0-9]{4}\tlength=4",
        "S\txs:integer\tminInclusive=1\tmaxExclusive=10",
        "S\t#1\tenumeration=3\tenumeration=4",
        "S\t*#1\tmaxLength=2",
        "S\t|#0 #2",
        "S\txs:base64Binary\tminLength=2",
        "S\txs:decimal\ttotalDigits=3\tfractionDigits=1",
        "S\txs:boolean",
        "E\thash\t#0",
        "E\tnumber\t#1",
        "E\tword\t#2",
        "E\tlist\t#3",
        "E\tunion\t#4",
        "E\tdata\t#5",
        "E\tprice\t#6",
        "E\tbool\t#7",
    ]);
    for (name, value, said) in [
        ("hash", "00ff", Ok(())),
        ("hash", "00fg", Err("`00fg` does not match `[a-f0-9]{4}`")),
        ("number", " 9 ", Ok(())),
        ("number", "0", Err("`0` is less than 1")),
        ("number", "10", Err("`10` is not less than 10")),
        ("number", "9.0", Err("is not a whole number")),
        ("word", "3", Ok(())),
        ("word", "5", Err("is none of `3`, `4`")),
        ("list", "1 2", Ok(())),
        ("list", "1 2 3", Err("has more than 2 items")),
        ("list", "1 x", Err("is not a whole number")),
        ("union", "abcd", Ok(())),
        ("union", "4", Ok(())),
        ("union", "5", Err("does not match")),
        ("data", "AAAA", Ok(())),
        ("data", "AA==", Err("has fewer than 2 bytes")),
        ("price", "12.5", Ok(())),
        ("price", "1.25", Err("digits behind the point")),
        ("bool", "yes", Err("is not `true` or `false`")),
    ] {
        check(
            &rules,
            &format!("<{name} xmlns='urn:x'>{value}</{name}>"),
            said,
        );
    }
}

#[test]
fn children_keep_to_their_content_model() {
    let rules = rules(&[
        "S\txs:string",
        "T\t\t@\tid\tr\t#0\t=x\t(,\t1 1\te\t1 1\ta\t#0\t(|\t1 1\te\t1 1\tb\t#0\te\t1 1\tc\t#0\t)\te\t0 2\td\t#0\t*\t0 1\tother\t)",
        "T\tm\t(&\t1 1\te\t1 1\ta\t#0\te\t0 1\tb\t#0\t)",
        "T\t\t@*\tany",
        "E\tseq\t$0",
        "E\tall\t$1",
        "E\tempty\t$2",
        "E\tanything\t*",
    ]);
    let seq = |inner: &str| format!("<seq xmlns='urn:x' id='x'>{inner}</seq>");
    check(&rules, &seq("<a/><b/>"), Ok(()));
    check(
        &rules,
        &seq("<a/><c/><d/><d/><e xmlns='urn:y'><f/></e>"),
        Ok(()),
    );
    check(&rules, &seq("<b/>"), Err("lacks <a/>"));
    check(&rules, &seq("<a/>"), Err("lacks <b/> or <c/>"));
    check(
        &rules,
        &seq("<b/><a/>"),
        Err("has <b/> in the place of <a/>"),
    );
    check(&rules, &seq("<a/><a/><b/>"), Err("has too many <a/>"));
    check(
        &rules,
        &seq("<a/><b/><d/><d/><d/>"),
        Err("has too many <d/>"),
    );
    check(&rules, &seq("<a/><b/><z/>"), Err("has no child <z/>"));
    check(&rules, &seq("<a/>text<b/>"), Err("holds no text"));
    check(
        &rules,
        "<seq xmlns='urn:x' id='y'><a/><b/></seq>",
        Err("`y` is not `x`"),
    );
    check(
        &rules,
        "<seq xmlns='urn:x'><a/><b/></seq>",
        Err("lacks its attribute id"),
    );
    // A wildcard's element is checked where some schema declares it.
    check(
        &rules,
        &seq("<a/><b/><e xmlns='urn:y'><all xmlns='urn:x'/></e>"),
        Err("<all/> in urn:x lacks <a/>"),
    );
    check(&rules, "<all xmlns='urn:x'>text<b/><a/></all>", Ok(()));
    check(&rules, "<empty xmlns='urn:x' any='1'/>", Ok(()));
    check(
        &rules,
        "<empty xmlns='urn:x'><a/></empty>",
        Err("has no child <a/>"),
    );
    check(
        &rules,
        "<anything xmlns='urn:x' b='1'><z/>text</anything>",
        Ok(()),
    );
}

#[test]
fn long_content_takes_no_long_time() {
    let rules = rules(&[
        "S\txs:string",
        "T\t\t(|\t0 -\te\t0 -\ta\t#0\t(,\t1 1\te\t0 -\ta\t#0\te\t0 1\tb\t#0\t)\t)",
        "E\tmany\t$0",
    ]);
    check(
        &rules,
        &format!("<many xmlns='urn:x'>{}</many>", "<a/>".repeat(400)),
        Ok(()),
    );
}

#[test]
fn texts_that_nobody_generates_are_refused() {
    for text in [
        "X\n",
        "S\n",
        "T\t\te\t1\n",
        "E\tq\n",
        "T\t\t(,\t1 1\te\t1 1\ta\t*\n",
        "S\txs:string\tcolour=red\n",
    ] {
        assert!(Rules::of([text]).is_err(), "{text}");
    }
    // A number that leads nowhere allows everything rather than panic.
    let rules = Rules::of(["N\turn:x\nE\tq\t$7\nE\tr\t#9\n"]).unwrap();
    check(&rules, "<q xmlns='urn:x'><z/></q>", Ok(()));
    check(&rules, "<r xmlns='urn:x'>z</r>", Ok(()));
}
