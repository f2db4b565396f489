//! What `spec.toml` says, resolved against the schemas.

use std::collections::BTreeSet;

use toml::Spanned;

use crate::model::{
    Answer, Dependency, ElementName, ElementUse, Feature, Handler, History, Identity, Iq,
    Negotiation, Place, Schema, Shown, Spec, Stage, State, Traveller,
};
use crate::read::toml::{
    File, RawHandler, RawHeader, RawIq, RawNegotiation, RawSpec, RawStage, RawTraveller,
};
use crate::read::xsd::Name;

use super::declarations::Declarations;
use super::names::{is_snake, snake};
use super::plan::Plan;
use super::words::{
    IQ_TYPES, KINDS, MANDATORY, ROLES, SENDERS, STAGES, STATES, STREAMS, all, places, scope, word,
};
use super::{Folder, config, spec_of, storage};

/// The elements that a `spec.toml` names: each must have a type.
pub(super) fn used(raw: &RawSpec, spec: usize, declarations: &Declarations<'_>) -> BTreeSet<Name> {
    let iqs = raw.iqs.iter().flat_map(|iq| {
        let answer = iq
            .get_ref()
            .answer
            .iter()
            .filter(|answer| answer.get_ref() != "empty");
        std::iter::once(&iq.get_ref().request).chain(answer)
    });
    let travellers = raw
        .messages
        .iter()
        .chain(&raw.presences)
        .map(|traveller| &traveller.get_ref().payload);
    let nonzas = raw.nonzas.iter().map(|nonza| &nonza.get_ref().element);
    let children = raw.children.iter().flat_map(|child| {
        let child = child.get_ref();
        std::iter::once(&child.element).chain(&child.inside)
    });
    let items = raw.items.iter().map(|item| &item.get_ref().element);
    let negotiations = raw.negotiations.iter().flat_map(|row| {
        let row = row.get_ref();
        std::iter::once(&row.element)
            .chain(&row.request)
            .chain(&row.answer)
    });
    let held = raw
        .tables
        .iter()
        .filter_map(|table| table.get_ref().holds.as_ref());
    iqs.chain(travellers)
        .chain(held)
        .chain(nonzas)
        .chain(children)
        .chain(items)
        .chain(negotiations)
        .filter_map(|written| declarations.element(spec, written.get_ref()).ok())
        .map(|element| element.name.clone())
        .collect()
}

/// One specification.
pub(super) fn spec(
    folder: &mut Folder,
    at: usize,
    schemas: Vec<Schema>,
    declarations: &Declarations<'_>,
    plan: &Plan,
) -> Spec {
    let mut spec = Spec {
        module: snake(&folder.id),
        number: number(&folder.id),
        title: folder.id.clone(),
        version: String::new(),
        status: String::new(),
        summary: String::new(),
        depends: Vec::new(),
        roles: Vec::new(),
        tests: Vec::new(),
        crate_path: folder.crate_path.clone(),
        schemas,
        iqs: Vec::new(),
        messages: Vec::new(),
        presences: Vec::new(),
        nonzas: Vec::new(),
        children: Vec::new(),
        items: Vec::new(),
        forms: Vec::new(),
        negotiations: Vec::new(),
        stages: Vec::new(),
        features: Vec::new(),
        identities: Vec::new(),
        tables: Vec::new(),
        history: folder.history.take(),
        config: Vec::new(),
        place: folder.place.clone(),
        id: folder.id.clone(),
    };
    let Some((file, raw)) = &mut folder.toml else {
        return spec;
    };
    if let Some(raw) = &raw.header {
        header(file, raw, &mut spec);
    }
    let mut items = Items {
        file,
        spec: at,
        declarations,
        plan,
    };
    spec.iqs = raw.iqs.iter().filter_map(|raw| items.iq(raw)).collect();
    spec.messages = raw
        .messages
        .iter()
        .filter_map(|raw| items.traveller(raw))
        .collect();
    spec.presences = raw
        .presences
        .iter()
        .filter_map(|raw| items.traveller(raw))
        .collect();
    let nonzas = raw.nonzas.iter();
    spec.nonzas = nonzas.filter_map(|raw| items.nonza(raw)).collect();
    let children = raw.children.iter();
    spec.children = children.filter_map(|raw| items.child(raw)).collect();
    spec.items = raw.items.iter().filter_map(|raw| items.item(raw)).collect();
    let mut taken = BTreeSet::new();
    let forms = raw.forms.iter();
    spec.forms = forms
        .filter_map(|raw| items.form(raw, &mut taken))
        .collect();
    spec.negotiations = raw
        .negotiations
        .iter()
        .filter_map(|raw| items.negotiation(raw))
        .collect();
    spec.stages = raw
        .stages
        .iter()
        .filter_map(|raw| items.stage(raw))
        .collect();
    for raw in &raw.features {
        let raw = raw.get_ref();
        let on = places(items.file, &raw.on);
        spec.features.push(Feature {
            var: raw.var.get_ref().clone(),
            on,
            place: items.file.at(&raw.var),
        });
    }
    for spanned in &raw.identities {
        let raw = spanned.get_ref();
        spec.identities.push(Identity {
            on: places(items.file, &raw.on),
            category: raw.category.get_ref().clone(),
            type_: raw.type_.get_ref().clone(),
            name: raw.name.clone(),
            place: items.file.place(spanned.span()),
        });
    }
    for raw in &raw.tables {
        let Some(mut table) = storage::table(items.file, raw) else {
            continue;
        };
        let holds = raw.get_ref().holds.as_ref();
        table.holds = holds.and_then(|holds| items.element(holds));
        table.version = spec.history.as_ref().map_or(1, History::version);
        spec.tables.push(table);
    }
    spec.config = raw
        .config
        .iter()
        .filter_map(|raw| config::config(items.file, raw))
        .collect();
    spec
}

/// `XEP-0199` of `xep-0199`, `RFC 6120` of `rfc-6120`.
fn number(id: &str) -> String {
    match id.strip_prefix("rfc-") {
        Some(number) => format!("RFC {number}"),
        None => id.to_uppercase(),
    }
}

fn header(file: &mut File, raw: &Spanned<RawHeader>, spec: &mut Spec) {
    let raw = raw.get_ref();
    if *raw.id.get_ref() != spec.id {
        let message = format!(
            "the id `{}` is not the name of its folder",
            raw.id.get_ref()
        );
        file.error(
            raw.id.span(),
            message,
            format!("write `id = \"{}\"`, or rename the folder", spec.id),
        );
    }
    spec.place = file.at(&raw.id);
    raw.number.get_ref().clone_into(&mut spec.number);
    raw.title.get_ref().clone_into(&mut spec.title);
    raw.version.clone_into(&mut spec.version);
    raw.status.clone_into(&mut spec.status);
    raw.summary.clone_into(&mut spec.summary);
    spec.depends = dependencies(file, &raw.depends);
    let roles = raw.roles.iter();
    spec.roles = roles
        .filter_map(|role| word(file, "role", role, ROLES))
        .collect();
    for test in &raw.tests {
        match test.get_ref().split_once("::") {
            Some((path, name)) if !path.is_empty() && !name.is_empty() => spec.tests.push(Shown {
                file: path.to_owned(),
                name: name.to_owned(),
                place: file.at(test),
            }),
            _ => file.error(
                test.span(),
                format!("`{}` names no test", test.get_ref()),
                "write the file and the function: `tests/client.rs::it_works`",
            ),
        }
    }
}

pub(super) fn dependencies(file: &File, raw: &[Spanned<String>]) -> Vec<Dependency> {
    raw.iter()
        .map(|one| Dependency {
            id: one.get_ref().clone(),
            place: file.at(one),
        })
        .collect()
}

/// A name that becomes a field, a method or an accessor.
pub(super) fn identifier(file: &mut File, what: &str, raw: &Spanned<String>) -> Option<String> {
    let name = raw.get_ref();
    if is_snake(name) {
        return Some(name.clone());
    }
    let message = format!("`{name}` cannot be the name of {what}");
    file.error(
        raw.span(),
        message,
        format!(
            "write `{}`: lower case, digits and `_`, and no keyword of Rust",
            snake(name)
        ),
    );
    None
}

pub(super) struct Items<'a> {
    pub(super) file: &'a mut File,
    spec: usize,
    declarations: &'a Declarations<'a>,
    plan: &'a Plan,
}

impl Items<'_> {
    pub(super) fn element(&mut self, raw: &Spanned<String>) -> Option<ElementUse> {
        let found = match self.declarations.element(self.spec, raw.get_ref()) {
            Ok(element) => element,
            Err(_) if self.declarations.broken.contains(&self.spec) => return None,
            Err((message, help)) => {
                self.file.error(raw.span(), message, help);
                return None;
            }
        };
        let type_ = self.plan.elements.get(&found.name)?.clone();
        debug_assert!(spec_of(&found.name, self.declarations).is_some());
        let element = ElementName {
            name: found.name.name.clone(),
            namespace: found.name.namespace.clone(),
        };
        Some(ElementUse {
            element,
            type_,
            place: self.file.at(raw),
        })
    }

    fn iq(&mut self, spanned: &Spanned<RawIq>) -> Option<Iq> {
        let raw = spanned.get_ref();
        let place = self.file.place(spanned.span());
        let type_ = word(self.file, "type of iq", &raw.type_, IQ_TYPES);
        let request = self.element(&raw.request);
        let answer = match &raw.answer {
            None => {
                self.file.error(
                    spanned.span(),
                    format!("the request `{}` has no answer", raw.request.get_ref()),
                    "add `answer = \"empty\"`, or the element that answers it",
                );
                None
            }
            Some(answer) if answer.get_ref() == "empty" => Some(Answer::Empty),
            Some(answer) => self.element(answer).map(Answer::Element),
        };
        let from = all(self.file, "sender", &raw.from, SENDERS);
        if raw.from.is_empty() {
            self.nobody(spanned.span());
        }
        let handlers = self.handlers(&raw.handler);
        let waits = raw
            .handler
            .iter()
            .filter_map(|one| one.get_ref().waits.as_ref());
        for waits in waits {
            self.file.error(
                waits.span(),
                "the handler of a request may always wait",
                "remove `waits`",
            );
        }
        Some(Iq {
            type_: type_?,
            request: request?,
            answer: answer?,
            answer_optional: raw.answer_optional,
            from,
            handlers,
            doc: raw.doc.clone(),
            place,
        })
    }

    pub(super) fn nobody(&mut self, span: std::ops::Range<usize>) {
        self.file.error(
            span,
            "nobody may send this",
            "add `from = [\"anyone\"]`, or who else may",
        );
    }

    fn handlers(&mut self, raw: &[Spanned<RawHandler>]) -> Vec<Handler> {
        raw.iter()
            .filter_map(|spanned| {
                let raw = spanned.get_ref();
                let role = word(self.file, "role", &raw.role, ROLES);
                let scopes: Vec<_> = raw
                    .scope
                    .get_ref()
                    .iter()
                    .filter_map(|one| scope(self.file, one))
                    .collect();
                if raw.scope.get_ref().is_empty() {
                    let help = "name at least one scope, such as `\"host\"`";
                    self.file.error(
                        raw.scope.span(),
                        "a handler without a scope is never called",
                        help,
                    );
                }
                let name = identifier(self.file, "a method", &raw.name);
                let place = self.file.at(&raw.name);
                Some(Handler {
                    role: role?,
                    scopes,
                    name: name?,
                    node: raw.node.clone(),
                    form: raw.form.clone(),
                    waits: raw.waits.as_ref().is_some_and(|waits| *waits.get_ref()),
                    doc: raw.doc.clone(),
                    place,
                })
            })
            .collect()
    }

    fn traveller(&mut self, spanned: &Spanned<RawTraveller>) -> Option<Traveller> {
        let raw = spanned.get_ref();
        let place: Place = self.file.place(spanned.span());
        let payload = self.element(&raw.payload);
        let from = all(self.file, "sender", &raw.from, SENDERS);
        if raw.from.is_empty() {
            self.nobody(spanned.span());
        }
        let handlers = self.handlers(&raw.handler);
        Some(Traveller {
            payload: payload?,
            from,
            strip: raw.strip,
            handlers,
            doc: raw.doc.clone(),
            place,
        })
    }

    fn negotiation(&mut self, spanned: &Spanned<RawNegotiation>) -> Option<Negotiation> {
        let raw = spanned.get_ref();
        let element = self.element(&raw.element);
        let streams = word(self.file, "kind of stream", &raw.streams, STREAMS);
        let requires = all(self.file, "flag", &raw.requires, STATES);
        let prohibits = all(self.file, "flag", &raw.prohibits, STATES);
        let sets = all(self.file, "flag", &raw.sets, STATES);
        let mandatory = word(self.file, "obligation", &raw.mandatory, MANDATORY);
        let exchange = self.exchange(spanned);
        let within = match &raw.within {
            None => None,
            Some(name) => Some(self.element(name)?),
        };
        Some(Negotiation {
            name: raw.name.get_ref().clone(),
            element: element?,
            streams: streams?,
            requires,
            prohibits,
            password: sets.contains(&State::Authenticated),
            sets,
            restart: raw.restart,
            exchange,
            refresh: raw.refresh,
            within,
            mandatory: mandatory?,
            order: *raw.order.get_ref(),
            doc: raw.doc.clone(),
            place: self.file.at(&raw.name),
        })
    }

    fn stage(&mut self, spanned: &Spanned<RawStage>) -> Option<Stage> {
        let raw = spanned.get_ref();
        let at = word(self.file, "stage", &raw.at, STAGES);
        let kinds = all(self.file, "kind of stanza", &raw.kinds, KINDS);
        let name = identifier(self.file, "a method", &raw.name);
        Some(Stage {
            at: at?,
            kinds,
            name: name?,
            after: dependencies(self.file, &raw.after),
            before: dependencies(self.file, &raw.before),
            doc: raw.doc.clone(),
            place: self.file.at(&raw.name),
        })
    }
}
