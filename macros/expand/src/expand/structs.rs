//! An element with attributes and content.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{
    field::Scope,
    model::{Child, Field, FieldKind, Item, Occurs},
};

/// `impl Content`: one loop over the attributes, one over the children.
pub(super) fn content(item: &Item, fields: &[Field]) -> TokenStream {
    let (krate, ident) = (&item.krate, &item.ident);
    let (impl_, parameters, bounds) = super::generics::of(item);
    let scopes: Vec<Scope<'_>> = fields
        .iter()
        .enumerate()
        .map(|(index, field)| Scope::new(item, index, field))
        .collect();

    let declare = scopes.iter().map(|cx| cx.field.kind.code().declare(cx));
    let attributes = attribute_loop(&scopes);
    let children = child_loop(&scopes);
    let finish = scopes.iter().map(|cx| {
        let member = &cx.field.member;
        let value = cx.field.kind.code().finish(cx);
        quote!(#member: #value,)
    });
    let write_attributes = scopes
        .iter()
        .filter_map(|cx| cx.field.kind.code().write_attribute(cx));
    let write_content = scopes
        .iter()
        .filter_map(|cx| cx.field.kind.code().write_content(cx));

    quote! {
        #[automatically_derived]
        #[allow(unused_variables, clippy::all, clippy::pedantic)]
        impl #impl_ #krate::Content for #ident #parameters #bounds {
            fn decode(
                el: #krate::ElementRef<'_>,
            ) -> ::core::result::Result<Self, #krate::DecodeError> {
                #(#declare)*
                #attributes
                #children
                ::core::result::Result::Ok(Self { #(#finish)* })
            }

            fn encode(&self, w: &mut #krate::Writer<'_>, name: &str, ns: &str) {
                w.start(name, ns);
                #(#write_attributes)*
                #(#write_content)*
                w.end(name);
            }
        }
    }
}

/// The loop over the attributes, if any field wants one.
fn attribute_loop(scopes: &[Scope<'_>]) -> TokenStream {
    let (last, named): (Vec<_>, Vec<_>) = scopes
        .iter()
        .partition(|cx| matches!(cx.field.kind, FieldKind::Extra(_)));
    let arms: Vec<TokenStream> = named
        .into_iter()
        .chain(last.iter().copied())
        .filter_map(|cx| cx.field.kind.code().on_attribute(cx))
        .collect();
    if let ([_], [cx]) = (&arms[..], &last[..]) {
        let (krate, slot) = (cx.krate(), &cx.slot);
        return quote!(#krate::derive::keep_attributes(&mut #slot, el););
    }
    if arms.is_empty() {
        return TokenStream::new();
    }
    let rest = last.is_empty().then(|| quote!(_ => {}));
    quote! {
        for attr in el.attrs() {
            match attr.key() { #(#arms)* #rest }
        }
    }
}

/// The loop over the children, if any field wants one. Elements known by name come first, then
/// those that their type recognises, then what takes anything.
fn child_loop(scopes: &[Scope<'_>]) -> TokenStream {
    let mut order: Vec<(u8, &Scope<'_>)> = scopes.iter().map(|cx| (rank(cx.field), cx)).collect();
    order.sort_by_key(|(rank, _)| *rank);
    let mut arms = Vec::new();
    let mut closed = false;
    let mut extra = None;
    for (rank, cx) in order {
        if closed {
            break;
        }
        if let Some(arm) = cx.field.kind.code().on_child(cx) {
            closed = rank >= CLOSES;
            extra = matches!(cx.field.kind, FieldKind::Extra(_)).then_some(cx);
            arms.push(arm);
        }
    }
    if let ([_], Some(cx)) = (&arms[..], extra) {
        let (krate, slot) = (cx.krate(), &cx.slot);
        return quote!(#krate::derive::keep_children(&mut #slot, el););
    }
    if arms.is_empty() {
        return TokenStream::new();
    }
    let rest = (!closed).then(|| quote!(_ => {}));
    quote! {
        for child in el.children() {
            match child.name() { #(#arms)* #rest }
        }
    }
}

/// From this rank on, an arm takes every child that is left.
const CLOSES: u8 = 3;

/// Where the arm of a field stands.
fn rank(field: &Field) -> u8 {
    match field.kind {
        FieldKind::Child(Child::Payload) => 1,
        FieldKind::Any(_) if field.occurs != Occurs::Many => 2,
        FieldKind::Any(_) => CLOSES,
        FieldKind::Extra(_) => CLOSES + 1,
        _ => 0,
    }
}
