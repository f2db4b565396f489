//! Looking for words in a column.

use crate::Value;

/// A search for words. It means the same on every backend that can search: each of its words, in
/// lower case, is part of the text in lower case, in any order and anywhere, also inside a word.
/// Without words it is in every text. A row without a value in the column is never found.
///
/// A backend may narrow down the rows with an index of its own, and asks [`matches`](Self::matches)
/// in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    words: Vec<String>,
}

impl Search {
    /// A search for the words of a text, which white space separates.
    pub fn new(text: &str) -> Self {
        let mut words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        words.sort_unstable();
        words.dedup();
        Self { words }
    }

    /// The words, in lower case, each once.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether a text holds all the words.
    pub fn matches(&self, text: &str) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let text = text.to_lowercase();
        self.words.iter().all(|word| text.contains(word))
    }

    /// Whether a value is a text that holds all the words.
    pub fn matches_value(&self, value: &Value) -> bool {
        matches!(value, Value::Text(text) if self.matches(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_any_order_and_case() {
        let search = Search::new("  MOON\tsweär moon ");
        assert_eq!(search.words(), ["moon", "sweär"]);
        assert!(search.matches("O, SWEÄR not by the inconstant Moonlight"));
        assert!(!search.matches("O, swear not by the moon"));
        assert!(Search::new(" ").matches(""));
        assert!(!search.matches_value(&Value::Null));
    }
}
