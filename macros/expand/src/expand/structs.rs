//! An element with attributes and content.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{
    field::Scope,
    model::{Child, Field, FieldKind, Item, Occurs},
};

/// `impl Content`: one loop over the attributes, one over the children.
pub(super) fn content(item: &Item, fields: &[Field]) -> TokenStream {
    let (krate, ident) = (&item.krate, &item.ident);
    let (impl_, parameters, bounds) = super::generics::of(item);
    let scopes: Vec<Scope<'_>> = fields
        .iter()
        .enumerate()
        .map(|(index, field)| Scope::new(item, index, field))
        .collect();

    // What is unknown is written last: it arranges what was written before it.
    let extra = scopes
        .iter()
        .find(|cx| matches!(cx.field.kind, FieldKind::Extra(_)));
    let by_writing = || {
        let known = scopes
            .iter()
            .filter(|cx| !matches!(cx.field.kind, FieldKind::Extra(_)));
        known.chain(extra)
    };
    let declare = scopes.iter().map(|cx| cx.field.kind.code().declare(cx));
    let order = extra.map(|cx| {
        let krate = cx.krate();
        quote!(let mut order = #krate::derive::Order::default();)
    });
    let attributes = attribute_loop(&scopes);
    let children = child_loop(&scopes, extra.is_some());
    let arrange = extra.map(|cx| {
        let slot = &cx.slot;
        let text = scopes.iter().find_map(|cx| match &cx.field.kind {
            FieldKind::Text(kind) => Some(kind.typed(cx)),
            _ => None,
        });
        let text = text.unwrap_or_else(|| quote!(false));
        quote!(let typed = #text; order.finish(&mut #slot, el, typed);)
    });
    let finish = scopes.iter().map(|cx| {
        let member = &cx.field.member;
        let value = cx.field.kind.code().finish(cx);
        quote!(#member: #value,)
    });
    let write_attributes = by_writing().filter_map(|cx| cx.field.kind.code().write_attribute(cx));
    let write_content = by_writing().filter_map(|cx| cx.field.kind.code().write_content(cx));
    let content = extra.map(|_| quote!(let content = w.position();));

    quote! {
        #[automatically_derived]
        #[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
        impl #impl_ #krate::Content for #ident #parameters #bounds {
            fn decode(
                el: #krate::ElementRef<'_>,
            ) -> ::core::result::Result<Self, #krate::DecodeError> {
                #(#declare)*
                #order
                #attributes
                #children
                #arrange
                ::core::result::Result::Ok(Self { #(#finish)* })
            }

            fn encode(&self, w: &mut #krate::Writer<'_>, name: &str, ns: &str) {
                w.start(name, ns);
                #(#write_attributes)*
                #content
                #(#write_content)*
                w.end(name);
            }
        }
    }
}

/// The loop over the attributes, if any field wants one.
fn attribute_loop(scopes: &[Scope<'_>]) -> TokenStream {
    let (last, named): (Vec<_>, Vec<_>) = scopes
        .iter()
        .partition(|cx| matches!(cx.field.kind, FieldKind::Extra(_)));
    let arms: Vec<TokenStream> = named
        .into_iter()
        .chain(last.iter().copied())
        .filter_map(|cx| cx.field.kind.code().on_attribute(cx))
        .collect();
    if let ([_], [cx]) = (&arms[..], &last[..]) {
        let (krate, slot) = (cx.krate(), &cx.slot);
        return quote!(#krate::derive::keep_attributes(&mut #slot, el););
    }
    if arms.is_empty() {
        return TokenStream::new();
    }
    let rest = last.is_empty().then(|| quote!(_ => {}));
    quote! {
        for attr in el.attrs() {
            match attr.key() { #(#arms)* #rest }
        }
    }
}

/// The loop over the children, if any field wants one. Elements known by name come first, then
/// those that their type recognises, then what takes anything.
///
/// Where the arrangement is kept, each arm says which field it was.
fn child_loop(scopes: &[Scope<'_>], arranged: bool) -> TokenStream {
    let mut order: Vec<(u8, &Scope<'_>)> = scopes.iter().map(|cx| (rank(cx.field), cx)).collect();
    order.sort_by_key(|(rank, _)| *rank);
    let mut arms = Vec::new();
    let mut closed = false;
    let mut extra = None;
    let wildcard = order
        .iter()
        .any(|(_, cx)| matches!(cx.field.kind, FieldKind::Any(_)));
    let mut repeated = Vec::new();
    if arranged && wildcard {
        repeated.extend(scopes.iter().filter_map(repeated_arm));
    }
    for (rank, cx) in order {
        if closed {
            break;
        }
        if rank > 0 {
            arms.append(&mut repeated);
        }
        if let Some((pattern, code)) = cx.field.kind.code().on_child(cx) {
            closed = rank >= CLOSES;
            extra = matches!(cx.field.kind, FieldKind::Extra(_)).then_some(cx);
            let place = cx.place();
            arms.push(if arranged {
                quote!(#pattern => { #code #place })
            } else {
                quote!(#pattern => { #code })
            });
        }
    }
    if let ([_], Some(cx)) = (&arms[..], extra) {
        let (krate, slot) = (cx.krate(), &cx.slot);
        return quote!(#krate::derive::keep_children(&mut #slot, el););
    }
    if arms.is_empty() {
        return TokenStream::new();
    }
    let rest = (!closed).then(|| quote!(_ => {}));
    let arms = quote!(match child.name() { #(#arms)* #rest });
    if arranged {
        quote!(for child in el.children() { let field = #arms; order.see(field); })
    } else {
        quote!(for child in el.children() { #arms })
    }
}

/// The arm of a second child where a field holds one: it is unknown. A wildcard does not get it, because among
/// the children that are written from there the field's own would not be told from it.
fn repeated_arm(cx: &Scope<'_>) -> Option<TokenStream> {
    if cx.field.occurs == Occurs::Many {
        return None;
    }
    let (name, namespace) = match &cx.field.kind {
        FieldKind::ChildText(kind) => (&kind.name, &kind.namespace),
        FieldKind::Wrapped(kind) => (&kind.name, &kind.namespace),
        FieldKind::Flag(kind) => (&kind.name, &kind.namespace),
        FieldKind::Child(Child::Named { name, namespace }) => (name, namespace),
        _ => return None,
    };
    let extra = cx.unknown()?;
    let expected = cx.expected(namespace.as_ref());
    let unknown = u16::MAX;
    Some(quote!(#name if child.ns() == #expected => { #extra.push_element(child); #unknown }))
}

/// From this rank on, an arm takes every child that is left.
const CLOSES: u8 = 3;

/// Where the arm of a field stands.
fn rank(field: &Field) -> u8 {
    match field.kind {
        FieldKind::Child(Child::Payload) => 1,
        FieldKind::Any(_) if field.occurs != Occurs::Many => 2,
        FieldKind::Any(_) => CLOSES,
        FieldKind::Extra(_) => CLOSES + 1,
        _ => 0,
    }
}
