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

impl FieldCode for TextContent {
    fn declare(&self, _cx: &Scope<'_>) -> TokenStream {
        TokenStream::new()
    }

    fn finish(&self, cx: &Scope<'_>) -> TokenStream {
        let (krate, ty) = (cx.krate(), &cx.field.ty);
        let span = ty.span();
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
