//! Mistakes in the grammar of `spec.toml` and profiles.

use crate::fixture::{HEAD, SCHEMA, demo_says, says};

#[test]
fn nothing_is_said_about_what_is_right() {
    demo_says(
        "[[iq]]\ntype = \"get\"\nrequest = \"query\"\nanswer = \"query\"\nfrom = [\"anyone\"]\n",
        &[],
    );
}

#[test]
fn unknown_keys_at_every_level() {
    demo_says(
        "[[iqq]]\n[[iq]]\ntype = \"get\"\nrequest = \"query\"\nanswr = \"empty\"\nfrom = [\"anyone\"]\n[[table]]\nname = \"t\"\naccessor = \"t\"\nkey = [\"a\"]\n[[table.column]]\nname = \"a\"\ntype = \"text\"\nbogus = 1\n",
        &[
            (
                "error",
                "demo/spec.toml:5:3",
                "unknown key `iqq`",
                "did you mean `iq`?",
            ),
            (
                "error",
                "demo/spec.toml:9:1",
                "unknown key `answr`",
                "did you mean `answer`?",
            ),
            (
                "error",
                "demo/spec.toml:18:1",
                "unknown key `bogus`",
                "known here: `name`, `type`, `optional`, `secret`, `default` and `doc`",
            ),
        ],
    );
}

#[test]
fn unknown_tables_say_what_there_is() {
    demo_says(
        "[banana]\n[[disco.thing]]\n",
        &[
            (
                "error",
                "demo/spec.toml:5:2",
                "unknown key `banana`",
                "known here: `spec`, `refine`, `namespace`, `iq`, `message`, `presence`, `nonza`, `child`, `pubsub-item`, `data-form`, `negotiation`, `stage`, `disco`, `table` and `config`",
            ),
            (
                "error",
                "demo/spec.toml:6:9",
                "unknown key `thing`",
                "known here: `feature` and `identity`",
            ),
        ],
    );
}

#[test]
fn a_missing_key_points_at_the_header() {
    demo_says(
        "[[iq]]\ntype = \"get\"\nfrom = [\"anyone\"]\n",
        &[(
            "error",
            "demo/spec.toml:5:1",
            "`request` is missing",
            "add `request = …` below this header",
        )],
    );
}

#[test]
fn values_of_the_wrong_kind() {
    demo_says(
        "[[message]]\npayload = 5\n[[nonza]]\nelement = [\"item\"]\n[[presence]]\npayload = \"item\"\nfrom = \"anyone\"\nstrip = \"yes\"\n",
        &[
            (
                "error",
                "demo/spec.toml:6:11",
                "integer `5` does not fit here",
                "write a text: `\"…\"`",
            ),
            (
                "error",
                "demo/spec.toml:8:11",
                "sequence does not fit here",
                "write a text: `\"…\"`",
            ),
            (
                "error",
                "demo/spec.toml:11:8",
                "string \"anyone\" does not fit here",
                "write a list: `[…]`",
            ),
        ],
    );
}

#[test]
fn a_list_of_tables_is_not_a_table() {
    demo_says(
        "[iq]\ntype = \"get\"\n",
        &[(
            "error",
            "demo/spec.toml:5:1",
            "`iq` is a list of tables",
            "write `[[iq]]`",
        )],
    );
}

#[test]
fn broken_toml() {
    says(
        &[
            ("demo/demo.xsd", SCHEMA),
            ("demo/spec.toml", "[spec]\nid = \"demo\"\nnumber = DEMO\n"),
        ],
        &[(
            "error",
            "demo/spec.toml:3:10",
            "string values must be quoted, expected literal string",
            "the file must be TOML: https://toml.io",
        )],
    );
}

#[test]
fn a_file_without_its_head() {
    says(
        &[
            ("demo/demo.xsd", SCHEMA),
            ("demo/spec.toml", "# nothing\n"),
            ("profiles/server.toml", "\n"),
        ],
        &[
            (
                "error",
                "demo/spec.toml:1:1",
                "`[spec]` is missing",
                "begin the file with `[spec]`, `id`, `number` and `title`",
            ),
            (
                "error",
                "profiles/server.toml:1:1",
                "`[profile]` is missing",
                "begin the file with `[profile]`, `name`, `role` and `specs`",
            ),
        ],
    );
}

#[test]
fn the_id_is_the_folder() {
    says(
        &[("other/demo.xsd", SCHEMA), ("other/spec.toml", HEAD)],
        &[(
            "error",
            "other/spec.toml:2:6",
            "the id `demo` is not the name of its folder",
            "write `id = \"other\"`, or rename the folder",
        )],
    );
}

#[test]
fn profiles() {
    let toml =
        format!("{HEAD}[[config]]\nkey = \"size\"\ntype = \"integer\"\ndefault = 1\nmax = 5\n");
    says(
        &[
            ("demo/demo.xsd", SCHEMA),
            ("demo/spec.toml", &toml),
            (
                "profiles/bot.toml",
                "[profile]\nname = \"bot\"\nrole = \"robot\"\nspecs = [\"demo\"]\n[settings.\"demo\"]\nsizes = 1\nsize = 9\nenabled = 1\n[settings.\"dmeo\"]\nsize = 1\n",
            ),
        ],
        &[
            (
                "error",
                "profiles/bot.toml:3:8",
                "unknown role `robot`",
                "write `server`, `client` or `component`",
            ),
            (
                "error",
                "profiles/bot.toml:6:1",
                "`demo` has no key `sizes`",
                "did you mean `size`?",
            ),
            (
                "error",
                "profiles/bot.toml:7:8",
                "the value of `size` is not of its type",
                "write a whole number within its bounds",
            ),
            (
                "error",
                "profiles/bot.toml:8:11",
                "the value of `enabled` is not of its type",
                "write `true` or `false`",
            ),
            (
                "error",
                "profiles/bot.toml:9:11",
                "the profile does not hold the spec `dmeo`",
                "did you mean `demo`?",
            ),
        ],
    );
}
