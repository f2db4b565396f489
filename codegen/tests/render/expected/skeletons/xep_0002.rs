// Generated from specs/xep-0002 by sestina-codegen. Do not edit.

/// The settings of XEP-0002, Nothing Much.
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
/// What a server answers for XEP-0002, Nothing Much.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer XEP-0002 as a server",
    label = "needs `impl xep_0002::Server for {Self}`",
    note = "the specification promises what these methods do: `new`, `look`"
)]
pub trait Server: Send + Sync + Sized + 'static {
    /// Makes the plugin.
    ///
    /// # Errors
    /// What keeps it from doing its work: the host then does not start.
    fn new(
        setup: &::sestina_session::plugin::Setup<'_, Settings>,
    ) -> ::core::result::Result<Self, ::sestina_session::plugin::PluginError>;
    /// Joins a stage.
    fn look(
        self: &::std::sync::Arc<Self>,
        cx: &::sestina_session::stages::StageContext,
        delivery: &mut ::sestina_session::stages::Delivery,
    ) -> ::sestina_session::stages::Flow;
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
/// An installable plugin for XEP-0002 of whatever answers as a server.
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
        &::sestina_types::xep_0002::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        registrar
            .strip(
                &[::sestina_wire::Kind::Presence],
                "mark",
                "urn:example:mark",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        let plugin = ::std::sync::Arc::clone(&self.0);
        registrar
            .stage(
                ::sestina_session::stages::Stage::Undeliverable,
                &[
                    ::sestina_wire::Kind::Message,
                    ::sestina_wire::Kind::Presence,
                    ::sestina_wire::Kind::Iq,
                ],
                ::sestina_session::stages::Place {
                    spec: "xep-0002",
                    name: "look",
                    after: &[],
                    before: &[],
                },
                move |
                    cx: &::sestina_session::stages::StageContext,
                    delivery: &mut ::sestina_session::stages::Delivery|
                { plugin.look(cx, delivery) },
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
/// An installable plugin for XEP-0002. A client has nothing to answer for it.
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
        &::sestina_types::xep_0002::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        registrar
            .strip(
                &[::sestina_wire::Kind::Presence],
                "mark",
                "urn:example:mark",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        ::core::result::Result::Ok(())
    }
}
/// An installable plugin for XEP-0002. A component has nothing to answer for it.
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
        &::sestina_types::xep_0002::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        registrar
            .strip(
                &[::sestina_wire::Kind::Presence],
                "mark",
                "urn:example:mark",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        ::core::result::Result::Ok(())
    }
}
