//! Rows of the negotiation table.

use proc_macro2::TokenStream;
use quote::quote;

use super::code;
use crate::model::{Mandatory, Model, Negotiation, Spec, State, Streams};

/// `NEGOTIATION` of one spec, where it has rows.
pub(super) fn rows(model: &Model, spec: &Spec) -> TokenStream {
    if spec.negotiations.is_empty() {
        return TokenStream::new();
    }
    let wire = code::path(&model.paths.wire);
    let rows = spec
        .negotiations
        .iter()
        .map(|row| self::row(&wire, spec, row));
    quote! {
        /// The stream features of this specification.
        pub static NEGOTIATION: &[#wire::negotiation::FeatureRow] = &[#(#rows),*];
    }
}

/// `NEGOTIATION` over all specs, in the order in which features are negotiated.
pub(super) fn all(model: &Model) -> TokenStream {
    let wire = code::path(&model.paths.wire);
    let mut rows: Vec<(&Spec, &Negotiation)> = model
        .own_specs()
        .flat_map(|spec| spec.negotiations.iter().map(move |row| (spec, row)))
        .collect();
    rows.sort_by_key(|(_, row)| row.order);
    let rows = rows
        .into_iter()
        .map(|(spec, row)| self::row(&wire, spec, row));
    quote! {
        /// The stream features of all specifications, in the order in which they are negotiated.
        pub static NEGOTIATION: &[#wire::negotiation::FeatureRow] = &[#(#rows),*];
    }
}

fn row(wire: &syn::Path, spec: &Spec, row: &Negotiation) -> TokenStream {
    let (id, name, order) = (&spec.id, &row.name, row.order);
    let (restart, refresh) = (row.restart, row.refresh);
    let within = match &row.within {
        None => quote!(::core::option::Option::None),
        Some(parent) => {
            let (element, ns) = (&parent.element.name, &parent.element.namespace);
            quote!(::core::option::Option::Some((#element, #ns)))
        }
    };
    let (element, ns) = (&row.element.element.name, &row.element.element.namespace);
    let required = states(wire, &row.requires);
    let prohibited = states(wire, &row.prohibits);
    let sets = states(wire, &row.sets);
    let mandatory = match row.mandatory {
        Mandatory::Always => quote!(Always),
        Mandatory::Never => quote!(Never),
        Mandatory::Policy => quote!(IfRequired),
    };
    let streams = match row.streams {
        Streams::C2s => quote!(C2S),
        Streams::S2s => quote!(S2S),
        Streams::Both => quote!(Both),
        Streams::Component => quote!(Component),
    };
    quote! {
        #wire::negotiation::FeatureRow {
            spec: #id,
            name: #name,
            element: #element,
            ns: #ns,
            required: #required,
            prohibited: #prohibited,
            sets: #sets,
            restart: #restart,
            refresh: #refresh,
            within: #within,
            mandatory: #wire::negotiation::Mandatory::#mandatory,
            streams: #wire::negotiation::Streams::#streams,
            order: #order,
        }
    }
}

fn states(wire: &syn::Path, states: &[State]) -> TokenStream {
    let mut flags = states.iter().map(|state| {
        let flag = code::screaming(state.name());
        quote!(#wire::negotiation::SessionState::#flag)
    });
    match flags.next() {
        None => quote!(#wire::negotiation::SessionState::empty()),
        Some(first) => quote!(#first #(.union(#flags))*),
    }
}
