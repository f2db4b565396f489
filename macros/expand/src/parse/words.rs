//! The words inside `#[stanza(..)]`.

use syn::{
    Attribute, Expr, ExprLit, Lit, Meta, Path, Token, punctuated::Punctuated, spanned::Spanned,
};

use super::Errors;
use crate::model::{Absent, Namespace};

/// All words of the `#[stanza(..)]` attributes of one type, field or variant.
pub(super) fn words(attributes: &[Attribute], errors: &mut Errors) -> Vec<Meta> {
    let mut all = Vec::new();
    for attribute in attributes {
        if attribute.path().is_ident("stanza") {
            match attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) {
                Ok(words) => all.extend(words),
                Err(error) => errors.push(error),
            }
        }
    }
    all
}

/// Each word but those said twice, which are reported.
pub(super) fn once(words: Vec<Meta>, errors: &mut Errors) -> Vec<Meta> {
    let mut kept: Vec<Meta> = Vec::with_capacity(words.len());
    for word in words {
        if kept.iter().any(|first| first.path() == word.path()) {
            let path = word.path();
            let written = quote::quote!(#path).to_string();
            errors.at(
                &word,
                format!("`{written}` is said twice: remove one of them"),
            );
        } else {
            kept.push(word);
        }
    }
    kept
}

/// The words in the parentheses of a word.
pub(super) fn nested(word: &Meta, errors: &mut Errors) -> Vec<Meta> {
    let Meta::List(list) = word else {
        return Vec::new();
    };
    match list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) {
        Ok(words) => words.into_iter().collect(),
        Err(error) => {
            errors.push(error);
            Vec::new()
        }
    }
}

/// Says what may stand here instead of this word.
pub(super) fn unknown(word: &Meta, known: &[&str], errors: &mut Errors) {
    let path = word.path();
    let written = quote::quote!(#path).to_string();
    errors.at(
        word.path(),
        format!("unknown `{written}`: write one of `{}`", known.join("`, `")),
    );
}

/// The string behind `word = "..."`.
pub(super) fn string(word: &Meta, errors: &mut Errors) -> Option<String> {
    if let Meta::NameValue(pair) = word
        && let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = &pair.value
    {
        return Some(text.value());
    }
    say_how(word, " = \"...\"", errors);
    None
}

/// The string behind `word = "..."`, as the name of an element or attribute.
pub(super) fn name(word: &Meta, errors: &mut Errors) -> Option<String> {
    let text = string(word, errors)?;
    let local = text.strip_prefix("xml:").unwrap_or(&text);
    let starts = |c: char| c.is_alphabetic() || c == '_';
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if local.starts_with(starts) && local.chars().all(goes_on) {
        return Some(text);
    }
    errors.at(
        word,
        format!("\"{text}\" is no XML name: write one without a prefix, such as \"query\""),
    );
    None
}

/// The path behind `word = path`, or behind `word = "path"`.
pub(super) fn path(word: &Meta, errors: &mut Errors) -> Option<Path> {
    if let Meta::NameValue(pair) = word {
        match &pair.value {
            Expr::Path(path) if path.qself.is_none() => return Some(path.path.clone()),
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => {
                if let Ok(path) = text.parse_with(Path::parse_mod_style) {
                    return Some(path);
                }
            }
            _ => {}
        }
    }
    say_how(word, " = some::path", errors);
    None
}

/// The namespace behind `namespace = "..."` or `namespace = CONSTANT`.
pub(super) fn namespace(word: &Meta, errors: &mut Errors) -> Option<Namespace> {
    if let Meta::NameValue(pair) = word {
        match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => return Some(Namespace::Literal(text.value())),
            Expr::Path(path) => return Some(Namespace::Constant(path.path.clone())),
            _ => {}
        }
    }
    say_how(word, " = \"urn:...\"", errors);
    None
}

/// What `default` or `default = path` asks for.
pub(super) fn default(word: &Meta, errors: &mut Errors) -> Absent {
    match word {
        Meta::Path(_) => Absent::Default,
        _ => path(word, errors).map_or(Absent::Missing, Absent::Function),
    }
}

/// That this word stands alone.
pub(super) fn alone(word: &Meta, errors: &mut Errors) {
    if !matches!(word, Meta::Path(_)) {
        say_how(word, "", errors);
    }
}

/// Says how a word is written.
fn say_how(word: &Meta, how: &str, errors: &mut Errors) {
    let path = word.path();
    let written = quote::quote!(#path).to_string();
    errors.push(syn::Error::new(
        word.span(),
        format!("write `{written}{how}`"),
    ));
}
