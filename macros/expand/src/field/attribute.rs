//! The value of an attribute.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Path, spanned::Spanned};

use super::{FieldCode, Scope};
use crate::model::Namespace;

/// The value of an attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name; `xml:lang` and its like are written with the prefix.
    pub name: String,
    /// Its namespace, for one that has any other prefix than `xml`.
    pub namespace: Option<Namespace>,
    /// Where `from_text` and `to_text` for its value are found, instead of with its type.
    pub codec: Option<Path>,
}

impl FieldCode for Attribute {
    fn declare(&self, cx: &Scope<'_>) -> TokenStream {
        cx.declare()
    }

    fn on_attribute(&self, cx: &Scope<'_>) -> Option<TokenStream> {
        let (krate, slot, ty) = (cx.krate(), &cx.slot, &cx.field.ty);
        let span = ty.span();
        if let (Some(extra), None) = (cx.loose(), &self.codec) {
            let name = &self.name;
            let store = quote!(#slot = #krate::derive::loose_attribute(&mut #extra, attr));
            return Some(match &self.namespace {
                None => quote!(::core::option::Option::Some(#name) => #store,),
                Some(namespace) => {
                    let namespace = namespace.tokens();
                    quote!(_ if attr.name() == #name && attr.ns() == #namespace => #store,)
                }
            });
        }
        let value = match &self.codec {
            None => quote_spanned!(span=> attr.decode::<#ty>()?),
            Some(codec) => {
                quote!(#krate::derive::attribute_with(el, attr, #codec::from_text)?)
            }
        };
        let store = quote!(#slot = ::core::option::Option::Some(#value));
        let name = &self.name;
        Some(match &self.namespace {
            None => quote!(::core::option::Option::Some(#name) => #store,),
            Some(namespace) => {
                let namespace = namespace.tokens();
                quote!(_ if attr.name() == #name && attr.ns() == #namespace => #store,)
            }
        })
    }

    fn finish(&self, cx: &Scope<'_>) -> TokenStream {
        let (krate, slot, name) = (cx.krate(), &cx.slot, &self.name);
        cx.finish(&quote!(#krate::derive::need_attribute(#slot, el, #name)))
    }

    fn write_attribute(&self, cx: &Scope<'_>) -> Option<TokenStream> {
        let (krate, name) = (cx.krate(), &self.name);
        Some(cx.each(|value| {
            let value = match &self.codec {
                None => value,
                Some(codec) => quote!(#krate::derive::With(#value, #codec::to_text)),
            };
            match &self.namespace {
                None => quote!(w.attr(#name, #value);),
                Some(namespace) => {
                    let namespace = namespace.tokens();
                    quote!(w.attr_ns(#name, #namespace, #value);)
                }
            }
        }))
    }
}
