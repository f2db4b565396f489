//! The type as a whole.

use syn::{Data, DeriveInput, Fields, Meta, Path, parse_quote};

use super::{Errors, field, variant, words};
use crate::model::{Item, Namespace, Shape};

/// The words that a type may carry.
const KNOWN: &[&str] = &["name", "namespace", "crate", "text_enum"];

/// Reads the whole type; `None` where there is nothing to go on with.
pub(super) fn item(input: &DeriveInput, errors: &mut Errors) -> Option<Item> {
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            "a stanza is one concrete type: remove the parameters",
        );
    }
    let top = top(input, errors);
    let shape = match &input.data {
        Data::Struct(data) => {
            if top.text_enum {
                errors.at(&input.ident, "`text_enum` is for an enum: remove it");
            }
            Shape::Struct(field::fields(&data.fields, errors))
        }
        Data::Enum(data) if top.text_enum => {
            if top.name.is_some() {
                errors.at(
                    &input.ident,
                    "a `text_enum` is a value, no element: remove `name`",
                );
            }
            Shape::TextEnum(variant::words_of(&data.variants, errors))
        }
        Data::Enum(data) => {
            let plain = data
                .variants
                .iter()
                .all(|variant| matches!(variant.fields, Fields::Unit) && variant.attrs.is_empty());
            if plain {
                errors.at(
                    &input.ident,
                    "which XML do these stand for? For words in an attribute or as text add \
                     `#[stanza(text_enum)]` here, for elements `#[stanza(name = \"...\")]` to \
                     each variant",
                );
                return None;
            }
            Shape::Choice(variant::choice(&data.variants, &top, errors))
        }
        Data::Union(_) => {
            errors.at(&input.ident, "a union cannot be a stanza: write a struct");
            return None;
        }
    };
    Some(Item {
        ident: input.ident.clone(),
        krate: top.krate,
        name: top.name,
        namespace: top.namespace,
        shape,
    })
}

/// What stands at the type itself.
pub(super) struct Top {
    name: Option<String>,
    /// The namespace of the element or, of a choice, of the elements that name none.
    pub(super) namespace: Option<Namespace>,
    krate: Path,
    text_enum: bool,
}

fn top(input: &DeriveInput, errors: &mut Errors) -> Top {
    let mut top = Top {
        name: None,
        namespace: None,
        krate: parse_quote!(::sestina::wire),
        text_enum: false,
    };
    for word in words::words(&input.attrs, errors) {
        let path = word.path();
        if path.is_ident("name") {
            top.name = words::name(&word, errors);
        } else if path.is_ident("namespace") {
            top.namespace = words::namespace(&word, errors);
        } else if path.is_ident("crate") {
            top.krate = words::path(&word, errors).unwrap_or(top.krate);
        } else if path.is_ident("text_enum") {
            words::alone(&word, errors);
            top.text_enum = true;
        } else {
            stray(&word, errors);
        }
    }
    top
}

/// A word that means nothing at a type.
fn stray(word: &Meta, errors: &mut Errors) {
    words::unknown(word, KNOWN, errors);
}
