//! Names of files for any value.
//!
//! They hold only `a-z 0-9 . @ - _`, so that no file system folds two of them into one or takes
//! one for something else; what is another octet is written `_` and two hexadecimal digits. A name
//! that would be too long is a digest; the first line of every segment says whose it is.

use sestina_storage::{Value, ordered};
use sha2::{Digest as _, Sha256};

/// Longest name before it becomes a digest. File systems take 255 octets, some tools fewer.
const LONGEST: usize = 180;

/// The name of the segment of this owner, without its extension; of a table that is one segment
/// with `None`.
pub(crate) fn segment(owner: Option<&Value>) -> String {
    let Some(owner) = owner else {
        return "all".to_owned();
    };
    let mut name = String::new();
    let octets = match owner {
        Value::Text(text) => {
            name.push_str("o-");
            text.as_bytes().to_vec()
        }
        other => {
            name.push_str("v-");
            ordered::encode(std::slice::from_ref(other))
        }
    };
    for byte in &octets {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'@' | b'-' => name.push(char::from(*byte)),
            other => name.push_str(&format!("_{other:02x}")),
        }
    }
    if name.len() > LONGEST {
        let digest = Sha256::digest(ordered::encode(std::slice::from_ref(owner)));
        name = String::from("h-");
        for byte in digest {
            name.push_str(&format!("{byte:02x}"));
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_owner_has_a_safe_name_of_its_own() {
        let mut owners = vec![
            Value::from(""),
            Value::from("romeo@example.org"),
            Value::from("Romeo@example.org"),
            Value::from("../../etc/passwd"),
            Value::from("a/b"),
            Value::from("a_2fb"),
            Value::from("con"),
            Value::from("."),
            Value::from("日本@example.org"),
            Value::from("\0"),
            Value::Integer(1),
            Value::Boolean(true),
            Value::Bytes(vec![0, 255]),
        ];
        owners.push(Value::Text("a".repeat(3000)));
        owners.push(Value::Text("a".repeat(3001)));
        let names: Vec<String> = owners.iter().map(|owner| segment(Some(owner))).collect();
        for (place, name) in names.iter().enumerate() {
            assert!(name.len() <= LONGEST);
            let safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".@-_".contains(c);
            assert!(name.chars().all(safe), "{name}");
            assert!(!names[..place].contains(name), "{name}");
        }
        assert_eq!(names[1], "o-romeo@example.org");
        assert_eq!(names[3], "o-.._2f.._2fetc_2fpasswd");
    }
}
