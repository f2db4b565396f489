//! Where payloads may travel, as traits: a handler registered by hand for a place that no specification allows
//! does not compile.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::code::{self, From};
use crate::model::{Model, Spec, TypeRef};

/// The `impl`s for what one spec places, but for what a spec before it in the model has placed already.
pub(super) fn of(model: &Model, spec: &Spec) -> TokenStream {
    let wire = code::path(&model.paths.wire);
    let earlier: BTreeSet<(&str, &TypeRef)> = model
        .own_specs()
        .take_while(|other| other.id != spec.id)
        .flat_map(placed)
        .collect();
    let new: BTreeSet<(&str, &TypeRef)> = placed(spec)
        .filter(|placed| !earlier.contains(placed))
        // The types of other crates are theirs to place.
        .filter(|(_, type_)| model.own_specs().any(|own| own.id == type_.spec))
        .collect();
    let impls = new.into_iter().map(|(place, type_)| {
        let place: Ident = code::ident(place);
        let path = code::type_path(model, type_, From::Types(1));
        quote!(impl #wire::dispatch::#place for #path {})
    });
    quote!(#(#impls)*)
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
