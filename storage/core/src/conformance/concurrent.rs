//! Many writers at once.

use std::sync::Arc;

use super::{Subject, data};
use crate::{StorageError, Value, Write};

/// How many writers there are.
const WRITERS: u32 = 40;

/// Writes all at once and gives their answers in order.
async fn together(subject: &Subject, writes: Vec<Write>) -> Vec<Result<(), StorageError>> {
    let mut tasks = Vec::new();
    for write in writes {
        let backend = Arc::clone(&subject.backend);
        tasks.push(tokio::spawn(async move {
            backend.write(vec![write]).await.map(drop)
        }));
    }
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("a writer"));
    }
    answers
}

fn rows(subject: &Subject, key: impl Fn(u32) -> u32) -> Vec<Vec<Value>> {
    (0..WRITERS)
        .map(|number| data::row_with(subject.table, key(number), number))
        .collect()
}

/// Of many who insert one key exactly one succeeds and its row stays; of many who put it one row
/// is there in the end, whole.
pub(super) async fn one_key(subject: &Subject) {
    let rows = rows(subject, |_| 7);
    let inserts = rows.iter().map(|row| subject.inserting(row)).collect();
    let answers = together(subject, inserts).await;
    let winners: Vec<usize> = (0..answers.len())
        .filter(|&place| answers[place].is_ok())
        .collect();
    assert_eq!(winners.len(), 1, "{}: one insert wins", subject.table.name);
    for answer in &answers {
        assert!(matches!(answer, Ok(()) | Err(StorageError::Conflict)));
    }
    let winner = &rows[winners[0]];
    assert_eq!(subject.get(winner).await.as_ref(), Some(winner));

    let puts = rows.iter().map(|row| subject.putting(row)).collect();
    for answer in together(subject, puts).await {
        answer.expect("put");
    }
    let row = subject.get(winner).await.expect("a row");
    assert!(rows.contains(&row), "{}: a whole row", subject.table.name);
    subject.clear().await;
}

/// Writers that fail do not disturb those that are served with them.
pub(super) async fn many_keys(subject: &Subject) {
    // Every fourth writer has the key of the first: one of those succeeds, the rest fail.
    let rows = rows(subject, |number| if number % 4 == 0 { 0 } else { number });
    let inserts = rows.iter().map(|row| subject.inserting(row)).collect();
    let answers = together(subject, inserts).await;
    for (row, answer) in rows.iter().zip(&answers) {
        match answer {
            Ok(()) => assert_eq!(subject.get(row).await.as_ref(), Some(row)),
            Err(error) => assert_eq!(error, &StorageError::Conflict),
        }
    }
    let stored = answers.iter().filter(|answer| answer.is_ok()).count();
    let expected = WRITERS - WRITERS / 4 + 1;
    assert_eq!(stored, expected as usize, "{}: stored", subject.table.name);
    assert_eq!(subject.all().await.len(), stored);
    subject.clear().await;
}
