//! Elements that travel otherwise than in stanzas, and what they say to whom, resolved against the schemas.

use std::collections::BTreeSet;

use toml::Spanned;

use crate::model::{
    Child, DataForm, Exchange, FormField, FormFieldType, FormOption, Handler, Nonza, PubsubItem,
    Role, Scope, ValueType,
};
use crate::read::toml::{
    RawChild, RawForm, RawFormField, RawItem, RawNegotiation, RawNonza, RawPlainHandler,
};

use super::items::{Items, identifier};
use super::names::{free, is_upper, snake, type_name, upper, variant_name};
use super::words::{ROLES, SENDERS, VALUE_TYPES, Words, all, word};

const FIELD_TYPES: Words<FormFieldType> = &[
    ("boolean", FormFieldType::Boolean),
    ("hidden", FormFieldType::Hidden),
    ("jid-multi", FormFieldType::JidMulti),
    ("jid-single", FormFieldType::JidSingle),
    ("list-multi", FormFieldType::ListMulti),
    ("list-single", FormFieldType::ListSingle),
    ("text-multi", FormFieldType::TextMulti),
    ("text-private", FormFieldType::TextPrivate),
    ("text-single", FormFieldType::TextSingle),
];

impl Items<'_> {
    pub(super) fn nonza(&mut self, raw: &Spanned<RawNonza>) -> Option<Nonza> {
        let raw = raw.get_ref();
        let element = self.element(&raw.element);
        let handlers = self.plain_handlers(&raw.handler, None, &[]);
        Some(Nonza {
            element: element?,
            handlers,
            doc: raw.doc.clone(),
        })
    }

    pub(super) fn child(&mut self, raw: &Spanned<RawChild>) -> Option<Child> {
        let raw = raw.get_ref();
        let element = self.element(&raw.element);
        let inside = raw.inside.iter();
        let inside = inside.filter_map(|parent| self.element(parent)).collect();
        Some(Child {
            element: element?,
            inside,
        })
    }

    pub(super) fn item(&mut self, spanned: &Spanned<RawItem>) -> Option<PubsubItem> {
        let raw = spanned.get_ref();
        let node = raw.node.get_ref();
        let payload = self.element(&raw.element);
        let from = all(self.file, "sender", &raw.from, SENDERS);
        if raw.from.is_empty() {
            self.nobody(spanned.span());
        }
        if node.is_empty() {
            self.file.error(
                raw.node.span(),
                "a node without a name",
                "write the name of the node, mostly the namespace of its items",
            );
        }
        let handlers = self.plain_handlers(&raw.handler, Some(node), &[Scope::Client]);
        Some(PubsubItem {
            node: node.clone(),
            payload: payload?,
            from,
            options: raw
                .options
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            handlers,
            doc: raw.doc.clone(),
            place: self.file.at(&raw.node),
        })
    }

    /// What is said in a stream feature, where the spec says it.
    pub(super) fn exchange(&mut self, spanned: &Spanned<RawNegotiation>) -> Option<Exchange> {
        let raw = spanned.get_ref();
        let handlers = self.plain_handlers(&raw.handler, None, &[]);
        match (&raw.request, &raw.answer) {
            (Some(request), Some(answer)) => {
                let (request, answer) = (self.element(request), self.element(answer));
                Some(Exchange {
                    request: request?,
                    answer: answer?,
                    handlers,
                })
            }
            (None, None) => {
                if let Some(handler) = raw.handler.first() {
                    self.file.error(
                        handler.span(),
                        "a stream feature with a handler and nothing to handle",
                        "add `request` and `answer`, the elements of its conversation",
                    );
                }
                None
            }
            (Some(request), None) => {
                self.file.error(
                    request.span(),
                    format!("the request `{}` has no answer", request.get_ref()),
                    "add `answer`, the element that answers it",
                );
                None
            }
            (None, Some(answer)) => {
                self.file.error(
                    answer.span(),
                    format!("`{}` answers nothing", answer.get_ref()),
                    "add `request`, the element that it answers",
                );
                None
            }
        }
    }

    fn plain_handlers(
        &mut self,
        raw: &[Spanned<RawPlainHandler>],
        node: Option<&str>,
        scopes: &[Scope],
    ) -> Vec<Handler> {
        raw.iter()
            .filter_map(|spanned| {
                let raw = spanned.get_ref();
                let role = word(self.file, "role", &raw.role, ROLES);
                let name = identifier(self.file, "a method", &raw.name);
                Some(Handler {
                    role: role?,
                    // For others there is a message of its own.
                    scopes: match role {
                        Some(Role::Client) => scopes.to_vec(),
                        _ => Vec::new(),
                    },
                    name: name?,
                    node: node.map(str::to_owned),
                    form: None,
                    waits: false,
                    doc: raw.doc.clone(),
                    place: self.file.at(&raw.name),
                })
            })
            .collect()
    }

    /// A type of form. `taken` holds the names of all types made of this spec's forms.
    pub(super) fn form(
        &mut self,
        spanned: &Spanned<RawForm>,
        taken: &mut BTreeSet<String>,
    ) -> Option<DataForm> {
        let raw = spanned.get_ref();
        let rust = raw.rust.get_ref();
        if !is_upper(rust) {
            self.file.error(
                raw.rust.span(),
                format!("`{rust}` cannot be the name of a type"),
                format!("write `{}`", type_name(rust)),
            );
            return None;
        }
        if !taken.insert(rust.clone()) {
            self.file.error(
                raw.rust.span(),
                format!("the name `{rust}` is taken"),
                "give this form another name",
            );
        }
        let mut names = BTreeSet::from(["other".to_owned()]);
        let fields = raw.field.iter();
        let fields = fields
            .filter_map(|field| self.form_field(field, rust, &mut names, taken))
            .collect();
        Some(DataForm {
            form_type: raw.form_type.get_ref().clone(),
            rust: rust.clone(),
            extends: raw.extends,
            fields,
            doc: raw.doc.clone(),
            place: self.file.at(&raw.form_type),
        })
    }

    fn form_field(
        &mut self,
        spanned: &Spanned<RawFormField>,
        form: &str,
        names: &mut BTreeSet<String>,
        taken: &mut BTreeSet<String>,
    ) -> Option<FormField> {
        let raw = spanned.get_ref();
        let var = raw.var.get_ref();
        let type_ = word(self.file, "type of field", &raw.type_, FIELD_TYPES);
        let value = match &raw.value {
            Some(written) => word(self.file, "type", written, VALUE_TYPES),
            None => Some(match type_? {
                FormFieldType::Boolean => ValueType::Boolean,
                FormFieldType::JidMulti | FormFieldType::JidSingle => ValueType::Jid,
                _ => ValueType::Text,
            }),
        };
        let rust = match &raw.rust {
            Some(rust) => identifier(self.file, "a field", rust)?,
            // What comes before is mostly the name of the form again.
            None => snake(var.rsplit(['#', '/']).next().unwrap_or(var)),
        };
        if !names.insert(rust.clone()) {
            let span = raw.rust.as_ref().map_or(raw.var.span(), Spanned::span);
            self.file.error(
                span,
                format!("the field `{rust}` is declared twice"),
                "give it another name with `rust`",
            );
        }
        let type_ = type_?;
        let list = matches!(type_, FormFieldType::ListMulti | FormFieldType::ListSingle);
        if let (Some(first), false) = (raw.options.first(), list) {
            self.file.error(
                first.span(),
                format!(
                    "there is nothing to choose in a field of type `{}`",
                    type_.name()
                ),
                "write `type = \"list-single\"` or `\"list-multi\"`, or remove `options`",
            );
        }
        let mut variants = BTreeSet::from(["Other".to_owned()]);
        let options: Vec<FormOption> = raw
            .options
            .iter()
            .map(|option| FormOption {
                value: option.get_ref().clone(),
                rust: free(&mut variants, &[variant_name(option.get_ref())]),
            })
            .collect();
        let choice = (!options.is_empty())
            .then(|| free(taken, &[upper(&rust), format!("{form}{}", upper(&rust))]));
        Some(FormField {
            var: var.clone(),
            rust,
            type_,
            value: value?,
            options,
            choice,
            required: raw.required,
            label: raw.label.clone(),
            doc: raw.doc.clone(),
            place: self.file.at(&raw.var),
        })
    }
}
