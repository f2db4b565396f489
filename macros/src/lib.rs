//! `#[derive(Stanza)]`: a Rust type that reads itself from XML and writes itself back.
//!
//! The crate is a thin coat over `sestina_expand`, which the generator uses as well; its
//! documentation is that of the derive below.

use proc_macro::TokenStream;
use syn::{DeriveInput, Error, parse_macro_input};

/// Implements `Content` and `Payload` for an element, `FromText` and `ToText` for a word.
///
/// ```
/// use sestina_macros::Stanza;
/// use sestina_wire::{BareJid, Extra, List, Text};
///
/// // Users of the facade `sestina` leave `crate` out.
/// #[derive(Stanza)]
/// #[stanza(name = "item", namespace = "jabber:iq:roster", crate = "::sestina_wire")]
/// struct Item {
///     #[stanza(attribute)]
///     jid: BareJid,
///     #[stanza(attribute)]
///     subscription: Option<Subscription>,
///     #[stanza(child_text = "group")]
///     groups: List<Text>,
///     #[stanza(extra)]
///     extra: Extra,
/// }
///
/// #[derive(Stanza)]
/// #[stanza(text_enum, crate = "::sestina_wire")]
/// enum Subscription {
///     None,
///     To,
///     From,
///     Both,
///     #[stanza(other)]
///     Other(Text),
/// }
/// ```
///
/// # On a struct
///
/// `name` and `namespace` of the element. Without them the type is content that its parents name.
/// `crate = "..."` says where the runtime is found, if it is not `::sestina::wire`.
///
/// # On a field
///
/// - `attribute`, `attribute = "xml:lang"`, `attribute(name = "..", namespace = "..")`: the value
///   of an attribute; an `Option` may be absent.
/// - `text`: the text of the element itself.
/// - `child`: a child that is a `Payload`. `Option`, `Vec`, `List`, `SmallVec` and `Box`
///   are understood, by their names.
/// - `child(name = "..", namespace = "..")`: a child whose type is only `Content`.
/// - `child_text = "group"`: the text of a child that has nothing else.
/// - `wrapped(name = "always", child = "jid")`: the text of the one child of a child, or with a list
///   as the type of all of them: `<always><jid>a@b</jid></always>`.
/// - `flag = "required"`: whether an empty child is there, as a `bool`.
/// - `any`: children that no other field takes, as `AnyElement`.
/// - `extra`: attributes and children that no other field takes, so that nothing is lost.
/// - with them `default` or `default = path` for what is absent, and `codec = path` for a value
///   read and written by `path::from_text` and `path::to_text`.
///
/// A name that is not given is the field's own.
///
/// # On an enum
///
/// Each variant is one element: a newtype of a `Payload`, or with `#[stanza(name = "..")]` a
/// newtype of `Content`, of its text (`text`), or nothing (an empty element); the same name in
/// several namespaces tells versions of an element apart. `other` keeps any other element.
///
/// With `name`, `namespace` and `attribute = "type"` on the enum it is one element, whose attribute
/// says which variant it is: each stands for a value (`#[stanza(value = "..")]`, else its own name
/// as `half-open`) and holds nothing, or the `Content` that goes with it; `other` keeps the element
/// when the value is any other.
///
/// With `#[stanza(text_enum)]` on the enum each variant is a word (`value`, or its own name, as
/// above), and `other` keeps any other word.
///
/// # Parameters
///
/// Types may be generic. Each field that names a parameter asks of its type what its kind needs:
/// `Payload`, `Content`, or `FromText` and `ToText`.
///
/// # What nobody declared
///
/// Attributes and children that no field takes are kept where there is an `extra` field, and passed
/// over where there is none; they are never an error.
#[proc_macro_derive(Stanza, attributes(stanza))]
pub fn derive_stanza(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    match sestina_expand::parse(&input) {
        Ok(item) => sestina_expand::expand(&item).into(),
        Err(errors) => errors
            .iter()
            .map(Error::to_compile_error)
            .collect::<proc_macro2::TokenStream>()
            .into(),
    }
}
