//! The parameters of a type: what each field that names one must be able to do.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Path, Type, spanned::Spanned};

use crate::model::{
    Absent, Attribute, Child, ChildText, Field, FieldKind, Item, Occurs, Shape, TextContent,
    VariantContent,
};

/// `<T>` of the `impl`, `<T>` of the type, and the `where` clause. Nothing at all for a type without
/// parameters.
pub(super) fn of(item: &Item) -> (TokenStream, TokenStream, TokenStream) {
    if item.generics.params.is_empty() {
        return Default::default();
    }
    let parameters: BTreeSet<String> = item
        .generics
        .type_params()
        .map(|parameter| parameter.ident.to_string())
        .collect();
    let krate = &item.krate;
    let mut bounds: Vec<TokenStream> = Vec::new();
    match &item.shape {
        Shape::Struct(fields) => {
            for field in fields.iter().filter(|field| names(&field.ty, &parameters)) {
                bounds.extend(of_field(krate, field));
            }
        }
        Shape::Choice(choice) => {
            for variant in &choice.variants {
                bounds.extend(of_variant(krate, &variant.content, &parameters));
            }
        }
        Shape::ByAttribute(all) => {
            let held = all.variants.iter().filter_map(|(_, _, ty)| ty.as_ref());
            let held = held.filter(|ty| names(ty, &parameters));
            bounds.extend(held.map(|ty| bound(ty, &quote!(#krate::Content))));
        }
        Shape::TextEnum(_) => {}
    }
    let (impl_, ty, own) = item.generics.split_for_impl();
    let own = own.into_iter().flat_map(|own| &own.predicates);
    (
        impl_.to_token_stream(),
        ty.to_token_stream(),
        quote!(where #(#own,)* #(#bounds),*),
    )
}

/// Whether a type names one of the parameters.
fn names(ty: &Type, parameters: &BTreeSet<String>) -> bool {
    fn any(tokens: TokenStream, parameters: &BTreeSet<String>) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => parameters.contains(&ident.to_string()),
            TokenTree::Group(group) => any(group.stream(), parameters),
            _ => false,
        })
    }
    any(ty.to_token_stream(), parameters)
}

fn bound(ty: &Type, what: &TokenStream) -> TokenStream {
    quote_spanned!(ty.span()=> #ty: #what)
}

/// A value as text.
fn value(krate: &Path) -> TokenStream {
    quote!(#krate::FromText + #krate::ToText)
}

fn of_field(krate: &Path, field: &Field) -> Vec<TokenStream> {
    let mut bounds = Vec::new();
    match &field.kind {
        FieldKind::Attribute(Attribute { codec: None, .. })
        | FieldKind::Text(TextContent { codec: None })
        | FieldKind::ChildText(ChildText { codec: None, .. }) => {
            bounds.push(bound(&field.ty, &value(krate)));
        }
        FieldKind::Wrapped(kind) => {
            bounds.push(bound(kind.value(&field.ty), &value(krate)));
        }
        FieldKind::Child(Child::Payload) => bounds.push(bound(&field.ty, &quote!(#krate::Payload))),
        FieldKind::Child(Child::Named { .. }) => {
            bounds.push(bound(&field.ty, &quote!(#krate::Content)));
        }
        _ => {}
    }
    match (&field.occurs, &field.absent) {
        (Occurs::Once, Absent::Default) => bounds.push(bound(
            &field.ty,
            &quote!(::core::default::Default + ::core::cmp::PartialEq),
        )),
        (Occurs::Once, Absent::Function(_)) => {
            bounds.push(bound(&field.ty, &quote!(::core::cmp::PartialEq)));
        }
        _ => {}
    }
    bounds
}

fn of_variant(
    krate: &Path,
    content: &VariantContent,
    parameters: &BTreeSet<String>,
) -> Option<TokenStream> {
    let (ty, what) = match content {
        VariantContent::Payload(ty) => (ty, quote!(#krate::Payload)),
        VariantContent::Named { ty, .. } => (ty, quote!(#krate::Content)),
        VariantContent::Text { ty, .. } => (ty, value(krate)),
        VariantContent::Empty { .. } => return None,
    };
    names(ty, parameters).then(|| bound(ty, &what))
}
