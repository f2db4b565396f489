//! Profiles: assembled servers, clients and components.

use proc_macro2::TokenStream;
use quote::quote;

use super::{code, settings, skeletons};
use crate::model::{ConfigType, Model, Profile, SettingsValue, Spec};
use crate::output::Output;

/// `profiles.rs`, with a module for each profile.
pub(super) fn render(model: &Model) -> Vec<Output> {
    let modules = model.profiles.iter().map(|profile| module(model, profile));
    vec![Output::new(
        "profiles.rs",
        code::file("specs/profiles", &quote!(#(#modules)*)),
    )]
}

/// One profile's module.
fn module(model: &Model, profile: &Profile) -> TokenStream {
    let name = code::ident(&profile.name);
    let specs: Vec<&Spec> = profile
        .order
        .iter()
        .filter_map(|id| model.spec(id))
        .collect();
    let docs = code::docs(
        &profile.doc,
        &format!("The profile `{}`: a {}.", profile.name, profile.role.name()),
    );
    let settings = settings_of(model, profile, &specs);
    let plugins = plugins(model, profile, &specs);
    quote! {
        #docs
        pub mod #name {
            #settings
            #plugins
        }
    }
}

/// `Settings`, with one field a spec.
fn settings_of(model: &Model, profile: &Profile, specs: &[&Spec]) -> TokenStream {
    let serde = code::path(&model.paths.serde);
    let serde_path = &model.paths.serde;
    let skeletons = code::path(&model.paths.skeletons);
    let session = code::path(&model.paths.session);
    let optional = || specs.iter().filter(|spec| spec.is_optional());
    let fields = optional().map(|spec| {
        let field = code::ident(&spec.module);
        let id = &spec.id;
        let docs = code::docs(&format!("{}: {}.", spec.number, spec.title), "");
        let with = (!changed(profile, spec).is_empty()).then(|| {
            let function = format!("read_{}", spec.module);
            quote!(, deserialize_with = #function)
        });
        quote! {
            #docs
            #[serde(rename = #id #with)]
            pub #field: #skeletons::#field::Settings,
        }
    });
    let defaults = optional().map(|spec| {
        let field = code::ident(&spec.module);
        let value = if changed(profile, spec).is_empty() {
            quote!(::core::default::Default::default())
        } else {
            let function = code::ident(&format!("default_{}", spec.module));
            quote!(#function())
        };
        quote!(#field: #value,)
    });
    let functions = optional()
        .filter(|spec| !changed(profile, spec).is_empty())
        .map(|spec| {
            let field = code::ident(&spec.module);
            let default = code::ident(&format!("default_{}", spec.module));
            let read = code::ident(&format!("read_{}", spec.module));
            let changes = changed(profile, spec).into_iter().map(|(key, value)| {
                let name = spec
                    .config
                    .iter()
                    .find(|config| config.key == key)
                    .map_or(key, |config| config.field.as_str());
                let name = code::ident(name);
                let value = settings::value(model, spec, key, value);
                quote!(settings.#name = #value;)
            });
            quote! {
                fn #default() -> #skeletons::#field::Settings {
                    let mut settings = #skeletons::#field::Settings::default();
                    #(#changes)*
                    settings
                }

                fn #read<'de, D: #serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<#skeletons::#field::Settings, D::Error> {
                    <#skeletons::#field::Changes as #serde::Deserialize>::deserialize(deserializer)
                        .map(|changes| #default().with(changes))
                }
            }
        });
    let states = specs.iter().map(|spec| {
        let (field, id) = (code::ident(&spec.module), &spec.id);
        let enabled = match spec.is_optional() {
            true => quote!(self.#field.enabled),
            false => quote!(true),
        };
        quote!((#id, #enabled))
    });
    let switches = specs.iter().map(|spec| {
        let (field, id) = (code::ident(&spec.module), &spec.id);
        let depends = spec.depends.iter().map(|dependency| &dependency.id);
        if !spec.is_optional() {
            return quote! {
                #session::plugin::Switch {
                    spec: #id,
                    depends: &[#(#depends),*],
                    is_asked_for: false,
                    enabled: &mut true,
                }
            };
        }
        quote! {
            #session::plugin::Switch {
                spec: #id,
                depends: &[#(#depends),*],
                is_asked_for: settled.#field.asked,
                enabled: &mut settled.#field.enabled,
            }
        }
    });
    let durations = specs.iter().flat_map(|spec| {
        let (field, id) = (code::ident(&spec.module), &spec.id);
        let keys = spec.config.iter();
        keys.filter_map(move |config| {
            if !matches!(config.type_, ConfigType::Duration { .. }) {
                return None;
            }
            let (key, name) = (&config.key, code::ident(&config.field));
            Some(quote! {
                (#id, #key) => ::core::option::Option::Some(self.#field.#name.duration()),
            })
        })
    });
    quote! {
        /// The settings of every specification of the profile.
        #[derive(Clone, Debug, PartialEq, #serde::Deserialize)]
        #[serde(crate = #serde_path, default, deny_unknown_fields)]
        pub struct Settings { #(#fields)* }

        impl ::core::default::Default for Settings {
            fn default() -> Self {
                Self { #(#defaults)* }
            }
        }

        impl Settings {
            /// The specifications in use, in the order of their dependencies.
            pub fn enabled(&self) -> impl ::core::iter::Iterator<Item = &'static str> {
                [#(#states),*].into_iter().filter(|(_, enabled)| *enabled).map(|(id, _)| id)
            }

            /// These settings without what needs something that is off; what a configuration asks for itself stays, and
            /// is missed when the host starts. One line in the log for each that others need says which.
            #[must_use]
            pub fn settled(&self, host: &str) -> Self {
                let mut settled = self.clone();
                #session::plugin::leave_out(host, &mut [#(#switches),*]);
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
                    #(#durations)*
                    _ => ::core::option::Option::None,
                }
            }
        }

        #(#functions)*
    }
}

/// `plugins`, in the order of their dependencies.
fn plugins(model: &Model, profile: &Profile, specs: &[&Spec]) -> TokenStream {
    let session = code::path(&model.paths.session);
    let skeletons = code::path(&model.paths.skeletons);
    let plugins = code::path(&model.paths.plugins);
    let role = code::ident(profile.role.name());
    let trait_ = code::ident(&code::camel(profile.role.name()));
    let made = specs.iter().map(|spec| {
        let field = code::ident(&spec.module);
        let of =
            skeletons::has_trait(spec, profile.role).then(|| quote!(::<#plugins::#field::#trait_>));
        if !spec.is_optional() {
            let depends = spec.depends.iter().map(|dependency| &dependency.id);
            return quote! {
                if #session::plugin::has_all(&plugins, &[#(#depends),*]) {
                    let none = #skeletons::#field::Settings::default();
                    let setup = #session::plugin::Setup::new(&none, host);
                    plugins.push(#skeletons::#field::#role #of (&setup)?);
                }
            };
        }
        quote! {
            if settings.#field.enabled {
                let setup = #session::plugin::Setup::new(&settings.#field, host);
                plugins.push(#skeletons::#field::#role #of (&setup)?);
            }
        }
    });
    let ids = specs.iter().map(|spec| &spec.id);
    quote! {
        /// The specifications of the profile, each after those it depends on.
        pub const SPECS: &[&str] = &[#(#ids),*];

        /// The plugins that the settings leave enabled, for one host: without those that need another which is off.
        ///
        /// # Errors
        /// What keeps one of them from doing its work.
        pub fn plugins(
            settings: &Settings,
            host: &::std::sync::Arc<#session::host::Host>,
        ) -> ::core::result::Result<
            ::std::vec::Vec<::std::sync::Arc<dyn #session::plugin::Plugin>>,
            #session::plugin::PluginError,
        > {
            let settings = &settings.settled(host.domain().as_str());
            let mut plugins: ::std::vec::Vec<::std::sync::Arc<dyn #session::plugin::Plugin>> =
                ::std::vec::Vec::with_capacity(SPECS.len());
            #(#made)*
            ::core::result::Result::Ok(plugins)
        }
    }
}

/// What the profile sets differently from the spec's own defaults.
fn changed<'a>(profile: &'a Profile, spec: &Spec) -> Vec<(&'a str, &'a SettingsValue)> {
    profile
        .settings
        .iter()
        .filter(|(id, _, _)| *id == spec.id)
        .map(|(_, key, value)| (key.as_str(), value))
        .collect()
}
