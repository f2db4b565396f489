//! Methods for what travels otherwise than in stanzas - nonzas, items of nodes, conversations of stream features -
//! and how they are installed.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::Skeleton;
use crate::model::{Exchange, Handler, Negotiation, Nonza, PubsubItem, Role};
use crate::render::{code, stanzas};

impl Skeleton<'_> {
    /// The methods of the trait.
    pub(super) fn beside_methods(&self) -> TokenStream {
        let session = &self.session;
        let nonzas = self.nonzas().map(|(nonza, handler)| {
            let (name, type_) = (code::ident(&handler.name), self.type_(&nonza.element.type_));
            let docs = docs(
                handler,
                &nonza.doc,
                format!("Handles `<{}/>`.", nonza.element.element.name),
            );
            let wire = &self.wire;
            quote! {
                #docs
                ///
                /// # Errors
                /// What ends the stream.
                fn #name(
                    self: &::std::sync::Arc<Self>,
                    cx: &mut #session::mux::NonzaContext<'_>,
                    nonza: #type_,
                ) -> ::core::result::Result<(), #wire::StreamError>;
            }
        });
        let items = self.items().map(|(item, handler)| {
            let (name, type_) = (code::ident(&handler.name), self.type_(&item.payload.type_));
            let docs = docs(
                handler,
                &item.doc,
                format!("What happened to items of `{}`.", item.node),
            );
            quote! {
                #docs
                fn #name(
                    self: &::std::sync::Arc<Self>,
                    cx: &#session::mux::StanzaContext<'_>,
                    changes: ::std::vec::Vec<#session::items::Change<#type_>>,
                ) -> #session::stages::Flow;
            }
        });
        let exchanges = self
            .exchanges()
            .map(|(_, exchange, handler)| self.exchange_methods(exchange, handler));
        quote!(#(#nonzas)* #(#items)* #(#exchanges)*)
    }

    fn exchange_methods(&self, exchange: &Exchange, handler: &Handler) -> TokenStream {
        let session = &self.session;
        let name = code::ident(&handler.name);
        let request = self.type_(&exchange.request.type_);
        let answer = self.type_(&exchange.answer.type_);
        let said = &exchange.request.element.name;
        if self.role == Role::Server {
            let docs = docs(
                handler,
                "",
                format!("Answers `<{said}/>`, before the session is ready."),
            );
            return quote! {
                #docs
                fn #name(
                    &self,
                    exchange: &mut #session::session::Exchange<'_>,
                    request: #request,
                ) -> impl ::core::future::Future<
                    Output = ::core::result::Result<#answer, #session::session::SessionError>,
                > + Send;
            };
        }
        let docs = docs(handler, "", format!("What `<{said}/>` was answered with."));
        let ask = format_ident!("{}_request", handler.name);
        let asks = code::docs(
            "",
            &format!("The `<{said}/>` that is sent when the server offers the feature."),
        );
        let has_default = self
            .model
            .type_(&exchange.request.type_)
            .is_some_and(|type_| stanzas::has_default(self.model, type_, 0));
        let body = if has_default {
            quote!({ ::core::default::Default::default() })
        } else {
            quote!(;)
        };
        quote! {
            #asks
            fn #ask(&self) -> #request #body

            #docs
            fn #name(
                &self,
                exchange: &mut #session::session::Exchange<'_>,
                answer: #answer,
            ) -> impl ::core::future::Future<
                Output = ::core::result::Result<(), #session::session::SessionError>,
            > + Send;
        }
    }

    /// The names of those methods.
    pub(super) fn beside_names(&self) -> impl Iterator<Item = &String> {
        let nonzas = self.nonzas().map(|(_, handler)| &handler.name);
        let items = self.items().map(|(_, handler)| &handler.name);
        let exchanges = self.exchanges().map(|(_, _, handler)| &handler.name);
        nonzas.chain(items).chain(exchanges)
    }

    /// The calls on the registrar.
    pub(super) fn install_beside(&self) -> TokenStream {
        let session = &self.session;
        let nonzas = self.nonzas().map(|(nonza, handler)| {
            let (name, type_) = (code::ident(&handler.name), self.type_(&nonza.element.type_));
            quote! {
                let plugin = ::std::sync::Arc::clone(&self.0);
                registrar.nonza(
                    move |cx: &mut #session::mux::NonzaContext<'_>, nonza: #type_| plugin.#name(cx, nonza),
                );
            }
        });
        let items = self.items().map(|(item, handler)| {
            let (name, type_) = (code::ident(&handler.name), self.type_(&item.payload.type_));
            let notify = format!("{}+notify", item.node);
            quote! {
                let plugin = ::std::sync::Arc::clone(&self.0);
                registrar.items(
                    #notify,
                    move |cx: &#session::mux::StanzaContext<'_>,
                          changes: ::std::vec::Vec<#session::items::Change<#type_>>| {
                        plugin.#name(cx, changes)
                    },
                );
            }
        });
        let exchanges = self.exchanges().map(|(row, _, handler)| {
            let (name, ns) = (&row.element.element.name, &row.element.element.namespace);
            let feature = self.feature(handler);
            let side = code::ident(if self.role == Role::Server { "Answering" } else { "Asking" });
            quote! {
                registrar.stream_feature(::std::sync::Arc::new(
                    #session::session::#side::new((#name, #ns), #feature(::std::sync::Arc::clone(&self.0))),
                ));
            }
        });
        quote!(#(#nonzas)* #(#items)* #(#exchanges)*)
    }

    /// What carries the conversations out, beside the plugin.
    pub(super) fn features(&self) -> TokenStream {
        let (session, trait_) = (&self.session, self.trait_name());
        let all = self.exchanges().map(|(_, exchange, handler)| {
            let (feature, name) = (self.feature(handler), code::ident(&handler.name));
            let request = self.type_(&exchange.request.type_);
            let answer = self.type_(&exchange.answer.type_);
            if self.role == Role::Server {
                return quote! {
                    struct #feature<T>(::std::sync::Arc<T>);

                    impl<T: #trait_> #session::session::Answers for #feature<T> {
                        type Request = #request;
                        type Answer = #answer;

                        fn answer(
                            &self,
                            exchange: &mut #session::session::Exchange<'_>,
                            request: #request,
                        ) -> impl ::core::future::Future<
                            Output = ::core::result::Result<#answer, #session::session::SessionError>,
                        > + Send {
                            self.0.#name(exchange, request)
                        }
                    }
                };
            }
            let ask = format_ident!("{}_request", handler.name);
            quote! {
                struct #feature<T>(::std::sync::Arc<T>);

                impl<T: #trait_> #session::session::Asks for #feature<T> {
                    type Request = #request;
                    type Answer = #answer;

                    fn request(&self) -> #request {
                        self.0.#ask()
                    }

                    fn answered(
                        &self,
                        exchange: &mut #session::session::Exchange<'_>,
                        answer: #answer,
                    ) -> impl ::core::future::Future<
                        Output = ::core::result::Result<(), #session::session::SessionError>,
                    > + Send {
                        self.0.#name(exchange, answer)
                    }
                }
            }
        });
        quote!(#(#all)*)
    }

    fn feature(&self, handler: &Handler) -> proc_macro2::Ident {
        format_ident!("{}{}Feature", self.trait_name(), code::camel(&handler.name))
    }

    fn nonzas(&self) -> impl Iterator<Item = (&Nonza, &Handler)> {
        let nonzas = self.spec.nonzas.iter();
        nonzas.flat_map(|nonza| {
            self.mine(&nonza.handlers)
                .map(move |handler| (nonza, handler))
        })
    }

    fn items(&self) -> impl Iterator<Item = (&PubsubItem, &Handler)> {
        let items = self.spec.items.iter();
        items.flat_map(|item| {
            self.mine(&item.handlers)
                .map(move |handler| (item, handler))
        })
    }

    fn exchanges(&self) -> impl Iterator<Item = (&Negotiation, &Exchange, &Handler)> {
        self.spec.negotiations.iter().flat_map(move |row| {
            let exchange = row.exchange.iter();
            exchange.flat_map(move |exchange| {
                self.mine(&exchange.handlers)
                    .map(move |handler| (row, exchange, handler))
            })
        })
    }

    fn mine<'a>(&self, handlers: &'a [Handler]) -> impl Iterator<Item = &'a Handler> + use<'a> {
        let role = self.role;
        handlers.iter().filter(move |handler| handler.role == role)
    }
}

/// The documentation of a handler: its own, else that of what it handles.
fn docs(handler: &Handler, of: &str, otherwise: String) -> TokenStream {
    let doc = if handler.doc.is_empty() {
        of
    } else {
        &handler.doc
    };
    code::docs(doc, &otherwise)
}
