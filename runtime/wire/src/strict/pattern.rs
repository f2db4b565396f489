//! Regular expressions as XML Schema writes them (XML Schema Part 2, appendix F).
//!
//! They are not those of other tools: always anchored, `^` and `$` are ordinary letters, classes can be subtracted from
//! each other. Matching walks with the set of places that may have been reached, so that no pattern takes more than
//! polynomial time.

use std::collections::BTreeSet;

use super::simple::{is_name_char, is_name_start};
use crate::value::is_space;

/// A pattern that has been read.
#[derive(Debug)]
pub(super) struct Pattern {
    text: Box<str>,
    branches: Vec<Branch>,
}

type Branch = Vec<Piece>;

#[derive(Debug)]
struct Piece {
    atom: Atom,
    min: usize,
    /// `None` for any number.
    max: Option<usize>,
}

#[derive(Debug)]
enum Atom {
    Class(Class),
    Group(Vec<Branch>),
}

/// A set of characters.
#[derive(Debug)]
struct Class {
    negated: bool,
    items: Vec<Item>,
    without: Option<Box<Class>>,
}

#[derive(Debug, Clone, Copy)]
enum Item {
    Range(char, char),
    /// `\d` and its like: in, or with the capital out.
    Escape(char, bool),
    /// `\p{..}` and `\P{..}` by the first letter of the category.
    Category(char, bool),
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;
type Places = BTreeSet<usize>;

/// How deep groups nest at most.
const DEPTH: usize = 32;

impl Pattern {
    /// Reads a pattern; `None` where it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut letters = text.chars().peekable();
        let branches = branches(&mut letters, 0)?;
        letters.next().is_none().then(|| Self {
            text: text.into(),
            branches,
        })
    }

    /// The pattern as it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole text matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        let letters: Vec<char> = text.chars().collect();
        any_of(&self.branches, &letters, &Places::from([0])).contains(&letters.len())
    }
}

fn any_of(branches: &[Branch], text: &[char], starts: &Places) -> Places {
    let mut ends = Places::new();
    for branch in branches {
        let mut at = starts.clone();
        for piece in branch {
            at = repeated(piece, text, &at);
        }
        ends.extend(at);
    }
    ends
}

fn repeated(piece: &Piece, text: &[char], starts: &Places) -> Places {
    let mut reached = if piece.min == 0 {
        starts.clone()
    } else {
        Places::new()
    };
    let mut at = starts.clone();
    let mut count = 0_usize;
    while piece.max.is_none_or(|max| count < max) {
        let next: Places = match &piece.atom {
            Atom::Class(class) => {
                let fits = |at: &&usize| text.get(**at).is_some_and(|letter| class.has(*letter));
                at.iter().filter(fits).map(|at| at + 1).collect()
            }
            Atom::Group(branches) => any_of(branches, text, &at),
        };
        count += 1;
        // Where nothing was consumed, any number of rounds more leads here as well.
        let still = next == at;
        if count >= piece.min || still {
            let before = reached.len();
            reached.extend(&next);
            if reached.len() == before {
                break;
            }
        }
        if next.is_empty() || still {
            break;
        }
        at = next;
    }
    reached
}

fn branches(letters: &mut Letters<'_>, depth: usize) -> Option<Vec<Branch>> {
    if depth > DEPTH {
        return None;
    }
    let mut all = vec![Branch::new()];
    while let Some(letter) = letters.peek().copied() {
        match letter {
            ')' => break,
            '|' => {
                letters.next();
                all.push(Branch::new());
                continue;
            }
            _ => {}
        }
        let atom = atom(letters, depth)?;
        let (min, max) = quantifier(letters)?;
        all.last_mut()?.push(Piece { atom, min, max });
    }
    Some(all)
}

fn atom(letters: &mut Letters<'_>, depth: usize) -> Option<Atom> {
    let single = |item| Class {
        negated: false,
        items: vec![item],
        without: None,
    };
    Some(match letters.next()? {
        '(' => {
            let inner = branches(letters, depth + 1)?;
            letters.next_if_eq(&')')?;
            Atom::Group(inner)
        }
        '[' => Atom::Class(class(letters, depth)?),
        '.' => Atom::Class(Class {
            negated: true,
            items: vec![Item::Range('\n', '\n'), Item::Range('\r', '\r')],
            without: None,
        }),
        '\\' => Atom::Class(single(escape(letters)?)),
        '?' | '*' | '+' | '{' | '}' | ']' => return None,
        letter => Atom::Class(single(Item::Range(letter, letter))),
    })
}

fn quantifier(letters: &mut Letters<'_>) -> Option<(usize, Option<usize>)> {
    let (min, max) = match letters.peek() {
        Some('?') => (0, Some(1)),
        Some('*') => (0, None),
        Some('+') => (1, None),
        Some('{') => {
            letters.next();
            let mut written = String::new();
            loop {
                match letters.next()? {
                    '}' => break,
                    letter => written.push(letter),
                }
            }
            return match written.split_once(',') {
                None => written.parse().ok().map(|count| (count, Some(count))),
                Some((min, "")) => Some((min.parse().ok()?, None)),
                Some((min, max)) => Some((min.parse().ok()?, Some(max.parse().ok()?))),
            };
        }
        _ => return Some((1, Some(1))),
    };
    letters.next();
    Some((min, max))
}

/// Behind `[`, up to and with `]`.
fn class(letters: &mut Letters<'_>, depth: usize) -> Option<Class> {
    if depth > DEPTH {
        return None;
    }
    let mut class = Class {
        negated: letters.next_if_eq(&'^').is_some(),
        items: Vec::new(),
        without: None,
    };
    loop {
        let item = match letters.next()? {
            ']' if !class.items.is_empty() => return Some(class),
            '-' if letters.peek() == Some(&'[') => {
                letters.next();
                class.without = Some(Box::new(self::class(letters, depth + 1)?));
                letters.next_if_eq(&']')?;
                return Some(class);
            }
            '\\' => escape(letters)?,
            letter => Item::Range(letter, letter),
        };
        let Item::Range(from, _) = item else {
            class.items.push(item);
            continue;
        };
        // A hyphen at the end, or before a subtraction, is no range.
        let mut ahead = letters.clone();
        let range = ahead.next() == Some('-') && !matches!(ahead.peek(), Some(']' | '[') | None);
        if !range {
            class.items.push(item);
            continue;
        }
        letters.next();
        let to = match letters.next()? {
            '\\' => match escape(letters)? {
                Item::Range(to, _) => to,
                _ => return None,
            },
            letter => letter,
        };
        if from > to {
            return None;
        }
        class.items.push(Item::Range(from, to));
    }
}

/// Behind a backslash.
fn escape(letters: &mut Letters<'_>) -> Option<Item> {
    let letter = letters.next()?;
    let plain = match letter {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'd' | 's' | 'w' | 'i' | 'c' => return Some(Item::Escape(letter, true)),
        'D' | 'S' | 'W' | 'I' | 'C' => {
            return Some(Item::Escape(letter.to_ascii_lowercase(), false));
        }
        'p' | 'P' => {
            letters.next_if_eq(&'{')?;
            let mut name = String::new();
            loop {
                match letters.next()? {
                    '}' => break,
                    letter => name.push(letter),
                }
            }
            let category = match name.as_str() {
                "L" | "N" | "Nd" | "Z" => name.chars().next()?,
                "Lu" => 'U',
                "Ll" => 'l',
                // Blocks and rare categories: nothing here tells them apart.
                _ => return None,
            };
            return Some(Item::Category(category, letter == 'p'));
        }
        '\\' | '|' | '.' | '?' | '*' | '+' | '(' | ')' | '{' | '}' | '-' | '[' | ']' | '^'
        | '/' | '$' | ':' | '@' | '"' | '\'' | '#' | '&' | ',' | '=' | '_' | ' ' => letter,
        _ => return None,
    };
    Some(Item::Range(plain, plain))
}

impl Class {
    fn has(&self, letter: char) -> bool {
        self.items.iter().any(|item| item.has(letter)) != self.negated
            && !self
                .without
                .as_ref()
                .is_some_and(|without| without.has(letter))
    }
}

impl Item {
    fn has(self, letter: char) -> bool {
        match self {
            Self::Range(from, to) => (from..=to).contains(&letter),
            Self::Escape(kind, wanted) => {
                let is = match kind {
                    'd' => letter.is_numeric(),
                    's' => is_space(letter),
                    'i' => is_name_start(letter) || letter == ':',
                    'c' => is_name_char(letter),
                    // All but punctuation, separators and control characters.
                    _ => {
                        letter.is_alphanumeric()
                            || !letter.is_ascii() && !letter.is_whitespace()
                            || matches!(letter, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~')
                    }
                };
                is == wanted
            }
            Self::Category(category, wanted) => {
                let is = match category {
                    'L' => letter.is_alphabetic(),
                    'U' => letter.is_uppercase(),
                    'l' => letter.is_lowercase(),
                    'Z' => letter.is_whitespace(),
                    _ => letter.is_numeric(),
                };
                is == wanted
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, good: &[&str], bad: &[&str]) {
        let read = Pattern::read(pattern).unwrap();
        for text in good {
            assert!(read.matches(text), "`{text}` should match `{pattern}`");
        }
        for text in bad {
            assert!(!read.matches(text), "`{text}` should not match `{pattern}`");
        }
    }

    #[test]
    fn patterns_match_the_whole_text() {
        check(
            "[0-9a-f]{40}",
            &["0123456789abcdef0123456789abcdef01234567"],
            &["0123", ""],
        );
        check("a|bc*", &["a", "b", "bccc"], &["ab", "c", ""]);
        check("(ab)+c?", &["ab", "ababc"], &["a", "abcab"]);
        check(
            r"\d{2,3}-\c+",
            &["12-a:b", "123-x"],
            &["1-a", "1234-a", "12-"],
        );
        check("[a-z-[aeiou]]+", &["xyz"], &["xay"]);
        check("[^@]+@[^@]+", &["a@b"], &["a@b@c", "@b"]);
        check("^x$", &["^x$"], &["x"]);
        check(".*", &["", "anything"], &["two\nlines"]);
        check(r"[\-+a-]x", &["-x", "+x", "ax"], &["bx"]);
        check("(a*)*b", &["b", "aaaab"], &["aaaa"]);
        check(r"\p{Lu}\P{N}", &["Ax"], &["ax", "A1"]);
    }

    #[test]
    fn what_is_no_pattern_is_not_read() {
        for text in ["(", "a)", "[z-a]", "a{2", "*", r"\p{IsGreek}", "[]"] {
            assert!(Pattern::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn hostile_patterns_end() {
        check("(a|aa|a*)*c", &["aaac"], &[&"a".repeat(200)]);
        check("((a{0,50}){0,50}){0,50}", &["aaa"], &["b"]);
    }
}
