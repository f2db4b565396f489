//! The definition of a table.

use std::fmt::Write as _;

use crate::{Column, Dialect, Table, long};

/// The statements that make a table and its indexes.
#[must_use]
pub fn create_table(dialect: Dialect, table: &Table) -> Vec<String> {
    let mut sql = format!("CREATE TABLE {} (\n", dialect.quote(&table.name));
    for column in &table.columns {
        for definition in columns(dialect, table, column) {
            let _ = writeln!(sql, "    {definition},");
        }
    }
    let _ = write!(sql, "    PRIMARY KEY ({})\n)", names(dialect, &table.key));
    sql.push_str(dialect.table_options());
    let mut statements = vec![sql];
    statements.extend(
        table
            .indexes
            .iter()
            .map(|index| create_index(dialect, table, index)),
    );
    let searched = table.searched.iter();
    statements.extend(searched.filter_map(|column| create_search(dialect, table, column)));
    statements
}

/// The name of an index. Databases cut names off that are longer than 63 octets.
#[must_use]
pub fn index_name(table: &Table, columns: &[String]) -> String {
    short(format!("{}_by_{}", table.name, columns.join("_")))
}

/// The name of the index by which a column is searched.
#[must_use]
pub fn search_name(table: &Table, column: &str) -> String {
    short(format!("{}_search_{column}", table.name))
}

fn short(name: String) -> String {
    if name.len() <= 60 {
        return name;
    }
    // FNV-1a.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, octet| {
        (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193)
    });
    // Names are ASCII.
    let head: String = name.chars().take(51).collect();
    format!("{head}_{hash:08x}")
}

/// The definitions of a column: of itself, and where it is folded of the one with long values.
pub(crate) fn columns(dialect: Dialect, table: &Table, column: &Column) -> Vec<String> {
    let folded = table.is_folded(dialect, column);
    let mut definition = format!(
        "{} {}",
        dialect.quote(&column.name),
        dialect.column_type(column.ty, folded)
    );
    if !column.optional {
        definition.push_str(" NOT NULL");
    }
    let mut definitions = vec![definition];
    if folded {
        definitions.push(long_column(dialect, column));
    }
    definitions
}

/// The definition of the column that holds the long values of another.
pub(crate) fn long_column(dialect: Dialect, column: &Column) -> String {
    format!(
        "{} {}",
        dialect.quote(&long(&column.name)),
        dialect.column_type(column.ty, false)
    )
}

pub(crate) fn create_index(dialect: Dialect, table: &Table, columns: &[String]) -> String {
    let parts = columns.iter().map(|name| {
        let optional = table.column(name).is_some_and(|column| column.optional);
        let order = match dialect {
            // No value comes first, as in the other databases.
            Dialect::Postgres if optional => " NULLS FIRST",
            _ => "",
        };
        format!("{}{order}", dialect.quote(name))
    });
    let parts: Vec<String> = parts.collect();
    format!(
        "CREATE INDEX {} ON {} ({})",
        dialect.quote(&index_name(table, columns)),
        dialect.quote(&table.name),
        parts.join(", ")
    )
}

/// The index by which a column is searched, where the database has one of the kind.
pub(crate) fn create_search(dialect: Dialect, table: &Table, column: &str) -> Option<String> {
    if dialect != Dialect::Postgres {
        return None;
    }
    let folded = table
        .column(column)
        .is_some_and(|column| table.is_folded(dialect, column));
    let name = dialect.quote(column);
    let whole = if folded {
        format!("COALESCE({}, {name})", dialect.quote(&long(column)))
    } else {
        name
    };
    // Only what says that the extension is not to be had is passed over.
    Some(format!(
        "DO $$ BEGIN\n    CREATE EXTENSION IF NOT EXISTS pg_trgm;\n    \
         CREATE INDEX {} ON {} USING gin (({whole}) gin_trgm_ops);\nEXCEPTION\n    \
         WHEN insufficient_privilege OR feature_not_supported OR undefined_file OR undefined_object THEN\n    \
         RAISE NOTICE 'searches go without an index: %', SQLERRM;\nEND $$",
        dialect.quote(&search_name(table, column)),
        dialect.quote(&table.name),
    ))
}

/// Removes the index by which a column is searched, if it could be made.
pub(crate) fn drop_search(dialect: Dialect, table: &Table, column: &str) -> Option<String> {
    let name = dialect.quote(&search_name(table, column));
    (dialect == Dialect::Postgres).then(|| format!("DROP INDEX IF EXISTS {name}"))
}

pub(crate) fn drop_index(dialect: Dialect, table: &Table, columns: &[String]) -> String {
    let name = dialect.quote(&index_name(table, columns));
    match dialect {
        Dialect::Mysql => format!("DROP INDEX {name} ON {}", dialect.quote(&table.name)),
        _ => format!("DROP INDEX {name}"),
    }
}

fn names(dialect: Dialect, names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| dialect.quote(name)).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ColumnType;

    fn table(indexes: &[&[&str]]) -> Table {
        let column = |name: &str, ty, optional| Column {
            name: name.into(),
            ty,
            optional,
            default: None,
        };
        Table {
            name: "order".into(),
            columns: vec![
                column("owner", ColumnType::Text, false),
                column("at", ColumnType::Timestamp, true),
                column("stanza", ColumnType::Bytes, false),
            ],
            key: vec!["owner".into()],
            searched: Vec::new(),
            indexes: indexes
                .iter()
                .map(|index| index.iter().map(|&name| name.to_owned()).collect())
                .collect(),
        }
    }

    #[test]
    fn by_dialect() {
        let of = |dialect| create_table(dialect, &table(&[&["at", "owner"]]));
        assert_eq!(
            of(Dialect::Sqlite),
            [
                "CREATE TABLE \"order\" (\n    \"owner\" TEXT NOT NULL,\n    \"at\" INTEGER,\n    \
                 \"stanza\" BLOB NOT NULL,\n    PRIMARY KEY (\"owner\")\n) STRICT",
                "CREATE INDEX \"order_by_at_owner\" ON \"order\" (\"at\", \"owner\")",
            ]
        );
        assert_eq!(
            of(Dialect::Postgres),
            [
                "CREATE TABLE \"order\" (\n    \"owner\" TEXT COLLATE \"C\" NOT NULL,\n    \
                 \"owner$long\" TEXT COLLATE \"C\",\n    \"at\" BIGINT,\n    \
                 \"stanza\" BYTEA NOT NULL,\n    PRIMARY KEY (\"owner\")\n)",
                "CREATE INDEX \"order_by_at_owner\" ON \"order\" (\"at\" NULLS FIRST, \"owner\")",
            ]
        );
        assert_eq!(
            of(Dialect::Mysql),
            [
                "CREATE TABLE `order` (\n    `owner` VARBINARY(255) NOT NULL,\n    \
                 `owner$long` LONGBLOB,\n    `at` BIGINT,\n    `stanza` LONGBLOB NOT NULL,\n    \
                 PRIMARY KEY (`owner`)\n) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4",
                "CREATE INDEX `order_by_at_owner` ON `order` (`at`, `owner`)",
            ]
        );
    }

    #[test]
    fn a_searched_column_has_an_index_where_there_is_one_for_it() {
        let mut table = table(&[]);
        table.searched.push("stanza".into());
        for dialect in [Dialect::Sqlite, Dialect::Mysql] {
            assert_eq!(create_table(dialect, &table).len(), 1);
        }
        let statements = create_table(Dialect::Postgres, &table);
        assert!(
            statements[1].contains("\"order_search_stanza\" ON \"order\" USING gin ((\"stanza\")")
        );
        table.searched = vec!["owner".into()];
        let statements = create_table(Dialect::Postgres, &table);
        assert!(statements[1].contains("((COALESCE(\"owner$long\", \"owner\")) gin_trgm_ops)"));
    }

    #[test]
    fn names_that_databases_would_cut_off() {
        let columns = ["a".repeat(40), "b".repeat(40)];
        let name = index_name(&table(&[]), &columns);
        assert_eq!(name.len(), 60);
        let other = index_name(&table(&[]), &["a".repeat(40), "c".repeat(40)]);
        assert_ne!(name, other);
    }
}
