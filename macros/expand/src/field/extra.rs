//! Attributes and child elements that no other field takes.

use proc_macro2::TokenStream;
use quote::quote;

use super::{FieldCode, Scope};

/// Attributes and child elements that no other field takes. The field is an `Extra`.
#[derive(Clone, Debug)]
pub struct Extra;

impl FieldCode for Extra {
    fn declare(&self, cx: &Scope<'_>) -> TokenStream {
        let (krate, slot) = (cx.krate(), &cx.slot);
        quote!(let mut #slot = #krate::Extra::default();)
    }

    fn on_attribute(&self, cx: &Scope<'_>) -> Option<TokenStream> {
        let slot = &cx.slot;
        Some(quote!(_ => #slot.push_attr(attr),))
    }

    fn on_child(&self, cx: &Scope<'_>) -> Option<(TokenStream, TokenStream)> {
        let slot = &cx.slot;
        Some((quote!(_), quote!(#slot.push_element(child);)))
    }

    fn finish(&self, cx: &Scope<'_>) -> TokenStream {
        let slot = &cx.slot;
        quote!(#slot)
    }

    fn write_attribute(&self, cx: &Scope<'_>) -> Option<TokenStream> {
        let member = &cx.field.member;
        Some(quote!(self.#member.write_attributes(w);))
    }

    fn write_content(&self, cx: &Scope<'_>) -> Option<TokenStream> {
        let member = &cx.field.member;
        Some(quote!(self.#member.write_children(w, content);))
    }
}
