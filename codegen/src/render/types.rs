//! The crate of typed stanzas: a module for each spec, and what is gathered over all of them.

use proc_macro2::TokenStream;
use quote::quote;

use super::{code, forms, migrations, negotiation, placements, specs, stanzas, tables};
use crate::model::{Model, Schema, Spec};
use crate::output::Output;

/// `types.rs`, which includes one file a spec.
pub(super) fn render(model: &Model) -> Vec<Output> {
    let mut outputs: Vec<Output> = model
        .own_specs()
        .map(|spec| {
            Output::new(
                format!("types/{}.rs", spec.module),
                code::file(&format!("specs/{}", spec.id), &module(model, spec)),
            )
        })
        .collect();
    outputs.push(Output::new(
        "types.rs",
        code::file("the specifications", &root(model)),
    ));
    outputs
}

/// One file a spec, with its stanzas and nothing else.
pub(super) fn stanzas_alone(model: &Model) -> Vec<Output> {
    let specs = model.own_specs().map(|spec| {
        let code = stanzas::schemas(model, spec);
        Output::new(
            format!("{}.rs", spec.module),
            code::file(&format!("specs/{}", spec.id), &code),
        )
    });
    specs.collect()
}

/// The rules of a schema, once for each of its namespaces.
fn rules(schema: &Schema) -> impl Iterator<Item = String> {
    let first = format!("N\t{}\n", schema.namespace);
    let older = schema.older.iter().map(move |older| {
        let rest = schema.rules.strip_prefix(&first).unwrap_or(&schema.rules);
        format!("N\t{older}\n{rest}")
    });
    std::iter::once(schema.rules.clone()).chain(older)
}

/// One spec's module.
fn module(model: &Model, spec: &Spec) -> TokenStream {
    let info = specs::info(model, spec);
    let rows = negotiation::rows(model, spec);
    let stanzas = stanzas::schemas(model, spec);
    let placements = placements::of(model, spec);
    let tables = tables::module(model, spec);
    let forms = forms::module(model, spec);
    quote! {
        #info
        #rows
        #stanzas
        #placements
        #forms
        #tables
    }
}

/// The modules, and the constants over all specs.
fn root(model: &Model) -> TokenStream {
    let modules = model.own_specs().map(|spec| {
        let name = code::ident(&spec.module);
        let file = format!("/types/{}.rs", spec.module);
        let docs = specs::module_docs(spec);
        quote! {
            #docs
            pub mod #name {
                include!(concat!(env!("OUT_DIR"), #file));
            }
        }
    });
    let specs = specs::all(model);
    let rows = negotiation::all(model);
    let tables = tables::all(model);
    let migrations = migrations::all(model);
    let rules = model
        .own_specs()
        .flat_map(|spec| &spec.schemas)
        .flat_map(rules);
    quote! {
        #(#modules)*
        #specs
        #rows
        #tables
        #migrations
        /// What the schemas forbid, one text a schema: the strict mode of tests and tools reads them.
        pub static RULES: &[&str] = &[#(#rules),*];
    }
}
