//! Skeletons: for each spec what a plugin must answer, and how the answers are installed.

mod beside;
mod install;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{
    code::{self, From},
    settings,
};
use crate::model::{
    Answer, Handler, Iq, IqType, Model, Negotiation, Role, Spec, Stage, StageAt, StanzaKind,
    Streams, Traveller, TypeRef,
};
use crate::output::Output;

pub(super) use install::senders;

/// `skeletons.rs`, which includes one file a spec.
pub(super) fn render(model: &Model) -> Vec<Output> {
    let mut outputs: Vec<Output> = model
        .own_specs()
        .map(|spec| {
            Output::new(
                format!("skeletons/{}.rs", spec.module),
                code::file(&format!("specs/{}", spec.id), &module(model, spec)),
            )
        })
        .collect();
    let modules = model.own_specs().map(|spec| {
        let name = code::ident(&spec.module);
        let file = format!("/skeletons/{}.rs", spec.module);
        let docs = super::specs::module_docs(spec);
        quote! {
            #docs
            pub mod #name {
                include!(concat!(env!("OUT_DIR"), #file));
            }
        }
    });
    outputs.push(Output::new(
        "skeletons.rs",
        code::file("the specifications", &quote!(#(#modules)*)),
    ));
    outputs
}

/// Whether a plugin has something to do for a spec in this role. Where it has not, the generated plugin does
/// all there is: it announces the spec and removes what nobody may claim.
pub(super) fn has_trait(spec: &Spec, role: Role) -> bool {
    spec.roles.contains(&role)
        || spec.handlers().any(|(handler, _)| handler.role == role)
        || (role == Role::Server && !(spec.stages.is_empty() && offered(spec).next().is_none()))
}

/// What a server offers on a stream. That of a component has no features (XEP-0114 §3).
fn offered(spec: &Spec) -> impl Iterator<Item = &Negotiation> {
    let rows = spec.negotiations.iter();
    rows.filter(|row| row.streams != Streams::Component)
}

/// One spec's module.
fn module(model: &Model, spec: &Spec) -> TokenStream {
    let settings = settings::of(model, spec);
    let roles = Role::ALL.map(|role| {
        Skeleton {
            model,
            spec,
            role,
            wire: code::path(&model.paths.wire),
            session: code::path(&model.paths.session),
            types: code::spec_path(model, &spec.id, &spec.module, From::Outside),
        }
        .render()
    });
    quote! {
        #settings
        #(#roles)*
    }
}

/// A spec in one role.
struct Skeleton<'a> {
    model: &'a Model,
    spec: &'a Spec,
    role: Role,
    wire: syn::Path,
    session: syn::Path,
    types: syn::Path,
}

impl Skeleton<'_> {
    fn render(&self) -> TokenStream {
        if has_trait(self.spec, self.role) {
            let trait_ = self.trait_();
            let plugin = self.plugin();
            quote!(#trait_ #plugin)
        } else {
            self.passive()
        }
    }

    /// The trait: one method for each handler and stage function.
    fn trait_(&self) -> TokenStream {
        let (session, name) = (&self.session, self.trait_name());
        let docs = code::docs(
            &format!(
                "What a {} answers for {}, {}.",
                self.role.name(),
                self.spec.number,
                self.spec.title
            ),
            "",
        );
        let iqs = self.iqs().map(|(iq, handler)| self.iq_method(iq, handler));
        let travellers = self
            .travellers()
            .map(|(_, traveller, handler)| self.traveller_method(traveller, handler));
        let stages = self.stages().map(|stage| self.stage_method(stage));
        let beside = self.beside_methods();
        let who = format!(
            "`{{Self}}` does not answer {} as a {}",
            self.spec.number,
            self.role.name()
        );
        let label = format!(
            "needs `impl {}::{} for {{Self}}`",
            self.spec.module,
            code::camel(self.role.name())
        );
        let names = self
            .iqs()
            .map(|(_, handler)| &handler.name)
            .chain(self.travellers().map(|(_, _, handler)| &handler.name))
            .chain(self.stages().map(|stage| &stage.name))
            .chain(self.beside_names());
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        let note = format!(
            "the specification promises what these methods do: `new`{}",
            names
                .iter()
                .map(|name| format!(", {name}"))
                .collect::<String>()
        );
        quote! {
            #docs
            #[diagnostic::on_unimplemented(message = #who, label = #label, note = #note)]
            pub trait #name: Send + Sync + Sized + 'static {
                /// Makes the plugin.
                ///
                /// # Errors
                /// What keeps it from doing its work: the host then does not start.
                fn new(
                    setup: &#session::plugin::Setup<'_, Settings>,
                ) -> ::core::result::Result<Self, #session::plugin::PluginError>;

                #(#iqs)*
                #(#travellers)*
                #(#stages)*
                #beside

                /// Registers what the specification does not say, after all that it says.
                ///
                /// # Errors
                /// When it contradicts what is there.
                fn install(
                    self: &::std::sync::Arc<Self>,
                    registrar: &mut #session::plugin::Registrar<'_>,
                ) -> ::core::result::Result<(), #session::plugin::PluginError> {
                    let _ = registrar;
                    ::core::result::Result::Ok(())
                }

                /// Called once all plugins are installed, before the first session.
                fn start(
                    &self,
                ) -> impl ::core::future::Future<
                    Output = ::core::result::Result<(), #session::plugin::PluginError>,
                > + Send {
                    async { ::core::result::Result::Ok(()) }
                }

                /// Called after the last session.
                fn stop(&self) -> impl ::core::future::Future<Output = ()> + Send {
                    async {}
                }
            }
        }
    }

    fn iq_method(&self, iq: &Iq, handler: &Handler) -> TokenStream {
        let (wire, session) = (&self.wire, &self.session);
        let name = code::ident(&handler.name);
        let request = self.type_(&iq.request.type_);
        let answer = self.answer(iq);
        let doc = if handler.doc.is_empty() {
            &iq.doc
        } else {
            &handler.doc
        };
        let verb = match iq.type_ {
            IqType::Get => "get",
            IqType::Set => "set",
        };
        let docs = code::docs(
            doc,
            &format!(
                "Answers `<iq type='{verb}'><{}/></iq>`.",
                iq.request.element.name
            ),
        );
        quote! {
            #docs
            fn #name(
                &self,
                cx: &#session::mux::IqContext,
                request: #request,
            ) -> impl ::core::future::Future<
                Output = ::core::result::Result<#answer, #wire::StanzaError>,
            > + Send;
        }
    }

    fn traveller_method(&self, traveller: &Traveller, handler: &Handler) -> TokenStream {
        let session = &self.session;
        let name = code::ident(&handler.name);
        let payload = self.type_(&traveller.payload.type_);
        let doc = if handler.doc.is_empty() {
            &traveller.doc
        } else {
            &handler.doc
        };
        let docs = code::docs(
            doc,
            &format!("Handles `<{}/>`.", traveller.payload.element.name),
        );
        if handler.waits {
            return quote! {
                #docs
                fn #name(
                    &self,
                    cx: &#session::mux::Received,
                    payload: #payload,
                ) -> impl ::core::future::Future<Output = #session::stages::Flow> + Send;
            };
        }
        quote! {
            #docs
            fn #name(
                self: &::std::sync::Arc<Self>,
                cx: &#session::mux::StanzaContext<'_>,
                payload: #payload,
            ) -> #session::stages::Flow;
        }
    }

    fn stage_method(&self, stage: &Stage) -> TokenStream {
        let session = &self.session;
        let name = code::ident(&stage.name);
        let docs = code::docs(&stage.doc, "Joins a stage.");
        let parameter = match stage.at {
            StageAt::SessionStart | StageAt::SessionEnd => {
                quote!(resource: &::std::sync::Arc<#session::host::Resource>)
            }
            _ => quote!(delivery: &mut #session::stages::Delivery),
        };
        quote! {
            #docs
            fn #name(
                self: &::std::sync::Arc<Self>,
                cx: &#session::stages::StageContext,
                #parameter,
            ) -> #session::stages::Flow;
        }
    }

    /// The function that makes a plugin of whatever implements the trait.
    fn plugin(&self) -> TokenStream {
        let (session, wire, types) = (&self.session, &self.wire, &self.types);
        let (function, trait_) = (self.function_name(), self.trait_name());
        let plugin = format_ident!("{}Plugin", trait_);
        let docs = code::docs(
            &format!(
                "An installable plugin for {} of whatever answers as a {}.",
                self.spec.number,
                self.role.name()
            ),
            "",
        );
        let iqs = self.iqs().map(|(iq, handler)| self.install_iq(iq, handler));
        let travellers = self
            .travellers()
            .map(|(kind, traveller, handler)| self.install_traveller(kind, traveller, handler));
        let stages = self.stages().map(|stage| self.install_stage(stage));
        let strips = self.strips();
        let rows = self.rows();
        let beside = self.install_beside();
        let features = self.features();
        quote! {
            #docs
            ///
            /// # Errors
            /// What `new` of the plugin returns.
            pub fn #function<T: #trait_>(
                setup: &#session::plugin::Setup<'_, Settings>,
            ) -> ::core::result::Result<
                ::std::sync::Arc<dyn #session::plugin::Plugin>,
                #session::plugin::PluginError,
            > {
                ::core::result::Result::Ok(::std::sync::Arc::new(
                    #plugin(::std::sync::Arc::new(T::new(setup)?)),
                ))
            }

            struct #plugin<T>(::std::sync::Arc<T>);

            #features

            impl<T: #trait_> #session::plugin::Plugin for #plugin<T> {
                fn spec(&self) -> &'static #wire::dispatch::SpecInfo {
                    &#types::SPEC
                }

                fn install(
                    self: ::std::sync::Arc<Self>,
                    registrar: &mut #session::plugin::Registrar<'_>,
                ) -> ::core::result::Result<(), #session::plugin::PluginError> {
                    registrar.announce(&#session::plugin::Handles::skeleton());
                    #rows
                    #strips
                    #(#iqs)*
                    #(#travellers)*
                    #(#stages)*
                    #beside
                    registrar.host().extensions().insert(::std::sync::Arc::clone(&self.0));
                    self.0.install(registrar)
                }

                fn start(&self) -> ::core::pin::Pin<::std::boxed::Box<
                    dyn ::core::future::Future<
                        Output = ::core::result::Result<(), #session::plugin::PluginError>,
                    > + Send + '_,
                >> {
                    ::std::boxed::Box::pin(self.0.start())
                }

                fn stop(&self) -> ::core::pin::Pin<::std::boxed::Box<
                    dyn ::core::future::Future<Output = ()> + Send + '_,
                >> {
                    ::std::boxed::Box::pin(self.0.stop())
                }
            }
        }
    }

    /// The function for a role in which there is nothing to answer.
    fn passive(&self) -> TokenStream {
        let (session, wire, types) = (&self.session, &self.wire, &self.types);
        let function = self.function_name();
        let plugin = format_ident!("{}Plugin", self.trait_name());
        let docs = code::docs(
            &format!(
                "An installable plugin for {}. A {} has nothing to answer for it.",
                self.spec.number,
                self.role.name()
            ),
            "",
        );
        let strips = self.strips();
        quote! {
            #docs
            ///
            /// # Errors
            /// None; the signature is that of every specification.
            pub fn #function(
                _setup: &#session::plugin::Setup<'_, Settings>,
            ) -> ::core::result::Result<
                ::std::sync::Arc<dyn #session::plugin::Plugin>,
                #session::plugin::PluginError,
            > {
                ::core::result::Result::Ok(::std::sync::Arc::new(#plugin))
            }

            struct #plugin;

            impl #session::plugin::Plugin for #plugin {
                fn spec(&self) -> &'static #wire::dispatch::SpecInfo {
                    &#types::SPEC
                }

                fn install(
                    self: ::std::sync::Arc<Self>,
                    registrar: &mut #session::plugin::Registrar<'_>,
                ) -> ::core::result::Result<(), #session::plugin::PluginError> {
                    registrar.announce(&#session::plugin::Handles::skeleton());
                    #strips
                    ::core::result::Result::Ok(())
                }
            }
        }
    }

    fn iqs(&self) -> impl Iterator<Item = (&Iq, &Handler)> {
        self.spec.iqs.iter().flat_map(|iq| {
            iq.handlers
                .iter()
                .filter(|handler| handler.role == self.role)
                .map(move |handler| (iq, handler))
        })
    }

    fn travellers(&self) -> impl Iterator<Item = (StanzaKind, &Traveller, &Handler)> {
        let messages = self.spec.messages.iter().map(|t| (StanzaKind::Message, t));
        let presences = self
            .spec
            .presences
            .iter()
            .map(|t| (StanzaKind::Presence, t));
        messages.chain(presences).flat_map(|(kind, traveller)| {
            traveller
                .handlers
                .iter()
                .filter(|handler| handler.role == self.role)
                .map(move |handler| (kind, traveller, handler))
        })
    }

    /// Stages are a server's.
    fn stages(&self) -> impl Iterator<Item = &Stage> {
        let server = self.role == Role::Server;
        self.spec.stages.iter().filter(move |_| server)
    }

    fn trait_name(&self) -> Ident {
        code::ident(&code::camel(self.role.name()))
    }

    fn function_name(&self) -> Ident {
        code::ident(self.role.name())
    }

    fn answer(&self, iq: &Iq) -> TokenStream {
        let session = &self.session;
        match &iq.answer {
            Answer::Empty => quote!(#session::mux::Empty),
            Answer::Element(element) => {
                let path = self.type_(&element.type_);
                if iq.answer_optional {
                    quote!(#session::mux::OrEmpty<#path>)
                } else {
                    quote!(#path)
                }
            }
        }
    }

    fn type_(&self, type_: &TypeRef) -> syn::Path {
        code::type_path(self.model, type_, From::Outside)
    }
}
