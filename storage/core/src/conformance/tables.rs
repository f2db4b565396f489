//! Tables with every kind of column, key and query.

use std::time::Duration;

use crate::{Column, ColumnType, QueryDescriptor, Retention, TableDescriptor};

/// The suite's own tables.
pub const TABLES: &[&TableDescriptor] = &[&SINGLE, &PLAIN, &LIST, &EVERYTHING];

const fn column(name: &'static str, ty: ColumnType) -> Column {
    Column {
        name,
        ty,
        optional: false,
        secret: false,
        default: None,
    }
}

const fn optional(name: &'static str, ty: ColumnType) -> Column {
    Column {
        optional: true,
        ..column(name, ty)
    }
}

/// One row a name, as accounts are.
static SINGLE: TableDescriptor = TableDescriptor {
    spec: "conformance",
    name: "conformance_single",
    version: 1,
    personal: &["owner"],
    columns: &[
        column("owner", ColumnType::Text),
        Column {
            secret: true,
            default: None,
            ..column("secret", ColumnType::Bytes)
        },
        optional("note", ColumnType::Text),
    ],
    key: &["owner"],
    indexes: &[],
    queries: &[QueryDescriptor {
        name: "all",
        equals: &[],
        range: Some("owner"),
        order: Some("owner"),
        descending: false,
        search: Some("note"),
        limit: 1000,
    }],
    retention: None,
};

/// Nothing but a key, with names that SQL takes for its own.
static PLAIN: TableDescriptor = TableDescriptor {
    spec: "conformance",
    name: "order",
    version: 1,
    personal: &["select", "group"],
    columns: &[
        column("select", ColumnType::Text),
        column("group", ColumnType::Text),
    ],
    key: &["select", "group"],
    indexes: &[&["group"]],
    queries: &[
        QueryDescriptor {
            name: "of_select",
            equals: &["select"],
            range: None,
            order: None,
            descending: false,
            search: None,
            limit: 1000,
        },
        QueryDescriptor {
            name: "of_group",
            equals: &["group"],
            range: None,
            order: None,
            descending: true,
            search: None,
            limit: 1000,
        },
    ],
    retention: None,
};

static OLDEST: QueryDescriptor = QueryDescriptor {
    name: "by_age",
    equals: &[],
    range: Some("at"),
    order: Some("at"),
    descending: false,
    search: None,
    limit: 10,
};

/// Rows of an owner in an order, as queues and archives are.
static LIST: TableDescriptor = TableDescriptor {
    spec: "conformance",
    name: "conformance_list",
    version: 1,
    personal: &["owner"],
    columns: &[
        column("owner", ColumnType::Text),
        column("seq", ColumnType::Integer),
        column("peer", ColumnType::Text),
        column("at", ColumnType::Timestamp),
        column("stanza", ColumnType::Bytes),
    ],
    key: &["owner", "seq"],
    indexes: &[&["owner", "peer", "at"], &["owner", "at"], &["at"]],
    queries: &[
        QueryDescriptor {
            name: "of_owner",
            equals: &["owner"],
            range: Some("seq"),
            order: Some("seq"),
            descending: false,
            search: None,
            limit: 10_000,
        },
        QueryDescriptor {
            name: "newest",
            equals: &["owner"],
            range: Some("seq"),
            order: Some("seq"),
            descending: true,
            search: None,
            limit: 5,
        },
        QueryDescriptor {
            name: "with_peer",
            equals: &["owner", "peer"],
            range: Some("at"),
            order: Some("at"),
            descending: false,
            search: None,
            limit: 10_000,
        },
        QueryDescriptor {
            name: "in_time",
            equals: &["owner"],
            range: Some("at"),
            order: Some("at"),
            descending: false,
            search: None,
            limit: 10_000,
        },
    ],
    retention: Some(Retention {
        query: &OLDEST,
        config: None,
        after: Some(Duration::from_secs(60)),
    }),
};

/// Every type, in the key and out of it, with and without value.
static EVERYTHING: TableDescriptor = TableDescriptor {
    spec: "conformance",
    name: "conformance_everything",
    version: 1,
    personal: &[],
    columns: &[
        optional("note", ColumnType::Text),
        column("flag", ColumnType::Boolean),
        column("at", ColumnType::Timestamp),
        column("name", ColumnType::Bytes),
        optional("number", ColumnType::Integer),
        optional("when", ColumnType::Timestamp),
        optional("blob", ColumnType::Bytes),
        optional("maybe", ColumnType::Boolean),
    ],
    key: &["flag", "name", "at"],
    indexes: &[&["note", "number"], &["maybe"], &["when"], &["blob"]],
    queries: &[
        QueryDescriptor {
            name: "of_name",
            equals: &["flag", "name"],
            range: Some("at"),
            order: None,
            descending: false,
            search: None,
            limit: 1000,
        },
        QueryDescriptor {
            name: "of_flag",
            equals: &["flag"],
            range: Some("name"),
            order: Some("name"),
            descending: true,
            search: Some("note"),
            limit: 1000,
        },
        QueryDescriptor {
            name: "of_note",
            equals: &["note"],
            range: Some("number"),
            order: Some("number"),
            descending: false,
            search: None,
            limit: 1000,
        },
        QueryDescriptor {
            name: "maybe",
            equals: &["maybe"],
            range: None,
            order: None,
            descending: false,
            search: None,
            limit: 1000,
        },
        QueryDescriptor {
            name: "by_time",
            equals: &[],
            range: Some("when"),
            order: Some("when"),
            descending: true,
            search: None,
            limit: 1000,
        },
        QueryDescriptor {
            name: "by_blob",
            equals: &[],
            range: Some("blob"),
            order: Some("blob"),
            descending: false,
            search: None,
            limit: 1000,
        },
    ],
    retention: None,
};
