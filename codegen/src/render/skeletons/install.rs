//! How what a spec promises is installed: calls on the registrar, with the senders and scopes of the spec.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Skeleton;
use crate::model::{
    Answer, Handler, Iq, IqType, Role, Scope, Sender, Stage, StageAt, StanzaKind, Traveller,
    TypeRef,
};
use crate::render::code;

impl Skeleton<'_> {
    pub(super) fn install_iq(&self, iq: &Iq, handler: &Handler) -> TokenStream {
        let (wire, session) = (&self.wire, &self.session);
        let request = self.type_(&iq.request.type_);
        let scopes = self.scopes(&handler.scopes);
        let only = self.only(handler);
        let senders = self.senders(&iq.from);
        let call = self.call(iq, handler);
        let type_ = match iq.type_ {
            IqType::Get => quote!(Get),
            IqType::Set => quote!(Set),
        };
        quote! {
            let plugin = ::std::sync::Arc::clone(&self.0);
            registrar.promised_iq(
                #session::plugin::IqRow {
                    type_: #wire::StanzaType::#type_,
                    scopes: #scopes,
                    only: #only,
                    senders: #senders,
                },
                move |cx: #session::mux::IqContext, request: #request| {
                    let plugin = ::std::sync::Arc::clone(&plugin);
                    #call
                },
            )?;
        }
    }

    pub(super) fn install_traveller(
        &self,
        kind: StanzaKind,
        traveller: &Traveller,
        handler: &Handler,
    ) -> TokenStream {
        let session = &self.session;
        let name = code::ident(&handler.name);
        let payload = self.type_(&traveller.payload.type_);
        let scopes = self.scopes(&handler.scopes);
        let only = self.only(handler);
        let senders = self.senders(&traveller.from);
        let call = if handler.waits {
            quote!({
                let (plugin, cx) = (::std::sync::Arc::clone(&plugin), cx.received());
                #session::stages::Flow::wait(async move { plugin.#name(&cx, payload).await })
            })
        } else {
            quote!({ plugin.#name(cx, payload) })
        };
        let register = match kind {
            StanzaKind::Presence => quote!(promised_presence),
            StanzaKind::Message | StanzaKind::Iq => quote!(promised_message),
        };
        quote! {
            let plugin = ::std::sync::Arc::clone(&self.0);
            registrar.#register(
                #session::plugin::StanzaRow {
                    scopes: #scopes,
                    only: #only,
                    senders: #senders,
                },
                move |cx: &#session::mux::StanzaContext<'_>, payload: #payload| #call,
            );
        }
    }

    pub(super) fn install_stage(&self, stage: &Stage) -> TokenStream {
        let (wire, session) = (&self.wire, &self.session);
        let (id, text, name) = (&self.spec.id, &stage.name, code::ident(&stage.name));
        let after = stage.after.iter().map(|spec| &spec.id);
        let before = stage.before.iter().map(|spec| &spec.id);
        let place = quote! {
            #session::stages::Place {
                spec: #id,
                name: #text,
                after: &[#(#after),*],
                before: &[#(#before),*],
            }
        };
        let resource = quote! {
            move |cx: &#session::stages::StageContext,
                  resource: &::std::sync::Arc<#session::host::Resource>| plugin.#name(cx, resource)
        };
        let install = match stage.at {
            StageAt::SessionStart => quote!(registrar.session_start(#place, #resource);),
            StageAt::SessionEnd => quote!(registrar.session_end(#place, #resource);),
            at => {
                let at = stage_name(at);
                let kinds = kinds(wire, &stage.kinds);
                quote! {
                    registrar.stage(
                        #session::stages::Stage::#at,
                        #kinds,
                        #place,
                        move |cx: &#session::stages::StageContext,
                              delivery: &mut #session::stages::Delivery| {
                            plugin.#name(cx, delivery)
                        },
                    );
                }
            }
        };
        quote! {
            let plugin = ::std::sync::Arc::clone(&self.0);
            #install
        }
    }

    /// Calls a handler; an answer of the same schema is in the namespace that the request was in.
    fn call(&self, iq: &Iq, handler: &Handler) -> TokenStream {
        let name = code::ident(&handler.name);
        let plain = quote!(async move { plugin.#name(&cx, request).await });
        let Answer::Element(answer) = &iq.answer else {
            return plain;
        };
        let field = |type_: &TypeRef| {
            let field = self.model.type_(type_)?.version()?;
            Some((code::ident(&field.name), &field.type_))
        };
        let (Some((asked, one)), Some((answered, other))) =
            (field(&iq.request.type_), field(&answer.type_))
        else {
            return plain;
        };
        if one != other {
            return plain;
        }
        let set = if iq.answer_optional {
            let session = &self.session;
            quote! {
                if let #session::mux::OrEmpty::Payload(answer) = &mut answer {
                    answer.#answered = version;
                }
            }
        } else {
            quote!(answer.#answered = version;)
        };
        quote! {
            let version = request.#asked;
            async move {
                let mut answer = plugin.#name(&cx, request).await?;
                #set
                ::core::result::Result::Ok(answer)
            }
        }
    }

    /// Removal of what only certain senders may assert.
    pub(super) fn strips(&self) -> TokenStream {
        let wire = &self.wire;
        let messages = self.spec.messages.iter().map(|t| (StanzaKind::Message, t));
        let presences = self
            .spec
            .presences
            .iter()
            .map(|t| (StanzaKind::Presence, t));
        let strips = messages
            .chain(presences)
            .filter(|(_, traveller)| traveller.strip)
            .flat_map(|(kind, traveller)| {
                let older = self.model.older(&traveller.payload.type_).iter();
                let own = &traveller.payload.element.namespace;
                std::iter::once(own)
                    .chain(older)
                    .map(move |namespace| (kind, traveller, namespace))
            })
            .map(|(kind, traveller, namespace)| {
                let name = &traveller.payload.element.name;
                let kinds = kinds(wire, &[kind]);
                let senders = self.senders(&traveller.from);
                quote!(registrar.strip(#kinds, #name, #namespace, #senders);)
            });
        quote!(#(#strips)*)
    }

    /// The spec's rows of the negotiation table, which is that of streams between clients and servers.
    pub(super) fn rows(&self) -> TokenStream {
        if self.role == Role::Component || super::offered(self.spec).next().is_none() {
            return TokenStream::new();
        }
        let types = &self.types;
        quote! {
            for row in #types::NEGOTIATION {
                registrar.negotiation(*row);
            }
        }
    }

    fn scopes(&self, scopes: &[Scope]) -> TokenStream {
        let wire = &self.wire;
        let scopes = scopes.iter().map(|scope| match scope {
            Scope::Host => quote!(#wire::dispatch::Scope::Host),
            Scope::OwnAccount => quote!(#wire::dispatch::Scope::OwnAccount),
            Scope::OtherAccount => quote!(#wire::dispatch::Scope::OtherAccount),
            Scope::Service(name) => quote!(#wire::dispatch::Scope::Service(#name)),
            Scope::Client => quote!(#wire::dispatch::Scope::Client),
        });
        quote!(&[#(#scopes),*])
    }

    /// The node and the type of form that a handler answers for.
    fn only(&self, handler: &Handler) -> TokenStream {
        let wire = &self.wire;
        if handler.node.is_none() && handler.form.is_none() {
            return quote!(#wire::dispatch::Only::ANY);
        }
        let text = |text: &Option<String>| match text {
            Some(text) => quote!(::core::option::Option::Some(#text)),
            None => quote!(::core::option::Option::None),
        };
        let (node, form) = (text(&handler.node), text(&handler.form));
        quote!(#wire::dispatch::Only { node: #node, form: #form })
    }

    fn senders(&self, of: &[Sender]) -> TokenStream {
        senders(&self.wire, of)
    }
}

/// Who may send something.
pub(in crate::render) fn senders(wire: &syn::Path, senders: &[Sender]) -> TokenStream {
    let senders = senders.iter().map(|sender| match sender {
        Sender::Anyone => quote!(#wire::dispatch::Sender::Anyone),
        Sender::OwnAccount => quote!(#wire::dispatch::Sender::OwnAccount),
        Sender::Server => quote!(#wire::dispatch::Sender::Server),
        Sender::Contact => quote!(#wire::dispatch::Sender::Contact),
        Sender::Room => quote!(#wire::dispatch::Sender::Room),
        Sender::NodeOwner => quote!(#wire::dispatch::Sender::NodeOwner),
    });
    quote!(&[#(#senders),*])
}

/// The kinds of stanza that are met; none given means all.
fn kinds(wire: &syn::Path, kinds: &[StanzaKind]) -> TokenStream {
    const ALL: &[StanzaKind] = &[StanzaKind::Message, StanzaKind::Presence, StanzaKind::Iq];
    let kinds = if kinds.is_empty() { ALL } else { kinds };
    let kinds = kinds.iter().map(|kind| match kind {
        StanzaKind::Message => quote!(#wire::Kind::Message),
        StanzaKind::Presence => quote!(#wire::Kind::Presence),
        StanzaKind::Iq => quote!(#wire::Kind::Iq),
    });
    quote!(&[#(#kinds),*])
}

fn stage_name(at: StageAt) -> Ident {
    code::ident(match at {
        StageAt::Received => "Received",
        StageAt::BeforeRouting => "BeforeRouting",
        StageAt::AccountDelivery => "AccountDelivery",
        StageAt::Resource => "Resource",
        StageAt::Undeliverable => "Undeliverable",
        StageAt::BeforeWrite => "BeforeWrite",
        StageAt::SessionStart => "SessionStart",
        StageAt::SessionEnd => "SessionEnd",
    })
}
