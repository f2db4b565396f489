// Generated from specs/xep-0004 by sestina-codegen. Do not edit.

/// The settings of XEP-0004, Data Forms.
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
/// An installable plugin for XEP-0004. A server has nothing to answer for it.
///
/// # Errors
/// None; the signature is that of every specification.
pub fn server(
    _setup: &::sestina_session::plugin::Setup<'_, Settings>,
) -> ::core::result::Result<
    ::std::sync::Arc<dyn ::sestina_session::plugin::Plugin>,
    ::sestina_session::plugin::PluginError,
> {
    ::core::result::Result::Ok(::std::sync::Arc::new(ServerPlugin))
}
struct ServerPlugin;
impl ::sestina_session::plugin::Plugin for ServerPlugin {
    fn spec(&self) -> &'static ::sestina_wire::dispatch::SpecInfo {
        &::sestina_types::xep_0004::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        ::core::result::Result::Ok(())
    }
}
/// An installable plugin for XEP-0004. A client has nothing to answer for it.
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
        &::sestina_types::xep_0004::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        ::core::result::Result::Ok(())
    }
}
/// An installable plugin for XEP-0004. A component has nothing to answer for it.
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
        &::sestina_types::xep_0004::SPEC
    }
    fn install(
        self: ::std::sync::Arc<Self>,
        registrar: &mut ::sestina_session::plugin::Registrar<'_>,
    ) -> ::core::result::Result<(), ::sestina_session::plugin::PluginError> {
        registrar.announce(&::sestina_session::plugin::Handles::skeleton());
        ::core::result::Result::Ok(())
    }
}
