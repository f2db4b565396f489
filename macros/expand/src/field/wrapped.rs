//! The text of a child of a child: a wrapper that holds one value, or a list of them, and nothing else.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Type, spanned::Spanned};

use super::{FieldCode, Scope};
use crate::model::Namespace;

/// The text of the children of a child that has nothing else.
#[derive(Clone, Debug)]
pub struct Wrapped {
    /// The name of the wrapper.
    pub name: String,
    /// Its namespace, if it is not that of the parent.
    pub namespace: Option<Namespace>,
    /// The name of what is in it.
    pub child: String,
    /// Its namespace, if it is not that of the wrapper.
    pub child_namespace: Option<Namespace>,
    /// The type of one value, where the wrapper holds any number and the field a list of them.
    pub list_of: Option<Type>,
}

impl Wrapped {
    /// The type that a value is read as.
    pub(crate) fn value<'a>(&'a self, ty: &'a Type) -> &'a Type {
        self.list_of.as_ref().unwrap_or(ty)
    }

    fn child_namespace(&self) -> Option<&Namespace> {
        self.child_namespace.as_ref().or(self.namespace.as_ref())
    }
}

impl FieldCode for Wrapped {
    fn declare(&self, cx: &Scope<'_>) -> TokenStream {
        cx.declare()
    }

    fn on_child(&self, cx: &Scope<'_>) -> Option<(TokenStream, TokenStream)> {
        let (krate, ty, child) = (cx.krate(), &cx.field.ty, &self.child);
        let value = self.value(ty);
        let namespace = cx.expected(self.child_namespace());
        let order = if cx.arranged() {
            quote!(::core::option::Option::Some(&mut order))
        } else {
            quote!(::core::option::Option::None)
        };
        let span = value.span();
        let read = match &self.list_of {
            Some(_) => quote_spanned!(span=>
                #krate::derive::unwrap_list::<#value, #ty>(#order, child, #child, #namespace)
            ),
            None => quote_spanned!(span=>
                #krate::derive::unwrap_one::<#value>(#order, child, #child, #namespace)
            ),
        };
        let read = if cx.loose().is_some() {
            quote!(#read.ok())
        } else {
            quote!(#read?)
        };
        Some(cx.arm(&self.name, self.namespace.as_ref(), &read))
    }

    fn finish(&self, cx: &Scope<'_>) -> TokenStream {
        let (krate, slot, name) = (cx.krate(), &cx.slot, &self.name);
        cx.finish(&quote!(#krate::derive::need_child(#slot, el, #name)))
    }

    fn write_content(&self, cx: &Scope<'_>) -> Option<TokenStream> {
        let (name, child) = (&self.name, &self.child);
        let namespace = cx.written(self.namespace.as_ref());
        let child_namespace = cx.written(self.child_namespace());
        Some(cx.each(|value| {
            let content = if self.list_of.is_some() {
                quote!(for value in (#value).iter() { w.text_element(#child, #child_namespace, value); })
            } else {
                quote!(w.text_element(#child, #child_namespace, #value);)
            };
            quote!(w.start(#name, #namespace); #content w.end(#name);)
        }))
    }
}
