//! Small pieces of Rust that every renderer needs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::model::{Model, TypeRef};

/// An identifier, raw where the name is a keyword.
pub(super) fn ident(name: &str) -> Ident {
    syn::parse_str::<Ident>(name).unwrap_or_else(|_| {
        if matches!(name, "self" | "Self" | "super" | "crate" | "_" | "") {
            Ident::new(&format!("{name}_"), Span::call_site())
        } else {
            Ident::new_raw(name, Span::call_site())
        }
    })
}

/// A path such as `::sestina_wire`.
pub(super) fn path(path: &str) -> syn::Path {
    let mut parsed = syn::Path {
        leading_colon: path
            .starts_with("::")
            .then(|| syn::Token![::](Span::call_site())),
        segments: syn::punctuated::Punctuated::new(),
    };
    for segment in path.trim_start_matches("::").split("::") {
        // The words that begin a relative path are segments as they stand.
        let segment = match segment {
            "crate" | "self" | "super" | "Self" => Ident::new(segment, Span::call_site()),
            other => ident(other),
        };
        parsed.segments.push(segment.into());
    }
    parsed
}

/// Documentation as attributes, one a line; `otherwise` where there is none.
pub(super) fn docs(doc: &str, otherwise: &str) -> TokenStream {
    let doc = if doc.trim().is_empty() {
        otherwise
    } else {
        doc.trim()
    };
    let lines = doc.lines().map(|line| {
        let line = line.trim_end();
        if line.is_empty() {
            String::new()
        } else {
            format!(" {line}")
        }
    });
    quote!(#(#[doc = #lines])*)
}

/// A module's file: what it was made from, then the code.
pub(super) fn file(from: &str, code: &TokenStream) -> String {
    let header = format!("// Generated from {from} by sestina-codegen. Do not edit.\n\n");
    let body = match syn::parse2::<syn::File>(code.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        // Not Rust: what is wrong is best seen in the compiler's message on the text as it is.
        Err(_) => code.to_string(),
    };
    header + &body
}

/// `lower_snake` or `kebab-case` as `UpperCamel`.
pub(super) fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = true;
    for letter in name.chars() {
        if letter == '_' || letter == '-' {
            upper = true;
        } else if upper {
            camel.extend(letter.to_uppercase());
            upper = false;
        } else {
            camel.push(letter);
        }
    }
    camel
}

/// A name as a constant: `SCREAMING_SNAKE`.
pub(super) fn screaming(name: &str) -> Ident {
    ident(&name.replace('-', "_").to_uppercase())
}

/// Where code stands that names a generated type.
#[derive(Clone, Copy)]
pub(super) enum From {
    /// In the types themselves, so many modules below the root that holds the specs' modules.
    Types(usize),
    /// In another crate.
    Outside,
}

/// The path of the module that holds a spec's types.
pub(super) fn spec_path(model: &Model, spec: &str, module: &str, from: From) -> syn::Path {
    let root = match (
        model.spec(spec).and_then(|spec| spec.crate_path.as_deref()),
        from,
    ) {
        (Some(root), _) => root.to_owned(),
        (None, From::Types(depth)) => vec!["super"; depth].join("::"),
        (None, From::Outside) => model.paths.types.clone(),
    };
    path(&format!("{root}::{module}"))
}

/// The path of a generated type.
pub(super) fn type_path(model: &Model, type_: &TypeRef, from: From) -> syn::Path {
    let mut whole = spec_path(model, &type_.spec, &type_.spec_module, from);
    if let Some(module) = &type_.module {
        whole.segments.push(ident(module).into());
    }
    whole.segments.push(ident(&type_.name).into());
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(camel("offline_messages"), "OfflineMessages");
        assert_eq!(screaming("rfc-6120").to_string(), "RFC_6120");
        assert_eq!(ident("type").to_string(), "r#type");
        assert_eq!(ident("crate").to_string(), "crate_");
        let path = path("super::super::rfc_6121");
        assert_eq!(quote!(#path).to_string(), "super :: super :: rfc_6121");
    }
}
