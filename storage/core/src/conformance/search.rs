//! Searching for words.

use super::{Subject, data, same_rows, selection};
use crate::{Search, Selection, Value};

/// Texts that are found by some searches and not by others, and mean something to some engines.
const TEXTS: &[&str] = &[
    "",
    "The Moon",
    "the MOONLIGHT, o swear not",
    "swear not by the moon",
    "100% of it_all",
    "C:\\moon\\*.txt \"quoted\" 'single' (a OR b) NEAR/2 -minus",
    "GRÜSSE an das Mädchen",
    "日本語のテキスト 月",
    "🦀 crab",
    "a+b=c",
];

const SEARCHES: &[&str] = &[
    "moon",
    "MOON swear",
    "swear moon",
    "oonl",
    "%",
    "_",
    "\\",
    "\"",
    "'",
    "*",
    "or near/2",
    "-minus",
    "grüsse MÄDCHEN",
    "本語",
    "🦀",
    "a+b",
    "",
    "nothing of the kind",
];

/// A search finds what its definition says, in order and bounded as any query.
pub(super) async fn search(subject: &Subject) {
    let table = subject.table;
    for query in table.queries {
        let Some((place, column)) = query.search.and_then(|name| table.column(name)) else {
            continue;
        };
        if !subject.backend.supports_search(table, query) {
            continue;
        }
        // Every row is one of the query: they differ in what the query does not compare.
        let same: Vec<usize> = query
            .equals
            .iter()
            .filter_map(|name| table.column(name).map(|(place, _)| place))
            .collect();
        let mut writes = Vec::new();
        for (number, text) in (0..).zip(TEXTS) {
            let mut row = data::row(table, number);
            for &place in &same {
                row[place] = data::unique(table.columns[place].ty, 0);
            }
            row[place] = if column.optional && text.is_empty() {
                Value::Null
            } else {
                Value::from(*text)
            };
            writes.push(subject.putting(&row));
        }
        subject.write_all(writes).await;
        let equals: Vec<Value> = same
            .iter()
            .map(|&place| data::unique(table.columns[place].ty, 0))
            .collect();
        for reverse in [false, true] {
            let all = Selection {
                reverse,
                ..selection(table, query, equals.clone())
            };
            let everything = subject.select(&all).await;
            for words in SEARCHES {
                let search = Search::new(words);
                let mut expected = everything.clone();
                expected.retain(|row| search.matches_value(&row[place]));
                for limit in [u32::MAX, 1] {
                    expected.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                    let found = subject
                        .select(&Selection {
                            search: Some(search.clone()),
                            limit,
                            ..all.clone()
                        })
                        .await;
                    let what = format!("{}, search for {words:?}", query.name);
                    same_rows(&what, table, &found, &expected);
                }
            }
        }
        subject.clear().await;
    }
}
