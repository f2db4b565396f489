//! No two specs declare one feature, table, row or request; no two keys of one spec are the same.
//!
//! Elements are not looked at here: the reader keeps one of each, and says so where there are two.

use std::collections::BTreeMap;

use crate::Diagnostic;
use crate::model::{Answer, Iq, IqType, Model, Place, TypeRef};

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    let mut features = Seen::new(
        "the disco feature",
        "one spec announces it: remove it from the other",
    );
    let mut tables = Seen::new("the table", "give one of them another name");
    let mut accessors = Seen::new("the accessor", "give one of the tables another accessor");
    let mut rows = Seen::new("the negotiation row", "give one of them another name");
    let mut offers = Seen::new(
        "the negotiation row for",
        "one feature is one row: remove the other",
    );
    let mut requests = Seen::new(
        "the request",
        "one request has one answer: remove the other, or add its handlers here",
    );
    let mut answers: BTreeMap<String, (Option<&TypeRef>, Place)> = BTreeMap::new();
    let mut handled = Seen::new(
        "the handler of the nonza",
        "one spec handles it: remove the handler from the other",
    );
    for spec in &model.specs {
        for feature in &spec.features {
            for on in &feature.on {
                let key = format!("{} {on:?}", feature.var);
                features.add_as(key, &feature.var, &feature.place, found);
            }
        }
        for table in &spec.tables {
            tables.add(table.name.clone(), &table.place, found);
            accessors.add(table.accessor.clone(), &table.accessor_place, found);
            let mut columns = Seen::new("the column", "give one of them another name");
            table
                .columns
                .iter()
                .for_each(|column| columns.add(column.name.clone(), &column.place, found));
            let mut queries = Seen::new("the query", "give one of them another name");
            table
                .queries
                .iter()
                .for_each(|query| queries.add(query.name.clone(), &query.place, found));
        }
        for row in &spec.negotiations {
            rows.add(row.name.clone(), &row.place, found);
            let key = format!("{} {:?}", row.element.element.namespace, row.streams);
            let name = format!(
                "{}` of `{}",
                row.element.element.name, row.element.element.namespace
            );
            offers.add_as(
                // Inside another feature it is another row.
                format!(
                    "{key} {} {}",
                    row.element.element.name,
                    row.within
                        .as_ref()
                        .map_or("", |parent| parent.element.name.as_str())
                ),
                &name,
                &row.element.place,
                found,
            );
        }
        for iq in &spec.iqs {
            let kind = if iq.type_ == IqType::Get {
                "get"
            } else {
                "set"
            };
            let element = &iq.request.element;
            let name = format!("{kind} {}", element.name);
            let key = format!("{kind} {} {}", element.namespace, element.name);
            match answers.get(&key) {
                Some((answer, first)) if *answer != answer_of(iq) => found.push(
                    Diagnostic::error(
                        &iq.place,
                        format!("the request `{name}` has another answer here"),
                    )
                    .note(first, "first here")
                    .help("one request has one answer, in every spec that handles it"),
                ),
                _ => {
                    answers.insert(key.clone(), (answer_of(iq), iq.place.clone()));
                }
            }
            // In another scope, for another node or type of form, another spec may answer the same request.
            for handler in &iq.handlers {
                for scope in &handler.scopes {
                    let (role, node, form) = (handler.role, &handler.node, &handler.form);
                    let key = format!("{key} {role:?} {scope:?} {node:?} {form:?}");
                    requests.add_as(key, &name, &iq.request.place, found);
                }
            }
            if iq.handlers.is_empty() {
                requests.add_as(key, &name, &iq.request.place, found);
            }
        }
        for nonza in spec.nonzas.iter().filter(|one| !one.handlers.is_empty()) {
            let element = &nonza.element.element;
            let key = format!("{} {}", element.namespace, element.name);
            handled.add_as(key, &element.name, &nonza.element.place, found);
        }
        let mut keys = Seen::new("the key", "give one of them another name");
        spec.config
            .iter()
            .for_each(|config| keys.add(config.key.clone(), &config.place, found));
    }
    let mut profiles = Seen::new("the profile", "give one of them another name");
    model
        .profiles
        .iter()
        .for_each(|profile| profiles.add(profile.name.clone(), &profile.place, found));
}

/// What a request is answered with; `None` for nothing.
fn answer_of(iq: &Iq) -> Option<&TypeRef> {
    match &iq.answer {
        Answer::Empty => None,
        Answer::Element(element) => Some(&element.type_),
    }
}

struct Seen {
    what: &'static str,
    help: &'static str,
    places: BTreeMap<String, Place>,
}

impl Seen {
    fn new(what: &'static str, help: &'static str) -> Self {
        Self {
            what,
            help,
            places: BTreeMap::new(),
        }
    }

    fn add(&mut self, name: String, place: &Place, found: &mut Vec<Diagnostic>) {
        let shown = name.clone();
        self.add_as(name, &shown, place, found);
    }

    fn add_as(&mut self, key: String, shown: &str, place: &Place, found: &mut Vec<Diagnostic>) {
        if let Some(first) = self.places.get(&key) {
            if first != place {
                found.push(
                    Diagnostic::error(place, format!("{} `{shown}` is declared twice", self.what))
                        .note(first, "first here")
                        .help(self.help),
                );
            }
        } else {
            self.places.insert(key, place.clone());
        }
    }
}
