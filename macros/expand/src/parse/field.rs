//! The fields of a struct.

use quote::ToTokens;
use syn::{Fields, GenericArgument, Index, Member, Meta, Path, PathArguments, Type};

use super::{Errors, words};
use crate::model::{
    Absent, Any, Attribute, Child, ChildText, Extra, Field, FieldKind, Flag, Namespace, Occurs,
    TextContent, Wrapped,
};

/// The words that say what a field holds.
const KINDS: &[&str] = &[
    "attribute",
    "text",
    "child",
    "child_text",
    "wrapped",
    "flag",
    "any",
    "extra",
];

/// The words that a field may carry besides.
const OPTIONS: &[&str] = &["codec", "default"];

/// Reads every field; those with mistakes are left out.
pub(super) fn fields(fields: &Fields, errors: &mut Errors) -> Vec<Field> {
    fields
        .iter()
        .enumerate()
        .filter_map(|(index, field)| {
            let member = match &field.ident {
                Some(ident) => Member::Named(ident.clone()),
                None => Member::Unnamed(Index::from(index)),
            };
            one(member, field, errors)
        })
        .collect()
}

/// What the words of one field say.
#[derive(Default)]
struct Said {
    kind: Option<Meta>,
    name: Option<String>,
    namespace: Option<Namespace>,
    /// What is in a wrapper.
    child: Option<String>,
    codec: Option<Path>,
    absent: Option<Absent>,
}

fn one(member: Member, field: &syn::Field, errors: &mut Errors) -> Option<Field> {
    let mut said = Said::default();
    let before = errors.count();
    for word in words::words(&field.attrs, errors) {
        if let Some(kind) = KINDS.iter().find(|kind| word.path().is_ident(kind)) {
            if said.kind.is_some() {
                errors.at(
                    &word,
                    format!("a field is one thing: remove `{kind}` or the other"),
                );
                continue;
            }
            kind_word(&word, &mut said, errors);
            said.kind = Some(word);
        } else {
            option_word(&word, &mut said, false, errors);
        }
    }
    let Some(word) = said.kind.take() else {
        // A word nobody knows was meant to be the kind, and has been named already.
        if errors.count() == before {
            errors.at(
                &member,
                format!(
                    "what in the XML is this field? Write `#[stanza(..)]` with one of `{}`",
                    KINDS.join("`, `")
                ),
            );
        }
        return None;
    };
    let mut kind = kind(&word, &member, &mut said, errors)?;
    if let Some(codec) = said.codec {
        errors.at(
            &codec,
            "only `attribute`, `text` and `child_text` have a `codec`: remove it",
        );
    }
    // A codec may make a whole list of one value: that is no list to us.
    let one_value = matches!(
        &kind,
        FieldKind::Attribute(Attribute { codec: Some(_), .. })
            | FieldKind::Text(TextContent { codec: Some(_) })
    );
    let in_wrapper = matches!(kind, FieldKind::Wrapped(_));
    let (occurs, ty) = container(&field.ty, !one_value && !in_wrapper);
    if let FieldKind::Wrapped(wrapped) = &mut kind
        && let (Occurs::Many, value) = container(&ty, true)
    {
        // The list is what one wrapper holds.
        wrapped.list_of = Some(value);
    }
    Some(Field {
        member,
        declared: field.ty.clone(),
        ty,
        occurs,
        kind,
        absent: said.absent.unwrap_or(Absent::Missing),
    })
}

/// What stands behind the word of a kind: `= "name"`, or more in parentheses.
fn kind_word(word: &Meta, said: &mut Said, errors: &mut Errors) {
    match word {
        Meta::Path(_) => {}
        Meta::NameValue(_) => said.name = words::name(word, errors),
        Meta::List(_) => {
            for inner in words::once(words::nested(word, errors), errors) {
                if inner.path().is_ident("name") {
                    said.name = words::name(&inner, errors);
                } else if inner.path().is_ident("namespace") {
                    said.namespace = words::namespace(&inner, errors);
                } else if inner.path().is_ident("child") && word.path().is_ident("wrapped") {
                    said.child = words::name(&inner, errors);
                } else {
                    option_word(&inner, said, true, errors);
                }
            }
        }
    }
}

/// A word besides the kind.
fn option_word(word: &Meta, said: &mut Said, inside: bool, errors: &mut Errors) {
    let twice = (word.path().is_ident("codec") && said.codec.is_some())
        || (word.path().is_ident("default") && said.absent.is_some());
    if twice {
        let path = word.path();
        let written = quote::quote!(#path).to_string();
        errors.at(
            word,
            format!("`{written}` is said twice: remove one of them"),
        );
    } else if word.path().is_ident("codec") {
        said.codec = words::path(word, errors);
    } else if word.path().is_ident("default") {
        said.absent = Some(words::default(word, errors));
    } else if inside {
        words::unknown(word, &["name", "namespace", "codec", "default"], errors);
    } else {
        words::unknown(word, &[KINDS, OPTIONS].concat(), errors);
    }
}

/// The kind, from its word and what was said with it.
fn kind(word: &Meta, member: &Member, said: &mut Said, errors: &mut Errors) -> Option<FieldKind> {
    let is = |kind: &str| word.path().is_ident(kind);
    if is("text") || is("any") || is("extra") {
        if said.name.is_some() || said.namespace.is_some() {
            errors.at(word, "this kind of field has no name: remove it");
        }
        return Some(if is("text") {
            FieldKind::Text(TextContent {
                codec: said.codec.take(),
            })
        } else if is("any") {
            FieldKind::Any(Any)
        } else {
            FieldKind::Extra(Extra)
        });
    }
    let namespace = said.namespace.take();
    if is("child") {
        return match (said.name.take(), namespace) {
            (Some(name), namespace) => Some(FieldKind::Child(Child::Named { name, namespace })),
            (None, None) => Some(FieldKind::Child(Child::Payload)),
            (None, Some(_)) => {
                errors.at(
                    word,
                    "a namespace without a name: add `name = \"...\"`, or leave both to the type",
                );
                None
            }
        };
    }
    let name = match (said.name.take(), member) {
        (Some(name), _) => name,
        (None, Member::Named(ident)) => own_name(&ident.to_string()),
        (None, Member::Unnamed(_)) => {
            errors.at(
                word,
                "this field has no name of its own: say which with `= \"...\"`",
            );
            return None;
        }
    };
    if is("wrapped") {
        let Some(child) = said.child.take() else {
            errors.at(
                word,
                "what is in the wrapper? Add `child = \"...\"` inside the parentheses",
            );
            return None;
        };
        return Some(FieldKind::Wrapped(Box::new(Wrapped {
            name,
            namespace,
            child,
            child_namespace: None,
            list_of: None,
        })));
    }
    Some(if is("attribute") {
        FieldKind::Attribute(Attribute {
            name,
            namespace,
            codec: said.codec.take(),
        })
    } else if is("child_text") {
        FieldKind::ChildText(ChildText {
            name,
            namespace,
            codec: said.codec.take(),
        })
    } else {
        FieldKind::Flag(Flag { name, namespace })
    })
}

/// The XML name that a field's own name stands for: `r#type` and `type_` are `type`.
fn own_name(ident: &str) -> String {
    ident
        .strip_prefix("r#")
        .unwrap_or(ident)
        .trim_end_matches('_')
        .to_owned()
}

/// Takes `Option<T>` and, where lists are looked for, `Vec<T>`, `List<T>` and `SmallVec<[T; N]>` apart. They
/// are known by name, as a macro sees no types.
fn container(ty: &Type, lists: bool) -> (Occurs, Type) {
    if let Type::Path(path) = ty
        && let Some(last) = path.path.segments.last()
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(GenericArgument::Type(inner)) = arguments.args.first()
    {
        let name = last.ident.to_token_stream().to_string();
        match name.as_str() {
            "Option" => return (Occurs::Optional, inner.clone()),
            "Vec" | "List" if lists => return (Occurs::Many, inner.clone()),
            "SmallVec" if lists => {
                let element = match inner {
                    Type::Array(array) => (*array.elem).clone(),
                    other => other.clone(),
                };
                return (Occurs::Many, element);
            }
            _ => {}
        }
    }
    (Occurs::Once, ty.clone())
}
