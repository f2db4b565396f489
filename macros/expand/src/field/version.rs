//! Which of its namespaces an element is in.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{FieldCode, Scope};

/// Which of its namespaces an element is in; the field's type is a `Version`.
#[derive(Clone, Debug)]
pub struct Version;

impl FieldCode for Version {
    fn declare(&self, _cx: &Scope<'_>) -> TokenStream {
        TokenStream::new()
    }

    fn finish(&self, cx: &Scope<'_>) -> TokenStream {
        let (krate, ty) = (cx.krate(), &cx.field.ty);
        // Inside an element of another namespace it is whatever its parent says when it is written.
        quote_spanned!(ty.span()=> <#ty as #krate::Version>::of(el.ns()).unwrap_or_default())
    }
}

impl Version {
    /// What a payload of several namespaces says of them.
    pub(crate) fn payload(cx: &Scope<'_>) -> TokenStream {
        let (krate, ty, member) = (cx.krate(), &cx.field.ty, &cx.field.member);
        quote! {
            const NS: &'static str = <#ty as #krate::Version>::NEWEST;
            const NAMESPACES: &'static [&'static str] = <#ty as #krate::Version>::NAMESPACES;

            fn matches(el: #krate::ElementRef<'_>) -> bool {
                el.name() == Self::NAME && <#ty as #krate::Version>::of(el.ns()).is_some()
            }

            fn write(&self, w: &mut #krate::Writer<'_>) {
                let ns = <#ty as #krate::Version>::namespace(self.#member);
                #krate::Content::encode(self, w, Self::NAME, ns);
            }
        }
    }
}
