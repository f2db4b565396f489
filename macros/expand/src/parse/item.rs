//! The type as a whole.

use syn::{Data, DeriveInput, Fields, Meta, Path, parse_quote};

use super::{Errors, field, variant, words};
use crate::model::{Item, Namespace, Shape};

/// The words that a type may carry.
const KNOWN: &[&str] = &["name", "namespace", "crate", "text_enum", "attribute"];

/// Reads the whole type; `None` where there is nothing to go on with.
pub(super) fn item(input: &DeriveInput, errors: &mut Errors) -> Option<Item> {
    for lifetime in input.generics.lifetimes() {
        errors.at(
            lifetime,
            "a stanza owns what it holds: remove the lifetime, and let the fields be `Text`",
        );
    }
    let top = top(input, errors);
    if top.text_enum && !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            "a word holds no other type: remove the parameters",
        );
    }
    let attribute = top.attribute.as_ref();
    if let Some((word, _)) = attribute
        && (top.text_enum || !matches!(input.data, Data::Enum(_)))
    {
        errors.at(
            word,
            "`attribute` here says which attribute tells the variants of an enum apart: remove it",
        );
    }
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
        Data::Enum(data) if attribute.is_some() => {
            let attribute = attribute.map(|(_, name)| name.clone()).unwrap_or_default();
            if top.name.is_none() {
                errors.at(
                    &input.ident,
                    "the attribute of which element? Add `name = \"...\"` and `namespace = \"...\"`",
                );
            }
            Shape::ByAttribute(variant::by_attribute(attribute, &data.variants, errors))
        }
        Data::Enum(data) => {
            if top.name.is_some() {
                errors.at(
                    &input.ident,
                    "an enum is one of several elements: name each variant, or say which \
                     `attribute = \"...\"` of the one element tells them apart",
                );
            }
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
        generics: input.generics.clone(),
        shape,
        loose: false,
    })
}

/// What stands at the type itself.
pub(super) struct Top {
    name: Option<String>,
    /// The namespace of the element or, of a choice, of the elements that name none.
    pub(super) namespace: Option<Namespace>,
    krate: Path,
    text_enum: bool,
    /// The attribute that tells the variants of an enum apart, with the word that says so.
    attribute: Option<(Meta, String)>,
}

fn top(input: &DeriveInput, errors: &mut Errors) -> Top {
    let mut top = Top {
        name: None,
        namespace: None,
        krate: parse_quote!(::sestina::wire),
        text_enum: false,
        attribute: None,
    };
    for word in words::once(words::words(&input.attrs, errors), errors) {
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
        } else if path.is_ident("attribute") {
            if let Some(name) = words::name(&word, errors) {
                top.attribute = Some((word, name));
            }
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
