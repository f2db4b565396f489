//! Elements that are a list of others: such a one can be collected.

use proc_macro2::TokenStream;
use quote::quote;

use super::code;
use crate::model::{Field, FieldKind, FieldType, Multiplicity};

/// The list of an element that holds nothing else.
pub(super) fn list(fields: &[Field]) -> Option<&Field> {
    let mut said = fields
        .iter()
        .filter(|field| !matches!(field.kind, FieldKind::Extra | FieldKind::Version));
    let (list, others) = (said.next()?, said.next());
    let is_list =
        list.multiplicity == Multiplicity::Many && matches!(list.type_, FieldType::Type(_));
    (is_list && others.is_none()).then_some(list)
}

/// `FromIterator` for the type of this name, whose list holds items of this type.
pub(super) fn collected(
    type_: &str,
    fields: &[Field],
    list: &Field,
    item: &syn::Type,
) -> TokenStream {
    let name = code::ident(type_);
    let values = fields.iter().map(|field| {
        let ident = code::ident(&field.name);
        if field.name == list.name {
            quote!(#ident: items.into_iter().collect())
        } else {
            quote!(#ident: ::core::default::Default::default())
        }
    });
    quote! {
        impl ::core::iter::FromIterator<#item> for #name {
            fn from_iter<I: ::core::iter::IntoIterator<Item = #item>>(items: I) -> Self {
                Self { #(#values),* }
            }
        }
    }
}
