//! The text of the statements for one table, and what is bound to them.
//!
//! Text depends on the descriptor alone, never on values: those are always bound. What a table is
//! asked is few shapes of few queries, so each text is made once and shared.

use std::{
    borrow::Cow,
    collections::HashMap,
    ops,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use sestina_storage::{
    Column, ColumnType, QueryDescriptor, Search, Selection, StorageError, TableDescriptor, Value,
    Write,
};

use crate::dialect::{Dialect, write_names, write_whole};
use crate::fold::{definition, fold, is_long};

/// A statement with its values.
#[derive(Debug, Clone)]
pub struct Bound<'a> {
    /// The text.
    pub text: Arc<str>,
    /// The values of its placeholders, in order.
    pub parameters: Vec<Parameter<'a>>,
}

/// A value that is bound.
#[derive(Debug, Clone)]
pub struct Parameter<'a> {
    /// The type of what it is compared with or stored in, also where it is no value.
    pub ty: ColumnType,
    /// The value.
    pub value: Cow<'a, Value>,
}

impl<'a> Parameter<'a> {
    /// A value, borrowed.
    pub fn borrowed(ty: ColumnType, value: &'a Value) -> Self {
        let value = Cow::Borrowed(value);
        Self { ty, value }
    }

    /// A value, owned.
    pub fn owned(ty: ColumnType, value: Value) -> Self {
        let value = Cow::Owned(value);
        Self { ty, value }
    }
}

/// One statement stores 1, 2, 4 … rows: so many numbers of rows, each with a text of its own.
const DOUBLINGS: usize = 7;
/// The most rows that one statement stores.
pub const MOST_ROWS: usize = 1 << (DOUBLINGS - 1);

/// The statements for one table.
pub struct Statements {
    dialect: &'static dyn Dialect,
    table: &'static TableDescriptor,
    /// For each column whether it is [folded](sestina_schema).
    folded: Vec<bool>,
    /// For one row, two, four and so on.
    inserts: [OnceLock<Arc<str>>; DOUBLINGS],
    put: Arc<str>,
    get: Arc<str>,
    delete: Arc<str>,
    /// By each personal column.
    erase: HashMap<&'static str, Arc<str>>,
    count: Arc<str>,
    shaped: RwLock<HashMap<(Action, Shape), Arc<str>>>,
}

/// What is done with the rows a selection matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Action {
    /// Descriptors of queries are statics: their address names them, and is cheaper to hash than
    /// what they hold.
    Read(usize),
    Remove(usize),
    /// All rows in the order of the key, the values of a key before the first where `lower` is given.
    Scan,
    /// The same, and of each row its key alone.
    Keys,
}

/// What of a selection's arguments changes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    lower: End,
    upper: End,
    descending: bool,
    /// Of the equalities, a bit for each that is with no value.
    nulls: u64,
    /// Whether a part of what is searched is looked for by the database.
    search: bool,
    /// Whether rows are counted out by the database.
    limit: bool,
    /// Whether folded columns are compared and ordered by their whole values, without an index.
    exact: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum End {
    Open,
    Included,
    Excluded,
}

impl From<&ops::Bound<Value>> for End {
    fn from(bound: &ops::Bound<Value>) -> Self {
        match bound {
            ops::Bound::Unbounded => Self::Open,
            ops::Bound::Included(_) => Self::Included,
            ops::Bound::Excluded(_) => Self::Excluded,
        }
    }
}

impl Statements {
    /// The statements for a table, whose description has been checked.
    pub fn new(dialect: &'static dyn Dialect, table: &'static TableDescriptor) -> Self {
        let defined = definition(table);
        let columns = defined.columns.iter();
        let folded = columns.map(|column| defined.is_folded(dialect.schema(), column));
        let folded: Vec<bool> = folded.collect();
        let text = |build: &dyn Fn(&mut Text<'_>)| {
            let mut text = Text::new(dialect, table, &folded);
            build(&mut text);
            Arc::<str>::from(text.out)
        };
        Self {
            inserts: Default::default(),
            put: text(&|text| {
                text.insert(1);
                let names = text.stored();
                let others = names.iter().map(String::as_str);
                let of_key = |name: &&str| {
                    let name = name.strip_suffix("$long").unwrap_or(name);
                    !table.key.contains(&name)
                };
                let others: Vec<&str> = others.filter(of_key).collect();
                dialect.upsert(&mut text.out, table, &others);
            }),
            get: text(&|text| {
                text.read(table.columns.iter().map(|column| column.name));
                text.key();
            }),
            delete: text(&|text| {
                text.push("DELETE FROM ").name(table.name);
                text.key();
            }),
            erase: table
                .personal
                .iter()
                .map(|personal| {
                    let text = text(&|text| {
                        text.push("DELETE FROM ").name(table.name);
                        text.push(" WHERE ").equal(personal);
                    });
                    (*personal, text)
                })
                .collect(),
            count: text(&|text| {
                text.push("SELECT COUNT(*) FROM ").name(table.name);
            }),
            shaped: RwLock::default(),
            folded,
            dialect,
            table,
        }
    }

    /// The table.
    pub fn table(&self) -> &'static TableDescriptor {
        self.table
    }

    /// Reads all columns of the row with a key.
    pub fn get<'a>(&self, key: &'a [Value]) -> Bound<'a> {
        self.bound(&self.get, self.of_key(key))
    }

    /// Counts the rows.
    pub fn count(&self) -> Bound<'static> {
        self.bound(&self.count, Vec::new())
    }

    /// Reads rows in the order of the key, beginning after a key.
    pub fn scan<'a>(&self, after: Option<&'a [Value]>, limit: u32, exact: bool) -> Bound<'a> {
        self.walk(Action::Scan, self.every_column(), after, limit, exact)
    }

    /// Reads keys in their order, beginning after one.
    pub fn keys<'a>(&self, after: Option<&'a [Value]>, limit: u32, exact: bool) -> Bound<'a> {
        self.walk(Action::Keys, self.table.key.to_vec(), after, limit, exact)
    }

    fn every_column(&self) -> Vec<&'static str> {
        self.table
            .columns
            .iter()
            .map(|column| column.name)
            .collect()
    }

    fn walk<'a>(
        &self,
        action: Action,
        columns: Vec<&'static str>,
        after: Option<&'a [Value]>,
        limit: u32,
        exact: bool,
    ) -> Bound<'a> {
        let exact = exact || after.is_some_and(|key| key.iter().any(is_long));
        let shape = Shape {
            lower: after.map_or(End::Open, |_| End::Excluded),
            upper: End::Open,
            descending: false,
            nulls: 0,
            search: false,
            limit: true,
            exact: exact && self.dialect.schema().folds(),
        };
        let text = self.shaped(action, shape, |text| {
            text.read(columns);
            text.walk(shape.lower == End::Excluded);
        });
        let key = |key: &'a [Value]| {
            let columns = self
                .table
                .key_places()
                .filter_map(|p| self.table.columns.get(p));
            let pairs = columns.zip(key);
            pairs.map(|(column, value)| Parameter::borrowed(column.ty, value))
        };
        let mut parameters: Vec<Parameter<'a>> = Vec::new();
        if let Some(after) = after {
            if self.dialect.compares_rows() {
                parameters.extend(key(after));
            } else {
                // One more column equal in each alternative.
                for place in 1..=after.len() {
                    parameters.extend(key(after).take(place));
                }
            }
        }
        parameters.push(rows(limit));
        self.bound(&text, parameters)
    }

    /// Reads the rows of a selection, of one with a search rows beyond those it finds, and all: what
    /// comes is to be tried with it and counted.
    pub fn select<'a>(&self, selection: &'a Selection, exact: bool) -> Bound<'a> {
        let fragment = selection.search.as_ref().and_then(fragment);
        let shape = Shape {
            search: fragment.is_some(),
            limit: selection.search.is_none(),
            ..self.shape(selection, exact)
        };
        let query = selection.query;
        let action = Action::Read(std::ptr::from_ref(query).addr());
        let text = self.shaped(action, shape, |text| {
            text.read(self.every_column());
            text.matching(query, false);
            text.order(&self.table.order_of(query));
            text.limit();
        });
        let mut parameters = self.of_selection(selection);
        parameters.extend(fragment.map(|text| Parameter::owned(ColumnType::Text, text.into())));
        if shape.limit {
            parameters.push(rows(selection.limit));
        }
        self.bound(&text, parameters)
    }

    /// The statement that stores rows, as many as a power of two.
    pub fn insert<'a>(&self, rows: impl IntoIterator<Item = &'a [Value]>) -> Bound<'a> {
        let mut parameters = Vec::new();
        let mut count = 0_usize;
        for row in rows {
            count += 1;
            parameters.extend(self.of_row(row));
        }
        let build = || {
            let mut text = Text::new(self.dialect, self.table, &self.folded);
            text.insert(count);
            self.dialect.keep(&mut text.out, self.table);
            Arc::<str>::from(text.out)
        };
        let known = usize::try_from(count.trailing_zeros())
            .ok()
            .filter(|_| count.is_power_of_two())
            .and_then(|place| self.inserts.get(place));
        let text = known.map_or_else(build, |known| known.get_or_init(build).clone());
        Bound { text, parameters }
    }

    /// The statement of a change, with what is bound to it; `None` for one that does nothing.
    pub fn write<'a>(&self, write: &'a Write) -> Option<Bound<'a>> {
        Some(match write {
            Write::Put { row, .. } => self.bound(&self.put, self.of_row(row)),
            Write::Insert { row, .. } => self.insert([row.as_slice()]),
            Write::Delete { key, .. } => self.bound(&self.delete, self.of_key(key)),
            Write::DeleteWhere(selection) => {
                let query = selection.query;
                let shape = Shape {
                    descending: false,
                    limit: false,
                    ..self.shape(selection, false)
                };
                let action = Action::Remove(std::ptr::from_ref(query).addr());
                let text = self.shaped(action, shape, |text| {
                    text.push("DELETE FROM ").name(self.table.name);
                    text.matching(query, false);
                });
                self.bound(&text, self.of_selection(selection))
            }
            Write::Erase {
                account, column, ..
            } => {
                let text = self.erase.get(column)?;
                let (place, _) = self.table.column(column)?;
                let account = Value::Text(account.clone());
                let account = self.fold(place, &account).unwrap_or(account);
                self.bound(text, vec![Parameter::owned(ColumnType::Text, account)])
            }
        })
    }

    /// Whether rows that came in the order of folded columns may be others than those in the order of
    /// the whole values: see [`sestina_schema`]. Where none of them is long, they are the same.
    pub fn is_in_doubt(&self, query: Option<&QueryDescriptor>, rows: &[Vec<Value>]) -> bool {
        if !self.dialect.schema().folds() {
            return false;
        }
        let order = match query {
            Some(query) => Cow::Owned(self.table.order_of(query)),
            None => Cow::Borrowed(self.table.key),
        };
        let mut places = order
            .iter()
            .filter_map(|name| Some(self.table.column(name)?.0));
        places.any(|place| rows.iter().any(|row| row.get(place).is_some_and(is_long)))
    }

    fn bound<'a>(&self, text: &Arc<str>, parameters: Vec<Parameter<'a>>) -> Bound<'a> {
        let text = text.clone();
        Bound { text, parameters }
    }

    fn shape(&self, selection: &Selection, exact: bool) -> Shape {
        let bits = selection.equals.iter().zip(0..64_u32);
        let exact = exact || selection.range.values().any(is_long);
        Shape {
            lower: (&selection.range.lower).into(),
            upper: (&selection.range.upper).into(),
            descending: selection.descending(),
            nulls: bits
                .filter(|(value, _)| value.is_null())
                .map(|(_, bit)| 1 << bit)
                .sum(),
            search: false,
            limit: true,
            exact: exact && self.dialect.schema().folds(),
        }
    }

    fn shaped(&self, action: Action, shape: Shape, build: impl FnOnce(&mut Text<'_>)) -> Arc<str> {
        let id = (action, shape);
        let known = self.shaped.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(&id) {
            return text.clone();
        }
        drop(known);
        let mut text = Text::new(self.dialect, self.table, &self.folded);
        text.shape = shape;
        build(&mut text);
        let text: Arc<str> = text.out.into();
        let mut known = self.shaped.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(id).or_insert(text).clone()
    }

    /// The folded form of a long value of a folded column.
    fn fold(&self, place: usize, value: &Value) -> Option<Value> {
        let folded = self.folded.get(place) == Some(&true);
        folded.then(|| fold(self.dialect.schema(), value)).flatten()
    }

    /// What a column is compared with for equality.
    fn equal<'a>(&self, place: usize, column: &Column, value: &'a Value) -> Parameter<'a> {
        match self.fold(place, value) {
            Some(folded) => Parameter::owned(column.ty, folded),
            None => Parameter::borrowed(column.ty, value),
        }
    }

    fn of_row<'a>(&self, row: &'a [Value]) -> Vec<Parameter<'a>> {
        let mut parameters = Vec::with_capacity(row.len());
        for (place, (column, value)) in self.table.columns.iter().zip(row).enumerate() {
            match self.fold(place, value) {
                Some(folded) => {
                    parameters.push(Parameter::owned(column.ty, folded));
                    parameters.push(Parameter::borrowed(column.ty, value));
                }
                None => {
                    parameters.push(Parameter::borrowed(column.ty, value));
                    if self.folded.get(place) == Some(&true) {
                        parameters.push(Parameter::owned(column.ty, Value::Null));
                    }
                }
            }
        }
        parameters
    }

    fn of_key<'a>(&self, key: &'a [Value]) -> Vec<Parameter<'a>> {
        let columns = self
            .table
            .key
            .iter()
            .filter_map(|name| self.table.column(name));
        let pairs = columns.zip(key);
        pairs
            .map(|((place, column), value)| self.equal(place, column, value))
            .collect()
    }

    fn of_selection<'a>(&self, selection: &'a Selection) -> Vec<Parameter<'a>> {
        let query = selection.query;
        let columns = query
            .equals
            .iter()
            .filter_map(|name| self.table.column(name));
        let pairs = columns.zip(&selection.equals);
        let given = pairs.filter(|(_, value)| !value.is_null());
        let mut parameters: Vec<Parameter<'a>> = given
            .map(|((place, column), value)| self.equal(place, column, value))
            .collect();
        if let Some((_, column)) = query.range.and_then(|name| self.table.column(name)) {
            let ends = selection.range.values();
            parameters.extend(ends.map(|value| Parameter::borrowed(column.ty, value)));
        }
        parameters
    }
}

impl std::fmt::Debug for Statements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Statements").field(&self.table.name).finish()
    }
}

/// The most rows, as it is bound.
fn rows(limit: u32) -> Parameter<'static> {
    Parameter::owned(ColumnType::Integer, Value::Integer(i64::from(limit)))
}

/// The longest part of the words of a search that every text it finds holds whatever its case, as
/// databases know case: their own letters of ASCII and digits. Without `i` and `k`, which are also the
/// small letters of İ and of the sign for kelvin.
fn fragment(search: &Search) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() && !matches!(c, 'i' | 'k');
    let words = search.words().iter();
    let parts = words.flat_map(|word| word.split(move |c| !plain(c)));
    parts
        .max_by_key(|part| part.len())
        .filter(|part| !part.is_empty())
}

/// The definition of a table and its indexes, for tables that come without migrations.
pub fn create_table(dialect: &'static dyn Dialect, table: &TableDescriptor) -> String {
    let statements = sestina_schema::create_table(dialect.schema(), &definition(table));
    sestina_schema::join(&statements)
}

/// Checks that what a database cannot hold is not bound: PostgreSQL has no NUL in text, and what one
/// refuses all refuse. `largest` is the most octets of values that a statement takes.
///
/// # Errors
/// [`StorageError::Corrupt`] for such text, [`StorageError::Unsupported`] for too many octets.
pub fn check(parameters: &[Parameter<'_>], largest: usize) -> Result<(), StorageError> {
    let nul = |parameter: &Parameter<'_>| matches!(&*parameter.value, Value::Text(text) if text.contains('\0'));
    if parameters.iter().any(nul) {
        return Err(StorageError::Corrupt("text with a NUL in it".into()));
    }
    let length = |parameter: &Parameter<'_>| match &*parameter.value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 8,
    };
    let octets = parameters.iter().map(length).fold(0, usize::saturating_add);
    if octets > largest {
        return Err(StorageError::Unsupported(format!(
            "a row of {octets} octets; the database takes {largest}"
        )));
    }
    Ok(())
}

/// Text in the making, with the number of its next parameter.
struct Text<'t> {
    dialect: &'static dyn Dialect,
    table: &'static TableDescriptor,
    folded: &'t [bool],
    shape: Shape,
    out: String,
    parameters: usize,
}

impl<'t> Text<'t> {
    fn new(
        dialect: &'static dyn Dialect,
        table: &'static TableDescriptor,
        folded: &'t [bool],
    ) -> Self {
        Self {
            dialect,
            table,
            folded,
            shape: Shape {
                lower: End::Open,
                upper: End::Open,
                descending: false,
                nulls: 0,
                search: false,
                limit: true,
                exact: false,
            },
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

    /// What a column holds.
    fn whole(&mut self, name: &str) -> &mut Self {
        let folded = self.is_folded(name);
        write_whole(self.dialect, &mut self.out, name, folded);
        self
    }

    /// What rows are compared and ordered by.
    fn ordered(&mut self, name: &str) -> &mut Self {
        if self.shape.exact {
            self.whole(name)
        } else {
            self.name(name)
        }
    }

    fn is_folded(&self, name: &str) -> bool {
        let place = self.table.column(name).map(|(place, _)| place);
        place.and_then(|place| self.folded.get(place)) == Some(&true)
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

    fn equal(&mut self, name: &str) -> &mut Self {
        self.name(name).push(" = ").placeholder()
    }

    fn read(&mut self, columns: impl IntoIterator<Item = &'static str>) {
        for (place, column) in columns.into_iter().enumerate() {
            self.push(if place == 0 { "SELECT " } else { ", " })
                .whole(column);
        }
        let name = self.table.name;
        self.push(" FROM ").name(name);
    }

    /// The columns of the database.
    fn stored(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (column, folded) in self.table.columns.iter().zip(self.folded) {
            names.push(column.name.to_owned());
            names.extend(folded.then(|| sestina_schema::long(column.name)));
        }
        names
    }

    fn insert(&mut self, rows: usize) {
        let names = self.stored();
        let name = self.table.name;
        self.push(self.dialect.insert(rows)).name(name).push(" (");
        write_names(
            self.dialect,
            &mut self.out,
            names.iter().map(String::as_str),
        );
        self.push(") VALUES ");
        for row in 0..rows {
            self.push(if row == 0 { "(" } else { ", (" });
            self.placeholders(names.len()).push(")");
        }
    }

    fn key(&mut self) {
        let mut word = " WHERE ";
        for name in self.table.key {
            self.push(word).equal(name);
            word = " AND ";
        }
    }

    /// The conditions of a selection.
    fn matching(&mut self, query: &QueryDescriptor, mut begun: bool) {
        let word = |begun: &mut bool| {
            let word = if *begun { " AND " } else { " WHERE " };
            *begun = true;
            word
        };
        for (name, bit) in query.equals.iter().zip(0..64_u32) {
            self.push(word(&mut begun));
            if self.shape.nulls & (1 << bit) == 0 {
                self.equal(name);
            } else {
                self.name(name).push(" IS NULL");
            }
        }
        if let Some(name) = query.range {
            let ends = [
                (self.shape.lower, " > ", " >= "),
                (self.shape.upper, " < ", " <= "),
            ];
            for (end, excluded, included) in ends {
                let comparison = match end {
                    End::Open => continue,
                    End::Excluded => excluded,
                    End::Included => included,
                };
                self.push(word(&mut begun));
                self.ordered(name).push(comparison).placeholder();
            }
        }
        if let Some(name) = query.search.filter(|_| self.shape.search) {
            self.push(word(&mut begun));
            let mut text = String::new();
            write_whole(self.dialect, &mut text, name, self.is_folded(name));
            self.parameters += 1;
            self.dialect.contains(&mut self.out, &text, self.parameters);
        }
    }

    fn walk(&mut self, after: bool) {
        let key = self.table.key;
        if after && self.dialect.compares_rows() {
            self.push(" WHERE (");
            for (place, name) in key.iter().enumerate() {
                self.push(if place == 0 { "" } else { ", " }).ordered(name);
            }
            self.push(") > (").placeholders(key.len()).push(")");
        } else if after {
            for (last, name) in key.iter().enumerate() {
                self.push(if last == 0 { " WHERE (" } else { " OR (" });
                for name in key.iter().take(last) {
                    self.ordered(name).push(" = ").placeholder().push(" AND ");
                }
                self.ordered(name).push(" > ").placeholder().push(")");
            }
        }
        self.order(key);
        self.limit();
    }

    fn order(&mut self, names: &[&str]) {
        let descending = self.shape.descending;
        for (place, name) in names.iter().enumerate() {
            self.push(if place == 0 { " ORDER BY " } else { ", " })
                .ordered(name);
            if descending {
                self.push(" DESC");
            }
            if self
                .table
                .column(name)
                .is_some_and(|(_, column)| column.optional)
            {
                self.push(self.dialect.nulls(descending));
            }
        }
    }

    fn limit(&mut self) {
        if self.shape.limit {
            self.push(" LIMIT ");
            self.parameters += 1;
            self.dialect.limit(&mut self.out, self.parameters);
        }
    }
}
