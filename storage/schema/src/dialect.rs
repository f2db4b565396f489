//! What differs between the databases in a definition.

use crate::{ColumnType, Literal, PREFIX, SHORT};

/// A dialect of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mysql];

    /// Its name: of its folder of migrations, and in what names a dialect.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }

    /// The dialect of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// Whether columns in keys and indexes are folded; see the [crate](crate).
    #[must_use]
    pub fn folds(self) -> bool {
        self != Self::Sqlite
    }

    /// A name, written so that it is never taken for a keyword.
    #[must_use]
    pub fn quote(self, name: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgres => format!("\"{name}\""),
            Self::Mysql => format!("`{name}`"),
        }
    }

    /// The type of a column. Text is compared by octets in all of them.
    #[must_use]
    pub fn column_type(self, ty: ColumnType, folded: bool) -> &'static str {
        match (self, ty) {
            (Self::Sqlite, ColumnType::Text) => "TEXT",
            (Self::Sqlite, ColumnType::Bytes) => "BLOB",
            (Self::Sqlite, _) => "INTEGER",
            (Self::Postgres, ColumnType::Text) => "TEXT COLLATE \"C\"",
            (Self::Postgres, ColumnType::Bytes) => "BYTEA",
            (Self::Postgres, ColumnType::Boolean) => "BOOLEAN",
            // Its text types compare by language, or ignore blanks at the end.
            (Self::Mysql, ColumnType::Text | ColumnType::Bytes) if folded => "VARBINARY(255)",
            (Self::Mysql, ColumnType::Text | ColumnType::Bytes) => "LONGBLOB",
            (Self::Mysql, ColumnType::Boolean) => "TINYINT(1)",
            (Self::Postgres | Self::Mysql, _) => "BIGINT",
        }
    }

    /// What follows the closing parenthesis of a table's definition.
    #[must_use]
    pub fn table_options(self) -> &'static str {
        match self {
            // Refuses values of another type than the column's, which SQLite otherwise keeps.
            Self::Sqlite => " STRICT",
            Self::Postgres => "",
            Self::Mysql => " ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4",
        }
    }

    /// A value written out, for a column of this type.
    pub(crate) fn literal(self, literal: &Literal, ty: ColumnType) -> String {
        let text = |text: &str| {
            let doubled = text.replace('\'', "''");
            match self {
                Self::Mysql => format!("'{}'", doubled.replace('\\', "\\\\")),
                _ => format!("'{doubled}'"),
            }
        };
        match literal {
            Literal::Text(value) if ty == ColumnType::Bytes => {
                let digits: String = value.bytes().map(|octet| format!("{octet:02x}")).collect();
                match self {
                    Self::Postgres => format!("'\\x{digits}'::bytea"),
                    _ => format!("x'{digits}'"),
                }
            }
            Literal::Text(value) => text(value),
            Literal::Integer(number) => number.to_string(),
            Literal::Boolean(flag) if self == Self::Postgres => flag.to_string(),
            Literal::Boolean(flag) => u8::from(*flag).to_string(),
        }
    }

    /// The folded form of what a column holds that is too long, as an expression.
    pub(crate) fn folded(self, column: &str, ty: ColumnType) -> String {
        match (self, ty) {
            (Self::Mysql, _) => format!("CONCAT(LEFT({column}, {PREFIX}), SHA2({column}, 256))"),
            // Whole characters: the most that fit.
            (_, ColumnType::Text) => format!(
                "left({column}, (SELECT max(n) FROM generate_series({}, {PREFIX}) AS n WHERE \
                 octet_length(left({column}, n)) <= {PREFIX})) || \
                 encode(sha256(convert_to({column}, 'UTF8')), 'hex')",
                PREFIX / 4,
            ),
            _ => format!(
                "substring({column} for {PREFIX}) || \
                 convert_to(encode(sha256({column}), 'hex'), 'UTF8')"
            ),
        }
    }

    /// Whether what a column holds is too long to be held so in a folded one, as a condition.
    pub(crate) fn is_long(self, column: &str) -> String {
        let length = match self {
            Self::Mysql => "LENGTH",
            _ => "octet_length",
        };
        format!("{length}({column}) > {SHORT}")
    }
}
