//! The arguments of a query.

use std::ops::Bound;

use crate::{QueryDescriptor, Search, TableDescriptor, Value};

/// A range of values of one column. A row without a value in that column is in no range but
/// [`Range::all`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Where it begins.
    pub lower: Bound<Value>,
    /// Where it ends.
    pub upper: Bound<Value>,
}

impl Range {
    /// Everything.
    pub const fn all() -> Self {
        Self {
            lower: Bound::Unbounded,
            upper: Bound::Unbounded,
        }
    }

    /// From this value on, the value included.
    pub fn from(value: impl Into<Value>) -> Self {
        Self::all().and_from(value)
    }

    /// What comes after this value.
    pub fn after(value: impl Into<Value>) -> Self {
        Self::all().and_after(value)
    }

    /// Up to this value, the value included.
    pub fn up_to(value: impl Into<Value>) -> Self {
        Self::all().and_up_to(value)
    }

    /// What comes before this value.
    pub fn before(value: impl Into<Value>) -> Self {
        Self::all().and_before(value)
    }

    /// Exactly this value.
    pub fn only(value: impl Into<Value>) -> Self {
        let value = value.into();
        Self {
            lower: Bound::Included(value.clone()),
            upper: Bound::Included(value),
        }
    }

    /// This range with another beginning: from the value on.
    #[must_use]
    pub fn and_from(mut self, value: impl Into<Value>) -> Self {
        self.lower = Bound::Included(value.into());
        self
    }

    /// This range with another beginning: after the value.
    #[must_use]
    pub fn and_after(mut self, value: impl Into<Value>) -> Self {
        self.lower = Bound::Excluded(value.into());
        self
    }

    /// This range with another end: the value included.
    #[must_use]
    pub fn and_up_to(mut self, value: impl Into<Value>) -> Self {
        self.upper = Bound::Included(value.into());
        self
    }

    /// This range with another end: before the value.
    #[must_use]
    pub fn and_before(mut self, value: impl Into<Value>) -> Self {
        self.upper = Bound::Excluded(value.into());
        self
    }

    /// Whether a value lies in the range.
    pub fn contains(&self, value: &Value) -> bool {
        if value.is_null() {
            return *self == Self::all();
        }
        let above = match &self.lower {
            Bound::Unbounded => true,
            Bound::Included(lower) => value >= lower,
            Bound::Excluded(lower) => value > lower,
        };
        above
            && match &self.upper {
                Bound::Unbounded => true,
                Bound::Included(upper) => value <= upper,
                Bound::Excluded(upper) => value < upper,
            }
    }

    /// The values of its two ends, where it has them: the lower first.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        [&self.lower, &self.upper]
            .into_iter()
            .filter_map(|bound| match bound {
                Bound::Included(value) | Bound::Excluded(value) => Some(value),
                Bound::Unbounded => None,
            })
    }
}

impl Default for Range {
    fn default() -> Self {
        Self::all()
    }
}

/// A query with its arguments, as a [`Backend`](crate::Backend) gets it.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The table.
    pub table: &'static TableDescriptor,
    /// The query, one of the table's or one of the caller's that the table has an index for.
    pub query: &'static QueryDescriptor,
    /// One value for each column in the query's `equals`.
    pub equals: Vec<Value>,
    /// The range of the query's `range` column.
    pub range: Range,
    /// What the query's `search` column has to hold. Only for reading.
    pub search: Option<Search>,
    /// The most rows to return. Never more than the query's own bound when it comes from a
    /// [`Store`](crate::Store).
    pub limit: u32,
    /// Turns the query's order round, to page backwards.
    pub reverse: bool,
}

impl Selection {
    /// Whether a row is among those it selects, its limit aside. For engines that look at rows
    /// one by one.
    pub fn matches(&self, row: &[Value]) -> bool {
        let value = |name: &str| {
            let (place, _) = self.table.column(name)?;
            row.get(place)
        };
        let mut equals = self.query.equals.iter().zip(&self.equals);
        equals.all(|(name, wanted)| value(name) == Some(wanted))
            && self
                .query
                .range
                .is_none_or(|name| value(name).is_some_and(|value| self.range.contains(value)))
            && self.search.as_ref().is_none_or(|search| {
                let value = self.query.search.and_then(value);
                value.is_some_and(|value| search.matches_value(value))
            })
    }

    /// Whether the rows come from high to low.
    pub fn descending(&self) -> bool {
        self.query.descending != self.reverse
    }
}
