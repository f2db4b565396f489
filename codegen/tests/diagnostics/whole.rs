//! The whole message for each thing that is checked across specifications, kept as files beside this one: the line,
//! the caret, the other places and the help.
//!
//! After a change, `SESTINA_REWRITE=1 cargo test -p sestina-codegen --test diagnostics whole` writes them anew; read
//! the difference before committing it.

use std::path::Path;

use crate::fixture::{HEAD, SCHEMA, read};

/// Compares all that is said about these files with what is kept.
#[track_caller]
fn shows(name: &str, files: &[(&str, &str)]) {
    let loaded = read(files);
    // The places have lost the folder's name; the sources are found again without it.
    let mut sources = sestina_codegen::model::Sources::default();
    for (path, text) in files {
        sources.insert(Path::new(path), std::sync::Arc::from(*text));
    }
    let report = sestina_codegen::render_all(&loaded.diagnostics, &sources);
    let kept = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/diagnostics/whole")
        .join(name)
        .with_extension("txt");
    if std::env::var_os("SESTINA_REWRITE").is_some() {
        std::fs::write(&kept, &report).unwrap();
    }
    let expected = std::fs::read_to_string(&kept).unwrap_or_default();
    assert_eq!(report, expected, "{name}");
    for part in ["error: ", " --> ", "^", "= help: "] {
        assert!(report.contains(part), "{name} has no {part:?}");
    }
}

/// With the specification `demo`, its schema, and these lines in its `spec.toml`.
#[track_caller]
fn demo_shows(name: &str, lines: &str, more: &[(&str, &str)]) {
    let toml = format!("{HEAD}{lines}");
    let mut files = vec![("demo/demo.xsd", SCHEMA), ("demo/spec.toml", toml.as_str())];
    files.extend(more);
    shows(name, &files);
}

fn head(id: &str, depends: &str) -> String {
    format!("[spec]\nid = \"{id}\"\nnumber = \"N\"\ntitle = \"T\"\ndepends = [{depends}]\n")
}

const SERVER: (&str, &str) = (
    "profiles/server.toml",
    "[profile]\nname = \"server\"\nrole = \"server\"\nspecs = [\"demo\"]\n",
);

fn row(name: &str, element: &str, order: u16, rest: &str) -> String {
    format!(
        "[[negotiation]]\nname = \"{name}\"\nelement = \"{element}\"\nstreams = \"c2s\"\nmandatory = \"always\"\norder = {order}\n{rest}\n"
    )
}

const IQ: &str =
    "[[iq]]\ntype = \"get\"\nrequest = \"query\"\nanswer = \"empty\"\nfrom = [\"anyone\"]\n";

const TABLE: &str = "[[table]]\nname = \"things\"\naccessor = \"things\"\nkey = [\"owner\", \"at\"]\npersonal = \"owner\"\n[[table.column]]\nname = \"owner\"\ntype = \"bare-jid\"\n[[table.column]]\nname = \"at\"\ntype = \"integer\"\n";

#[test]
fn dependencies() {
    shows(
        "unknown_dependency",
        &[
            ("alpha/spec.toml", &head("alpha", "\"betta\"")),
            ("beta/spec.toml", &head("beta", "")),
        ],
    );
    shows(
        "cyclic_dependency",
        &[
            ("a/spec.toml", &head("a", "\"b\"")),
            ("b/spec.toml", &head("b", "\"c\"")),
            ("c/spec.toml", &head("c", "\"a\"")),
        ],
    );
    shows(
        "missing_spec",
        &[(
            "profiles/server.toml",
            "[profile]\nname = \"server\"\nrole = \"server\"\nspecs = [\"xep-0199\"]\n",
        )],
    );
}

#[test]
fn declared_twice() {
    shows(
        "element_twice",
        &[
            ("a/a.xsd", SCHEMA),
            (
                "b/b.xsd",
                &SCHEMA
                    .replace("name=\"item\"", "name=\"thing\"")
                    .replace("ref=\"item\"", "ref=\"thing\"")
                    .replace("name=\"feature\"", "name=\"other\""),
            ),
        ],
    );
    let feature = "[[disco.feature]]\nvar = \"urn:x\"\non = [\"host\"]\n";
    shows(
        "feature_twice",
        &[
            ("a/spec.toml", &format!("{}{feature}", head("a", ""))),
            ("b/spec.toml", &format!("{}{feature}", head("b", ""))),
        ],
    );
    let other = TABLE.replace("accessor = \"things\"", "accessor = \"others\"");
    shows(
        "table_twice",
        &[
            ("a/spec.toml", &format!("{}{TABLE}", head("a", ""))),
            ("b/spec.toml", &format!("{}{other}", head("b", ""))),
        ],
    );
}

#[test]
fn an_ambiguous_stage_order() {
    let stage = "[[stage]]\nat = \"received\"\nkinds = [\"message\"]\nname = \"look\"\n";
    let profile =
        "[profile]\nname = \"server\"\nrole = \"server\"\nspecs = [\"a\", \"b\", \"demo\"]\n";
    let ready = row(
        "all",
        "feature",
        1,
        "prohibits = [\"ready\"]\nsets = [\"ready\"]",
    );
    demo_shows(
        "stage_order",
        &ready,
        &[
            ("a/spec.toml", &format!("{}{stage}", head("a", ""))),
            ("b/spec.toml", &format!("{}{stage}", head("b", ""))),
            (SERVER.0, profile),
        ],
    );
}

#[test]
fn requests_and_features() {
    demo_shows(
        "iq_without_answer",
        &IQ.replace("answer = \"empty\"\n", ""),
        &[],
    );
    demo_shows(
        "feature_without_handlers",
        &format!("{IQ}[[disco.feature]]\nvar = \"urn:demo\"\non = [\"host\", \"client\"]\n"),
        &[],
    );
}

#[test]
fn unwrapping() {
    demo_shows(
        "unwrapped_too_much",
        "[refine.\"query/item\"]\nunwrap = true\n",
        &[],
    );
}

#[test]
fn versions() {
    demo_shows(
        "namespace_twice",
        "[[namespace]]\nolder = [\"urn:demo\"]\n",
        &[],
    );
}

#[test]
fn negotiation() {
    let ready = "prohibits = [\"ready\"]\nsets = [\"ready\"]";
    let secure = "prohibits = [\"secure\"]\nsets = [\"secure\"]";
    demo_shows(
        "dead_end",
        &(row(
            "a",
            "feature",
            1,
            "prohibits = [\"secure\", \"ready\"]\nsets = [\"ready\"]",
        ) + &row("b", "item", 2, secure)),
        &[SERVER],
    );
    demo_shows("never_ready", &row("tls", "feature", 1, secure), &[SERVER]);
    demo_shows(
        "same_order",
        &(row("a", "feature", 1, ready) + &row("b", "item", 1, ready)),
        &[SERVER],
    );
    demo_shows(
        "password_before_tls",
        &row(
            "sasl",
            "item",
            20,
            "prohibits = [\"authenticated\"]\nsets = [\"authenticated\", \"ready\"]",
        ),
        &[SERVER],
    );
}

#[test]
fn configuration() {
    demo_shows(
        "key_without_type",
        "[[config]]\nkey = \"limit\"\ndefault = 1\n",
        &[],
    );
    demo_shows(
        "key_without_default",
        "[[config]]\nkey = \"limit\"\ntype = \"integer\"\n",
        &[],
    );
}

#[test]
fn queries() {
    demo_shows(
        "query_without_index",
        &format!("{TABLE}[[table.query]]\nname = \"lately\"\nequals = [\"at\"]\nlimit = 10\n"),
        &[],
    );
    demo_shows(
        "query_without_bound",
        &format!("{TABLE}[[table.query]]\nname = \"all\"\nequals = [\"owner\"]\n"),
        &[],
    );
}

/// The tables are declared otherwise than the newest migration left them.
#[test]
fn migrations() {
    let then = |key: &str, more: &str| {
        format!(
            "[[table]]\nname = \"things\"\nkey = [{key}]\n[[table.column]]\nname = \"owner\"\ntype = \"text\"\n[[table.column]]\nname = \"at\"\ntype = \"integer\"\n{more}"
        )
    };
    let steps = [
        ("demo/migrations/sqlite/0001_things.sql", "-- made\n"),
        ("demo/migrations/postgres/0001_things.sql", "-- made\n"),
        ("demo/migrations/mysql/0001_things.sql", "-- made\n"),
    ];
    let with = |name: &str, tables: &str, steps: &[(&str, &str)]| {
        let mut more = vec![("demo/migrations/tables.toml", tables)];
        more.extend(steps);
        demo_shows(name, TABLE, &more);
    };
    let more = "[[table.column]]\nname = \"title\"\ntype = \"text\"\noptional = true\n";
    let key = "\"owner\", \"at\"";
    with("table_without_migration", &then(key, more), &steps);
    with("table_with_another_key", &then("\"owner\"", ""), &steps);
    with("migration_missing", &then(key, ""), &steps[..2]);
}

/// One run reports what is wrong everywhere: in schemas, in the grammar, across specifications and in profiles.
#[test]
fn all_errors_of_a_run_together() {
    let lines = format!(
        "{}{TABLE}[[table.query]]\nname = \"lately\"\nequals = [\"at\"]\nlimit = 10\n[[config]]\nkey = \"limit\"\ndefault = 1\n[[iq]]\ntype = \"gett\"\nrequest = \"nothing\"\nfrom = []\n[[wrong]]\n{}",
        IQ.replace("answer = \"empty\"\n", ""),
        row(
            "tls",
            "feature",
            1,
            "prohibits = [\"secure\"]\nsets = [\"secure\"]"
        )
    );
    demo_shows(
        "all_together",
        &lines,
        &[
            ("broken/broken.xsd", "<xs:schema>"),
            ("lost/spec.toml", &head("lost", "\"nowhere\"")),
            SERVER,
        ],
    );
}

/// Data Forms as far as a form needs them, for those that have one.
const FORMS: (&str, &str) = (
    "xep-0004/spec.toml",
    "[spec]\nid = \"xep-0004\"\nnumber = \"XEP-0004\"\ntitle = \"Data Forms\"\n",
);

fn item(node: &str, element: &str, rest: &str) -> String {
    format!(
        "[[pubsub-item]]\nnode = \"{node}\"\nelement = \"{element}\"\nfrom = [\"own-account\"]\n{rest}"
    )
}

fn form(form_type: &str, rest: &str) -> String {
    format!("[[data-form]]\nform_type = \"{form_type}\"\nrust = \"Settings\"\n{rest}")
}

#[test]
fn items_of_nodes() {
    shows(
        "node_twice",
        &[
            ("a/a.xsd", SCHEMA),
            (
                "a/spec.toml",
                &(head("a", "") + &item("urn:node", "item", "")),
            ),
            (
                "b/spec.toml",
                &(head("b", "\"a\"") + &item("urn:node", "a:query", "")),
            ),
        ],
    );
    demo_shows(
        "item_of_two_nodes",
        &(item("urn:node", "item", "") + &item("urn:other", "item", "")),
        &[],
    );
    demo_shows("item_of_nobody", &item("urn:node", "itme", ""), &[]);
    demo_shows(
        "item_without_sender",
        &item("urn:node", "item", "").replace("from = [\"own-account\"]\n", ""),
        &[],
    );
    demo_shows(
        "item_handled_by_a_server",
        &item(
            "urn:node",
            "item",
            "[[pubsub-item.handler]]\nrole = \"server\"\nname = \"item\"\n",
        ),
        &[],
    );
}

#[test]
fn data_forms() {
    let depends = HEAD.replace(
        "title = \"Demo\"\n",
        "title = \"Demo\"\ndepends = [\"xep-0004\"]\n",
    );
    let other = head("other", "\"xep-0004\"");
    let says = |name: &str, demo: &str, more: &str| {
        let mut files = vec![FORMS];
        let (demo, more_text) = (format!("{depends}{demo}"), format!("{other}{more}"));
        files.push(("demo/spec.toml", &demo));
        if !more.is_empty() {
            files.push(("other/spec.toml", &more_text));
        }
        shows(name, &files);
    };
    says("form_type_twice", &form("urn:f", ""), &form("urn:f", ""));
    says(
        "form_of_nobody",
        &form("urn:form", ""),
        &form("urn:fomr", "extends = true\n"),
    );
    let field = |var: &str, rest: &str| {
        format!("[[data-form.field]]\nvar = \"{var}\"\ntype = \"text-single\"\n{rest}")
    };
    says(
        "form_field_twice",
        &form("urn:f", &field("f#a", "")),
        &form("urn:f", &format!("extends = true\n{}", field("f#a", ""))),
    );
    says(
        "form_field_type",
        &form(
            "urn:f",
            &field("f#a", "").replace("text-single", "text-singel"),
        ),
        "",
    );
    says(
        "form_field_options",
        &form("urn:f", &field("f#a", "options = [\"x\"]\n")),
        "",
    );
    says(
        "form_field_name_twice",
        &form("urn:f", &(field("f#a", "") + &field("g#a", ""))),
        "",
    );
    demo_shows("form_without_dependency", &form("urn:f", ""), &[FORMS]);
    let handled = IQ.to_owned()
        + "[[iq.handler]]\nrole = \"server\"\nscope = [\"host\"]\nname = \"settings\"\nform = \"urn:ff\"\n";
    shows(
        "form_handled_and_not_declared",
        &[
            FORMS,
            ("demo/demo.xsd", SCHEMA),
            (
                "demo/spec.toml",
                &format!("{depends}{handled}{}", form("urn:f", "")),
            ),
        ],
    );
}

#[test]
fn extensions() {
    let child = |inside: &str| format!("[[child]]\nelement = \"item\"\ninside = [\"{inside}\"]\n");
    demo_shows("extends_nothing", &child("quiery"), &[]);
    demo_shows("extends_itself", &child("item"), &[]);
    let other = SCHEMA.replace("urn:demo", "urn:other");
    demo_shows(
        "extends_without_dependency",
        &child("other:query"),
        &[
            ("other/other.xsd", &other),
            ("other/spec.toml", &head("other", "")),
        ],
    );
}

#[test]
fn elements_that_are_no_stanzas() {
    let nonza = |role: &str| {
        format!(
            "[[nonza]]\nelement = \"item\"\n[[nonza.handler]]\nrole = \"{role}\"\nname = \"item\"\n"
        )
    };
    demo_shows("nonza_of_a_client", &nonza("client"), &[]);
    let again = nonza("server")
        .replace("\"item\"", "\"demo:item\"")
        .replace("name = \"demo:item\"", "name = \"item\"");
    demo_shows(
        "nonza_twice",
        &nonza("server"),
        &[("other/spec.toml", &(head("other", "\"demo\"") + &again))],
    );
    let exchange = |rest: &str| {
        row(
            "enter",
            "feature",
            1,
            &format!("prohibits = [\"ready\"]\nsets = [\"ready\"]\n{rest}"),
        )
    };
    demo_shows(
        "exchange_without_answer",
        &exchange("request = \"item\""),
        &[],
    );
    demo_shows(
        "exchange_nobody_answers",
        &exchange("request = \"item\"\nanswer = \"query\""),
        &[],
    );
}

#[test]
fn one_request_in_several_specifications() {
    let handler =
        "[[iq.handler]]\nrole = \"server\"\nscope = [\"host\", \"own-account\"]\nname = \"get\"\n";
    let again = IQ.replace("\"query\"", "\"demo:query\"");
    demo_shows(
        "request_handled_twice",
        &format!("{IQ}{handler}"),
        &[(
            "other/spec.toml",
            &(head("other", "\"demo\"") + &again + &handler.replace("\"host\", ", "")),
        )],
    );
    demo_shows(
        "another_answer",
        &format!("{IQ}{handler}"),
        &[(
            "other/spec.toml",
            &(head("other", "\"demo\"")
                + &again.replace("\"empty\"", "\"demo:item\"")
                + &handler.replace("\"host\", \"own-account\"", "\"service:x\"")),
        )],
    );
}

#[test]
fn what_tables_keep() {
    let table = |holds: &str| TABLE.replace("accessor", &format!("holds = \"{holds}\"\naccessor"));
    let columns = "[[table.index]]\ncolumns = [\"owner\"]\n";
    demo_shows("kept_element_of_nobody", &(table("itme") + columns), &[]);
    demo_shows("kept_without_column", &(table("item") + columns), &[]);
    demo_shows(
        "kept_in_another_type",
        &(table("item")
            + "[[table.column]]\nname = \"jid\"\ntype = \"integer\"\n[[table.column]]\nname = \"state\"\ntype = \"text\"\n"
            + columns),
        &[],
    );
    demo_shows(
        "request_that_waits",
        &format!(
            "{IQ}[[iq.handler]]\nrole = \"server\"\nscope = [\"host\"]\nname = \"get\"\nwaits = true\n"
        ),
        &[],
    );
}
