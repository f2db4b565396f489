//! The kinds of fields, each in a file of its own: what describes it, and what it expands to.
//!
//! A new kind is a new file here, a variant of [`FieldKind`] and a line in [`FieldKind::code`];
//! the parser learns its word in `parse/field.rs`.

mod any;
mod attribute;
mod child;
mod child_text;
mod extra;
mod flag;
mod text;
mod version;
mod wrapped;

pub use any::Any;
pub use attribute::Attribute;
pub use child::Child;
pub use child_text::ChildText;
pub use extra::Extra;
pub use flag::Flag;
pub use text::TextContent;
pub use version::Version;
pub use wrapped::Wrapped;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Path, spanned::Spanned};

use crate::model::{Absent, Field, FieldKind, Item, Namespace, Occurs};

/// What a kind of field contributes to the two functions of a type.
///
/// The names that the pieces may use: `el` the element, `attr` an attribute, `child` a child,
/// `w` the writer, `ns` the namespace to write in.
pub(crate) trait FieldCode {
    /// The variable that collects the field, declared before the loops.
    fn declare(&self, cx: &Scope<'_>) -> TokenStream;

    /// An arm of the `match` over the key of an attribute.
    fn on_attribute(&self, _cx: &Scope<'_>) -> Option<TokenStream> {
        None
    }

    /// An arm of the `match` over the name of a child: its pattern, and what it does.
    fn on_child(&self, _cx: &Scope<'_>) -> Option<(TokenStream, TokenStream)> {
        None
    }

    /// The value of the field, after the loops.
    fn finish(&self, cx: &Scope<'_>) -> TokenStream;

    /// Writes it, where the start tag is still open.
    fn write_attribute(&self, _cx: &Scope<'_>) -> Option<TokenStream> {
        None
    }

    /// Writes it, after the start tag.
    fn write_content(&self, _cx: &Scope<'_>) -> Option<TokenStream> {
        None
    }
}

impl FieldKind {
    /// The code of this kind.
    pub(crate) fn code(&self) -> &dyn FieldCode {
        match self {
            Self::Attribute(kind) => kind,
            Self::Text(kind) => kind,
            Self::Child(kind) => kind,
            Self::ChildText(kind) => kind,
            Self::Wrapped(kind) => kind.as_ref(),
            Self::Flag(kind) => kind,
            Self::Any(kind) => kind,
            Self::Version(kind) => kind,
            Self::Extra(kind) => kind,
        }
    }
}

/// One field in the type it belongs to, with every name that the expansion makes up.
pub(crate) struct Scope<'a> {
    /// The type.
    pub(crate) item: &'a Item,
    /// The field.
    pub(crate) field: &'a Field,
    /// The variable that collects it.
    pub(crate) slot: Ident,
    /// Its place among the fields.
    index: usize,
    /// The variable that collects what is unknown, if anything does.
    extra: Option<Ident>,
}

impl<'a> Scope<'a> {
    /// The scope of the field at this place.
    pub(crate) fn new(item: &'a Item, index: usize, field: &'a Field) -> Self {
        Self {
            item,
            field,
            slot: format_ident!("f{index}"),
            index,
            extra: item.extra().map(|index| format_ident!("f{index}")),
        }
    }

    /// Where it is written among the content of the type.
    pub(crate) fn place(&self) -> u16 {
        match self.field.kind {
            FieldKind::Extra(_) => u16::MAX,
            _ => u16::try_from(self.index).unwrap_or(u16::MAX),
        }
    }

    /// What collects the unknown, where what does not fit its field goes there too instead of being an error.
    pub(crate) fn loose(&self) -> Option<&Ident> {
        self.extra.as_ref().filter(|_| self.item.loose)
    }

    /// What collects the unknown, if anything does.
    pub(crate) fn unknown(&self) -> Option<&Ident> {
        self.extra.as_ref()
    }

    /// Whether the type remembers how its content was arranged.
    pub(crate) fn arranged(&self) -> bool {
        self.extra.is_some()
    }

    /// Where the runtime is.
    pub(crate) fn krate(&self) -> &Path {
        &self.item.krate
    }

    /// `&self.field`.
    pub(crate) fn access(&self) -> TokenStream {
        let member = &self.field.member;
        quote!(&self.#member)
    }

    /// The variable of a field that may be there once, or that gathers several.
    pub(crate) fn declare(&self) -> TokenStream {
        let (slot, declared, ty) = (&self.slot, &self.field.declared, &self.field.ty);
        match self.field.occurs {
            Occurs::Many => {
                quote!(let mut #slot = <#declared as ::core::default::Default>::default();)
            }
            Occurs::Once | Occurs::Optional => {
                quote!(let mut #slot = ::core::option::Option::<#ty>::None;)
            }
        }
    }

    /// An arm that stores `value` when a child has this name; of a loose type `value` is an option, and without
    /// it the child counts as unknown. Of a field that holds one, a second child falls through to what takes
    /// the unknown, so that nothing is lost.
    pub(crate) fn arm(
        &self,
        name: &str,
        namespace: Option<&Namespace>,
        value: &TokenStream,
    ) -> (TokenStream, TokenStream) {
        let slot = &self.slot;
        let expected = self.expected(namespace);
        let pattern = match self.field.occurs {
            Occurs::Many => quote!(#name if child.ns() == #expected),
            Occurs::Once | Occurs::Optional => {
                quote!(#name if #slot.is_none() && child.ns() == #expected)
            }
        };
        (pattern, self.store(value))
    }

    /// Stores a value in the field's variable.
    pub(crate) fn store(&self, value: &TokenStream) -> TokenStream {
        let slot = &self.slot;
        let many = self.field.occurs == Occurs::Many;
        match (self.loose(), many) {
            (None, true) => quote!(#slot.push(#value);),
            (None, false) => quote!(#slot = ::core::option::Option::Some(#value);),
            (Some(extra), many) => {
                let store = if many {
                    quote!(#slot.push(value))
                } else {
                    quote!(#slot = ::core::option::Option::Some(value))
                };
                let unknown = u16::MAX;
                quote! {
                    match #value {
                        ::core::option::Option::Some(value) => #store,
                        ::core::option::Option::None => {
                            #extra.push_element(child);
                            order.see(#unknown);
                            continue;
                        }
                    }
                }
            }
        }
    }

    /// The value after the loops; `required` makes an error of its absence.
    pub(crate) fn finish(&self, required: &TokenStream) -> TokenStream {
        let slot = &self.slot;
        match (&self.field.occurs, &self.field.absent) {
            (Occurs::Optional | Occurs::Many, _) => quote!(#slot),
            (Occurs::Once, Absent::Missing) => quote!(#required?),
            (Occurs::Once, Absent::Default) => quote!(#slot.unwrap_or_default()),
            (Occurs::Once, Absent::Function(path)) => quote!(#slot.unwrap_or_else(#path)),
        }
    }

    /// Writes each value that the field holds with `one`, which is told the expression of a
    /// reference to it.
    pub(crate) fn each(&self, one: impl Fn(TokenStream) -> TokenStream) -> TokenStream {
        let access = self.access();
        let span = self.field.ty.span();
        match (&self.field.occurs, &self.field.absent) {
            (Occurs::Optional, _) => {
                let one = one(quote!(value));
                quote!(if let ::core::option::Option::Some(value) = #access { #one })
            }
            (Occurs::Many, _) => {
                let one = one(quote!(value));
                let member = &self.field.member;
                quote!(for value in self.#member.iter() { #one })
            }
            (Occurs::Once, Absent::Missing) => one(access),
            (Occurs::Once, Absent::Default) => {
                let ty = &self.field.ty;
                let member = &self.field.member;
                let one = one(access);
                quote_spanned!(span=>
                    if self.#member != <#ty as ::core::default::Default>::default() { #one }
                )
            }
            (Occurs::Once, Absent::Function(path)) => {
                let member = &self.field.member;
                let one = one(access);
                quote_spanned!(span=> if self.#member != #path() { #one })
            }
        }
    }

    /// The namespace that a child must be in, when reading.
    pub(crate) fn expected(&self, namespace: Option<&Namespace>) -> TokenStream {
        match namespace.or(self.item.namespace.as_ref()) {
            Some(namespace) => namespace.tokens(),
            None => quote!(el.ns()),
        }
    }

    /// The namespace that a child is written in.
    pub(crate) fn written(&self, namespace: Option<&Namespace>) -> TokenStream {
        match namespace.or(self.item.namespace.as_ref()) {
            Some(namespace) => namespace.tokens(),
            None => quote!(ns),
        }
    }
}

impl Namespace {
    /// The expression of this namespace.
    pub(crate) fn tokens(&self) -> TokenStream {
        match self {
            Self::Literal(text) => quote!(#text),
            Self::Constant(path) => quote!(#path),
        }
    }
}
