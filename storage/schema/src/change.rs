//! From one version of a table to the next.

use crate::define::{columns, create_index, create_search, drop_index, drop_search, long_column};
use crate::{Column, ColumnType, Dialect, Literal, SHORT, Table, long};

/// A change that no statement makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The column, or none where it is the table.
    pub column: Option<String>,
    /// What was changed.
    pub what: String,
    /// What to do instead.
    pub help: String,
}

/// The statements that turn a table into its next version, with what it holds; none where nothing of it has
/// changed in the database.
///
/// They are such that a statement that was done and is done again either changes nothing or ends in an error that says that
/// it was done: a database that cannot undo definitions is brought on from where it was interrupted.
///
/// # Errors
/// A [`Refusal`] for the first change that cannot be made.
pub fn change(dialect: Dialect, old: &Table, new: &Table) -> Result<Vec<String>, Refusal> {
    if old.key != new.key {
        return Err(Refusal {
            column: None,
            what: format!("the key of the table `{}` has changed", new.name),
            help: "keep the key, or declare a table with another name".into(),
        });
    }
    for column in &new.columns {
        check(old, new, column)?;
    }
    let table = dialect.quote(&new.name);
    let mut statements = Vec::new();
    let gone = old
        .indexes
        .iter()
        .filter(|index| !new.indexes.contains(index));
    statements.extend(gone.map(|index| drop_index(dialect, old, index)));
    // What is searched of a column is another thing once it is folded.
    let same = |column: &String| {
        let folded = |table: &Table| {
            let column = table.column(column);
            column.is_some_and(|column| table.is_folded(dialect, column))
        };
        old.searched.contains(column) && new.searched.contains(column) && folded(old) == folded(new)
    };
    let gone = old.searched.iter().filter(|column| !same(column));
    statements.extend(gone.filter_map(|column| drop_search(dialect, old, column)));
    for column in &new.columns {
        match old.column(&column.name) {
            None => add(dialect, new, column, &mut statements),
            Some(before) => refold(dialect, (old, before), (new, column), &mut statements),
        }
    }
    for column in old
        .columns
        .iter()
        .filter(|old| new.column(&old.name).is_none())
    {
        let mut drop = |name: &str| {
            let name = dialect.quote(name);
            statements.push(format!("ALTER TABLE {table} DROP COLUMN {name}"));
        };
        drop(&column.name);
        if old.is_folded(dialect, column) {
            drop(&long(&column.name));
        }
    }
    let fresh = new
        .indexes
        .iter()
        .filter(|index| !old.indexes.contains(index));
    statements.extend(fresh.map(|index| create_index(dialect, new, index)));
    let fresh = new.searched.iter().filter(|column| !same(column));
    statements.extend(fresh.filter_map(|column| create_search(dialect, new, column)));
    Ok(statements)
}

fn check(old: &Table, new: &Table, column: &Column) -> Result<(), Refusal> {
    let refuse = |what: String, help: &str| {
        Err(Refusal {
            column: Some(column.name.clone()),
            what,
            help: help.into(),
        })
    };
    let name = format!("`{}` of the table `{}`", column.name, new.name);
    let Some(before) = old.column(&column.name) else {
        if column.optional {
            return Ok(());
        }
        return match &column.default {
            None => refuse(
                format!("the new column {name} has no value in the rows that are there"),
                "write `optional = true`, or the `default` those rows get",
            ),
            Some(Literal::Text(text)) if text.len() > SHORT => refuse(
                format!("the default of the new column {name} is longer than {SHORT} octets"),
                "write a shorter one, or `optional = true`",
            ),
            Some(_) => Ok(()),
        };
    };
    if before.ty != column.ty {
        return refuse(
            format!("the type of the column {name} has changed"),
            "keep the type and add a column with another name",
        );
    }
    if before.optional != column.optional {
        return refuse(
            format!(
                "the column {name} is {}optional now",
                if column.optional { "" } else { "no longer " }
            ),
            "keep it as it was and add a column with another name",
        );
    }
    Ok(())
}

fn add(dialect: Dialect, table: &Table, column: &Column, statements: &mut Vec<String>) {
    let name = dialect.quote(&table.name);
    for (place, mut definition) in columns(dialect, table, column).into_iter().enumerate() {
        if place == 0
            && let Some(default) = &column.default
        {
            let literal = dialect.literal(default, column.ty);
            definition.push_str(&match dialect {
                // A column of this kind takes an expression only.
                Dialect::Mysql => format!(" DEFAULT ({literal})"),
                _ => format!(" DEFAULT {literal}"),
            });
        }
        statements.push(format!("ALTER TABLE {name} ADD COLUMN {definition}"));
    }
}

/// A column that comes into an index for the first time is folded, and one that leaves the last is not any longer.
fn refold(
    dialect: Dialect,
    (old, before): (&Table, &Column),
    (new, column): (&Table, &Column),
    statements: &mut Vec<String>,
) {
    let folded = new.is_folded(dialect, column);
    if old.is_folded(dialect, before) == folded {
        return;
    }
    let table = dialect.quote(&new.name);
    let (name, long) = (
        dialect.quote(&column.name),
        dialect.quote(&long(&column.name)),
    );
    // The type in keys and out of them differs on MySQL only.
    let retype = || {
        let definition = columns(dialect, new, column).swap_remove(0);
        (dialect == Dialect::Mysql).then(|| format!("ALTER TABLE {table} MODIFY {definition}"))
    };
    if folded {
        let definition = long_column(dialect, column);
        statements.push(format!("ALTER TABLE {table} ADD COLUMN {definition}"));
        // In this order: MySQL assigns one after the other.
        statements.push(format!(
            "UPDATE {table} SET {long} = {name}, {name} = {} WHERE {} AND {long} IS NULL",
            dialect.folded(&name, column.ty),
            dialect.is_long(&name),
        ));
        statements.extend(retype());
    } else {
        statements.extend(retype());
        statements.push(format!(
            "UPDATE {table} SET {name} = {long} WHERE {long} IS NOT NULL"
        ));
        statements.push(format!("ALTER TABLE {table} DROP COLUMN {long}"));
    }
}

/// Whether a literal is one of a column's type.
impl Literal {
    /// Whether a column of this type can have this value.
    #[must_use]
    pub fn fits(&self, ty: ColumnType) -> bool {
        matches!(
            (self, ty),
            (Self::Text(_), ColumnType::Text | ColumnType::Bytes)
                | (Self::Integer(_), ColumnType::Integer)
                | (Self::Boolean(_), ColumnType::Boolean)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, ty: ColumnType, optional: bool) -> Column {
        Column {
            name: name.into(),
            ty,
            optional,
            default: None,
        }
    }

    fn table(columns: Vec<Column>, indexes: &[&str]) -> Table {
        Table {
            name: "t".into(),
            columns,
            key: vec!["id".into()],
            searched: Vec::new(),
            indexes: indexes.iter().map(|&name| vec![name.to_owned()]).collect(),
        }
    }

    fn first() -> Table {
        let columns = vec![
            column("id", ColumnType::Integer, false),
            column("name", ColumnType::Text, false),
        ];
        table(columns, &[])
    }

    #[test]
    fn nothing_changes_nothing() {
        for dialect in Dialect::ALL {
            assert_eq!(change(dialect, &first(), &first()), Ok(Vec::new()));
        }
    }

    #[test]
    fn a_column_that_comes_and_one_that_goes() {
        let mut next = first();
        next.columns.remove(1);
        next.columns.push(column("note", ColumnType::Bytes, true));
        next.columns.push(Column {
            default: Some(Literal::Text("it's".into())),
            ..column("kind", ColumnType::Text, false)
        });
        assert_eq!(
            change(Dialect::Sqlite, &first(), &next).unwrap(),
            [
                "ALTER TABLE \"t\" ADD COLUMN \"note\" BLOB",
                "ALTER TABLE \"t\" ADD COLUMN \"kind\" TEXT NOT NULL DEFAULT 'it''s'",
                "ALTER TABLE \"t\" DROP COLUMN \"name\"",
            ]
        );
        assert_eq!(
            change(Dialect::Mysql, &first(), &next).unwrap()[1],
            "ALTER TABLE `t` ADD COLUMN `kind` LONGBLOB NOT NULL DEFAULT ('it''s')"
        );
    }

    #[test]
    fn a_column_that_comes_into_an_index_is_folded() {
        let mut next = first();
        next.indexes.push(vec!["name".into()]);
        let there = change(Dialect::Mysql, &first(), &next).unwrap();
        let kinds = [
            "ALTER TABLE `t` ADD",
            "UPDATE",
            "ALTER TABLE `t` MODIFY",
            "CREATE INDEX",
        ];
        assert_eq!(there.len(), kinds.len());
        for (statement, kind) in there.iter().zip(kinds) {
            assert!(statement.starts_with(kind), "{statement}");
        }
        let back = change(Dialect::Mysql, &next, &first()).unwrap();
        assert_eq!(
            back,
            [
                "DROP INDEX `t_by_name` ON `t`",
                "ALTER TABLE `t` MODIFY `name` LONGBLOB NOT NULL",
                "UPDATE `t` SET `name` = `name$long` WHERE `name$long` IS NOT NULL",
                "ALTER TABLE `t` DROP COLUMN `name$long`",
            ]
        );
        let there = change(Dialect::Sqlite, &first(), &next).unwrap();
        assert_eq!(there, ["CREATE INDEX \"t_by_name\" ON \"t\" (\"name\")"]);
    }

    #[test]
    fn what_is_refused() {
        let refused = |edit: &dyn Fn(&mut Table)| {
            let mut next = first();
            edit(&mut next);
            let refusal = change(Dialect::Postgres, &first(), &next).unwrap_err();
            assert!(!refusal.help.is_empty());
            refusal.what
        };
        assert_eq!(
            refused(&|next| next.key = vec!["name".into()]),
            "the key of the table `t` has changed"
        );
        assert_eq!(
            refused(&|next| next.columns[1].ty = ColumnType::Bytes),
            "the type of the column `name` of the table `t` has changed"
        );
        assert_eq!(
            refused(&|next| next.columns[1].optional = true),
            "the column `name` of the table `t` is optional now"
        );
        assert_eq!(
            refused(&|next| next.columns.push(column("more", ColumnType::Text, false))),
            "the new column `more` of the table `t` has no value in the rows that are there"
        );
    }
}
