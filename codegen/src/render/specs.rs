//! What each spec says of itself.

use proc_macro2::TokenStream;
use quote::quote;

use super::code;
use crate::model::{Model, Spec, Where};

/// The documentation of a spec's module.
pub(super) fn module_docs(spec: &Spec) -> TokenStream {
    let title = if spec.version.is_empty() {
        format!("{}: {}.", spec.number, spec.title)
    } else {
        format!("{}: {}, version {}.", spec.number, spec.title, spec.version)
    };
    if spec.summary.is_empty() {
        code::docs(&title, "")
    } else {
        code::docs(&format!("{title}\n\n{}", spec.summary), "")
    }
}

/// `SPEC`.
pub(super) fn info(model: &Model, spec: &Spec) -> TokenStream {
    let wire = code::path(&model.paths.wire);
    let (id, number, title) = (&spec.id, &spec.number, &spec.title);
    let (version, status, summary) = (&spec.version, &spec.status, &spec.summary);
    let depends = spec.depends.iter().map(|dependency| &dependency.id);
    let features = spec.features.iter().map(|feature| {
        let var = &feature.var;
        let on = places(&wire, &feature.on);
        quote!(#wire::dispatch::DiscoFeature { var: #var, on: #on })
    });
    let identities = spec.identities.iter().map(|identity| {
        let (category, type_) = (&identity.category, &identity.type_);
        let on = places(&wire, &identity.on);
        quote!(#wire::dispatch::DiscoIdentity { category: #category, type_: #type_, on: #on })
    });
    quote! {
        /// What this specification says of itself.
        pub const SPEC: #wire::dispatch::SpecInfo = #wire::dispatch::SpecInfo {
            id: #id,
            number: #number,
            title: #title,
            version: #version,
            status: #status,
            summary: #summary,
            depends: &[#(#depends),*],
            features: &[#(#features),*],
            identities: &[#(#identities),*],
        };
    }
}

/// `SPECS`.
pub(super) fn all(model: &Model) -> TokenStream {
    let wire = code::path(&model.paths.wire);
    let specs = model.own_specs().map(|spec| code::ident(&spec.module));
    quote! {
        /// Every specification, a specification after everything it depends on.
        pub static SPECS: &[#wire::dispatch::SpecInfo] = &[#(#specs::SPEC),*];
    }
}

/// Where service discovery announces something.
fn places(wire: &syn::Path, on: &[Where]) -> TokenStream {
    let on = on.iter().map(|place| match place {
        Where::Host => quote!(#wire::dispatch::Place::Host),
        Where::Account => quote!(#wire::dispatch::Place::Account),
        Where::Client => quote!(#wire::dispatch::Place::Client),
        Where::Service(name) => quote!(#wire::dispatch::Place::Service(#name)),
    });
    quote!(&[#(#on),*])
}
