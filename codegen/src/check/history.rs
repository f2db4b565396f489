//! Tables are as their migrations leave them, and the migrations of each dialect lead there without a gap.

use sestina_schema::Dialect;

use crate::Diagnostic;
use crate::migrate::next;
use crate::model::{History, Model};

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    for spec in model.own_specs() {
        let Some(history) = &spec.history else {
            continue;
        };
        numbers(history, found);
        match next(spec) {
            Ok(None) => {}
            Ok(Some(next)) => {
                let changed = next.changed.first();
                let table = spec
                    .tables
                    .iter()
                    .find(|table| Some(&table.name) == changed);
                let table = table.or(spec.tables.first());
                let place = table.map_or(&spec.place, |table| &table.place);
                let message = match changed {
                    Some(name) => {
                        format!("the table `{name}` has changed since its last migration")
                    }
                    None => "the tables have changed since their last migration".to_owned(),
                };
                found.push(
                    Diagnostic::error(place, message)
                        .note(&history.place, "as it was then")
                        .help("run `sestina-codegen migrate`, which writes the next one"),
                );
            }
            Err(refused) => found.extend(refused),
        }
    }
}

fn numbers(history: &History, found: &mut Vec<Diagnostic>) {
    let newest = Dialect::ALL
        .map(|dialect| history.newest(dialect))
        .into_iter()
        .max();
    for dialect in Dialect::ALL {
        for version in 1..=newest.unwrap_or(0) {
            let of_version =
                |step: &&crate::model::Step| step.dialect == dialect && step.version == version;
            let mut steps = history.steps.iter().filter(of_version);
            match (steps.next(), steps.next()) {
                (None, _) => {
                    let message = format!("there is no migration {version} for {}", dialect.name());
                    found.push(
                        Diagnostic::error(&history.place, message)
                            .help("take the file back: every dialect has every version"),
                    );
                    // One that is missing says enough.
                    break;
                }
                (Some(first), Some(second)) => {
                    let message =
                        format!("there are two migrations {version} for {}", dialect.name());
                    found.push(
                        Diagnostic::error(&second.place, message)
                            .note(&first.place, "the other one")
                            .help("give the newer one the next number"),
                    );
                }
                (Some(_), None) => {}
            }
        }
    }
}
