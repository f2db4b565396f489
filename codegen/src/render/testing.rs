//! What tests of the types need: how to make a value of each, and a list of those that are elements.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;

use super::code::{self, From};
use super::stanzas::versions;
use crate::model::{
    FieldKind, FieldType, Model, Multiplicity, Schema, Shape, Spec, Type, TypeRef, Variant,
};
use crate::output::Output;

/// `testing.rs`.
pub(super) fn render(model: &Model) -> Vec<Output> {
    let wire = code::path(&model.paths.wire);
    let cx = Context {
        model,
        heights: heights(model),
        wire: wire.clone(),
    };
    let mut entries = Vec::new();
    let mut samples = Vec::new();
    for spec in model.own_specs() {
        for schema in &spec.schemas {
            samples.push(cx.version(spec, schema));
            for type_ in &schema.types {
                let reference = reference(spec, schema, type_);
                let path = code::type_path(model, &reference, From::Types(1));
                samples.push(cx.sample(&reference, &path, type_));
                if type_.global && type_.element.is_some() {
                    let shown = match &schema.module {
                        Some(module) => format!("{}::{module}::{}", spec.module, type_.name),
                        None => format!("{}::{}", spec.module, type_.name),
                    };
                    entries.push(quote!(#wire::testing::Type::of::<#path>(#shown)));
                }
            }
        }
    }
    let code = quote! {
        /// Every element of the schemas that has a type.
        pub static TYPES: &[#wire::testing::Type] = &[#(#entries),*];
        #(#samples)*
    };
    vec![Output::new(
        "testing.rs",
        code::file("the specifications", &code),
    )]
}

fn reference(spec: &Spec, schema: &Schema, type_: &Type) -> TypeRef {
    TypeRef {
        spec: spec.id.clone(),
        spec_module: spec.module.clone(),
        module: schema.module.clone(),
        name: type_.name.clone(),
    }
}

struct Context<'a> {
    model: &'a Model,
    /// How many elements a value of a type has inside each other at least.
    heights: BTreeMap<TypeRef, usize>,
    wire: syn::Path,
}

impl Context<'_> {
    fn sample(&self, reference: &TypeRef, path: &syn::Path, type_: &Type) -> TokenStream {
        let wire = &self.wire;
        // A type that must hold itself has no values.
        let body = match &type_.shape {
            _ if !self.heights.contains_key(reference) => {
                quote!(unreachable!("this type has no values"))
            }
            Shape::Struct(fields) => {
                let open = !fields.iter().any(|field| field.kind == FieldKind::Any);
                let fields = fields.iter().map(|field| {
                    let name = code::ident(&field.name);
                    match field.kind {
                        FieldKind::Extra => quote!(#name: s.extra(#open)),
                        _ => quote!(#name: #wire::testing::Sample::sample(s)),
                    }
                });
                quote!(s.inside(|s| Self { #(#fields),* }))
            }
            Shape::Choice(variants) => {
                let mut sorted: Vec<&Variant> = variants.iter().collect();
                sorted.sort_by_key(|variant| self.height(variant).unwrap_or(usize::MAX));
                let arms = sorted.into_iter().map(|variant| {
                    let name = code::ident(&variant.name);
                    match variant.type_ {
                        Some(_) => quote!(Self::#name(#wire::testing::Sample::sample(s))),
                        None => quote!(Self::#name),
                    }
                });
                arms_of(arms.collect())
            }
            Shape::Values { values, open } => {
                let known = values.iter().map(|value| {
                    let name = code::ident(&value.name);
                    quote!(Self::#name)
                });
                let other = open.then(|| quote!(Self::Other(s.other_word())));
                arms_of(known.chain(other).collect())
            }
        };
        quote! {
            impl #wire::testing::Sample for #path {
                fn sample(s: &mut #wire::testing::Source<'_>) -> Self { #body }
            }
        }
    }

    /// The type that tells the namespaces of a schema apart.
    fn version(&self, spec: &Spec, schema: &Schema) -> TokenStream {
        let Some(name) = &schema.version else {
            return TokenStream::new();
        };
        let wire = &self.wire;
        let reference = TypeRef {
            spec: spec.id.clone(),
            spec_module: spec.module.clone(),
            module: schema.module.clone(),
            name: name.clone(),
        };
        let path = code::type_path(self.model, &reference, From::Types(1));
        let all: Vec<_> = versions(schema)
            .map(|(name, _)| code::ident(&name))
            .collect();
        let count = all.len();
        let arms = all
            .iter()
            .enumerate()
            .skip(1)
            .map(|(at, variant)| quote!(#at => Self::#variant,));
        let newest = all.first();
        quote! {
            impl #wire::testing::Sample for #path {
                fn sample(s: &mut #wire::testing::Source<'_>) -> Self {
                    match s.version(#count) { #(#arms)* _ => Self::#newest }
                }
            }
        }
    }

    fn height(&self, variant: &Variant) -> Option<usize> {
        match &variant.type_ {
            None => Some(0),
            Some(held) => self.known(held),
        }
    }

    fn known(&self, type_: &TypeRef) -> Option<usize> {
        let external = self
            .model
            .spec(&type_.spec)
            .is_some_and(|spec| spec.crate_path.is_some());
        if external {
            return Some(1);
        }
        self.heights.get(type_).copied()
    }
}

/// One of several expressions.
fn arms_of(all: Vec<TokenStream>) -> TokenStream {
    let Some((last, rest)) = all.split_last() else {
        return quote!(unreachable!("nothing to choose from"));
    };
    let count = all.len();
    let arms = rest
        .iter()
        .enumerate()
        .map(|(at, arm)| quote!(#at => #arm,));
    quote!(match s.arm(#count) { #(#arms)* _ => #last })
}

/// The least height of a value of each type; types that have none are left out.
fn heights(model: &Model) -> BTreeMap<TypeRef, usize> {
    let mut cx = Context {
        model,
        heights: BTreeMap::new(),
        wire: code::path(&model.paths.wire),
    };
    loop {
        let before = cx.heights.len();
        for spec in model.own_specs() {
            for schema in &spec.schemas {
                for type_ in &schema.types {
                    let name = reference(spec, schema, type_);
                    if !cx.heights.contains_key(&name)
                        && let Some(height) = least(&cx, type_)
                    {
                        cx.heights.insert(name, height);
                    }
                }
            }
        }
        if cx.heights.len() == before {
            return cx.heights;
        }
    }
}

fn least(cx: &Context<'_>, type_: &Type) -> Option<usize> {
    match &type_.shape {
        Shape::Values { .. } => Some(0),
        Shape::Choice(variants) => variants
            .iter()
            .filter_map(|variant| cx.height(variant))
            .min(),
        Shape::Struct(fields) => {
            let mut height = 1;
            for field in fields {
                if let (FieldType::Type(held), Multiplicity::Required) =
                    (&field.type_, field.multiplicity)
                {
                    height = height.max(cx.known(held)? + 1);
                }
            }
            Some(height)
        }
    }
}
