//! Words for messages: what was probably meant, and lists.

/// The candidate that is most like `word`, if one is like it at all.
pub(crate) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word_lower = word.to_lowercase();
    let allowed = match word.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        6..=8 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .map(|candidate| (distance(&word_lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many single-character changes (a swap of neighbours is one) make `b` from `a`.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let at = |back: usize, column: usize| -> usize {
                rows.len()
                    .checked_sub(back)
                    .and_then(|r| rows.get(r))
                    .and_then(|r| r.get(column))
                    .copied()
                    .unwrap_or(usize::MAX / 2)
            };
            let mut best = at(1, j) + usize::from(ca != cb);
            best = best
                .min(at(1, j + 1) + 1)
                .min(row.last().copied().unwrap_or(0) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(cb) && b.get(j - 1) == Some(ca);
            if swapped {
                best = best.min(at(2, j - 1) + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(0)
}

/// `` `a`, `b` or `c` ``.
pub(crate) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((end, start)) => format!("{} {last} {end}", start.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_probably_meant() {
        assert_eq!(
            closest("datetime", ["date", "dateTime", "time"]),
            Some("dateTime")
        );
        assert_eq!(closest("bolean", ["boolean", "byte"]), Some("boolean"));
        assert_eq!(closest("hanlder", ["handler", "type"]), Some("handler"));
        assert_eq!(closest("x", ["y"]), None);
        assert_eq!(closest("entirely", ["else"]), None);
    }

    #[test]
    fn lists_read_well() {
        assert_eq!(one_of([], "or"), "nothing");
        assert_eq!(one_of(["a"], "or"), "`a`");
        assert_eq!(one_of(["a", "b", "c"], "or"), "`a`, `b` or `c`");
    }
}
