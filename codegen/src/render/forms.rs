//! Types of data forms: a struct each, which reads a form and writes one.
//!
//! They are written over the types of the specification of Data Forms, whose names are taken for granted here.

use proc_macro2::TokenStream;
use quote::quote;
use sestina_expand::model as expand;

use super::code::{self, From};
use super::stanzas;
use crate::model::{DataForm, FormField, FormFieldType, Model, Spec};
use crate::resolve::names;

/// The module `forms` of a spec, where it has any.
pub(super) fn module(model: &Model, spec: &Spec) -> TokenStream {
    if spec.forms.is_empty() {
        return TokenStream::new();
    }
    let cx = Context {
        wire: code::path(&model.paths.wire),
        forms: code::spec_path(model, "xep-0004", "xep_0004", From::Types(2)),
    };
    let forms = spec.forms.iter().map(|form| cx.form(form));
    let (wire, path) = (&cx.wire, &cx.forms);
    quote! {
        /// Data forms of certain types (XEP-0068).
        pub mod forms {
            #(#forms)*

            /// A field as it is written; none where it has no value and is not asked for either.
            fn field(
                var: &str,
                values: ::core::option::Option<#wire::List<#wire::Text>>,
                asked: ::core::option::Option<(#path::FieldType, bool, &str, &[&str])>,
            ) -> ::core::option::Option<#path::Field> {
                let mut field = #path::Field {
                    var: ::core::option::Option::Some(var.into()),
                    ..::core::default::Default::default()
                };
                match (values, asked) {
                    (::core::option::Option::None, ::core::option::Option::None) => {
                        return ::core::option::Option::None;
                    }
                    (values, asked) => {
                        field.values = values.unwrap_or_default();
                        if let ::core::option::Option::Some((type_, required, label, options)) = asked {
                            field.type_ = ::core::option::Option::Some(type_);
                            field.required = required;
                            field.label = (!label.is_empty()).then(|| label.into());
                            let options = options.iter().copied();
                            // Clients show a choice without a label as an empty line.
                            field.options = options
                                .map(|value| #path::OptionElement {
                                    label: ::core::option::Option::Some(value.into()),
                                    ..#path::OptionElement::new(value.into())
                                })
                                .collect();
                        }
                    }
                }
                ::core::option::Option::Some(field)
            }
        }
    }
}

struct Context {
    wire: syn::Path,
    /// The types of Data Forms.
    forms: syn::Path,
}

impl Context {
    fn form(&self, form: &DataForm) -> TokenStream {
        let (wire, forms) = (&self.wire, &self.forms);
        let (name, form_type) = (code::ident(&form.rust), &form.form_type);
        let docs = code::docs(&form.doc, &format!("A form of type `{form_type}`."));
        let choices = form.fields.iter().filter_map(|field| self.choice(field));
        let defined = form.fields.iter().map(|field| {
            let (ident, ty) = (code::ident(&field.rust), self.value(field));
            let doc = if field.doc.is_empty() {
                &field.label
            } else {
                &field.doc
            };
            let docs = code::docs(doc, &format!("The field `{}`.", field.var));
            if field.type_.is_multi() {
                quote!(#docs pub #ident: ::core::option::Option<::std::vec::Vec<#ty>>,)
            } else {
                quote!(#docs pub #ident: ::core::option::Option<#ty>,)
            }
        });
        let reads = form.fields.iter().map(|field| {
            let (ident, var) = (code::ident(&field.rust), &field.var);
            let read = code::ident(if field.type_.is_multi() {
                "many"
            } else {
                "one"
            });
            quote! {
                ::core::option::Option::Some(#var) => {
                    this.#ident = #wire::form::#read(Self::FORM_TYPE, #var, &field.values)?;
                }
            }
        });
        let required = form.fields.iter().filter(|field| field.required).map(|field| {
            let (ident, var) = (code::ident(&field.rust), &field.var);
            quote! {
                if submitted && this.#ident.is_none() {
                    return ::core::result::Result::Err(#wire::form::FormError::missing(Self::FORM_TYPE, #var));
                }
            }
        });
        let writes = form.fields.iter().map(|field| {
            let (ident, var, label) = (code::ident(&field.rust), &field.var, &field.label);
            let of = code::ident(if field.type_.is_multi() {
                "of_many"
            } else {
                "of_one"
            });
            let (type_, required) = (self.field_type(field.type_), field.required);
            let options = field.options.iter().map(|option| &option.value);
            quote! {
                fields.extend(field(
                    #var,
                    #wire::form::#of(&self.#ident),
                    asked.then_some((#type_, #required, #label, &[#(#options),*])),
                ));
            }
        });
        quote! {
            #(#choices)*

            #docs
            #[derive(Clone, Debug, Default, PartialEq)]
            pub struct #name {
                #(#defined)*
                /// Fields that are not of this type.
                pub other: ::std::vec::Vec<#forms::Field>,
            }

            #[allow(unused_variables)]
            impl #name {
                /// The `FORM_TYPE`.
                pub const FORM_TYPE: &'static str = #form_type;

                /// Reads a form: one of this type, or one that does not say its type.
                ///
                /// # Errors
                /// When it is of another type, a value is not what its field holds, or a form that was sent in lacks
                /// a required field.
                pub fn read(
                    form: &#forms::Form,
                ) -> ::core::result::Result<Self, #wire::form::FormError> {
                    let mut this = Self::default();
                    let submitted = ::core::matches!(form.type_, #forms::FormType::Submit);
                    for field in &form.fields {
                        match field.var.as_deref() {
                            ::core::option::Option::Some("FORM_TYPE") => {
                                if let ::core::option::Option::Some(found) = field.values.first()
                                    && **found != *Self::FORM_TYPE
                                {
                                    return ::core::result::Result::Err(
                                        #wire::form::FormError::other_type(Self::FORM_TYPE, found.clone()),
                                    );
                                }
                            }
                            #(#reads)*
                            _ => this.other.push(field.clone()),
                        }
                    }
                    #(#required)*
                    ::core::result::Result::Ok(this)
                }

                /// Writes a form: to be filled in with all its fields, what these have being proposed; else with
                /// those that have a value.
                #[must_use]
                pub fn write(&self, type_: #forms::FormType) -> #forms::Form {
                    let mut form = #forms::Form::new(type_);
                    form.fields.extend(field(
                        "FORM_TYPE",
                        #wire::form::of_one(&::core::option::Option::Some(#wire::Text::from(Self::FORM_TYPE))),
                        ::core::option::Option::Some((#forms::FieldType::Hidden, false, "", &[])),
                    ));
                    self.add_to(&mut form);
                    form
                }

                /// Adds the fields to a form of this type that is there.
                pub fn add_to(&self, form: &mut #forms::Form) {
                    let asked = ::core::matches!(form.type_, #forms::FormType::Form);
                    let fields = &mut form.fields;
                    #(#writes)*
                    fields.extend(self.other.iter().cloned());
                }
            }
        }
    }

    /// The type of the values of a field that has options.
    fn choice(&self, field: &FormField) -> Option<TokenStream> {
        let (name, wire) = (code::ident(field.choice.as_ref()?), &self.wire);
        let docs = code::docs("", &format!("What the field `{}` may hold.", field.var));
        let defined = field.options.iter().map(|option| {
            let ident = code::ident(&option.rust);
            let docs = code::docs("", &format!("`{}`.", option.value));
            quote!(#docs #ident,)
        });
        let words = expand::TextEnum {
            values: field
                .options
                .iter()
                .map(|option| (code::ident(&option.rust), option.value.clone()))
                .collect(),
            other: Some(code::ident("Other")),
        };
        let item = expand::Item::new(
            &name.to_string(),
            wire.clone(),
            expand::Shape::TextEnum(words),
        );
        let codec = sestina_expand::expand(&item);
        Some(quote! {
            #docs
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            pub enum #name {
                #(#defined)*
                /// Any other word.
                Other(#wire::Text),
            }
            #codec
        })
    }

    fn value(&self, field: &FormField) -> syn::Type {
        match &field.choice {
            Some(choice) => {
                let choice = code::ident(choice);
                syn::parse_quote!(#choice)
            }
            None => stanzas::value(&self.wire, &field.value),
        }
    }

    fn field_type(&self, type_: FormFieldType) -> TokenStream {
        let forms = &self.forms;
        let variant = code::ident(&names::variant_name(type_.name()));
        quote!(#forms::FieldType::#variant)
    }
}
