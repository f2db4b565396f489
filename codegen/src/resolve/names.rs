//! Rust names for what XML names.

use std::collections::BTreeSet;

/// Words that cannot be fields or methods as they are.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Names of the prelude, which a type of a specification must not hide from the code around it.
const PRELUDE: &[&str] = &[
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Drop",
    "Eq",
    "Err",
    "Extra",
    "Fn",
    "From",
    "Hash",
    "Into",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Self",
    "Send",
    "Sized",
    "Some",
    "String",
    "Sync",
    "Vec",
];

/// The words of an XML name: split at punctuation and where capitals begin.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous: Option<char> = None;
    let characters: Vec<char> = name.chars().collect();
    let mut fresh = true;
    for (at, character) in characters.iter().copied().enumerate() {
        if !character.is_alphanumeric() {
            fresh = true;
            previous = None;
            continue;
        }
        let next_is_lower = characters
            .get(at + 1)
            .is_some_and(|next| next.is_lowercase());
        let begins = previous.is_some_and(|previous| {
            character.is_uppercase()
                && (previous.is_lowercase()
                    || previous.is_numeric()
                    || (previous.is_uppercase() && next_is_lower))
        });
        if fresh || begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(character.to_lowercase());
        }
        fresh = false;
        previous = Some(character);
    }
    words
}

/// `UpperCamel`, for types and variants.
pub(crate) fn upper(name: &str) -> String {
    let mut out: String = words(name)
        .iter()
        .map(|word| {
            let mut characters = word.chars();
            characters
                .next()
                .map(|first| first.to_uppercase().chain(characters).collect::<String>())
                .unwrap_or_default()
        })
        .collect();
    if out.starts_with(|first: char| first.is_numeric()) {
        out.insert(0, 'N');
    }
    out
}

/// A type's name: `UpperCamel` and no name of the prelude.
pub(crate) fn type_name(name: &str) -> String {
    let mut out = upper(name);
    if out.is_empty() {
        out.push_str("Unnamed");
    }
    if PRELUDE.contains(&out.as_str()) {
        out.push_str("Element");
    }
    out
}

/// The name of an enumeration's value.
pub(crate) fn variant_name(value: &str) -> String {
    let out = upper(value);
    if !out.is_empty() && out != "Self" {
        return out;
    }
    match value {
        "" => "Empty".to_owned(),
        "*" => "Star".to_owned(),
        "+" => "Plus".to_owned(),
        "-" => "Minus".to_owned(),
        "<" => "Less".to_owned(),
        ">" => "Greater".to_owned(),
        "=" => "Equal".to_owned(),
        "Self" | "self" => "Itself".to_owned(),
        _ => "Value".to_owned(),
    }
}

/// `lower_snake` and legal, for fields, methods and modules.
pub(crate) fn snake(name: &str) -> String {
    let mut out = words(name).join("_");
    if out.is_empty() {
        out.push_str("unnamed");
    }
    if out.starts_with(|first: char| first.is_numeric()) {
        out.insert_str(0, "n_");
    }
    if KEYWORDS.contains(&out.as_str()) {
        out.push('_');
    }
    out
}

/// Whether a name in a specification is a field's or method's as it stands.
pub(crate) fn is_snake(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !KEYWORDS.contains(&name)
}

/// Whether a name in a specification is a type's as it stands.
pub(crate) fn is_upper(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && !PRELUDE.contains(&name)
}

/// The plural, for a field that holds any number.
pub(crate) fn plural(name: &str) -> String {
    let unchanged = ["data", "info", "metadata", "media", "any"];
    if unchanged
        .iter()
        .any(|word| name == *word || name.ends_with(&format!("_{word}")))
    {
        return name.to_owned();
    }
    if name.ends_with("ss") || ["x", "ch", "sh"].iter().any(|end| name.ends_with(end)) {
        return format!("{name}es");
    }
    if name.ends_with('s') {
        return name.to_owned();
    }
    let before_y = name
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u', '_']) && !stem.is_empty());
    match before_y {
        Some(stem) => format!("{stem}ies"),
        None => format!("{}s", name.trim_end_matches('_')),
    }
}

/// The first of the candidates that is free, or the last with a number; it is taken afterwards.
pub(crate) fn free(taken: &mut BTreeSet<String>, candidates: &[String]) -> String {
    let found = candidates
        .iter()
        .find(|candidate| !taken.contains(*candidate))
        .cloned();
    let name = found.unwrap_or_else(|| {
        let last = candidates.last().map_or("unnamed", String::as_str);
        (2_u32..)
            .map(|number| format!("{last}{number}"))
            .find(|name| !taken.contains(name))
            .unwrap_or_default()
    });
    taken.insert(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_rust() {
        assert_eq!(type_name("bad-request"), "BadRequest");
        assert_eq!(type_name("IBB"), "Ibb");
        assert_eq!(type_name("vCard"), "VCard");
        assert_eq!(type_name("option"), "OptionElement");
        assert_eq!(snake("type"), "type_");
        assert_eq!(snake("xml:lang"), "xml_lang");
        assert_eq!(snake("childrenMax"), "children_max");
        assert_eq!(snake("URLData"), "url_data");
        assert_eq!(variant_name("2"), "N2");
        assert_eq!(variant_name(""), "Empty");
        assert_eq!(variant_name("*"), "Star");
    }

    #[test]
    fn plurals() {
        for (one, many) in [
            ("item", "items"),
            ("identity", "identities"),
            ("address", "addresses"),
            ("status", "status"),
            ("key", "keys"),
            ("x", "xes"),
            ("type_", "types"),
            ("metadata", "metadata"),
        ] {
            assert_eq!(plural(one), many);
        }
    }
}
