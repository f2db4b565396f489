// Generated from specs/xep-0001 by sestina-codegen. Do not edit.

/// The settings of XEP-0001, Lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Whether the specification is in use.
    pub enabled: bool,
    /// Whether a configuration says itself that it is to be in use.
    pub asked: bool,
    /// How many items a list has at most. Default: `100`, from 1 to 1000.
    pub max_items: i64,
    /// Whether strangers may read. Default: `false`.
    pub open: bool,
    /// How long a list is kept. Default: `"30s"`.
    pub keep: ::sestina_session::settings::Interval,
    /// How much a list may hold. Default: `"64KiB"`.
    pub room: ::sestina_session::settings::ByteSize,
    /// Lists that are there from the start. Default: `["a", "b"]`.
    pub names: ::std::vec::Vec<::std::string::String>,
}
impl ::core::default::Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            asked: false,
            max_items: 100i64,
            open: false,
            keep: ::sestina_session::settings::Interval(
                ::core::time::Duration::from_millis(30000u64),
            ),
            room: ::sestina_session::settings::ByteSize(65536u64),
            names: ::std::vec!["a".into(), "b".into()],
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
        if let ::core::option::Option::Some(value) = changes.max_items {
            self.max_items = value;
        }
        if let ::core::option::Option::Some(value) = changes.open {
            self.open = value;
        }
        if let ::core::option::Option::Some(value) = changes.keep {
            self.keep = value;
        }
        if let ::core::option::Option::Some(value) = changes.room {
            self.room = value;
        }
        if let ::core::option::Option::Some(value) = changes.names {
            self.names = value;
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
    /// How many items a list has at most. Default: `100`, from 1 to 1000.
    #[serde(default, deserialize_with = "read_max_items")]
    pub max_items: ::core::option::Option<i64>,
    /// Whether strangers may read. Default: `false`.
    #[serde(default)]
    pub open: ::core::option::Option<bool>,
    /// How long a list is kept. Default: `"30s"`.
    #[serde(default)]
    pub keep: ::core::option::Option<::sestina_session::settings::Interval>,
    /// How much a list may hold. Default: `"64KiB"`.
    #[serde(default)]
    pub room: ::core::option::Option<::sestina_session::settings::ByteSize>,
    /// Lists that are there from the start. Default: `["a", "b"]`.
    #[serde(default)]
    pub names: ::core::option::Option<::std::vec::Vec<::std::string::String>>,
}
fn read_max_items<'de, D: ::serde::Deserializer<'de>>(
    deserializer: D,
) -> ::core::result::Result<::core::option::Option<i64>, D::Error> {
    ::sestina_session::settings::within(deserializer, 1i64, 1000i64)
        .map(::core::option::Option::Some)
}
/// What a server answers for XEP-0001, Lists.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer XEP-0001 as a server",
    label = "needs `impl xep_0001::Server for {Self}`",
    note = "the specification promises what these methods do: `new`, `read`, `change`, `keep`, `greet`"
)]
pub trait Server: Send + Sync + Sized + 'static {
    /// Makes the plugin.
    ///
    /// # Errors
    /// What keeps it from doing its work: the host then does not start.
    fn new(
        setup: &::sestina_session::plugin::Setup<'_, Settings>,
    ) -> ::core::result::Result<Self, ::sestina_session::plugin::PluginError>;
    /// Reads a list.
    fn read(
        &self,
        cx: &::sestina_session::mux::IqContext,
        request: ::sestina_types::xep_0001::list::Query,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<
            ::sestina_session::mux::OrEmpty<::sestina_types::xep_0001::list::Query>,
            ::sestina_wire::StanzaError,
        >,
    > + Send;
    /// Changes one item.
    fn change(
        &self,
        cx: &::sestina_session::mux::IqContext,
        request: ::sestina_types::xep_0001::list::Item,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<
            ::sestina_session::mux::Empty,
            ::sestina_wire::StanzaError,
        >,
    > + Send;
    /// Keeps what nobody takes.
    fn keep(
        self: &::std::sync::Arc<Self>,
        cx: &::sestina_session::stages::StageContext,
        delivery: &mut ::sestina_session::stages::Delivery,
    ) -> ::sestina_session::stages::Flow;
    /// Joins a stage.
    fn greet(
        self: &::std::sync::Arc<Self>,
        cx: &::sestina_session::stages::StageContext,
        resource: &::std::sync::Arc<::sestina_session::host::Resource>,
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
/// An installable plugin for XEP-0001 of whatever answers as a server.
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
        &::sestina_types::xep_0001::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        for row in ::sestina_types::xep_0001::NEGOTIATION {
            registrar.negotiation(*row);
        }
        registrar
            .strip(
                &[::sestina_wire::Kind::Message],
                "size",
                "urn:example:list",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        let plugin = ::std::sync::Arc::clone(&self.0);
        registrar
            .promised_iq(
                ::sestina_session::plugin::IqRow {
                    type_: ::sestina_wire::StanzaType::Get,
                    scopes: &[
                        ::sestina_wire::dispatch::Scope::Host,
                        ::sestina_wire::dispatch::Scope::OwnAccount,
                    ],
                    only: ::sestina_wire::dispatch::Only::ANY,
                    senders: &[
                        ::sestina_wire::dispatch::Sender::OwnAccount,
                        ::sestina_wire::dispatch::Sender::Contact,
                    ],
                },
                move |
                    cx: ::sestina_session::mux::IqContext,
                    request: ::sestina_types::xep_0001::list::Query|
                {
                    let plugin = ::std::sync::Arc::clone(&plugin);
                    async move { plugin.read(&cx, request).await }
                },
            )?;
        let plugin = ::std::sync::Arc::clone(&self.0);
        registrar
            .promised_iq(
                ::sestina_session::plugin::IqRow {
                    type_: ::sestina_wire::StanzaType::Set,
                    scopes: &[
                        ::sestina_wire::dispatch::Scope::Service("lists"),
                        ::sestina_wire::dispatch::Scope::OtherAccount,
                    ],
                    only: ::sestina_wire::dispatch::Only::ANY,
                    senders: &[::sestina_wire::dispatch::Sender::Anyone],
                },
                move |
                    cx: ::sestina_session::mux::IqContext,
                    request: ::sestina_types::xep_0001::list::Item|
                {
                    let plugin = ::std::sync::Arc::clone(&plugin);
                    async move { plugin.change(&cx, request).await }
                },
            )?;
        let plugin = ::std::sync::Arc::clone(&self.0);
        registrar
            .stage(
                ::sestina_session::stages::Stage::Undeliverable,
                &[::sestina_wire::Kind::Message],
                ::sestina_session::stages::Place {
                    spec: "xep-0001",
                    name: "keep",
                    after: &["xep-0002"],
                    before: &[],
                },
                move |
                    cx: &::sestina_session::stages::StageContext,
                    delivery: &mut ::sestina_session::stages::Delivery|
                { plugin.keep(cx, delivery) },
            );
        let plugin = ::std::sync::Arc::clone(&self.0);
        registrar
            .session_start(
                ::sestina_session::stages::Place {
                    spec: "xep-0001",
                    name: "greet",
                    after: &[],
                    before: &[],
                },
                move |
                    cx: &::sestina_session::stages::StageContext,
                    resource: &::std::sync::Arc<::sestina_session::host::Resource>|
                plugin.greet(cx, resource),
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
/// What a client answers for XEP-0001, Lists.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer XEP-0001 as a client",
    label = "needs `impl xep_0001::Client for {Self}`",
    note = "the specification promises what these methods do: `new`, `read`, `size`"
)]
pub trait Client: Send + Sync + Sized + 'static {
    /// Makes the plugin.
    ///
    /// # Errors
    /// What keeps it from doing its work: the host then does not start.
    fn new(
        setup: &::sestina_session::plugin::Setup<'_, Settings>,
    ) -> ::core::result::Result<Self, ::sestina_session::plugin::PluginError>;
    /// Reads a list.
    fn read(
        &self,
        cx: &::sestina_session::mux::IqContext,
        request: ::sestina_types::xep_0001::list::Query,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<
            ::sestina_session::mux::OrEmpty<::sestina_types::xep_0001::list::Query>,
            ::sestina_wire::StanzaError,
        >,
    > + Send;
    /// Handles `<size/>`.
    fn size(
        self: &::std::sync::Arc<Self>,
        cx: &::sestina_session::mux::StanzaContext<'_>,
        payload: ::sestina_types::xep_0001::list::Size,
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
/// An installable plugin for XEP-0001 of whatever answers as a client.
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
impl<T: Client> ::sestina_session::plugin::Plugin for ClientPlugin<T> {
    fn spec(&self) -> &'static ::sestina_wire::dispatch::SpecInfo {
        &::sestina_types::xep_0001::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        for row in ::sestina_types::xep_0001::NEGOTIATION {
            registrar.negotiation(*row);
        }
        registrar
            .strip(
                &[::sestina_wire::Kind::Message],
                "size",
                "urn:example:list",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        let plugin = ::std::sync::Arc::clone(&self.0);
        registrar
            .promised_iq(
                ::sestina_session::plugin::IqRow {
                    type_: ::sestina_wire::StanzaType::Get,
                    scopes: &[::sestina_wire::dispatch::Scope::Client],
                    only: ::sestina_wire::dispatch::Only::ANY,
                    senders: &[
                        ::sestina_wire::dispatch::Sender::OwnAccount,
                        ::sestina_wire::dispatch::Sender::Contact,
                    ],
                },
                move |
                    cx: ::sestina_session::mux::IqContext,
                    request: ::sestina_types::xep_0001::list::Query|
                {
                    let plugin = ::std::sync::Arc::clone(&plugin);
                    async move { plugin.read(&cx, request).await }
                },
            )?;
        let plugin = ::std::sync::Arc::clone(&self.0);
        registrar
            .promised_message(
                ::sestina_session::plugin::StanzaRow {
                    scopes: &[::sestina_wire::dispatch::Scope::Client],
                    only: ::sestina_wire::dispatch::Only::ANY,
                    senders: &[::sestina_wire::dispatch::Sender::Server],
                },
                move |
                    cx: &::sestina_session::mux::StanzaContext<'_>,
                    payload: ::sestina_types::xep_0001::list::Size|
                { plugin.size(cx, payload) },
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
/// An installable plugin for XEP-0001. A component has nothing to answer for it.
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
        &::sestina_types::xep_0001::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        registrar
            .strip(
                &[::sestina_wire::Kind::Message],
                "size",
                "urn:example:list",
                &[::sestina_wire::dispatch::Sender::Server],
            );
        ::core::result::Result::Ok(())
    }
}
