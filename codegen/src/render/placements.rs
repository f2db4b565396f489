//! Where payloads may travel, as traits: a handler registered by hand for a place that no specification allows, an
//! item published or an extension made that none declares, do not compile.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::code::{self, From};
use super::skeletons::senders;
use crate::model::{FieldKind, Model, Shape, Spec, Type, TypeRef};

/// The `impl`s for what one spec places, but for what a spec before it in the model has placed already.
pub(super) fn of(model: &Model, spec: &Spec) -> TokenStream {
    let wire = code::path(&model.paths.wire);
    let earlier = || model.own_specs().take_while(|other| other.id != spec.id);
    // The types of other crates are theirs to place.
    let own = |type_: &TypeRef| model.own_specs().any(|own| own.id == type_.spec);
    let before: BTreeSet<(&str, &TypeRef)> = earlier().flat_map(placed).collect();
    let new: BTreeSet<(&str, &TypeRef)> = placed(spec)
        .filter(|placed| !before.contains(placed) && own(placed.1))
        .collect();
    let impls = new.into_iter().map(|(place, type_)| {
        let place: Ident = code::ident(place);
        let path = code::type_path(model, type_, From::Types(1));
        quote!(impl #wire::dispatch::#place for #path {})
    });
    let before: BTreeSet<(&TypeRef, &TypeRef)> = earlier().flat_map(inside).collect();
    let new: BTreeSet<(&TypeRef, &TypeRef)> = inside(spec)
        .filter(|pair| !before.contains(pair) && own(pair.0))
        .collect();
    let inside = new.into_iter().map(|(child, parent)| {
        let child = code::type_path(model, child, From::Types(1));
        let parent = code::type_path(model, parent, From::Types(1));
        quote!(impl #wire::dispatch::Inside<#parent> for #child {})
    });
    let items = spec.items.iter().filter(|item| own(&item.payload.type_));
    let items = items.map(|item| {
        let path = code::type_path(model, &item.payload.type_, From::Types(1));
        let (node, senders) = (&item.node, senders(&wire, &item.from));
        let options = item
            .options
            .iter()
            .map(|(name, value)| quote!((#name, #value)));
        quote! {
            impl #wire::dispatch::InItem for #path {
                const NODE: &'static str = #node;
                const SENDERS: &'static [#wire::dispatch::Sender] = #senders;
                const OPTIONS: &'static [(&'static str, &'static str)] = &[#(#options),*];
            }
        }
    });
    let extensible = spec.schemas.iter().flat_map(|schema| {
        let types = schema.types.iter();
        let (wire, module) = (&wire, schema.module.as_deref().map(code::ident));
        types.filter_map(move |type_| extensible(wire, module.as_ref(), type_))
    });
    quote!(#(#impls)* #(#inside)* #(#items)* #(#extensible)*)
}

/// The payloads that a spec places, with the trait of each place.
fn placed(spec: &Spec) -> impl Iterator<Item = (&'static str, &TypeRef)> {
    let iqs = spec.iqs.iter().map(|iq| ("InIq", &iq.request.type_));
    let messages = spec.messages.iter();
    let messages = messages.map(|traveller| ("InMessage", &traveller.payload.type_));
    let presences = spec.presences.iter();
    let presences = presences.map(|traveller| ("InPresence", &traveller.payload.type_));
    iqs.chain(messages).chain(presences)
}

/// What a spec lets extend what.
fn inside(spec: &Spec) -> impl Iterator<Item = (&TypeRef, &TypeRef)> {
    spec.children.iter().flat_map(|child| {
        let parents = child.inside.iter();
        parents.map(|parent| (&child.element.type_, &parent.type_))
    })
}

/// The way to the extensions of an element, where it keeps any.
fn extensible(wire: &syn::Path, module: Option<&Ident>, type_: &Type) -> Option<TokenStream> {
    let Shape::Struct(fields) = &type_.shape else {
        return None;
    };
    let named = |kind: &FieldKind| {
        let field = fields.iter().find(|field| field.kind == *kind)?;
        Some(code::ident(&field.name))
    };
    type_.element.as_ref().filter(|_| type_.global)?;
    let (extra, name) = (named(&FieldKind::Extra)?, code::ident(&type_.name));
    let path = match module {
        Some(module) => quote!(#module::#name),
        None => quote!(#name),
    };
    let (unknown, add) = match named(&FieldKind::Any) {
        Some(any) => (
            quote!(self.#any.iter().chain(self.#extra.children())),
            quote!(self.#any.push(child)),
        ),
        None => (
            quote!(self.#extra.children().iter()),
            quote!(self.#extra.push_child(child)),
        ),
    };
    Some(quote! {
        impl #wire::dispatch::Extensible for #path {
            fn unknown(&self) -> impl ::core::iter::Iterator<Item = &#wire::AnyElement> { #unknown }
            fn add(&mut self, child: #wire::AnyElement) { #add }
        }
    })
}
