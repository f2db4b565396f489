//! One element whose content depends on an attribute.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::model::{ByAttribute, Item};

/// `impl Content`: the attribute is read first, and written before what the variant itself writes.
pub(super) fn content(item: &Item, all: &ByAttribute) -> TokenStream {
    let (krate, ident, attribute) = (&item.krate, &item.ident, &all.attribute);
    let (impl_, parameters, bounds) = super::generics::of(item);
    let reads = all.variants.iter().map(|(variant, value, ty)| match ty {
        None => quote!(::core::option::Option::Some(#value) => Ok(Self::#variant),),
        Some(ty) => {
            let read = quote_spanned!(ty.span()=> <#ty as #krate::Content>::decode(el)?);
            quote!(::core::option::Option::Some(#value) => Ok(Self::#variant(#read)),)
        }
    });
    let known = all.variants.iter().map(|(_, value, _)| value);
    let rest = match &all.other {
        Some(other) => quote!(_ => Ok(Self::#other(el.to_any())),),
        None => quote! {
            ::core::option::Option::Some(_) => Err(#krate::DecodeError::invalid_attribute(
                el,
                #attribute,
                #krate::derive::unknown_word(&[#(#known),*]),
            )),
            ::core::option::Option::None => {
                Err(#krate::DecodeError::missing_attribute(el, #attribute))
            }
        },
    };
    let writes = all.variants.iter().map(|(variant, value, ty)| match ty {
        None => quote! {
            Self::#variant => {
                w.start(name, ns);
                w.attr(#attribute, #value);
                w.end(name);
            }
        },
        Some(_) => quote! {
            Self::#variant(value) => #krate::derive::with_attribute(
                w,
                #attribute,
                #value,
                #krate::AnyElement::build(|w| #krate::Content::encode(value, w, name, ns)),
            ),
        },
    });
    let write_other = all
        .other
        .as_ref()
        .map(|other| quote!(Self::#other(value) => w.any(value),));

    quote! {
        #[automatically_derived]
        #[allow(unused_variables, clippy::all, clippy::pedantic)]
        impl #impl_ #krate::Content for #ident #parameters #bounds {
            fn decode(
                el: #krate::ElementRef<'_>,
            ) -> ::core::result::Result<Self, #krate::DecodeError> {
                use ::core::result::Result::{Err, Ok};
                match el.attr(#attribute).as_deref() {
                    #(#reads)*
                    #rest
                }
            }

            fn encode(&self, w: &mut #krate::Writer<'_>, name: &str, ns: &str) {
                match self { #(#writes)* #write_other }
            }
        }
    }
}
