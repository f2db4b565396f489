//! The text of the statements for one table.
//!
//! Text depends on the descriptor alone, never on values: those are always bound. What a table is
//! asked is few shapes of few queries, so each text is made once and shared.

use std::{
    collections::HashMap,
    ops::Bound,
    sync::{Arc, PoisonError, RwLock},
};

use sestina_storage::{Column, QueryDescriptor, Selection, TableDescriptor, Value};

use crate::dialect::{Dialect, write_names};

/// The statements for one table.
pub struct Statements {
    dialect: &'static dyn Dialect,
    table: &'static TableDescriptor,
    /// Adds a row; fails if its key is there.
    pub insert: Arc<str>,
    /// Adds a row or replaces the one with its key.
    pub put: Arc<str>,
    /// Reads all columns of the row with a key.
    pub get: Arc<str>,
    /// Removes the row with a key.
    pub delete: Arc<str>,
    /// Removes the rows of an account, where the table has a column that names it.
    pub erase: Option<Arc<str>>,
    /// Reads rows in the order of the key; the parameter is the most rows.
    pub scan: Arc<str>,
    /// The same, beginning after a key: its values come before the most rows.
    pub scan_after: Arc<str>,
    shaped: RwLock<HashMap<(Action, QueryId, Shape), Arc<str>>>,
}

/// What is done with the rows a selection matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Action {
    Read,
    Remove,
}

/// Descriptors of queries are statics: their address names them, and is cheaper to hash than what
/// they hold.
type QueryId = usize;

/// What of a selection's arguments changes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    lower: End,
    upper: End,
    descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum End {
    Open,
    Included,
    Excluded,
}

impl From<&Bound<Value>> for End {
    fn from(bound: &Bound<Value>) -> Self {
        match bound {
            Bound::Unbounded => Self::Open,
            Bound::Included(_) => Self::Included,
            Bound::Excluded(_) => Self::Excluded,
        }
    }
}

impl Statements {
    /// The statements for a table, whose description has been checked.
    pub fn new(dialect: &'static dyn Dialect, table: &'static TableDescriptor) -> Self {
        let text = |build: &dyn Fn(&mut Text)| {
            let mut text = Text::new(dialect);
            build(&mut text);
            Arc::<str>::from(text.out)
        };
        Self {
            dialect,
            table,
            insert: text(&|text| text.insert(table)),
            put: text(&|text| {
                text.insert(table);
                dialect.upsert(&mut text.out, table);
            }),
            get: text(&|text| {
                text.read(table);
                text.key(table);
            }),
            delete: text(&|text| {
                text.push("DELETE FROM ").name(table.name);
                text.key(table);
            }),
            erase: table.personal.map(|personal| {
                text(&|text| {
                    text.push("DELETE FROM ").name(table.name);
                    text.push(" WHERE ").equal(personal, false);
                })
            }),
            scan: text(&|text| {
                text.read(table);
                text.order(table.key, false).limit();
            }),
            scan_after: text(&|text| {
                text.read(table);
                text.push(" WHERE (");
                write_names(dialect, &mut text.out, table.key.iter().copied());
                text.push(") > (").placeholders(table.key.len()).push(")");
                text.order(table.key, false).limit();
            }),
            shaped: RwLock::default(),
        }
    }

    /// The table.
    pub fn table(&self) -> &'static TableDescriptor {
        self.table
    }

    /// Reads the rows of a selection. Parameters: [`parameters`], then the most rows.
    pub fn select(&self, selection: &Selection) -> Arc<str> {
        self.shaped(Action::Read, selection)
    }

    /// Removes the rows of a selection. Parameters: [`parameters`].
    pub fn delete_where(&self, selection: &Selection) -> Arc<str> {
        self.shaped(Action::Remove, selection)
    }

    fn shaped(&self, action: Action, selection: &Selection) -> Arc<str> {
        let shape = Shape {
            lower: (&selection.range.lower).into(),
            upper: (&selection.range.upper).into(),
            descending: selection.descending(),
        };
        let id = (action, std::ptr::from_ref(selection.query).addr(), shape);
        let known = self.shaped.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(&id) {
            return text.clone();
        }
        drop(known);
        let text: Arc<str> = self.build(action, selection.query, shape).into();
        let mut known = self.shaped.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(id).or_insert(text).clone()
    }

    fn build(&self, action: Action, query: &QueryDescriptor, shape: Shape) -> String {
        let mut text = Text::new(self.dialect);
        match action {
            Action::Read => text.read(self.table),
            Action::Remove => {
                text.push("DELETE FROM ").name(self.table.name);
            }
        }
        let mut word = " WHERE ";
        for name in query.equals {
            let optional = self.table.column(name).is_some_and(|(_, c)| c.optional);
            text.push(word).equal(name, optional);
            word = " AND ";
        }
        if let Some(name) = query.range {
            let ends = [(shape.lower, " > ", " >= "), (shape.upper, " < ", " <= ")];
            for (end, excluded, included) in ends {
                let comparison = match end {
                    End::Open => continue,
                    End::Excluded => excluded,
                    End::Included => included,
                };
                text.push(word).name(name).push(comparison).placeholder();
                word = " AND ";
            }
        }
        if action == Action::Read {
            text.order(&self.table.order_of(query), shape.descending)
                .limit();
        }
        text.out
    }
}

/// The values that are bound for a selection, but for the most rows: those of equality, then the
/// ends of the range.
pub fn parameters(selection: &Selection) -> impl Iterator<Item = &Value> {
    selection.equals.iter().chain(selection.range.values())
}

/// The definition of a table and its indexes, for tables that come without migrations.
pub fn create_table(dialect: &'static dyn Dialect, table: &TableDescriptor) -> String {
    let mut text = Text::new(dialect);
    text.push("CREATE TABLE ").name(table.name).push(" (");
    for column in table.columns {
        text.column(column).push(", ");
    }
    text.push("PRIMARY KEY (");
    write_names(dialect, &mut text.out, table.key.iter().copied());
    text.push("))").push(dialect.table_options()).push(";\n");
    for index in table.indexes {
        let mut name = format!("{}_by", table.name);
        for column in *index {
            name.push('_');
            name.push_str(column);
        }
        text.push("CREATE INDEX ").name(&name);
        text.push(" ON ").name(table.name).push(" (");
        write_names(dialect, &mut text.out, index.iter().copied());
        text.push(");\n");
    }
    text.out
}

/// Text in the making, with the number of its next parameter.
struct Text {
    dialect: &'static dyn Dialect,
    out: String,
    parameters: usize,
}

impl Text {
    fn new(dialect: &'static dyn Dialect) -> Self {
        Self {
            dialect,
            out: String::new(),
            parameters: 0,
        }
    }

    fn push(&mut self, text: &str) -> &mut Self {
        self.out.push_str(text);
        self
    }

    fn name(&mut self, name: &str) -> &mut Self {
        self.dialect.quote(&mut self.out, name);
        self
    }

    fn placeholder(&mut self) -> &mut Self {
        self.parameters += 1;
        self.dialect.placeholder(&mut self.out, self.parameters);
        self
    }

    fn placeholders(&mut self, count: usize) -> &mut Self {
        for place in 0..count {
            if place > 0 {
                self.push(", ");
            }
            self.placeholder();
        }
        self
    }

    fn column(&mut self, column: &Column) -> &mut Self {
        self.name(column.name).push(" ");
        self.push(self.dialect.column_type(column.ty));
        if !column.optional {
            self.push(" NOT NULL");
        }
        self
    }

    fn equal(&mut self, name: &str, optional: bool) -> &mut Self {
        let same = if optional { self.dialect.same() } else { "=" };
        self.name(name).push(" ").push(same).push(" ").placeholder()
    }

    fn read(&mut self, table: &TableDescriptor) {
        self.push("SELECT ");
        let names = table.columns.iter().map(|column| column.name);
        write_names(self.dialect, &mut self.out, names);
        self.push(" FROM ").name(table.name);
    }

    fn insert(&mut self, table: &TableDescriptor) {
        self.push("INSERT INTO ").name(table.name).push(" (");
        let names = table.columns.iter().map(|column| column.name);
        write_names(self.dialect, &mut self.out, names);
        self.push(") VALUES (")
            .placeholders(table.columns.len())
            .push(")");
    }

    fn key(&mut self, table: &TableDescriptor) {
        let mut word = " WHERE ";
        for name in table.key {
            self.push(word).equal(name, false);
            word = " AND ";
        }
    }

    fn order(&mut self, names: &[&str], descending: bool) -> &mut Self {
        for (place, name) in names.iter().enumerate() {
            self.push(if place == 0 { " ORDER BY " } else { ", " })
                .name(name);
            if descending {
                self.push(" DESC");
            }
        }
        self
    }

    fn limit(&mut self) -> &mut Self {
        self.push(" LIMIT ").placeholder()
    }
}
