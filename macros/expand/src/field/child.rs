//! A child element with a type of its own.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{FieldCode, Scope};
use crate::model::{Namespace, Occurs};

/// A child element with a type of its own.
#[derive(Clone, Debug)]
pub enum Child {
    /// Its type knows the element: it is a `Payload`.
    Payload,
    /// The same, where the element is in the namespace of the parent, and its type knows the name only: a choice that
    /// [follows](crate::model::Choice::follows).
    Following,
    /// The parent names the element: its type is `Content`.
    Named {
        /// The name of the element.
        name: String,
        /// Its namespace, if it is not that of the parent.
        namespace: Option<Namespace>,
    },
}

/// A result as the field stores it: what fails is an error, or in a loose type unknown.
fn or_unknown(cx: &Scope<'_>, read: &TokenStream) -> TokenStream {
    if cx.loose().is_some() {
        quote!(#read.ok())
    } else {
        quote!(#read?)
    }
}

impl FieldCode for Child {
    fn declare(&self, cx: &Scope<'_>) -> TokenStream {
        cx.declare()
    }

    fn on_child(&self, cx: &Scope<'_>) -> Option<(TokenStream, TokenStream)> {
        let (krate, slot, ty) = (cx.krate(), &cx.slot, &cx.field.ty);
        let span = ty.span();
        Some(match self {
            Self::Payload | Self::Following => {
                let mut matches = quote_spanned!(span=> <#ty as #krate::Payload>::matches(child));
                if matches!(self, Self::Following) {
                    matches = quote!(child.ns() == el.ns() && #matches);
                }
                let read = quote_spanned!(span=> <#ty as #krate::Payload>::read(child));
                let pattern = match cx.field.occurs {
                    Occurs::Many => quote!(_ if #matches),
                    Occurs::Once | Occurs::Optional => quote!(_ if #slot.is_none() && #matches),
                };
                let read = or_unknown(cx, &read);
                let read = match (cx.arranged(), cx.loose()) {
                    (false, _) => read,
                    // Of an element that is no more than a name, what else it holds is kept as it came.
                    (true, None) => quote!(order.payload(child, #read)),
                    (true, Some(_)) => quote!(#read.map(|value| order.payload(child, value))),
                };
                (pattern, cx.store(&read))
            }
            Self::Named { name, namespace } => {
                let read = quote_spanned!(span=> <#ty as #krate::Content>::decode(child));
                cx.arm(name, namespace.as_ref(), &or_unknown(cx, &read))
            }
        })
    }

    fn finish(&self, cx: &Scope<'_>) -> TokenStream {
        let (krate, slot, ty) = (cx.krate(), &cx.slot, &cx.field.ty);
        let name = match self {
            Self::Payload | Self::Following => quote!(<#ty as #krate::Payload>::NAME),
            Self::Named { name, .. } => quote!(#name),
        };
        cx.finish(&quote!(#krate::derive::need_child(#slot, el, #name)))
    }

    fn write_content(&self, cx: &Scope<'_>) -> Option<TokenStream> {
        let krate = cx.krate();
        Some(cx.each(|value| match self {
            Self::Payload => quote!(#krate::Payload::write(#value, w);),
            Self::Following => {
                let namespace = cx.written(None);
                quote!(#krate::Content::encode(#value, w, "", #namespace);)
            }
            Self::Named { name, namespace } => {
                let namespace = cx.written(namespace.as_ref());
                quote!(#krate::Content::encode(#value, w, #name, #namespace);)
            }
        }))
    }
}
