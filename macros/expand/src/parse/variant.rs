//! The variants of an enum.

use syn::{Fields, Token, Type, Variant, punctuated::Punctuated};

use super::{Errors, item::Top, words};
use crate::model::{ByAttribute, Choice, ChoiceVariant, TextEnum, VariantContent};

/// Reads the variants of one of several words.
pub(super) fn words_of(variants: &Punctuated<Variant, Token![,]>, errors: &mut Errors) -> TextEnum {
    let mut values = Vec::new();
    let mut other = None;
    for variant in variants {
        let mut value = None;
        let mut is_other = false;
        for word in words::once(words::words(&variant.attrs, errors), errors) {
            if word.path().is_ident("value") {
                value = words::string(&word, errors);
            } else if word.path().is_ident("other") {
                words::alone(&word, errors);
                is_other = true;
            } else {
                words::unknown(&word, &["value", "other"], errors);
            }
        }
        match (is_other, newtype(&variant.fields), &variant.fields) {
            (true, Some(_), _) if other.is_none() => other = Some(variant.ident.clone()),
            (true, Some(_), _) => {
                errors.at(&variant.ident, "a second `other`: one takes all the rest")
            }
            (true, None, _) => errors.at(
                &variant.ident,
                format!("`other` keeps the word: write `{}(Text)`", variant.ident),
            ),
            (false, _, Fields::Unit) => {
                let value = value.unwrap_or_else(|| kebab(&variant.ident.to_string()));
                values.push((variant.ident.clone(), value));
            }
            (false, _, _) => errors.at(
                &variant.ident,
                "a word holds nothing else: remove the fields, or mark it `#[stanza(other)]`",
            ),
        }
    }
    TextEnum { values, other }
}

/// Reads the variants of one element whose content depends on an attribute.
pub(super) fn by_attribute(
    attribute: String,
    variants: &Punctuated<Variant, Token![,]>,
    errors: &mut Errors,
) -> ByAttribute {
    let mut all = ByAttribute {
        attribute,
        variants: Vec::new(),
        other: None,
    };
    for variant in variants {
        let mut value = None;
        let mut other = false;
        for word in words::once(words::words(&variant.attrs, errors), errors) {
            if word.path().is_ident("value") {
                value = words::string(&word, errors);
            } else if word.path().is_ident("other") {
                words::alone(&word, errors);
                other = true;
            } else {
                words::unknown(&word, &["value", "other"], errors);
            }
        }
        match (other, newtype(&variant.fields), &variant.fields) {
            (true, Some(_), _) if all.other.is_none() => all.other = Some(variant.ident.clone()),
            (true, Some(_), _) => {
                errors.at(&variant.ident, "a second `other`: one takes all the rest");
            }
            (true, None, _) => errors.at(
                &variant.ident,
                format!(
                    "`other` keeps the element: write `{}(AnyElement)`",
                    variant.ident
                ),
            ),
            (false, held, fields) => {
                if held.is_none() && !matches!(fields, Fields::Unit) {
                    errors.at(
                        &variant.ident,
                        "a variant holds one type: move the fields into a struct of their own",
                    );
                    continue;
                }
                let value = value.unwrap_or_else(|| kebab(&variant.ident.to_string()));
                all.variants
                    .push((variant.ident.clone(), value, held.cloned()));
            }
        }
    }
    all
}

/// Reads the variants of one of several elements.
pub(super) fn choice(
    variants: &Punctuated<Variant, Token![,]>,
    top: &Top,
    errors: &mut Errors,
) -> Choice {
    let mut choice = Choice {
        follows: false,
        variants: Vec::new(),
        other: None,
    };
    for variant in variants {
        let mut name = None;
        let mut namespace = None;
        let mut text = false;
        let mut other = false;
        for word in words::once(words::words(&variant.attrs, errors), errors) {
            if word.path().is_ident("name") {
                name = words::name(&word, errors);
            } else if word.path().is_ident("namespace") {
                namespace = words::namespace(&word, errors);
            } else if word.path().is_ident("text") {
                words::alone(&word, errors);
                text = true;
            } else if word.path().is_ident("other") {
                words::alone(&word, errors);
                other = true;
            } else {
                words::unknown(&word, &["name", "namespace", "text", "other"], errors);
            }
        }
        let held = newtype(&variant.fields);
        if other {
            if held.is_none() {
                errors.at(
                    &variant.ident,
                    format!(
                        "`other` keeps the element: write `{}(AnyElement)`",
                        variant.ident
                    ),
                );
            } else if choice.other.is_some() {
                errors.at(&variant.ident, "a second `other`: one takes all the rest");
            }
            choice.other = Some(variant.ident.clone());
            continue;
        }
        if name.is_some() && namespace.is_none() && top.namespace.is_none() {
            errors.at(
                &variant.ident,
                "in which namespace? Add `namespace = \"...\"` here or to the enum",
            );
            continue;
        }
        let content = match (held, name, &variant.fields) {
            (Some(ty), Some(name), _) if text => {
                let (ty, optional) = optional(ty);
                VariantContent::Text {
                    ty,
                    optional,
                    name,
                    namespace,
                }
            }
            (Some(ty), Some(name), _) => VariantContent::Named {
                ty: ty.clone(),
                name,
                namespace,
            },
            (Some(ty), None, _) if !text => VariantContent::Payload(ty.clone()),
            (None, Some(name), Fields::Unit) if !text => VariantContent::Empty { name, namespace },
            (None, None, Fields::Unit) => {
                errors.at(
                    &variant.ident,
                    "which element is this? Add `#[stanza(name = \"...\")]`",
                );
                continue;
            }
            (_, None, _) if text => {
                errors.at(
                    &variant.ident,
                    "`text` of which element? Add `name = \"...\"`",
                );
                continue;
            }
            (None, _, _) => {
                errors.at(
                    &variant.ident,
                    "a variant holds one type: move the fields into a struct of their own",
                );
                continue;
            }
            (Some(_), None, _) => continue,
        };
        choice.variants.push(ChoiceVariant {
            ident: variant.ident.clone(),
            content,
        });
    }
    choice
}

/// The one type in the parentheses of a variant.
fn newtype(fields: &Fields) -> Option<&Type> {
    match fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            fields.unnamed.first().map(|field| &field.ty)
        }
        _ => None,
    }
}

/// Takes an `Option` off.
fn optional(ty: &Type) -> (Type, bool) {
    if let Type::Path(path) = ty
        && let Some(last) = path.path.segments.last()
        && last.ident == "Option"
        && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(syn::GenericArgument::Type(inner)) = arguments.args.first()
    {
        return (inner.clone(), true);
    }
    (ty.clone(), false)
}

/// The word that a variant's own name stands for: `HalfOpen` is `half-open`.
fn kebab(ident: &str) -> String {
    let mut word = String::with_capacity(ident.len() + 4);
    for (place, letter) in ident.char_indices() {
        if letter.is_uppercase() && place > 0 {
            word.push('-');
        }
        word.extend(letter.to_lowercase());
    }
    word
}
