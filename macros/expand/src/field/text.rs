//! The text of the element itself.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Path, spanned::Spanned};

use super::{FieldCode, Scope};
use crate::model::{Absent, Occurs};

/// The text of the element itself.
#[derive(Clone, Debug)]
pub struct TextContent {
    /// Where `from_text` and `to_text` for its value are found, instead of with its type.
    pub codec: Option<Path>,
}

impl TextContent {
    /// Whether text that is no such value counts as unknown.
    fn is_loose(&self, cx: &Scope<'_>) -> bool {
        cx.loose().is_some() && self.codec.is_none() && cx.field.occurs == Occurs::Optional
    }

    /// Whether the field takes the text; in a loose type that is found out by reading it.
    pub(crate) fn typed(&self, cx: &Scope<'_>) -> TokenStream {
        if !self.is_loose(cx) {
            return quote!(true);
        }
        let (slot, ty) = (&cx.slot, &cx.field.ty);
        let span = ty.span();
        quote_spanned!(span=> { #slot = order.loose_own_text::<#ty>(el); #slot.is_some() })
    }
}

impl FieldCode for TextContent {
    fn declare(&self, cx: &Scope<'_>) -> TokenStream {
        let slot = &cx.slot;
        if self.is_loose(cx) {
            quote!(let #slot;)
        } else {
            TokenStream::new()
        }
    }

    fn finish(&self, cx: &Scope<'_>) -> TokenStream {
        let (krate, ty) = (cx.krate(), &cx.field.ty);
        let span = ty.span();
        if self.is_loose(cx) {
            let slot = &cx.slot;
            return quote!(#slot);
        }
        let optional =
            cx.field.occurs == Occurs::Optional || !matches!(cx.field.absent, Absent::Missing);
        let value = match (&self.codec, optional) {
            (None, false) => quote_spanned!(span=> el.decode_text::<#ty>()?),
            (None, true) => quote_spanned!(span=> #krate::derive::text_opt::<#ty>(el)?),
            (Some(codec), false) => quote!(#krate::derive::text_with(el, #codec::from_text)?),
            (Some(codec), true) => quote!(#krate::derive::text_opt_with(el, #codec::from_text)?),
        };
        match (&cx.field.occurs, &cx.field.absent) {
            (Occurs::Once, Absent::Default) => quote!(#value.unwrap_or_default()),
            (Occurs::Once, Absent::Function(path)) => quote!(#value.unwrap_or_else(#path)),
            _ => value,
        }
    }

    fn write_content(&self, cx: &Scope<'_>) -> Option<TokenStream> {
        let krate = cx.krate();
        Some(cx.each(|value| match &self.codec {
            None => quote!(w.text(#value);),
            Some(codec) => quote!(w.text(#krate::derive::With(#value, #codec::to_text));),
        }))
    }
}
