//! The order of the functions in one stage, from what each says about the others.

use crate::stages::Place;

/// The functions of a stage have no order, or a contradictory one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// Neither of two functions says which of them runs first.
    #[error(
        "stage {at}: nothing says whether {first} or {second} runs first; \
         name one of their specifications in the other's `after` or `before`"
    )]
    Ambiguous {
        /// The stage, and the kind of stanza.
        at: String,
        /// One function, as `spec/name`.
        first: String,
        /// The other.
        second: String,
    },
    /// Functions are to run before each other in a circle.
    #[error("stage {at}: these are to run before each other in a circle: {}", functions.join(", "))]
    Cycle {
        /// The stage, and the kind of stanza.
        at: String,
        /// The functions, as `spec/name`.
        functions: Vec<String>,
    },
}

/// Brings functions into the one order their places allow.
///
/// Functions of one specification run in the order they were registered.
///
/// # Errors
///
/// [`OrderError`] when the places allow more than one order, or none.
pub(crate) fn resolve<T>(at: &str, entries: Vec<(Place, T)>) -> Result<Vec<T>, OrderError> {
    let mut waiting: Vec<(Place, T)> = entries;
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let mut free = (0..waiting.len()).filter(|&index| {
            let place = waiting.get(index).map(|(place, _)| place);
            let mut others = waiting.iter().enumerate();
            place.is_some_and(|place| {
                !others.any(|(other, (before, _))| precedes(other, before, index, place))
            })
        });
        let Some(next) = free.next() else {
            let functions = waiting.iter().map(|(place, _)| title(place)).collect();
            return Err(OrderError::Cycle {
                at: at.to_owned(),
                functions,
            });
        };
        if let Some(second) = free.next() {
            let title_of = |index: usize| {
                waiting
                    .get(index)
                    .map(|(place, _)| title(place))
                    .unwrap_or_default()
            };
            return Err(OrderError::Ambiguous {
                at: at.to_owned(),
                first: title_of(next),
                second: title_of(second),
            });
        }
        let (_, function) = waiting.remove(next);
        ordered.push(function);
    }
    Ok(ordered)
}

/// Whether the first function must run before the second.
fn precedes(first_index: usize, first: &Place, second_index: usize, second: &Place) -> bool {
    if first_index == second_index {
        return false;
    }
    if first.spec == second.spec {
        return first_index < second_index;
    }
    second.after.contains(&first.spec) || first.before.contains(&second.spec)
}

fn title(place: &Place) -> String {
    format!("{}/{}", place.spec, place.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(
        spec: &'static str,
        after: &'static [&'static str],
        before: &'static [&'static str],
    ) -> (Place, &'static str) {
        (
            Place {
                spec,
                name: "f",
                after,
                before,
            },
            spec,
        )
    }

    #[test]
    fn after_and_before_give_one_order() {
        let order = resolve(
            "received",
            vec![
                place("c", &["b"], &[]),
                place("a", &[], &["b", "absent"]),
                place("b", &["absent"], &[]),
            ],
        );
        assert_eq!(order, Ok(vec!["a", "b", "c"]));
    }

    #[test]
    fn one_specification_keeps_its_own_order() {
        let order = resolve(
            "received",
            vec![
                (
                    Place {
                        spec: "a",
                        name: "first",
                        after: &[],
                        before: &[],
                    },
                    1,
                ),
                (
                    Place {
                        spec: "a",
                        name: "second",
                        after: &[],
                        before: &[],
                    },
                    2,
                ),
            ],
        );
        assert_eq!(order, Ok(vec![1, 2]));
    }

    #[test]
    fn what_nobody_orders_is_an_error_that_names_both() {
        let error = resolve("received", vec![place("a", &[], &[]), place("b", &[], &[])]);
        let Err(OrderError::Ambiguous { first, second, .. }) = error else {
            panic!("{error:?}")
        };
        assert_eq!((first.as_str(), second.as_str()), ("a/f", "b/f"));
    }

    #[test]
    fn a_circle_is_an_error() {
        let error = resolve(
            "received",
            vec![place("a", &["b"], &[]), place("b", &["a"], &[])],
        );
        assert!(matches!(error, Err(OrderError::Cycle { .. })), "{error:?}");
    }
}
