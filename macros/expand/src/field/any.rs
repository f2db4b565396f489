//! Child elements that no other field takes, kept as they are.

use proc_macro2::TokenStream;
use quote::quote;

use super::{FieldCode, Scope};
use crate::model::Occurs;

/// Child elements that no other field takes, kept as they are: one `AnyElement`, or a list of them.
#[derive(Clone, Debug)]
pub struct Any;

impl FieldCode for Any {
    fn declare(&self, cx: &Scope<'_>) -> TokenStream {
        cx.declare()
    }

    fn on_child(&self, cx: &Scope<'_>) -> Option<(TokenStream, TokenStream)> {
        let slot = &cx.slot;
        Some(match cx.field.occurs {
            Occurs::Many => (quote!(_), quote!(#slot.push(child.to_any());)),
            Occurs::Once | Occurs::Optional => (
                quote!(_ if #slot.is_none()),
                quote!(#slot = ::core::option::Option::Some(child.to_any());),
            ),
        })
    }

    fn finish(&self, cx: &Scope<'_>) -> TokenStream {
        let (krate, slot) = (cx.krate(), &cx.slot);
        cx.finish(&quote!(#krate::derive::need_child(#slot, el, "*")))
    }

    fn write_content(&self, cx: &Scope<'_>) -> Option<TokenStream> {
        Some(cx.each(|value| quote!(w.any(#value);)))
    }
}
