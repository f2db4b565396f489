// Generated from the specifications by sestina-codegen. Do not edit.

/// XEP-0001: Lists, version 1.2.
///
/// Uses every construct that a specification can use.
pub mod xep_0001 {
    include!(concat!(env!("OUT_DIR"), "/types/xep_0001.rs"));
}
/// XEP-0002: Nothing Much, version 0.1.
///
/// Has nothing to answer, and refers to another specification.
pub mod xep_0002 {
    include!(concat!(env!("OUT_DIR"), "/types/xep_0002.rs"));
}
/// XEP-0004: Data Forms, version 2.13.2.
///
/// Forms to be filled in, and tables of results, with fields that carry their type.
pub mod xep_0004 {
    include!(concat!(env!("OUT_DIR"), "/types/xep_0004.rs"));
}
/// XEP-0003: Shelves.
///
/// Uses what a specification can say of elements beyond where they travel.
pub mod xep_0003 {
    include!(concat!(env!("OUT_DIR"), "/types/xep_0003.rs"));
}
/// XEP-0005: Gates.
///
/// Uses what a specification can say of elements that travel otherwise than in stanzas.
pub mod xep_0005 {
    include!(concat!(env!("OUT_DIR"), "/types/xep_0005.rs"));
}
/// Every specification, a specification after everything it depends on.
pub static SPECS: &[::sestina_wire::dispatch::SpecInfo] = &[
    xep_0001::SPEC,
    xep_0002::SPEC,
    xep_0004::SPEC,
    xep_0003::SPEC,
    xep_0005::SPEC,
];
/// The stream features of all specifications, in the order in which they are negotiated.
pub static NEGOTIATION: &[::sestina_wire::negotiation::FeatureRow] = &[
    ::sestina_wire::negotiation::FeatureRow {
        spec: "xep-0001",
        name: "shield",
        element: "shield",
        ns: "urn:example:list:feature",
        required: ::sestina_wire::negotiation::SessionState::empty(),
        prohibited: ::sestina_wire::negotiation::SessionState::SECURE,
        sets: ::sestina_wire::negotiation::SessionState::SECURE,
        restart: true,
        refresh: false,
        within: ::core::option::Option::None,
        mandatory: ::sestina_wire::negotiation::Mandatory::IfRequired,
        streams: ::sestina_wire::negotiation::Streams::C2S,
        order: 10u16,
    },
    ::sestina_wire::negotiation::FeatureRow {
        spec: "xep-0001",
        name: "enter",
        element: "enter",
        ns: "urn:example:list:feature",
        required: ::sestina_wire::negotiation::SessionState::SECURE,
        prohibited: ::sestina_wire::negotiation::SessionState::AUTHENTICATED,
        sets: ::sestina_wire::negotiation::SessionState::AUTHENTICATED,
        restart: true,
        refresh: false,
        within: ::core::option::Option::None,
        mandatory: ::sestina_wire::negotiation::Mandatory::Always,
        streams: ::sestina_wire::negotiation::Streams::C2S,
        order: 20u16,
    },
    ::sestina_wire::negotiation::FeatureRow {
        spec: "xep-0001",
        name: "settle",
        element: "settle",
        ns: "urn:example:list:feature",
        required: ::sestina_wire::negotiation::SessionState::AUTHENTICATED,
        prohibited: ::sestina_wire::negotiation::SessionState::BOUND,
        sets: ::sestina_wire::negotiation::SessionState::BOUND
            .union(::sestina_wire::negotiation::SessionState::READY),
        restart: false,
        refresh: false,
        within: ::core::option::Option::None,
        mandatory: ::sestina_wire::negotiation::Mandatory::Always,
        streams: ::sestina_wire::negotiation::Streams::C2S,
        order: 30u16,
    },
    ::sestina_wire::negotiation::FeatureRow {
        spec: "xep-0001",
        name: "lists",
        element: "lists",
        ns: "urn:example:list:feature",
        required: ::sestina_wire::negotiation::SessionState::SECURE
            .union(::sestina_wire::negotiation::SessionState::AUTHENTICATED),
        prohibited: ::sestina_wire::negotiation::SessionState::BOUND,
        sets: ::sestina_wire::negotiation::SessionState::empty(),
        restart: false,
        refresh: false,
        within: ::core::option::Option::None,
        mandatory: ::sestina_wire::negotiation::Mandatory::Never,
        streams: ::sestina_wire::negotiation::Streams::C2S,
        order: 50u16,
    },
    ::sestina_wire::negotiation::FeatureRow {
        spec: "xep-0005",
        name: "gate",
        element: "gate",
        ns: "urn:example:gate",
        required: ::sestina_wire::negotiation::SessionState::SECURE,
        prohibited: ::sestina_wire::negotiation::SessionState::BOUND,
        sets: ::sestina_wire::negotiation::SessionState::empty(),
        restart: false,
        refresh: false,
        within: ::core::option::Option::None,
        mandatory: ::sestina_wire::negotiation::Mandatory::Never,
        streams: ::sestina_wire::negotiation::Streams::C2S,
        order: 60u16,
    },
];
/// The tables of all specifications.
pub static TABLES: &[&::sestina_storage::TableDescriptor] = &[
    &xep_0001::tables::LISTS,
    &xep_0005::tables::PASSAGES,
];
/// The stores of a storage, by name; `None` where its backend does not have one.
pub trait Stores {
    /// The lists of an account.
    fn lists(&self) -> ::core::option::Option<xep_0001::tables::ListsStore>;
    fn passages(&self) -> ::core::option::Option<xep_0005::tables::PassagesStore>;
}
impl Stores for ::sestina_storage::Storage {
    fn lists(&self) -> ::core::option::Option<xep_0001::tables::ListsStore> {
        self.open().map(xep_0001::tables::ListsStore)
    }
    fn passages(&self) -> ::core::option::Option<xep_0005::tables::PassagesStore> {
        self.open().map(xep_0005::tables::PassagesStore)
    }
}
/// The history of all tables, for the dialects of SQL.
pub static MIGRATIONS: &[::sestina_storage::Migration] = &[
    ::sestina_storage::Migration {
        dialect: "sqlite",
        spec: "xep-0001",
        version: 1,
        sql: "CREATE TABLE \"lists\" (\n    \"owner\" TEXT NOT NULL,\n    \"seq\" INTEGER NOT NULL,\n    \"title\" TEXT,\n    \"key\" BLOB NOT NULL,\n    \"changed\" INTEGER NOT NULL,\n    PRIMARY KEY (\"owner\", \"seq\")\n) STRICT;\nCREATE INDEX \"lists_by_owner_changed\" ON \"lists\" (\"owner\", \"changed\");\nCREATE INDEX \"lists_by_changed\" ON \"lists\" (\"changed\");\n",
    },
    ::sestina_storage::Migration {
        dialect: "postgres",
        spec: "xep-0001",
        version: 1,
        sql: "CREATE TABLE \"lists\" (\n    \"owner\" TEXT COLLATE \"C\" NOT NULL,\n    \"owner$long\" TEXT COLLATE \"C\",\n    \"seq\" BIGINT NOT NULL,\n    \"title\" TEXT COLLATE \"C\",\n    \"key\" BYTEA NOT NULL,\n    \"changed\" BIGINT NOT NULL,\n    PRIMARY KEY (\"owner\", \"seq\")\n);\nCREATE INDEX \"lists_by_owner_changed\" ON \"lists\" (\"owner\", \"changed\");\nCREATE INDEX \"lists_by_changed\" ON \"lists\" (\"changed\");\nDO $$ BEGIN\n    CREATE EXTENSION IF NOT EXISTS pg_trgm;\n    CREATE INDEX \"lists_search_title\" ON \"lists\" USING gin ((\"title\") gin_trgm_ops);\nEXCEPTION\n    WHEN insufficient_privilege OR feature_not_supported OR undefined_file OR undefined_object THEN\n    RAISE NOTICE 'searches go without an index: %', SQLERRM;\nEND $$;\n",
    },
    ::sestina_storage::Migration {
        dialect: "mysql",
        spec: "xep-0001",
        version: 1,
        sql: "CREATE TABLE `lists` (\n    `owner` VARBINARY(255) NOT NULL,\n    `owner$long` LONGBLOB,\n    `seq` BIGINT NOT NULL,\n    `title` LONGBLOB,\n    `key` LONGBLOB NOT NULL,\n    `changed` BIGINT NOT NULL,\n    PRIMARY KEY (`owner`, `seq`)\n) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;\nCREATE INDEX `lists_by_owner_changed` ON `lists` (`owner`, `changed`);\nCREATE INDEX `lists_by_changed` ON `lists` (`changed`);\n",
    },
    ::sestina_storage::Migration {
        dialect: "sqlite",
        spec: "xep-0005",
        version: 1,
        sql: "CREATE TABLE \"passages\" (\n    \"owner\" TEXT NOT NULL,\n    \"at\" INTEGER NOT NULL,\n    PRIMARY KEY (\"owner\", \"at\")\n) STRICT;\n",
    },
    ::sestina_storage::Migration {
        dialect: "postgres",
        spec: "xep-0005",
        version: 1,
        sql: "CREATE TABLE \"passages\" (\n    \"owner\" TEXT COLLATE \"C\" NOT NULL,\n    \"owner$long\" TEXT COLLATE \"C\",\n    \"at\" BIGINT NOT NULL,\n    PRIMARY KEY (\"owner\", \"at\")\n);\n",
    },
    ::sestina_storage::Migration {
        dialect: "mysql",
        spec: "xep-0005",
        version: 1,
        sql: "CREATE TABLE `passages` (\n    `owner` VARBINARY(255) NOT NULL,\n    `owner$long` LONGBLOB,\n    `at` BIGINT NOT NULL,\n    PRIMARY KEY (`owner`, `at`)\n) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4;\n",
    },
];
/// What the schemas forbid, one text a schema: the strict mode of tests and tools reads them.
pub static RULES: &[&str] = &[
    "N\turn:example:list:feature\nT\t\t(,\t1 1\te\t0 1\trequired\t$1\t)\nT\t\nT\t\nT\t\nT\t\nE\tlists\t$0\nE\tshield\t$2\nE\tenter\t$3\nE\tsettle\t$4\n",
    "N\turn:example:list\nS\txs:string\nS\t#0\tenumeration=\nS\txs:unsignedShort\nS\txs:base64Binary\nS\txs:unsignedInt\nS\txs:dateTime\nS\txs:language\nS\txs:NCName\nS\t#7\tenumeration=up\tenumeration=half-down\nS\t#0\tenumeration=low\tenumeration=high\nS\txs:boolean\nT\t\t@\tver\to\t#0\t\t(,\t1 1\tr\t0 -\titem\te\t0 1\ttitle\t#0\te\t0 1\tcomplete\t#1\t(|\t1 1\te\t1 1\tall\t#1\te\t1 1\tpage\t$1\t)\t)\nT\t\t@\tmax\tr\t#2\t\t(,\t1 1\te\t1 1\tfirst\t#3\te\t0 1\tlast\t#0\t)\nT\tm\t@\tjid\tr\t#0\t\t@\ttype\to\t#0\t\t@\tcount\to\t#4\t\t@\tstamp\to\t#5\t\t@\t{http://www.w3.org/XML/1998/namespace}lang\to\t#6\t\t@\tdirection\to\t#8\t\t(,\t1 1\te\t0 -\tgroup\t#0\te\t0 1\tbefore\t$1\te\t0 1\tafter\t$1\tr\t0 1\titem\t*\t0 -\tother\t)\nT\t\t=\t#9\t@\texact\to\t#10\t\nE\tquery\t$0\nE\titem\t$2\nE\tsize\t$3\n",
    "N\turn:example:mark\nT\t\t(,\t1 1\tr\t1 1\t{urn:example:list}size\t)\nE\tmark\t$0\n",
    "N\tjabber:x:data\nS\txs:string\nS\t#0\tenumeration=cancel\tenumeration=form\tenumeration=result\tenumeration=submit\nS\t#0\tenumeration=boolean\tenumeration=fixed\tenumeration=hidden\tenumeration=jid-multi\tenumeration=jid-single\tenumeration=list-multi\tenumeration=list-single\tenumeration=text-multi\tenumeration=text-private\tenumeration=text-single\nS\t#0\tenumeration=\nT\t\t@\ttype\tr\t#1\t\t(,\t1 1\te\t0 1\ttitle\t#0\te\t0 -\tinstructions\t#0\tr\t0 -\tfield\tr\t0 1\treported\tr\t0 -\titem\t*\t0 -\tother\t)\nT\t\t@\tlabel\to\t#0\t\t@\ttype\to\t#2\t\t@\tvar\to\t#0\t\t(,\t1 1\t*\t0 -\tother\te\t0 1\trequired\t#3\te\t0 -\tvalue\t#0\tr\t0 -\toption\te\t0 1\tdesc\t#0\t)\nT\t\t@\tlabel\to\t#0\t\t(,\t1 1\te\t1 1\tvalue\t#0\t)\nT\t\t(,\t1 1\tr\t0 -\tfield\t)\nT\t\t(,\t1 1\tr\t0 -\tfield\t)\nE\tx\t$0\nE\tfield\t$1\nE\toption\t$2\nE\treported\t$3\nE\titem\t$4\n",
    "N\turn:example:shelf\nS\txs:string\nT\t\t(,\t1 1\te\t0 1\treaders\t$1\te\t1 1\towner\t$2\te\t0 -\tnote\t$3\t)\nT\t\t(,\t1 1\te\t0 -\tjid\t#0\t)\nT\t\t(,\t1 1\te\t1 1\tjid\t#0\t)\nT\t\t=\t#0\t@\tby\to\t#0\t\nE\tshelf\t$0\n",
    "N\turn:example:shelf:old\nS\txs:string\nT\t\t(,\t1 1\te\t0 1\treaders\t$1\te\t1 1\towner\t$2\te\t0 -\tnote\t$3\t)\nT\t\t(,\t1 1\te\t0 -\tjid\t#0\t)\nT\t\t(,\t1 1\te\t1 1\tjid\t#0\t)\nT\t\t=\t#0\t@\tby\to\t#0\t\nE\tshelf\t$0\n",
    "N\turn:example:shelf:0\nS\txs:string\nT\t\t(,\t1 1\te\t0 1\treaders\t$1\te\t1 1\towner\t$2\te\t0 -\tnote\t$3\t)\nT\t\t(,\t1 1\te\t0 -\tjid\t#0\t)\nT\t\t(,\t1 1\te\t1 1\tjid\t#0\t)\nT\t\t=\t#0\t@\tby\to\t#0\t\nE\tshelf\t$0\n",
    "N\turn:example:gate\nS\txs:unsignedByte\nS\txs:boolean\nS\txs:unsignedInt\nS\txs:dateTime\nS\txs:string\nT\t\nT\t\t@\ttimes\tr\t#0\t\nT\t\t@\twide\to\t#1\t\nT\t\t@\tcount\tr\t#2\t\nT\t\t@\tat\tr\t#3\t\nE\tgate\t$0\nE\tknock\t$1\nE\topen\t$2\nE\ttick\t$3\nE\tseen\t$4\nE\thint\t#4\n",
];
