// Generated from specs/xep-0005 by sestina-codegen. Do not edit.

/// The settings of XEP-0005, Gates.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Whether the specification is in use.
    pub enabled: bool,
    /// Whether a configuration says itself that it is to be in use.
    pub asked: bool,
}
impl ::core::default::Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            asked: false,
        }
    }
}
impl Settings {
    /// These settings with some of them changed.
    #[must_use]
    pub fn with(mut self, changes: Changes) -> Self {
        if let ::core::option::Option::Some(enabled) = changes.enabled {
            self.enabled = enabled;
            self.asked = enabled;
        }
        self
    }
}
impl<'de> ::serde::Deserialize<'de> for Settings {
    fn deserialize<D: ::serde::Deserializer<'de>>(
        deserializer: D,
    ) -> ::core::result::Result<Self, D::Error> {
        <Changes as ::serde::Deserialize>::deserialize(deserializer)
            .map(|changes| Self::default().with(changes))
    }
}
/// What a configuration file says of the settings; what it does not name stays as it is.
#[derive(Clone, Debug, Default, ::serde::Deserialize)]
#[serde(crate = "::serde", deny_unknown_fields)]
pub struct Changes {
    /// Whether the specification is in use.
    #[serde(default)]
    pub enabled: ::core::option::Option<bool>,
}
/// What a server answers for XEP-0005, Gates.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer XEP-0005 as a server",
    label = "needs `impl xep_0005::Server for {Self}`",
    note = "the specification promises what these methods do: `new`, `hint`, `tick`, `knock`"
)]
pub trait Server: Send + Sync + Sized + 'static {
    /// Makes the plugin.
    ///
    /// # Errors
    /// What keeps it from doing its work: the host then does not start.
    fn new(
        setup: &::sestina_session::plugin::Setup<'_, Settings>,
    ) -> ::core::result::Result<Self, ::sestina_session::plugin::PluginError>;
    /// Handles `<hint/>`.
    fn hint(
        &self,
        cx: &::sestina_session::mux::Received,
        payload: ::sestina_types::xep_0005::Hint,
    ) -> impl ::core::future::Future<Output = ::sestina_session::stages::Flow> + Send;
    /// Counts.
    ///
    /// # Errors
    /// What ends the stream.
    fn tick(
        self: &::std::sync::Arc<Self>,
        cx: &mut ::sestina_session::mux::NonzaContext<'_>,
        nonza: ::sestina_types::xep_0005::Tick,
    ) -> ::core::result::Result<(), ::sestina_wire::StreamError>;
    /// Answers `<knock/>`, before the session is ready.
    fn knock(
        &self,
        exchange: &mut ::sestina_session::session::Exchange<'_>,
        request: ::sestina_types::xep_0005::Knock,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<
            ::sestina_types::xep_0005::Open,
            ::sestina_session::session::SessionError,
        >,
    > + Send;
    /// Registers what the specification does not say, after all that it says.
    ///
    /// # Errors
    /// When it contradicts what is there.
    fn install(
        self: &::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        let _ = registrar;
        ::core::result::Result::Ok(())
    }
    /// Called once all plugins are installed, before the first session.
    fn start(
        &self,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<(), ::sestina_session::plugin::PluginError>,
    > + Send {
        async { ::core::result::Result::Ok(()) }
    }
    /// Called after the last session.
    fn stop(&self) -> impl ::core::future::Future<Output = ()> + Send {
        async {}
    }
}
/// An installable plugin for XEP-0005 of whatever answers as a server.
///
/// # Errors
/// What `new` of the plugin returns.
pub fn server<T: Server>(
    setup: &::sestina_session::plugin::Setup<'_, Settings>,
) -> ::core::result::Result<
    ::std::sync::Arc<dyn ::sestina_session::plugin::Plugin>,
    ::sestina_session::plugin::PluginError,
> {
    ::core::result::Result::Ok(
        ::std::sync::Arc::new(ServerPlugin(::std::sync::Arc::new(T::new(setup)?))),
    )
}
struct ServerPlugin<T>(::std::sync::Arc<T>);
struct ServerKnockFeature<T>(::std::sync::Arc<T>);
impl<T: Server> ::sestina_session::session::Answers for ServerKnockFeature<T> {
    type Request = ::sestina_types::xep_0005::Knock;
    type Answer = ::sestina_types::xep_0005::Open;
    fn answer(
        &self,
        exchange: &mut ::sestina_session::session::Exchange<'_>,
        request: ::sestina_types::xep_0005::Knock,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<
            ::sestina_types::xep_0005::Open,
            ::sestina_session::session::SessionError,
        >,
    > + Send {
        self.0.knock(exchange, request)
    }
}
impl<T: Server> ::sestina_session::plugin::Plugin for ServerPlugin<T> {
    fn spec(&self) -> &'static ::sestina_wire::dispatch::SpecInfo {
        &::sestina_types::xep_0005::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        for row in ::sestina_types::xep_0005::NEGOTIATION {
            registrar.negotiation(*row);
        }
        let plugin = ::std::sync::Arc::clone(&self.0);
        registrar
            .promised_message(
                ::sestina_session::plugin::StanzaRow {
                    scopes: &[::sestina_wire::dispatch::Scope::OwnAccount],
                    only: ::sestina_wire::dispatch::Only::ANY,
                    senders: &[::sestina_wire::dispatch::Sender::Anyone],
                },
                move |
                    cx: &::sestina_session::mux::StanzaContext<'_>,
                    payload: ::sestina_types::xep_0005::Hint|
                {
                    let (plugin, cx) = (::std::sync::Arc::clone(&plugin), cx.received());
                    ::sestina_session::stages::Flow::wait(async move {
                        plugin.hint(&cx, payload).await
                    })
                },
            );
        let plugin = ::std::sync::Arc::clone(&self.0);
        registrar
            .nonza(move |
                cx: &mut ::sestina_session::mux::NonzaContext<'_>,
                nonza: ::sestina_types::xep_0005::Tick|
            plugin.tick(cx, nonza));
        registrar
            .stream_feature(
                ::std::sync::Arc::new(
                    ::sestina_session::session::Answering::new(
                        ("gate", "urn:example:gate"),
                        ServerKnockFeature(::std::sync::Arc::clone(&self.0)),
                    ),
                ),
            );
        registrar.host().extensions().insert(::std::sync::Arc::clone(&self.0));
        self.0.install(registrar)
    }
    fn start(
        &self,
    ) -> ::core::pin::Pin<
        ::std::boxed::Box<
            dyn ::core::future::Future<
                Output = ::core::result::Result<
                    (),
                    ::sestina_session::plugin::PluginError,
                >,
            > + Send + '_,
        >,
    > {
        ::std::boxed::Box::pin(self.0.start())
    }
    fn stop(
        &self,
    ) -> ::core::pin::Pin<
        ::std::boxed::Box<dyn ::core::future::Future<Output = ()> + Send + '_>,
    > {
        ::std::boxed::Box::pin(self.0.stop())
    }
}
/// What a client answers for XEP-0005, Gates.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer XEP-0005 as a client",
    label = "needs `impl xep_0005::Client for {Self}`",
    note = "the specification promises what these methods do: `new`, `seen`, `opened`"
)]
pub trait Client: Send + Sync + Sized + 'static {
    /// Makes the plugin.
    ///
    /// # Errors
    /// What keeps it from doing its work: the host then does not start.
    fn new(
        setup: &::sestina_session::plugin::Setup<'_, Settings>,
    ) -> ::core::result::Result<Self, ::sestina_session::plugin::PluginError>;
    /// When somebody passed.
    fn seen(
        self: &::std::sync::Arc<Self>,
        cx: &::sestina_session::mux::StanzaContext<'_>,
        changes: ::std::vec::Vec<
            ::sestina_session::items::Change<::sestina_types::xep_0005::Seen>,
        >,
    ) -> ::sestina_session::stages::Flow;
    /// The `<knock/>` that is sent when the server offers the feature.
    fn opened_request(&self) -> ::sestina_types::xep_0005::Knock {
        ::core::default::Default::default()
    }
    /// What `<knock/>` was answered with.
    fn opened(
        &self,
        exchange: &mut ::sestina_session::session::Exchange<'_>,
        answer: ::sestina_types::xep_0005::Open,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<(), ::sestina_session::session::SessionError>,
    > + Send;
    /// Registers what the specification does not say, after all that it says.
    ///
    /// # Errors
    /// When it contradicts what is there.
    fn install(
        self: &::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        let _ = registrar;
        ::core::result::Result::Ok(())
    }
    /// Called once all plugins are installed, before the first session.
    fn start(
        &self,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<(), ::sestina_session::plugin::PluginError>,
    > + Send {
        async { ::core::result::Result::Ok(()) }
    }
    /// Called after the last session.
    fn stop(&self) -> impl ::core::future::Future<Output = ()> + Send {
        async {}
    }
}
/// An installable plugin for XEP-0005 of whatever answers as a client.
///
/// # Errors
/// What `new` of the plugin returns.
pub fn client<T: Client>(
    setup: &::sestina_session::plugin::Setup<'_, Settings>,
) -> ::core::result::Result<
    ::std::sync::Arc<dyn ::sestina_session::plugin::Plugin>,
    ::sestina_session::plugin::PluginError,
> {
    ::core::result::Result::Ok(
        ::std::sync::Arc::new(ClientPlugin(::std::sync::Arc::new(T::new(setup)?))),
    )
}
struct ClientPlugin<T>(::std::sync::Arc<T>);
struct ClientOpenedFeature<T>(::std::sync::Arc<T>);
impl<T: Client> ::sestina_session::session::Asks for ClientOpenedFeature<T> {
    type Request = ::sestina_types::xep_0005::Knock;
    type Answer = ::sestina_types::xep_0005::Open;
    fn request(&self) -> ::sestina_types::xep_0005::Knock {
        self.0.opened_request()
    }
    fn answered(
        &self,
        exchange: &mut ::sestina_session::session::Exchange<'_>,
        answer: ::sestina_types::xep_0005::Open,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<(), ::sestina_session::session::SessionError>,
    > + Send {
        self.0.opened(exchange, answer)
    }
}
impl<T: Client> ::sestina_session::plugin::Plugin for ClientPlugin<T> {
    fn spec(&self) -> &'static ::sestina_wire::dispatch::SpecInfo {
        &::sestina_types::xep_0005::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        for row in ::sestina_types::xep_0005::NEGOTIATION {
            registrar.negotiation(*row);
        }
        let plugin = ::std::sync::Arc::clone(&self.0);
        registrar
            .items(
                "urn:example:gate:seen+notify",
                move |
                    cx: &::sestina_session::mux::StanzaContext<'_>,
                    changes: ::std::vec::Vec<
                        ::sestina_session::items::Change<::sestina_types::xep_0005::Seen>,
                    >|
                { plugin.seen(cx, changes) },
            );
        registrar
            .stream_feature(
                ::std::sync::Arc::new(
                    ::sestina_session::session::Asking::new(
                        ("gate", "urn:example:gate"),
                        ClientOpenedFeature(::std::sync::Arc::clone(&self.0)),
                    ),
                ),
            );
        registrar.host().extensions().insert(::std::sync::Arc::clone(&self.0));
        self.0.install(registrar)
    }
    fn start(
        &self,
    ) -> ::core::pin::Pin<
        ::std::boxed::Box<
            dyn ::core::future::Future<
                Output = ::core::result::Result<
                    (),
                    ::sestina_session::plugin::PluginError,
                >,
            > + Send + '_,
        >,
    > {
        ::std::boxed::Box::pin(self.0.start())
    }
    fn stop(
        &self,
    ) -> ::core::pin::Pin<
        ::std::boxed::Box<dyn ::core::future::Future<Output = ()> + Send + '_>,
    > {
        ::std::boxed::Box::pin(self.0.stop())
    }
}
/// An installable plugin for XEP-0005. A component has nothing to answer for it.
///
/// # Errors
/// None; the signature is that of every specification.
pub fn component(
    _setup: &::sestina_session::plugin::Setup<'_, Settings>,
) -> ::core::result::Result<
    ::std::sync::Arc<dyn ::sestina_session::plugin::Plugin>,
    ::sestina_session::plugin::PluginError,
> {
    ::core::result::Result::Ok(::std::sync::Arc::new(ComponentPlugin))
}
struct ComponentPlugin;
impl ::sestina_session::plugin::Plugin for ComponentPlugin {
    fn spec(&self) -> &'static ::sestina_wire::dispatch::SpecInfo {
        &::sestina_types::xep_0005::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        ::core::result::Result::Ok(())
    }
}
