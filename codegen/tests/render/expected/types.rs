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
/// Every specification, a specification after everything it depends on.
pub static SPECS: &[::sestina_wire::dispatch::SpecInfo] = &[
    xep_0001::SPEC,
    xep_0002::SPEC,
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
        mandatory: ::sestina_wire::negotiation::Mandatory::Never,
        streams: ::sestina_wire::negotiation::Streams::C2S,
        order: 50u16,
    },
];
/// The tables of all specifications.
pub static TABLES: &[&::sestina_storage::TableDescriptor] = &[&xep_0001::tables::LISTS];
/// The stores of a storage, by name; `None` where its backend does not have one.
pub trait Stores {
    /// The lists of an account.
    fn lists(&self) -> ::core::option::Option<xep_0001::tables::ListsStore>;
}
impl Stores for ::sestina_storage::Storage {
    fn lists(&self) -> ::core::option::Option<xep_0001::tables::ListsStore> {
        self.open().map(xep_0001::tables::ListsStore)
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
];
