//! The text of a child element that has nothing else.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Path, spanned::Spanned};

use super::{FieldCode, Scope};
use crate::model::Namespace;

/// The text of a child element that has nothing else.
#[derive(Clone, Debug)]
pub struct ChildText {
    /// The name of the child.
    pub name: String,
    /// Its namespace, if it is not that of the parent.
    pub namespace: Option<Namespace>,
    /// Where `from_text` and `to_text` for its value are found, instead of with its type.
    pub codec: Option<Path>,
}

impl FieldCode for ChildText {
    fn declare(&self, cx: &Scope<'_>) -> TokenStream {
        cx.declare()
    }

    fn on_child(&self, cx: &Scope<'_>) -> Option<(TokenStream, TokenStream)> {
        let (krate, ty) = (cx.krate(), &cx.field.ty);
        let span = ty.span();
        let value = match &self.codec {
            None if cx.loose().is_some() => quote_spanned!(span=> order.loose_text::<#ty>(child)),
            None if cx.arranged() => quote_spanned!(span=> order.text::<#ty>(child)?),
            None => quote_spanned!(span=> child.decode_text::<#ty>()?),
            Some(codec) if cx.loose().is_some() => {
                quote!(#krate::derive::text_with(child, #codec::from_text).ok())
            }
            Some(codec) => quote!(#krate::derive::text_with(child, #codec::from_text)?),
        };
        Some(cx.arm(&self.name, self.namespace.as_ref(), &value))
    }

    fn finish(&self, cx: &Scope<'_>) -> TokenStream {
        let (krate, slot, name) = (cx.krate(), &cx.slot, &self.name);
        cx.finish(&quote!(#krate::derive::need_child(#slot, el, #name)))
    }

    fn write_content(&self, cx: &Scope<'_>) -> Option<TokenStream> {
        let (krate, name) = (cx.krate(), &self.name);
        let namespace = cx.written(self.namespace.as_ref());
        Some(cx.each(|value| {
            let value = match &self.codec {
                None => value,
                Some(codec) => quote!(#krate::derive::With(#value, #codec::to_text)),
            };
            quote!(w.text_element(#name, #namespace, #value);)
        }))
    }
}
