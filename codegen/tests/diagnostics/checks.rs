//! What is only wrong in the company of other specifications.

use crate::fixture::{HEAD, SCHEMA, demo_says, read, says};

fn head(id: &str, depends: &str) -> String {
    format!("[spec]\nid = \"{id}\"\nnumber = \"N\"\ntitle = \"T\"\ndepends = [{depends}]\n")
}

#[test]
fn unknown_dependencies() {
    says(
        &[
            ("alpha/spec.toml", &head("alpha", "\"betta\", \"gamma\"")),
            ("beta/spec.toml", &head("beta", "\"beta\"")),
        ],
        &[
            (
                "error",
                "alpha/spec.toml:5:12",
                "there is no spec `betta`",
                "did you mean `beta`?",
            ),
            (
                "error",
                "alpha/spec.toml:5:21",
                "there is no spec `gamma`",
                "add a folder `gamma` with its schema or `spec.toml`, or remove it here",
            ),
            (
                "error",
                "beta/spec.toml:5:12",
                "`beta` depends on itself",
                "remove it",
            ),
        ],
    );
}

#[test]
fn dependencies_in_a_circle() {
    let files = [
        ("a/spec.toml", &*head("a", "\"b\"")),
        ("b/spec.toml", &*head("b", "\"c\"")),
        ("c/spec.toml", &*head("c", "\"a\"")),
    ];
    says(
        &files,
        &[(
            "error",
            "a/spec.toml:5:12",
            "the specs depend on each other: a -> b -> c -> a",
            "remove one of these dependencies",
        )],
    );
    let loaded = read(&files);
    let notes: Vec<String> = loaded
        .diagnostics
        .iter()
        .flat_map(|d| &d.notes)
        .map(|(place, says)| format!("{place} {says}"))
        .collect();
    assert_eq!(
        notes,
        [
            "b/spec.toml:5:12 here on `c`",
            "c/spec.toml:5:12 here on `a`"
        ]
    );
}

#[test]
fn using_without_depending() {
    let toml = format!(
        "{}[[message]]\npayload = \"demo:item\"\nfrom = [\"anyone\"]\n",
        head("other", "")
    );
    says(
        &[("demo/demo.xsd", SCHEMA), ("other/spec.toml", &toml)],
        &[(
            "error",
            "other/spec.toml:7:11",
            "`other` uses an element of `demo` and does not depend on it",
            "add \"demo\" to `depends` in `[spec]`",
        )],
    );
}

#[test]
fn features_tables_rows_requests_and_keys_twice() {
    let lines = "[[disco.feature]]\nvar = \"urn:x\"\non = [\"host\"]\n[[table]]\nname = \"t\"\naccessor = \"t\"\nkey = [\"k\"]\n[[table.column]]\nname = \"k\"\ntype = \"text\"\n[[iq]]\ntype = \"get\"\nrequest = \"demo:query\"\nanswer = \"empty\"\nfrom = [\"anyone\"]\n";
    let demo = format!("{HEAD}{lines}");
    let other = format!("{}{lines}", head("other", "\"demo\""));
    says(
        &[
            ("demo/demo.xsd", SCHEMA),
            ("demo/spec.toml", &demo),
            ("other/spec.toml", &other),
        ],
        &[
            (
                "error",
                "other/spec.toml:7:7",
                "the disco feature `urn:x` is declared twice",
                "one spec announces it: remove it from the other",
            ),
            (
                "error",
                "demo/spec.toml:6:7",
                "the feature `urn:x` is announced on the host, and nothing there handles it",
                "add a handler with `role = \"server\"` to a request, or remove \"host\" from `on`",
            ),
            (
                "error",
                "other/spec.toml:7:7",
                "the feature `urn:x` is announced on the host, and nothing there handles it",
                "add a handler with `role = \"server\"` to a request, or remove \"host\" from `on`",
            ),
            (
                "error",
                "demo/spec.toml:9:8",
                "the table `t` does not say whose rows it has",
                "write `personal` with the column that names their owner, or with several; \
                 `personal = []` where no row belongs to a person",
            ),
            (
                "error",
                "other/spec.toml:10:8",
                "the table `t` does not say whose rows it has",
                "write `personal` with the column that names their owner, or with several; \
                 `personal = []` where no row belongs to a person",
            ),
            (
                "error",
                "other/spec.toml:10:8",
                "the table `t` is declared twice",
                "give one of them another name",
            ),
            (
                "error",
                "other/spec.toml:11:12",
                "the accessor `t` is declared twice",
                "give one of the tables another accessor",
            ),
            (
                "error",
                "other/spec.toml:18:11",
                "the request `get query` is declared twice",
                "one request has one answer: remove the other, or add its handlers here",
            ),
        ],
    );
}

#[test]
fn methods_and_scopes() {
    demo_says(
        "[[iq]]\ntype = \"get\"\nrequest = \"query\"\nanswer = \"query\"\nfrom = [\"anyone\"]\n[[iq.handler]]\nrole = \"server\"\nscope = [\"host\"]\nname = \"ask\"\n[[iq.handler]]\nrole = \"server\"\nscope = [\"host\"]\nname = \"ask\"\n[[iq.handler]]\nrole = \"client\"\nscope = [\"host\"]\nname = \"new\"\n",
        &[
            (
                "error",
                "demo/spec.toml:17:8",
                "a second handler for the same request and scope",
                "one method answers: remove a scope from one of them, or give it a `node` or `form`",
            ),
            (
                "error",
                "demo/spec.toml:17:8",
                "the method `ask` of the server is declared twice",
                "give one of them another name",
            ),
            (
                "error",
                "demo/spec.toml:21:8",
                "a client has no such scope",
                "a client answers for `client`",
            ),
            (
                "error",
                "demo/spec.toml:21:8",
                "the method `new` is taken: every skeleton has it",
                "give the handler another name",
            ),
        ],
    );
}

fn row(name: &str, element: &str, rest: &str, order: u16) -> String {
    format!(
        "[[negotiation]]\nname = \"{name}\"\nelement = \"{element}\"\nstreams = \"c2s\"\nmandatory = \"always\"\norder = {order}\n{rest}\n"
    )
}

const SERVER: (&str, &str) = (
    "profiles/server.toml",
    "[profile]\nname = \"server\"\nrole = \"server\"\nspecs = [\"demo\"]\n",
);

fn negotiation_says(rows: &[String], expected: &[(&str, &str, &str, &str)]) {
    let toml = format!("{HEAD}{}", rows.concat());
    says(
        &[("demo/demo.xsd", SCHEMA), ("demo/spec.toml", &toml), SERVER],
        expected,
    );
}

#[test]
fn a_stream_that_never_becomes_ready() {
    negotiation_says(
        &[row(
            "tls",
            "feature",
            "prohibits = [\"secure\"]\nsets = [\"secure\"]",
            1,
        )],
        &[(
            "error",
            "profiles/server.toml:2:8",
            "a client to server stream of the profile `server` never becomes ready",
            "it gets as far as `secure`; add a spec with a row that sets `ready` from there",
        )],
    );
}

#[test]
fn a_dead_end_and_a_row_that_never_runs() {
    negotiation_says(
        &[
            row(
                "a",
                "feature",
                "prohibits = [\"secure\", \"ready\"]\nsets = [\"ready\"]",
                1,
            ),
            row(
                "b",
                "item",
                "prohibits = [\"secure\"]\nsets = [\"secure\"]",
                2,
            ),
            row(
                "c",
                "query",
                "requires = [\"bound\"]\nprohibits = [\"ready\"]\nsets = [\"ready\"]",
                3,
            ),
        ],
        &[
            (
                "error",
                "demo/spec.toml:14:8",
                "the negotiation of the profile `server` has a dead end: `secure`",
                "from there no row leads to `ready`: change what this row prohibits or sets",
            ),
            (
                "error",
                "demo/spec.toml:22:8",
                "the row `c` can never run in the profile `server`",
                "no row sets `bound`",
            ),
        ],
    );
}

#[test]
fn a_password_on_an_open_stream() {
    let tls = |order| {
        row(
            "tls",
            "feature",
            "prohibits = [\"secure\", \"authenticated\"]\nsets = [\"secure\"]",
            order,
        )
    };
    let sasl = row(
        "sasl",
        "item",
        "prohibits = [\"authenticated\"]\nsets = [\"authenticated\", \"ready\"]",
        20,
    );
    negotiation_says(&[tls(10), sasl.clone()], &[]);
    let rows = [tls(30), sasl];
    negotiation_says(
        &rows,
        &[(
            "error",
            "demo/spec.toml:14:8",
            "the row `sasl` may carry a password before the stream is secure",
            "add \"secure\" to `requires`, or put a row that sets it before, mandatory by policy;\na profile that wants this says `password_without_tls = true`",
        )],
    );
    // A profile may want it.
    let toml = format!("{HEAD}{}", rows.concat());
    let profile = format!("{}password_without_tls = true\n", SERVER.1);
    says(
        &[
            ("demo/demo.xsd", SCHEMA),
            ("demo/spec.toml", &toml),
            (SERVER.0, &profile),
        ],
        &[],
    );
}

#[test]
fn rows_that_contradict_themselves_or_each_other() {
    negotiation_says(
        &[
            row(
                "a",
                "feature",
                "requires = [\"secure\"]\nprohibits = [\"secure\"]",
                1,
            ),
            row("b", "item", "sets = [\"ready\"]", 1),
        ],
        &[
            (
                "error",
                "demo/spec.toml:6:8",
                "the row `a` both requires and prohibits `secure`",
                "it can never run: remove one of the two",
            ),
            (
                "error",
                "demo/spec.toml:6:8",
                "the row `a` can never run in the profile `server`",
                "no row sets `secure`",
            ),
            (
                "error",
                "demo/spec.toml:14:8",
                "the row `b` can run again and again",
                "prohibit what it sets: `ready`",
            ),
            (
                "error",
                "demo/spec.toml:14:8",
                "the rows `a` and `b` have the same order",
                "give one of them another `order`: which comes first must be plain",
            ),
        ],
    );
}

fn stage(at: &str, rest: &str) -> String {
    format!("[[stage]]\nat = \"{at}\"\nkinds = [\"message\"]\nname = \"act\"\n{rest}\n")
}

#[test]
fn stages_in_no_plain_order() {
    let a = format!("{}{}", head("a", ""), stage("received", ""));
    let b = format!("{}{}", head("b", ""), stage("received", ""));
    says(
        &[("a/spec.toml", &a), ("b/spec.toml", &b)],
        &[(
            "error",
            "b/spec.toml:9:8",
            "`a` and `b` meet the same stanza here, and neither comes first",
            "add `after = [\"a\"]` or `before = [\"a\"]`",
        )],
    );
    // `after`, a dependency, or different stanzas make it plain.
    for b in [
        format!("{}{}", head("b", ""), stage("received", "after = [\"a\"]")),
        format!("{}{}", head("b", "\"a\""), stage("received", "")),
        format!(
            "{}{}",
            head("b", ""),
            stage("received", "").replace("message", "iq")
        ),
        format!("{}{}", head("b", ""), stage("undeliverable", "")),
    ] {
        says(&[("a/spec.toml", &a), ("b/spec.toml", &b)], &[]);
    }
}

#[test]
fn stages_in_a_circle_or_after_nothing() {
    let a = format!("{}{}", head("a", ""), stage("received", "after = [\"b\"]"));
    let b = format!("{}{}", head("b", ""), stage("received", "after = [\"a\"]"));
    let c = format!(
        "{}{}",
        head("c", ""),
        stage("undeliverable", "after = [\"a\", \"zz\", \"c\"]")
    );
    says(
        &[
            ("a/spec.toml", &a),
            ("b/spec.toml", &b),
            ("c/spec.toml", &c),
        ],
        &[
            (
                "error",
                "a/spec.toml:10:10",
                "the order of `a` at this stage goes in a circle",
                "remove one of the `after` and `before` that lead back to it",
            ),
            (
                "error",
                "b/spec.toml:10:10",
                "the order of `b` at this stage goes in a circle",
                "remove one of the `after` and `before` that lead back to it",
            ),
            (
                "warning",
                "c/spec.toml:10:10",
                "`a` has no function at this stage",
                "remove it, or name a spec that has one",
            ),
            (
                "error",
                "c/spec.toml:10:15",
                "there is no spec `zz`",
                "name a spec, such as `rfc-6121`",
            ),
            (
                "error",
                "c/spec.toml:10:21",
                "a spec's own functions run in the order of its file",
                "remove it, and sort the `[[stage]]` tables",
            ),
        ],
    );
}

#[test]
fn queries_without_an_index() {
    let table = "[[table]]\nname = \"t\"\naccessor = \"t\"\npersonal = \"n\"\nkey = [\"a\", \"n\"]\n[[table.column]]\nname = \"a\"\ntype = \"bare-jid\"\n[[table.column]]\nname = \"n\"\ntype = \"integer\"\n[[table.column]]\nname = \"z\"\ntype = \"text\"\n[[table.query]]\nname = \"right\"\nequals = [\"a\"]\nrange = \"n\"\nlimit = 1\n[[table.query]]\nname = \"wrong\"\nequals = [\"a\"]\norder = \"z\"\nlimit = 1\n[[table.query]]\nname = \"torn\"\nequals = [\"a\"]\nrange = \"n\"\norder = \"z\"\nlimit = 1\n";
    demo_says(
        table,
        &[
            (
                "error",
                "demo/spec.toml:14:8",
                "the column `n` names an account and is no address",
                "write `type = \"bare-jid\"`",
            ),
            (
                "error",
                "demo/spec.toml:14:8",
                "what belongs to an account by `n` has no index",
                "add `[[table.index]]` with `columns = [\"n\"]`",
            ),
            (
                "error",
                "demo/spec.toml:25:8",
                "the query `wrong` has no index",
                "add `[[table.index]]` with `columns = [\"a\", \"z\"]`, or begin the key with `a` and `z`",
            ),
            (
                "error",
                "demo/spec.toml:30:8",
                "the query `torn` has a range over `n` and an order by `z`",
                "order by `n`, or remove the range",
            ),
        ],
    );
}

#[test]
fn senders_and_answers_that_contradict_themselves() {
    demo_says(
        "[[message]]\npayload = \"item\"\nfrom = [\"server\", \"anyone\"]\nstrip = true\n[[iq]]\ntype = \"get\"\nrequest = \"query\"\nanswer = \"empty\"\nanswer_optional = true\nfrom = [\"anyone\"]\n",
        &[
            (
                "error",
                "demo/spec.toml:6:11",
                "removed from what others send, though anyone may send it",
                "say in `from` who may, such as `[\"server\"]`, or remove `strip`",
            ),
            (
                "error",
                "demo/spec.toml:9:1",
                "an empty answer that may also be empty",
                "remove `answer_optional`, or name the element that answers",
            ),
        ],
    );
}

#[test]
fn retention_and_search() {
    let table = "[[table]]\nname = \"t\"\naccessor = \"t\"\nkey = [\"a\", \"n\"]\n[[table.column]]\nname = \"a\"\ntype = \"bare-jid\"\n[[table.column]]\nname = \"n\"\ntype = \"integer\"\n[table.retention]\ncolumn = \"n\"\nconfig = \"keep\"\n[[table.query]]\nname = \"wrong\"\nequals = [\"a\"]\nsearch = \"n\"\nlimit = 1\n";
    demo_says(
        table,
        &[
            (
                "error",
                "demo/spec.toml:6:8",
                "the table `t` does not say whose rows it has",
                "write `personal` with the column that names their owner, or with several; \
                 `personal = []` where no row belongs to a person",
            ),
            (
                "error",
                "demo/spec.toml:16:10",
                "the column `n` says how long rows are kept and is no time",
                "write `type = \"date-time\"`",
            ),
            (
                "error",
                "demo/spec.toml:16:10",
                "the retention by `n` has no index",
                "add `[[table.index]]` with `columns = [\"n\"]`",
            ),
            (
                "error",
                "demo/spec.toml:17:10",
                "the specification has no key `keep` that is a duration",
                "add `[[config]]` with `key = \"keep\"` and `type = \"duration\"`",
            ),
            (
                "error",
                "demo/spec.toml:19:8",
                "the query `wrong` searches the column `n`, which is no text",
                "search a column of `type = \"text\"`",
            ),
        ],
    );
}

#[test]
fn handlers_that_share_a_request_by_node_or_form() {
    let handler = |name: &str, more: &str| {
        format!(
            "[[iq.handler]]\nrole = \"server\"\nscope = [\"host\"]\nname = \"{name}\"\n{more}\n"
        )
    };
    let iq =
        "[[iq]]\ntype = \"get\"\nrequest = \"query\"\nanswer = \"empty\"\nfrom = [\"anyone\"]\n";
    let apart = [
        handler("rest", ""),
        handler("one", "node = \"urn:one\""),
        handler("two", "node = \"urn:two\""),
        handler("form", "form = \"urn:form\""),
    ];
    let form = "[[data-form]]\nform_type = \"urn:form\"\nrust = \"Asked\"\n";
    let depends = HEAD.to_owned() + "depends = [\"xep-0004\"]\n";
    says(
        &[
            ("demo/demo.xsd", SCHEMA),
            (
                "demo/spec.toml",
                &format!("{depends}{iq}{}{form}", apart.concat()),
            ),
            (
                "xep-0004/spec.toml",
                "[spec]\nid = \"xep-0004\"\nnumber = \"N\"\ntitle = \"T\"\n",
            ),
        ],
        &[],
    );
    let same = [
        handler("one", "node = \"urn:one\""),
        handler("again", "node = \"urn:one\""),
    ];
    demo_says(
        &format!("{iq}{}", same.concat()),
        &[(
            "error",
            "demo/spec.toml:18:8",
            "a second handler for the same request and scope",
            "one method answers: remove a scope from one of them, or give it a `node` or `form`",
        )],
    );
}

#[test]
fn complying_without_a_test() {
    let with = |tests: &str| format!("{}{tests}", head("shown", ""));
    let profile = "[profile]\nname = \"bot\"\nrole = \"client\"\nspecs = [\"shown\"]\n\
         [[compliance]]\ncategory = \"Core\"\nfeature = \"All of it\"\nspecs = [\"shown\", \"other\"]\n";
    let help = "a profile complies with what it holds and tests show: add it, or remove it here";
    says(
        &[
            ("profiles/bot.toml", profile),
            ("shown/spec.toml", &with("")),
            ("other/spec.toml", &head("other", "")),
        ],
        &[
            (
                "error",
                "profiles/bot.toml:2:8",
                "a client to server stream of the profile `bot` never becomes ready",
                "no row can run at all; add a spec with a row that sets `ready` from there",
            ),
            (
                "error",
                "profiles/bot.toml:8:10",
                "no test shows `shown`",
                help,
            ),
            (
                "error",
                "profiles/bot.toml:8:19",
                "the profile does not hold the spec `other`",
                help,
            ),
        ],
    );
}
