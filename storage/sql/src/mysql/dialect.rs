//! MySQL's dialect.

use std::fmt::Write as _;

use sestina_storage::TableDescriptor;

use crate::Dialect;

/// The dialect of MySQL and MariaDB.
#[derive(Debug, Clone, Copy)]
pub struct MySqlDialect;

impl Dialect for MySqlDialect {
    fn schema(&self) -> sestina_schema::Dialect {
        sestina_schema::Dialect::Mysql
    }

    fn placeholder(&self, out: &mut String, _number: usize) {
        out.push('?');
    }

    fn upsert(&self, out: &mut String, table: &TableDescriptor, others: &[&str]) {
        out.push_str(" ON DUPLICATE KEY UPDATE ");
        if others.is_empty() {
            let key = table.key.first().copied().unwrap_or_default();
            self.quote(out, key);
            out.push_str(" = ");
            self.quote(out, key);
        }
        for (place, name) in others.iter().enumerate() {
            if place > 0 {
                out.push_str(", ");
            }
            self.quote(out, name);
            out.push_str(" = VALUES(");
            self.quote(out, name);
            out.push(')');
        }
    }

    fn compares_rows(&self) -> bool {
        false
    }

    fn contains(&self, out: &mut String, text: &str, _number: usize) {
        let _ = write!(
            out,
            "CONVERT({text} USING utf8mb4) COLLATE utf8mb4_general_ci LIKE \
             CONCAT('%', CONVERT(? USING utf8mb4), '%')"
        );
    }
}
