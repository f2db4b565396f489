//! Values as octets that sort as the values do.
//!
//! For backends whose keys are octets, and for checksums: the encoding of several values compares,
//! octet by octet, as the values compare one after the other, and none is a beginning of another
//! with as many values.

use crate::{StorageError, Value};

const NULL: u8 = 0x01;
const TEXT: u8 = 0x02;
const INTEGER: u8 = 0x03;
const FALSE: u8 = 0x04;
const TRUE: u8 = 0x05;
const BYTES: u8 = 0x06;
const TIMESTAMP: u8 = 0x07;

/// The encoding of these values.
pub fn encode(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for value in values {
        encode_one(value, &mut out);
    }
    out
}

/// Appends the encoding of one value.
pub fn encode_one(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(NULL),
        Value::Text(text) => octets(TEXT, text.as_bytes(), out),
        Value::Integer(number) => fixed(INTEGER, *number, out),
        Value::Boolean(false) => out.push(FALSE),
        Value::Boolean(true) => out.push(TRUE),
        Value::Bytes(bytes) => octets(BYTES, bytes, out),
        Value::Timestamp(micros) => fixed(TIMESTAMP, *micros, out),
    }
}

/// Text and octets end with 00 00; a 00 inside is written 00 FF, which sorts after every end.
fn octets(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    for &byte in bytes {
        out.push(byte);
        if byte == 0 {
            out.push(0xff);
        }
    }
    out.extend([0, 0]);
}

/// With the sign turned round, negative numbers come before the others.
fn fixed(tag: u8, number: i64, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend((number ^ i64::MIN).to_be_bytes());
}

/// The values of an encoding.
///
/// # Errors
/// [`StorageError::Corrupt`] when it is none.
pub fn decode(mut bytes: &[u8]) -> Result<Vec<Value>, StorageError> {
    let mut values = Vec::new();
    while let Some((&tag, rest)) = bytes.split_first() {
        let (value, rest) = decode_one(tag, rest)
            .ok_or_else(|| StorageError::corrupt("octets that are no encoded values"))?;
        values.push(value);
        bytes = rest;
    }
    Ok(values)
}

fn decode_one(tag: u8, rest: &[u8]) -> Option<(Value, &[u8])> {
    Some(match tag {
        NULL => (Value::Null, rest),
        FALSE => (Value::Boolean(false), rest),
        TRUE => (Value::Boolean(true), rest),
        TEXT => {
            let (bytes, rest) = read_octets(rest)?;
            (Value::Text(String::from_utf8(bytes).ok()?), rest)
        }
        BYTES => {
            let (bytes, rest) = read_octets(rest)?;
            (Value::Bytes(bytes), rest)
        }
        INTEGER | TIMESTAMP => {
            let (number, rest) = rest.split_first_chunk::<8>()?;
            let number = i64::from_be_bytes(*number) ^ i64::MIN;
            if tag == INTEGER {
                (Value::Integer(number), rest)
            } else {
                (Value::Timestamp(number), rest)
            }
        }
        _ => return None,
    })
}

fn read_octets(mut bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut out = Vec::new();
    loop {
        let zero = memchr(bytes)?;
        let (before, from_zero) = bytes.split_at(zero);
        out.extend_from_slice(before);
        match from_zero {
            [0, 0, rest @ ..] => return Some((out, rest)),
            [0, 0xff, rest @ ..] => {
                out.push(0);
                bytes = rest;
            }
            _ => return None,
        }
    }
}

/// Where the first zero is.
fn memchr(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_and_everything_comes_back() {
        let mut values = vec![
            Value::Null,
            Value::Text(String::new()),
            Value::Text("\0".into()),
            Value::Text("\0\0".into()),
            Value::Text("\0a".into()),
            Value::Text("a".into()),
            Value::Text("a\0".into()),
            Value::Text("ab".into()),
            Value::Text("ß日".into()),
            Value::Integer(i64::MIN),
            Value::Integer(-1),
            Value::Integer(0),
            Value::Integer(1),
            Value::Integer(i64::MAX),
            Value::Boolean(false),
            Value::Boolean(true),
            Value::Bytes(vec![]),
            Value::Bytes(vec![0]),
            Value::Bytes(vec![0, 0xff]),
            Value::Bytes(vec![0xff]),
            Value::Timestamp(i64::MIN),
            Value::Timestamp(0),
            Value::Timestamp(i64::MAX),
        ];
        values.sort();
        for left in &values {
            for right in &values {
                let (pair, other) = ([left.clone(), right.clone()], [right.clone(), left.clone()]);
                assert_eq!(encode(&pair).cmp(&encode(&other)), pair.cmp(&other));
                assert_eq!(decode(&encode(&pair)).as_deref(), Ok(pair.as_slice()));
            }
        }
        for bad in [
            &[9][..],
            &[TEXT, 1],
            &[TEXT, 0, 1],
            &[INTEGER, 0],
            &[TEXT, 0xff, 0, 0],
        ] {
            assert!(decode(bad).is_err());
        }
    }
}
