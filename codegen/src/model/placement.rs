//! Where elements travel besides stanzas: beside them, inside others, as items of nodes, and as data forms.

use super::{ElementUse, Handler, Place, Sender, ValueType};

/// A top-level element that is no stanza.
#[derive(Debug, Clone)]
pub struct Nonza {
    /// The element.
    pub element: ElementUse,
    /// Who handles it.
    pub handlers: Vec<Handler>,
    /// Documentation; may be empty.
    pub doc: String,
}

/// An element that travels only inside others.
#[derive(Debug, Clone)]
pub struct Child {
    /// The element.
    pub element: ElementUse,
    /// The elements of other specs that it extends.
    pub inside: Vec<ElementUse>,
}

/// An element that travels as the item of a node (XEP-0060).
#[derive(Debug, Clone)]
pub struct PubsubItem {
    /// The node.
    pub node: String,
    /// The payload of its items.
    pub payload: ElementUse,
    /// Whose items are heeded.
    pub from: Vec<Sender>,
    /// How the node is to be when somebody publishes, by the names of `pubsub#node_config` without `pubsub#`.
    pub options: Vec<(String, String)>,
    /// Who handles what is said of its items; each has the node as its own.
    pub handlers: Vec<Handler>,
    /// Documentation; may be empty.
    pub doc: String,
    /// The `node`.
    pub place: Place,
}

/// A type of data form (XEP-0004, XEP-0068).
#[derive(Debug, Clone)]
pub struct DataForm {
    /// Its `FORM_TYPE`.
    pub form_type: String,
    /// The name in Rust.
    pub rust: String,
    /// Whether another spec declares the type, and this one adds fields to it.
    pub extends: bool,
    /// Its fields, each with a name of its own.
    pub fields: Vec<FormField>,
    /// Documentation; may be empty.
    pub doc: String,
    /// The `form_type`.
    pub place: Place,
}

/// One field of a form.
#[derive(Debug, Clone)]
pub struct FormField {
    /// Its `var`.
    pub var: String,
    /// The name in Rust.
    pub rust: String,
    /// How it is filled in.
    pub type_: FormFieldType,
    /// What its text means.
    pub value: ValueType,
    /// The values to choose from; with any, the type has a name of its own and takes others too.
    pub options: Vec<FormOption>,
    /// The name in Rust of the type of its values, where it has options.
    pub choice: Option<String>,
    /// Whether a form that is sent in must have it.
    pub required: bool,
    /// What people read; may be empty.
    pub label: String,
    /// Documentation; may be empty.
    pub doc: String,
    /// The `var`.
    pub place: Place,
}

/// One of the values to choose from.
#[derive(Debug, Clone)]
pub struct FormOption {
    /// The value.
    pub value: String,
    /// The name in Rust.
    pub rust: String,
}

/// How a field is filled in (XEP-0004 §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "XEP-0004 names them")]
pub enum FormFieldType {
    Boolean,
    Hidden,
    JidMulti,
    JidSingle,
    ListMulti,
    ListSingle,
    TextMulti,
    TextPrivate,
    TextSingle,
}

impl FormFieldType {
    /// Whether it has any number of values.
    #[must_use]
    pub fn is_multi(self) -> bool {
        matches!(self, Self::JidMulti | Self::ListMulti | Self::TextMulti)
    }

    /// The name of XEP-0004.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Hidden => "hidden",
            Self::JidMulti => "jid-multi",
            Self::JidSingle => "jid-single",
            Self::ListMulti => "list-multi",
            Self::ListSingle => "list-single",
            Self::TextMulti => "text-multi",
            Self::TextPrivate => "text-private",
            Self::TextSingle => "text-single",
        }
    }
}
