//! Rules that look at several fields of a type at once.

use std::collections::HashMap;

use syn::{Error, spanned::Spanned};

use crate::model::{
    Absent, Child, Choice, Field, FieldKind, Item, Namespace, Occurs, Shape, VariantContent,
};

/// Everything that contradicts itself in this type; each error says what to write instead.
#[must_use]
pub fn check(item: &Item) -> Vec<Error> {
    let mut errors = Vec::new();
    match &item.shape {
        Shape::Struct(fields) => {
            once(fields, &mut errors);
            names(fields, &mut errors);
            for field in fields {
                occurrence(field, &mut errors);
            }
        }
        Shape::TextEnum(words) => {
            let mut seen = HashMap::new();
            for (variant, word) in &words.values {
                if let Some(first) = seen.insert(word.as_str(), variant) {
                    errors.push(Error::new(
                        variant.span(),
                        format!("`{first}` stands for \"{word}\" already: give one of them another `value`"),
                    ));
                }
            }
        }
        Shape::ByAttribute(all) => {
            let mut seen = HashMap::new();
            for (variant, value, _) in &all.variants {
                if let Some(first) = seen.insert(value.as_str(), variant) {
                    errors.push(Error::new(
                        variant.span(),
                        format!("`{first}` stands for \"{value}\" already: give one of them another `value`"),
                    ));
                }
            }
        }
        Shape::Choice(choice) => elements(item, choice, &mut errors),
    }
    let one_element = matches!(item.shape, Shape::Struct(_) | Shape::ByAttribute(_));
    if item.name.is_some() && item.namespace.is_none() && one_element {
        errors.push(Error::new(
            item.ident.span(),
            "an element with a name needs a namespace: add `namespace = \"...\"`",
        ));
    }
    errors
}

/// Elements that two variants would both be.
fn elements(item: &Item, choice: &Choice, errors: &mut Vec<Error>) {
    let mut seen = HashMap::new();
    for variant in &choice.variants {
        let (VariantContent::Named {
            name, namespace, ..
        }
        | VariantContent::Text {
            name, namespace, ..
        }
        | VariantContent::Empty { name, namespace }) = &variant.content
        else {
            continue;
        };
        let namespace = namespace.as_ref().or(item.namespace.as_ref());
        if let Some(first) = seen.insert((name, key(namespace)), &variant.ident) {
            errors.push(Error::new(
                variant.ident.span(),
                format!("`{first}` is the element `{name}` already: give one of them another `name` or `namespace`"),
            ));
        }
    }
}

/// Kinds that a type can have one of.
fn once(fields: &[Field], errors: &mut Vec<Error>) {
    let mut seen: HashMap<&str, ()> = HashMap::new();
    for field in fields {
        let kind = match field.kind {
            FieldKind::Text(_) => "text",
            FieldKind::Any(_) => "any",
            FieldKind::Extra(_) => "extra",
            _ => continue,
        };
        if seen.insert(kind, ()).is_some() {
            errors.push(Error::new(
                field.member.span(),
                format!("a second `{kind}` field: a type can have one"),
            ));
        }
    }
}

/// What two fields would both take.
fn names(fields: &[Field], errors: &mut Vec<Error>) {
    let mut seen = HashMap::new();
    for field in fields {
        let (sort, name, namespace) = match &field.kind {
            FieldKind::Attribute(kind) => ("attribute", &kind.name, &kind.namespace),
            FieldKind::Child(Child::Named { name, namespace }) => ("child", name, namespace),
            FieldKind::ChildText(kind) => ("child", &kind.name, &kind.namespace),
            FieldKind::Wrapped(kind) => ("child", &kind.name, &kind.namespace),
            FieldKind::Flag(kind) => ("child", &kind.name, &kind.namespace),
            _ => continue,
        };
        let key = (sort, name.clone(), key(namespace.as_ref()));
        if seen.insert(key, ()).is_some() {
            errors.push(Error::new(
                field.member.span(),
                format!("another field takes the {sort} `{name}` already: name a different one"),
            ));
        }
    }
}

/// A namespace for comparing.
fn key(namespace: Option<&Namespace>) -> Option<String> {
    namespace.map(|namespace| match namespace {
        Namespace::Literal(text) => text.clone(),
        Namespace::Constant(path) => quote::quote!(#path).to_string(),
    })
}

/// Kinds that cannot be there as often as the type says.
fn occurrence(field: &Field, errors: &mut Vec<Error>) {
    let many = field.occurs == Occurs::Many;
    let message = match &field.kind {
        FieldKind::Attribute(_) if many => {
            "an attribute is there once at most: use `Option<_>`, or give the list a `codec`"
        }
        FieldKind::Text(_) if many => {
            "an element has one text: use `Option<_>`, or give the list a `codec`"
        }
        FieldKind::Flag(_) if field.occurs != Occurs::Once => {
            "a flag is a `bool`: the element is there, or it is not"
        }
        FieldKind::Extra(_) if field.occurs != Occurs::Once => {
            "what is unknown is kept in an `Extra`: write the type without a list around it"
        }
        FieldKind::Flag(_) | FieldKind::Extra(_) if !matches!(field.absent, Absent::Missing) => {
            "this field has a value anyway: remove `default`"
        }
        _ if field.occurs != Occurs::Once && !matches!(field.absent, Absent::Missing) => {
            "an `Option` or a list is empty by itself: remove `default`"
        }
        _ => return,
    };
    errors.push(Error::new(field.declared.span(), message));
}
