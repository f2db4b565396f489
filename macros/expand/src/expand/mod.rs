//! From an [`Item`] to the code of its traits.

mod by_attribute;
mod choice;
mod generics;
mod structs;
mod text_enum;

use proc_macro2::TokenStream;
use quote::quote;

use crate::field::{Scope, Version};
use crate::model::{FieldKind, Item, Shape};

/// The implementations for one type: `Content`, and `Payload` where the element has a name, or
/// `FromText` and `ToText` for one of several words. The type itself is not part of it.
#[must_use]
pub fn expand(item: &Item) -> TokenStream {
    match &item.shape {
        Shape::Struct(fields) => {
            let content = structs::content(item, fields);
            let payload = payload(item);
            quote!(#content #payload)
        }
        Shape::Choice(choice) => choice::expand(item, choice),
        Shape::ByAttribute(all) => {
            let content = by_attribute::content(item, all);
            let payload = payload(item);
            quote!(#content #payload)
        }
        Shape::TextEnum(words) => text_enum::expand(item, words),
    }
}

/// The name and the namespace of an element; all else is the trait's own.
fn payload(item: &Item) -> TokenStream {
    let Some(name) = &item.name else {
        return TokenStream::new();
    };
    let namespaces = match (&item.namespace, version(item)) {
        (_, Some(version)) => version,
        (Some(namespace), None) => {
            let namespace = namespace.tokens();
            quote!(const NS: &'static str = #namespace;)
        }
        (None, None) => return TokenStream::new(),
    };
    let (krate, ident) = (&item.krate, &item.ident);
    let (impl_, parameters, bounds) = generics::of(item);
    quote! {
        #[automatically_derived]
        impl #impl_ #krate::Payload for #ident #parameters #bounds {
            const NAME: &'static str = #name;
            #namespaces
        }
    }
}

/// The namespaces of an element that has several versions.
fn version(item: &Item) -> Option<TokenStream> {
    let Shape::Struct(fields) = &item.shape else {
        return None;
    };
    let mut all = fields.iter().enumerate();
    let (index, field) = all.find(|(_, field)| matches!(field.kind, FieldKind::Version(_)))?;
    Some(Version::payload(&Scope::new(item, index, field)))
}
