//! One of several words.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{Item, TextEnum};

/// `impl FromText`, `impl ToText` and an `as_str`.
pub(super) fn expand(item: &Item, words: &TextEnum) -> TokenStream {
    let (krate, ident) = (&item.krate, &item.ident);
    let reads = words
        .values
        .iter()
        .map(|(variant, word)| quote!(#word => Self::#variant,));
    let writes = words
        .values
        .iter()
        .map(|(variant, word)| quote!(Self::#variant => #word,));
    let (read_other, write_other) = match &words.other {
        Some(other) => (
            quote!(_ => Self::#other(text),),
            Some(quote!(Self::#other(text) => text,)),
        ),
        None => {
            let known: Vec<&str> = words.values.iter().map(|(_, word)| word.as_str()).collect();
            (
                quote! {
                    _ => return ::core::result::Result::Err(
                        #krate::derive::unknown_word(&[#(#known),*]),
                    ),
                },
                None,
            )
        }
    };

    quote! {
        impl #ident {
            /// The word as it stands in the XML.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self { #(#writes)* #write_other }
            }
        }

        #[automatically_derived]
        impl #krate::FromText for #ident {
            const VERBATIM: bool = true;

            fn from_text(
                text: #krate::Text,
            ) -> ::core::result::Result<Self, #krate::ValueError> {
                ::core::result::Result::Ok(match &*text { #(#reads)* #read_other })
            }
        }

        #[automatically_derived]
        impl #krate::ToText for #ident {
            fn to_text(&self, out: &mut #krate::TextWriter<'_>) {
                #krate::ToText::to_text(self.as_str(), out);
            }
        }
    }
}
