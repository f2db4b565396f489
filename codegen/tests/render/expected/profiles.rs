// Generated from specs/profiles by sestina-codegen. Do not edit.

/// The profile `server`: a server.
pub mod server {
    /// The settings of every specification of the profile.
    #[derive(Clone, Debug, PartialEq, ::serde::Deserialize)]
    #[serde(crate = "::serde", default, deny_unknown_fields)]
    pub struct Settings {
        /// XEP-0001: Lists.
        #[serde(rename = "xep-0001", deserialize_with = "read_xep_0001")]
        pub xep_0001: ::sestina_skeletons::xep_0001::Settings,
        /// XEP-0002: Nothing Much.
        #[serde(rename = "xep-0002")]
        pub xep_0002: ::sestina_skeletons::xep_0002::Settings,
    }
    impl ::core::default::Default for Settings {
        fn default() -> Self {
            Self {
                xep_0001: default_xep_0001(),
                xep_0002: ::core::default::Default::default(),
            }
        }
    }
    impl Settings {
        /// The specifications in use, in the order of their dependencies.
        pub fn enabled(&self) -> impl ::core::iter::Iterator<Item = &'static str> {
            [("xep-0001", self.xep_0001.enabled), ("xep-0002", self.xep_0002.enabled)]
                .into_iter()
                .filter(|(_, enabled)| *enabled)
                .map(|(id, _)| id)
        }
        /// These settings without what needs something that is off; what a configuration asks for itself stays, and
        /// is missed when the host starts. One line in the log for each that others need says which.
        #[must_use]
        pub fn settled(&self, host: &str) -> Self {
            let mut settled = self.clone();
            ::sestina_session::plugin::leave_out(
                host,
                &mut [
                    ::sestina_session::plugin::Switch {
                        spec: "xep-0001",
                        depends: &[],
                        is_asked_for: settled.xep_0001.asked,
                        enabled: &mut settled.xep_0001.enabled,
                    },
                    ::sestina_session::plugin::Switch {
                        spec: "xep-0002",
                        depends: &["xep-0001"],
                        is_asked_for: settled.xep_0002.asked,
                        enabled: &mut settled.xep_0002.enabled,
                    },
                ],
            );
            settled
        }
        /// What a key of a specification says that is a length of time, as the
        /// [retention](sestina_storage::Retention::config) of a table names one; `None` where the
        /// profile has no such key.
        #[must_use]
        pub fn duration(
            &self,
            spec: &str,
            key: &str,
        ) -> ::core::option::Option<::core::time::Duration> {
            match (spec, key) {
                ("xep-0001", "keep") => {
                    ::core::option::Option::Some(self.xep_0001.keep.duration())
                }
                _ => ::core::option::Option::None,
            }
        }
    }
    fn default_xep_0001() -> ::sestina_skeletons::xep_0001::Settings {
        let mut settings = ::sestina_skeletons::xep_0001::Settings::default();
        settings.enabled = false;
        settings.max_items = 7i64;
        settings
    }
    fn read_xep_0001<'de, D: ::serde::Deserializer<'de>>(
        deserializer: D,
    ) -> ::core::result::Result<::sestina_skeletons::xep_0001::Settings, D::Error> {
        <::sestina_skeletons::xep_0001::Changes as ::serde::Deserialize>::deserialize(
                deserializer,
            )
            .map(|changes| default_xep_0001().with(changes))
    }
    /// The specifications of the profile, each after those it depends on.
    pub const SPECS: &[&str] = &["xep-0001", "xep-0002"];
    /// The plugins that the settings leave enabled, for one host: without those that need another which is off.
    ///
    /// # Errors
    /// What keeps one of them from doing its work.
    pub fn plugins(
        settings: &Settings,
        host: &::std::sync::Arc<::sestina_session::host::Host>,
    ) -> ::core::result::Result<
        ::std::vec::Vec<::std::sync::Arc<dyn ::sestina_session::plugin::Plugin>>,
        ::sestina_session::plugin::PluginError,
    > {
        let settings = &settings.settled(host.domain().as_str());
        let mut plugins: ::std::vec::Vec<
            ::std::sync::Arc<dyn ::sestina_session::plugin::Plugin>,
        > = ::std::vec::Vec::with_capacity(SPECS.len());
        if settings.xep_0001.enabled {
            let setup = ::sestina_session::plugin::Setup::new(&settings.xep_0001, host);
            plugins
                .push(
                    ::sestina_skeletons::xep_0001::server::<
                        ::sestina_plugins::xep_0001::Server,
                    >(&setup)?,
                );
        }
        if settings.xep_0002.enabled {
            let setup = ::sestina_session::plugin::Setup::new(&settings.xep_0002, host);
            plugins
                .push(
                    ::sestina_skeletons::xep_0002::server::<
                        ::sestina_plugins::xep_0002::Server,
                    >(&setup)?,
                );
        }
        ::core::result::Result::Ok(plugins)
    }
}
