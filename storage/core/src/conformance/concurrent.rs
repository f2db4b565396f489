//! Many writers at once.

use std::sync::Arc;

use super::{Subject, data};
use crate::{Outcome, StorageError, Value, Write};

/// How many writers there are.
const WRITERS: u32 = 64;

/// Does all lists of changes at once and gives their answers in order.
async fn together(
    subject: &Subject,
    lists: Vec<Vec<Write>>,
) -> Vec<Result<Vec<Outcome>, StorageError>> {
    subject.counter.add(lists.len());
    let mut tasks = Vec::new();
    for writes in lists {
        let backend = Arc::clone(&subject.backend);
        tasks.push(tokio::spawn(async move { backend.write(writes).await }));
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
    let inserts = rows.iter().map(|row| vec![subject.inserting(row)]);
    let answers = together(subject, inserts.collect()).await;
    let winners: Vec<usize> = (0..answers.len())
        .filter(|&place| answers[place].is_ok())
        .collect();
    assert_eq!(winners.len(), 1, "{}: one insert wins", subject.table.name);
    for answer in &answers {
        assert!(matches!(answer, Ok(_) | Err(StorageError::Conflict)));
    }
    let winner = &rows[winners[0]];
    assert_eq!(subject.get(winner).await.as_ref(), Some(winner));

    let puts = rows.iter().map(|row| vec![subject.putting(row)]);
    for answer in together(subject, puts.collect()).await {
        answer.expect("put");
    }
    let row = subject.get(winner).await.expect("a row");
    assert!(rows.contains(&row), "{}: a whole row", subject.table.name);
    subject.clear().await;
}

/// Inserts, removals and lists of both, all of one key: there is an order of them that gives every
/// one the answer it got and leaves what is there. Each insert that was done adds one row, each
/// removal takes as many as it says, and a list that fails does neither.
pub(super) async fn some_order(subject: &Subject) {
    let rows = rows(subject, |_| 7);
    let lists = rows.iter().zip(0..).map(|(row, number)| match number % 4 {
        0 | 1 => vec![subject.inserting(row)],
        2 => vec![subject.deleting(row)],
        _ => vec![subject.deleting(row), subject.inserting(row)],
    });
    let answers = together(subject, lists.collect()).await;
    let mut present: i64 = 0;
    let mut candidates = Vec::new();
    for (number, (row, answer)) in rows.iter().zip(&answers).enumerate() {
        match answer {
            Ok(outcomes) => {
                for outcome in outcomes {
                    match outcome {
                        Outcome::Stored => {
                            present += 1;
                            candidates.push(row.clone());
                        }
                        Outcome::Removed(rows) => present -= i64::try_from(*rows).expect("few"),
                    }
                }
            }
            Err(StorageError::Conflict) if number % 4 < 2 => {}
            Err(error) => panic!("{}, writer {number}: {error}", subject.table.name),
        }
    }
    let name = subject.table.name;
    match subject.get(&rows[0]).await {
        Some(row) => {
            assert_eq!(present, 1, "{name}: one more insert than removals");
            assert!(candidates.contains(&row), "{name}: one that was inserted");
        }
        None => assert_eq!(present, 0, "{name}: as many removals as inserts"),
    }
    subject.clear().await;
}

/// Writers that fail do not disturb those that are served with them.
pub(super) async fn many_keys(subject: &Subject) {
    // Every fourth writer has the key of the first: one of those succeeds, the rest fail.
    let rows = rows(subject, |number| if number % 4 == 0 { 0 } else { number });
    let inserts = rows.iter().map(|row| vec![subject.inserting(row)]);
    let answers = together(subject, inserts.collect()).await;
    for (row, answer) in rows.iter().zip(&answers) {
        match answer {
            Ok(_) => assert_eq!(subject.get(row).await.as_ref(), Some(row)),
            Err(error) => assert_eq!(error, &StorageError::Conflict),
        }
    }
    let stored = answers.iter().filter(|answer| answer.is_ok()).count();
    let expected = WRITERS - WRITERS / 4 + 1;
    assert_eq!(stored, expected as usize, "{}: stored", subject.table.name);
    assert_eq!(subject.all().await.len(), stored);
    subject.clear().await;
}
