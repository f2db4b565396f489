//! Rows made from descriptors.

use crate::{ColumnType, TableDescriptor, Value};

/// A small generator of numbers that are the same in every run.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `sides`.
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % sides
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

/// Values of a type that are easy to get wrong: near each other, empty, at the ends, with
/// characters that mean something to somebody, and ordered differently by octets than by collation,
/// case or UTF-16.
pub(super) fn awkward(ty: ColumnType) -> Vec<Value> {
    match ty {
        ColumnType::Text => [
            "",
            " ",
            "%",
            "'; DROP TABLE x; --",
            "A",
            "B",
            "\"",
            "\\",
            "_",
            "a",
            "a ",
            "a\n",
            "aa",
            "a\u{308}",
            "b@example.org",
            "b@example.org.uk",
            "b@xample.org",
            "z",
            "ß",
            "ä",
            "日本語",
            "\u{fffd}",
            "\u{10000}",
            "🦀",
            "\u{10ffff}",
        ]
        .map(Value::from)
        .to_vec(),
        ColumnType::Integer => [i64::MIN, -256, -1, 0, 1, 2, 10, 1 << 53, i64::MAX]
            .map(Value::from)
            .to_vec(),
        ColumnType::Boolean => vec![Value::Boolean(false), Value::Boolean(true)],
        ColumnType::Bytes => [
            &b""[..],
            b"\0",
            b"\0\0",
            b"\x01",
            b"'",
            b"A",
            b"a",
            b"\x7f",
            b"\x80",
            b"\xff",
            b"\xff\xff",
        ]
        .map(|bytes| Value::Bytes(bytes.to_vec()))
        .to_vec(),
        ColumnType::Timestamp => [
            -62_135_596_800_000_000,
            -1,
            0,
            1,
            999_999,
            1_000_000,
            1_789_000_000_123_456,
            253_402_300_799_999_999,
        ]
        .map(Value::Timestamp)
        .to_vec(),
    }
}

/// A value that differs for every number (but for truth values).
pub(super) fn unique(ty: ColumnType, number: u32) -> Value {
    match ty {
        ColumnType::Text => Value::Text(format!("{number:08}@example.org")),
        ColumnType::Integer => Value::from(number),
        ColumnType::Boolean => Value::Boolean(number % 2 == 1),
        ColumnType::Bytes => Value::Bytes(number.to_be_bytes().to_vec()),
        ColumnType::Timestamp => Value::Timestamp(i64::from(number) * 1_000),
    }
}

/// A row whose key is that of no other number.
pub(super) fn row(table: &TableDescriptor, number: u32) -> Vec<Value> {
    let columns = table.columns.iter();
    columns.map(|column| unique(column.ty, number)).collect()
}

/// A row with the key of one number and everything else of another.
pub(super) fn row_with(table: &TableDescriptor, key: u32, rest: u32) -> Vec<Value> {
    let columns = table.columns.iter();
    columns
        .map(|column| {
            let of_key = table.key.contains(&column.name);
            unique(column.ty, if of_key { key } else { rest })
        })
        .collect()
}

/// A row of values from small sets, so that keys collide and queries match several rows.
pub(super) fn random(table: &TableDescriptor, dice: &mut Dice) -> Vec<Value> {
    let columns = table.columns.iter();
    columns
        .map(|column| {
            if column.optional && dice.roll(3) == 0 {
                Value::Null
            } else {
                dice.pick(&some(column.ty)).clone()
            }
        })
        .collect()
}

/// Every third of the awkward values: few enough to collide.
pub(super) fn some(ty: ColumnType) -> Vec<Value> {
    let step = if ty == ColumnType::Boolean { 1 } else { 3 };
    awkward(ty).into_iter().step_by(step).collect()
}
