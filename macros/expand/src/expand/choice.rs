//! One of several elements.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::model::{Choice, Item, Namespace, VariantContent};

/// `impl Content` and `impl Payload`: the type is whichever of its elements is there, and writes
/// that element's name, not the one it is told.
pub(super) fn expand(item: &Item, choice: &Choice) -> TokenStream {
    let (krate, ident) = (&item.krate, &item.ident);
    let (impl_, parameters, bounds) = super::generics::of(item);
    let namespace = |own: &Option<Namespace>| {
        own.as_ref()
            .or(item.namespace.as_ref())
            .map_or_else(|| quote!(""), Namespace::tokens)
    };

    // How an element is recognised, and the namespace in which it is written.
    let is = |name: &str, own: &Option<Namespace>| match own {
        None if choice.follows => quote!(el.name() == #name),
        own => {
            let ns = namespace(own);
            quote!(el.is(#name, #ns))
        }
    };
    let written = |own: &Option<Namespace>| match own {
        None if choice.follows => quote!(ns),
        own => namespace(own),
    };

    let mut matches = Vec::new();
    let mut reads = Vec::new();
    let mut writes = Vec::new();
    let mut bare = Vec::new();
    for variant in &choice.variants {
        let name_of = &variant.ident;
        match &variant.content {
            VariantContent::Payload(ty) => {
                let span = ty.span();
                let test = quote_spanned!(span=> <#ty as #krate::Payload>::matches(el));
                let read = quote_spanned!(span=> <#ty as #krate::Payload>::read(el)?);
                matches.push(test.clone());
                reads.push(quote!(if #test { return Ok(Self::#name_of(#read)); }));
                writes.push(quote!(Self::#name_of(value) => #krate::Payload::write(value, w),));
            }
            VariantContent::Named {
                ty,
                name,
                namespace: own,
            } => {
                let (test, ns) = (is(name, own), written(own));
                let span = ty.span();
                let read = quote_spanned!(span=> <#ty as #krate::Content>::decode(el)?);
                reads.push(quote!(if #test { return Ok(Self::#name_of(#read)); }));
                matches.push(test);
                writes.push(quote! {
                    Self::#name_of(value) => #krate::Content::encode(value, w, #name, #ns),
                });
            }
            VariantContent::Text {
                ty,
                optional,
                name,
                namespace: own,
            } => {
                let (test, ns) = (is(name, own), written(own));
                let span = ty.span();
                let read = if *optional {
                    quote_spanned!(span=> #krate::derive::text_opt::<#ty>(el)?)
                } else {
                    quote_spanned!(span=> el.decode_text::<#ty>()?)
                };
                reads.push(quote!(if #test { return Ok(Self::#name_of(#read)); }));
                matches.push(test);
                writes.push(if *optional {
                    quote! {
                        Self::#name_of(::core::option::Option::Some(value)) => {
                            w.text_element(#name, #ns, value)
                        }
                        Self::#name_of(::core::option::Option::None) => {
                            w.empty_element(#name, #ns)
                        }
                    }
                } else {
                    quote! {
                        Self::#name_of(value) => w.text_element(#name, #ns, value),
                    }
                });
            }
            VariantContent::Empty {
                name,
                namespace: own,
            } => {
                let (test, ns) = (is(name, own), written(own));
                matches.push(test.clone());
                reads.push(quote!(if #test { return Ok(Self::#name_of); }));
                bare.push(quote!(Self::#name_of));
                writes.push(quote!(Self::#name_of => w.empty_element(#name, #ns),));
            }
        }
    }
    let (matches, rest) = match &choice.other {
        Some(other) => {
            writes.push(quote!(Self::#other(value) => w.any(value),));
            (quote!(true), quote!(Ok(Self::#other(el.to_any()))))
        }
        None => {
            let matches = if matches.is_empty() {
                quote!(false)
            } else {
                quote!(#(#matches)||*)
            };
            (matches, quote!(Err(#krate::DecodeError::no_choice(el))))
        }
    };
    // A choice has no one name: the first of its elements stands for it.
    let (name, ns) = match choice.variants.first().map(|variant| &variant.content) {
        Some(VariantContent::Payload(ty)) => (
            quote!(<#ty as #krate::Payload>::NAME),
            quote!(<#ty as #krate::Payload>::NS),
        ),
        Some(
            VariantContent::Named {
                name,
                namespace: own,
                ..
            }
            | VariantContent::Text {
                name,
                namespace: own,
                ..
            }
            | VariantContent::Empty {
                name,
                namespace: own,
            },
        ) => (quote!(#name), namespace(own)),
        None => (quote!("*"), namespace(&None)),
    };

    let alone = if choice.follows {
        namespace(&None)
    } else {
        quote!("")
    };
    let bare = (!bare.is_empty()).then(|| {
        quote! {
            fn is_bare(&self) -> bool {
                ::core::matches!(self, #(#bare)|*)
            }
        }
    });
    quote! {
        #[automatically_derived]
        #[allow(unused_variables, clippy::all, clippy::pedantic)]
        impl #impl_ #krate::Content for #ident #parameters #bounds {
            fn decode(
                el: #krate::ElementRef<'_>,
            ) -> ::core::result::Result<Self, #krate::DecodeError> {
                use ::core::result::Result::{Err, Ok};
                #(#reads)*
                #rest
            }

            fn encode(&self, w: &mut #krate::Writer<'_>, name: &str, ns: &str) {
                match self { #(#writes)* }
            }
        }

        #[automatically_derived]
        impl #impl_ #krate::Payload for #ident #parameters #bounds {
            const NAME: &'static str = #name;
            const NS: &'static str = #ns;

            fn matches(el: #krate::ElementRef<'_>) -> bool {
                #matches
            }

            fn read(
                el: #krate::ElementRef<'_>,
            ) -> ::core::result::Result<Self, #krate::DecodeError> {
                <Self as #krate::Content>::decode(el)
            }

            fn write(&self, w: &mut #krate::Writer<'_>) {
                <Self as #krate::Content>::encode(self, w, "", #alone);
            }

            #bare
        }
    }
}
