// Generated from specs/xep-0003 by sestina-codegen. Do not edit.

/// The settings of XEP-0003, Shelves.
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
/// What a server answers for XEP-0003, Shelves.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer XEP-0003 as a server",
    label = "needs `impl xep_0003::Server for {Self}`",
    note = "the specification promises what these methods do: `new`, `books`, `papers`, `anything`"
)]
pub trait Server: Send + Sync + Sized + 'static {
    /// Makes the plugin.
    ///
    /// # Errors
    /// What keeps it from doing its work: the host then does not start.
    fn new(
        setup: &::sestina_session::plugin::Setup<'_, Settings>,
    ) -> ::core::result::Result<Self, ::sestina_session::plugin::PluginError>;
    /// Answers `<iq type='get'><shelf/></iq>`.
    fn books(
        &self,
        cx: &::sestina_session::mux::IqContext,
        request: ::sestina_types::xep_0003::Shelf,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<
            ::sestina_types::xep_0003::Shelf,
            ::sestina_wire::StanzaError,
        >,
    > + Send;
    /// Answers `<iq type='get'><shelf/></iq>`.
    fn papers(
        &self,
        cx: &::sestina_session::mux::IqContext,
        request: ::sestina_types::xep_0003::Shelf,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<
            ::sestina_types::xep_0003::Shelf,
            ::sestina_wire::StanzaError,
        >,
    > + Send;
    /// Answers `<iq type='get'><shelf/></iq>`.
    fn anything(
        &self,
        cx: &::sestina_session::mux::IqContext,
        request: ::sestina_types::xep_0003::Shelf,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<
            ::sestina_types::xep_0003::Shelf,
            ::sestina_wire::StanzaError,
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
/// An installable plugin for XEP-0003 of whatever answers as a server.
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
impl<T: Server> ::sestina_session::plugin::Plugin for ServerPlugin<T> {
    fn spec(&self) -> &'static ::sestina_wire::dispatch::SpecInfo {
        &::sestina_types::xep_0003::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        registrar
            .strip(
                &[::sestina_wire::Kind::Message],
                "shelf",
                "urn:example:shelf",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        registrar
            .strip(
                &[::sestina_wire::Kind::Message],
                "shelf",
                "urn:example:shelf:old",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        registrar
            .strip(
                &[::sestina_wire::Kind::Message],
                "shelf",
                "urn:example:shelf:0",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        let plugin = ::std::sync::Arc::clone(&self.0);
        registrar
            .promised_iq(
                ::sestina_session::plugin::IqRow {
                    type_: ::sestina_wire::StanzaType::Get,
                    scopes: &[::sestina_wire::dispatch::Scope::OwnAccount],
                    only: ::sestina_wire::dispatch::Only {
                        node: ::core::option::Option::Some("books"),
                        form: ::core::option::Option::None,
                    },
                    senders: &[::sestina_wire::dispatch::Sender::OwnAccount],
                },
                move |
                    cx: ::sestina_session::mux::IqContext,
                    request: ::sestina_types::xep_0003::Shelf|
                {
                    let plugin = ::std::sync::Arc::clone(&plugin);
                    let version = request.version;
                    async move {
                        let mut answer = plugin.books(&cx, request).await?;
                        answer.version = version;
                        ::core::result::Result::Ok(answer)
                    }
                },
            )?;
        let plugin = ::std::sync::Arc::clone(&self.0);
        registrar
            .promised_iq(
                ::sestina_session::plugin::IqRow {
                    type_: ::sestina_wire::StanzaType::Get,
                    scopes: &[::sestina_wire::dispatch::Scope::OwnAccount],
                    only: ::sestina_wire::dispatch::Only {
                        node: ::core::option::Option::None,
                        form: ::core::option::Option::Some("urn:example:papers"),
                    },
                    senders: &[::sestina_wire::dispatch::Sender::OwnAccount],
                },
                move |
                    cx: ::sestina_session::mux::IqContext,
                    request: ::sestina_types::xep_0003::Shelf|
                {
                    let plugin = ::std::sync::Arc::clone(&plugin);
                    let version = request.version;
                    async move {
                        let mut answer = plugin.papers(&cx, request).await?;
                        answer.version = version;
                        ::core::result::Result::Ok(answer)
                    }
                },
            )?;
        let plugin = ::std::sync::Arc::clone(&self.0);
        registrar
            .promised_iq(
                ::sestina_session::plugin::IqRow {
                    type_: ::sestina_wire::StanzaType::Get,
                    scopes: &[::sestina_wire::dispatch::Scope::OwnAccount],
                    only: ::sestina_wire::dispatch::Only::ANY,
                    senders: &[::sestina_wire::dispatch::Sender::OwnAccount],
                },
                move |
                    cx: ::sestina_session::mux::IqContext,
                    request: ::sestina_types::xep_0003::Shelf|
                {
                    let plugin = ::std::sync::Arc::clone(&plugin);
                    let version = request.version;
                    async move {
                        let mut answer = plugin.anything(&cx, request).await?;
                        answer.version = version;
                        ::core::result::Result::Ok(answer)
                    }
                },
            )?;
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
/// An installable plugin for XEP-0003. A client has nothing to answer for it.
///
/// # Errors
/// None; the signature is that of every specification.
pub fn client(
    _setup: &::sestina_session::plugin::Setup<'_, Settings>,
) -> ::core::result::Result<
    ::std::sync::Arc<dyn ::sestina_session::plugin::Plugin>,
    ::sestina_session::plugin::PluginError,
> {
    ::core::result::Result::Ok(::std::sync::Arc::new(ClientPlugin))
}
struct ClientPlugin;
impl ::sestina_session::plugin::Plugin for ClientPlugin {
    fn spec(&self) -> &'static ::sestina_wire::dispatch::SpecInfo {
        &::sestina_types::xep_0003::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        registrar
            .strip(
                &[::sestina_wire::Kind::Message],
                "shelf",
                "urn:example:shelf",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        registrar
            .strip(
                &[::sestina_wire::Kind::Message],
                "shelf",
                "urn:example:shelf:old",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        registrar
            .strip(
                &[::sestina_wire::Kind::Message],
                "shelf",
                "urn:example:shelf:0",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        ::core::result::Result::Ok(())
    }
}
/// An installable plugin for XEP-0003. A component has nothing to answer for it.
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
        &::sestina_types::xep_0003::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        registrar
            .strip(
                &[::sestina_wire::Kind::Message],
                "shelf",
                "urn:example:shelf",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        registrar
            .strip(
                &[::sestina_wire::Kind::Message],
                "shelf",
                "urn:example:shelf:old",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        registrar
            .strip(
                &[::sestina_wire::Kind::Message],
                "shelf",
                "urn:example:shelf:0",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        ::core::result::Result::Ok(())
    }
}
