//! Whether an empty child element is there.

use proc_macro2::TokenStream;
use quote::quote;

use super::{FieldCode, Scope};
use crate::model::Namespace;

/// Whether an empty child element is there. The field is a `bool`.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The name of the child.
    pub name: String,
    /// Its namespace, if it is not that of the parent.
    pub namespace: Option<Namespace>,
}

impl FieldCode for Flag {
    fn declare(&self, cx: &Scope<'_>) -> TokenStream {
        let slot = &cx.slot;
        quote!(let mut #slot = false;)
    }

    fn on_child(&self, cx: &Scope<'_>) -> Option<(TokenStream, TokenStream)> {
        let (slot, name) = (&cx.slot, &self.name);
        let namespace = cx.expected(self.namespace.as_ref());
        let value = if cx.arranged() {
            quote!(order.flag(child))
        } else {
            quote!(true)
        };
        // A second one is unknown, so that it is not lost.
        let pattern = quote!(#name if !#slot && child.ns() == #namespace);
        Some((pattern, quote!(#slot = #value;)))
    }

    fn finish(&self, cx: &Scope<'_>) -> TokenStream {
        let slot = &cx.slot;
        quote!(#slot)
    }

    fn write_content(&self, cx: &Scope<'_>) -> Option<TokenStream> {
        let (name, member) = (&self.name, &cx.field.member);
        let namespace = cx.written(self.namespace.as_ref());
        Some(quote!(if self.#member { w.empty_element(#name, #namespace); }))
    }
}
