//! Words and references in `spec.toml` that stand for nothing.

use crate::fixture::{HEAD, SCHEMA, demo_says, says};

#[test]
fn words_that_are_close_and_words_that_are_not() {
    demo_says(
        "[[iq]]\ntype = \"gett\"\nrequest = \"query\"\nanswer = \"empty\"\nfrom = [\"anyon\", \"nobody-at-all\"]\n[[iq.handler]]\nrole = \"servr\"\nscope = [\"own-acount\", \"everywhere\"]\nname = \"get\"\n",
        &[
            (
                "error",
                "demo/spec.toml:6:8",
                "unknown type of iq `gett`",
                "did you mean `get`?",
            ),
            (
                "error",
                "demo/spec.toml:9:9",
                "unknown sender `anyon`",
                "did you mean `anyone`?",
            ),
            (
                "error",
                "demo/spec.toml:9:18",
                "unknown sender `nobody-at-all`",
                "write `anyone`, `own-account`, `server`, `contact`, `room` or `node-owner`",
            ),
            (
                "error",
                "demo/spec.toml:11:8",
                "unknown role `servr`",
                "did you mean `server`?",
            ),
            (
                "error",
                "demo/spec.toml:12:10",
                "unknown scope `own-acount`",
                "did you mean `own-account`?",
            ),
            (
                "error",
                "demo/spec.toml:12:24",
                "unknown scope `everywhere`",
                "write `host`, `own-account`, `other-account` or `client`",
            ),
        ],
    );
}

#[test]
fn a_request_has_exactly_one_answer() {
    demo_says(
        "[[iq]]\ntype = \"get\"\nrequest = \"query\"\nfrom = [\"anyone\"]\n",
        &[(
            "error",
            "demo/spec.toml:5:1",
            "the request `query` has no answer",
            "add `answer = \"empty\"`, or the element that answers it",
        )],
    );
}

#[test]
fn elements_that_nobody_declares() {
    demo_says(
        "[[iq]]\ntype = \"get\"\nrequest = \"qeury\"\nanswer = \"reply\"\nfrom = [\"anyone\"]\n[[message]]\npayload = \"dmo:item\"\nfrom = [\"anyone\"]\n[[nonza]]\nelement = \"a:b:c\"\n",
        &[
            (
                "error",
                "demo/spec.toml:7:11",
                "no schema declares the element `qeury`",
                "did you mean `query`?",
            ),
            (
                "error",
                "demo/spec.toml:8:10",
                "no schema declares the element `reply`",
                "the schema declares `feature`, `item` and `query`",
            ),
            (
                "error",
                "demo/spec.toml:11:11",
                "`dmo` is neither a schema of this spec nor another spec",
                "did you mean `demo`?",
            ),
            (
                "error",
                "demo/spec.toml:14:11",
                "there is no spec `a`",
                "write the id of a spec, such as `xep-0199`",
            ),
        ],
    );
}

#[test]
fn one_name_in_two_schemas_needs_its_schema() {
    let other = SCHEMA.replace("urn:demo", "urn:other");
    let toml =
        format!("{HEAD}[[nonza]]\nelement = \"query\"\n[[nonza]]\nelement = \"other:query\"\n");
    says(
        &[
            ("demo/demo.xsd", SCHEMA),
            ("demo/other.xsd", &other),
            ("demo/spec.toml", &toml),
        ],
        &[(
            "error",
            "demo/spec.toml:6:11",
            "several schemas of this spec declare `query`",
            "write `demo:query` or `other:query`",
        )],
    );
}

#[test]
fn nobody_may_send_it() {
    demo_says(
        "[[message]]\npayload = \"item\"\n",
        &[(
            "error",
            "demo/spec.toml:5:1",
            "nobody may send this",
            "add `from = [\"anyone\"]`, or who else may",
        )],
    );
}

#[test]
fn names_that_rust_cannot_have() {
    demo_says(
        "[[iq]]\ntype = \"get\"\nrequest = \"query\"\nanswer = \"empty\"\nfrom = [\"anyone\"]\n[[iq.handler]]\nrole = \"server\"\nscope = []\nname = \"type\"\n",
        &[
            (
                "error",
                "demo/spec.toml:12:9",
                "a handler without a scope is never called",
                "name at least one scope, such as `\"host\"`",
            ),
            (
                "error",
                "demo/spec.toml:13:8",
                "`type` cannot be the name of a method",
                "write `type_`: lower case, digits and `_`, and no keyword of Rust",
            ),
        ],
    );
}

#[test]
fn tables() {
    demo_says(
        "[[table]]\nname = \"Things\"\naccessor = \"things\"\npersonal = \"ower\"\nkey = [\"owner\", \"seq\"]\n[[table.column]]\nname = \"owner\"\ntype = \"bare-jid\"\n[[table.column]]\nname = \"seq\"\ntype = \"int\"\noptional = true\n[[table.query]]\nname = \"all\"\nequals = [\"ownr\"]\n[[table]]\nname = \"empty\"\naccessor = \"empty\"\nkey = []\npersonal = []\n",
        &[
            (
                "error",
                "demo/spec.toml:6:8",
                "`Things` cannot be the name of a table",
                "write `things`: lower case, digits and `_`, and no keyword of Rust",
            ),
            (
                "error",
                "demo/spec.toml:8:12",
                "the table has no column `ower`",
                "did you mean `owner`?",
            ),
            (
                "error",
                "demo/spec.toml:15:8",
                "unknown type of column `int`",
                "write `text`, `bare-jid`, `jid`, `integer`, `boolean`, `bytes` or `date-time`",
            ),
            (
                "error",
                "demo/spec.toml:17:1",
                "the query `all` has no bound",
                "add `limit = …`: how many rows it returns at most",
            ),
            (
                "error",
                "demo/spec.toml:19:11",
                "the table has no column `ownr`",
                "did you mean `owner`?",
            ),
            (
                "error",
                "demo/spec.toml:20:1",
                "a table without columns",
                "add `[[table.column]]` with `name` and `type`",
            ),
            (
                "error",
                "demo/spec.toml:23:7",
                "a table without a key",
                "name the columns that tell one row from another",
            ),
        ],
    );
}

#[test]
fn an_optional_key() {
    demo_says(
        "[[table]]\nname = \"t\"\naccessor = \"t\"\nkey = [\"a\"]\npersonal = []\n[[table.column]]\nname = \"a\"\ntype = \"text\"\noptional = true\n",
        &[(
            "error",
            "demo/spec.toml:8:8",
            "the key column `a` is optional",
            "a key has a value in every row",
        )],
    );
}

#[test]
fn defaults_of_columns() {
    demo_says(
        "[[table]]\nname = \"t\"\naccessor = \"t\"\nkey = [\"a\"]\npersonal = []\n[[table.column]]\nname = \"a\"\ntype = \"text\"\n[[table.column]]\nname = \"b\"\ntype = \"text\"\noptional = true\ndefault = \"x\"\n[[table.column]]\nname = \"c\"\ntype = \"integer\"\ndefault = \"x\"\n",
        &[
            (
                "error",
                "demo/spec.toml:17:11",
                "an optional column with a default",
                "remove one of them: older rows have no value in an optional column",
            ),
            (
                "error",
                "demo/spec.toml:21:11",
                "the default is not of the column's type",
                "write a text, a number or `true` or `false`; other columns can be `optional = true`",
            ),
        ],
    );
}

#[test]
fn a_query_with_the_name_of_a_method() {
    demo_says(
        "[[table]]\nname = \"t\"\naccessor = \"t\"\nkey = [\"a\"]\npersonal = []\n[[table.column]]\nname = \"a\"\ntype = \"text\"\n[[table.query]]\nname = \"get\"\nequals = [\"a\"]\nlimit = 1\n",
        &[(
            "error",
            "demo/spec.toml:14:8",
            "`get` is what every store does",
            "name the query by what it finds, such as `of_owner`",
        )],
    );
}

#[test]
fn configuration_keys() {
    demo_says(
        "[[config]]\nkey = \"a\"\ndefault = 1\n[[config]]\nkey = \"b\"\ntype = \"integer\"\n[[config]]\nkey = \"c\"\ntype = \"duration\"\ndefault = \"30\"\n[[config]]\nkey = \"d\"\ntype = \"integer\"\ndefault = 9\nmin = 10\nmax = 20\n[[config]]\nkey = \"enabled\"\ntype = \"boolean\"\ndefault = true\n[[config]]\nkey = \"e\"\ntype = \"lisst\"\ndefault = []\n[[config]]\nkey = \"f\"\ntype = \"text\"\ndefault = \"x\"\nmax = 3\n",
        &[
            (
                "error",
                "demo/spec.toml:5:1",
                "the key `a` has no type",
                "add `type = \"integer\"`, or `boolean`, `text`, `secret`, `duration`, `size` or `list`",
            ),
            (
                "error",
                "demo/spec.toml:8:1",
                "the key `b` has no default",
                "add `default = …`: a server runs without any configuration",
            ),
            (
                "error",
                "demo/spec.toml:14:11",
                "the default of `c` is not of its type",
                "write a duration: `\"30s\"`, with `ms`, `s`, `m`, `h` or `d`",
            ),
            (
                "error",
                "demo/spec.toml:18:11",
                "the default of `d` is outside its bounds",
                "write a number from 10 to 20",
            ),
            (
                "error",
                "demo/spec.toml:22:7",
                "the key `enabled` is taken",
                "every spec has it already: a profile sets it under `[settings]`",
            ),
            (
                "error",
                "demo/spec.toml:27:8",
                "unknown type of key `lisst`",
                "did you mean `list`?",
            ),
            (
                "error",
                "demo/spec.toml:33:7",
                "only an integer has bounds",
                "remove it",
            ),
        ],
    );
}

/// What shares its types with older namespaces.
#[test]
fn older_namespaces() {
    demo_says(
        "[[namespace]]\nolder = []\n[[namespace]]\nschema = \"dmo\"\nolder = [\"urn:demo:0\"]\n[[namespace]]\nolder = [\"urn:demo\", \"urn:demo:0\"]\n[[namespace]]\nolder = [\"urn:demo:0\"]\n",
        &[
            (
                "error",
                "demo/spec.toml:5:1",
                "no namespace shares these types",
                "name at least one in `older`, or remove this",
            ),
            (
                "error",
                "demo/spec.toml:8:10",
                "there is no schema `dmo`",
                "did you mean `demo`?",
            ),
            (
                "error",
                "demo/spec.toml:11:10",
                "the namespace `urn:demo` has types already",
                "remove it here, or the schema that declares its elements",
            ),
            (
                "error",
                "demo/spec.toml:13:10",
                "the namespace `urn:demo:0` has types already",
                "remove it here, or the schema that declares its elements",
            ),
            (
                "error",
                "demo/spec.toml:12:1",
                "this schema has its older namespaces already",
                "write all of them into one `older`",
            ),
        ],
    );
    let another = SCHEMA.replace("urn:demo", "urn:other");
    let schema = SCHEMA.replace(
        "<xs:element ref=\"item\" minOccurs=\"0\" maxOccurs=\"unbounded\"/>",
        "<xs:choice><xs:element ref=\"item\"/><xs:element ref=\"o:feature\" xmlns:o=\"urn:other\"/></xs:choice>",
    );
    let schema = schema.replacen(
        "<xs:element",
        "<xs:import namespace=\"urn:other\"/><xs:element",
        1,
    );
    says(
        &[
            ("demo/one.xsd", &schema),
            ("demo/two.xsd", &another),
            (
                "demo/spec.toml",
                &format!("{HEAD}[[namespace]]\nschema = \"one\"\nolder = [\"urn:demo:0\"]\n"),
            ),
        ],
        &[(
            "error",
            "demo/spec.toml:5:1",
            "the types of this schema cannot be shared: `QueryChoice` may be an element of `urn:other`",
            "write a schema for each version, or the element beside the `xs:choice`",
        )],
    );
    says(
        &[
            ("demo/one.xsd", SCHEMA),
            ("demo/two.xsd", &another),
            (
                "demo/spec.toml",
                &format!("{HEAD}[[namespace]]\nolder = [\"urn:demo:0\"]\n"),
            ),
        ],
        &[(
            "error",
            "demo/spec.toml:5:1",
            "which schema is in these namespaces as well?",
            "add `schema = \"NAME\"`, the name of its file without `.xsd`",
        )],
    );
}
