//! Settings: a struct for each spec with the defaults of its configuration keys.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::code;
use crate::model::{Config, ConfigType, Model, SettingsValue, Spec};

/// `Settings`, and `Changes` to them as a configuration file makes.
///
/// Reading goes through `Changes`, so that a file that names one key leaves the others as the profile has them.
pub(super) fn of(model: &Model, spec: &Spec) -> TokenStream {
    let serde = code::path(&model.paths.serde);
    let serde_path = &model.paths.serde;
    let cx = Context { model };
    let docs = code::docs(
        &format!("The settings of {}, {}.", spec.number, spec.title),
        "",
    );
    let fields: Vec<Ident> = spec
        .config
        .iter()
        .map(|key| code::ident(&key.field))
        .collect();
    let types: Vec<TokenStream> = spec.config.iter().map(|key| cx.type_(key)).collect();
    let field_docs: Vec<TokenStream> = spec.config.iter().map(documentation).collect();
    let defaults = spec.config.iter().map(|key| cx.default(key));
    let attributes = spec.config.iter().map(|key| {
        let rename = (key.key != key.field).then(|| {
            let name = &key.key;
            quote!(, rename = #name)
        });
        let with = bounds(key).map(|_| {
            let function = reader(key).to_string();
            quote!(, deserialize_with = #function)
        });
        quote!(#[serde(default #rename #with)])
    });
    let readers = spec.config.iter().filter_map(|key| cx.reader(key));
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings {
            /// Whether the specification is in use.
            pub enabled: bool,
            /// Whether a configuration says itself that it is to be in use.
            pub asked: bool,
            #(#field_docs pub #fields: #types,)*
        }

        impl ::core::default::Default for Settings {
            fn default() -> Self {
                Self { enabled: true, asked: false, #(#fields: #defaults,)* }
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
                #(if let ::core::option::Option::Some(value) = changes.#fields {
                    self.#fields = value;
                })*
                self
            }
        }

        impl<'de> #serde::Deserialize<'de> for Settings {
            fn deserialize<D: #serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                <Changes as #serde::Deserialize>::deserialize(deserializer)
                    .map(|changes| Self::default().with(changes))
            }
        }

        /// What a configuration file says of the settings; what it does not name stays as it is.
        #[derive(Clone, Debug, Default, #serde::Deserialize)]
        #[serde(crate = #serde_path, deny_unknown_fields)]
        pub struct Changes {
            /// Whether the specification is in use.
            #[serde(default)]
            pub enabled: ::core::option::Option<bool>,
            #(#field_docs #attributes pub #fields: ::core::option::Option<#types>,)*
        }

        #(#readers)*
    }
}

/// The value that a profile gives to a setting.
pub(super) fn value(model: &Model, spec: &Spec, key: &str, value: &SettingsValue) -> TokenStream {
    let cx = Context { model };
    let type_ = spec
        .config
        .iter()
        .find(|config| config.key == key)
        .map(|config| &config.type_);
    match (value, type_) {
        (SettingsValue::Boolean(flag), _) => quote!(#flag),
        (SettingsValue::Integer(number), _) => quote!(#number),
        // Checked when the profile was read, so the conversion below does not fail.
        (
            SettingsValue::Text(text),
            Some(ConfigType::Duration { .. } | ConfigType::Size { .. }),
        ) => {
            quote!(#text.parse().unwrap_or_default())
        }
        (SettingsValue::Text(text), _) => quote!(#text.into()),
        (SettingsValue::List(list), _) => cx.list(list),
    }
}

struct Context<'a> {
    model: &'a Model,
}

impl Context<'_> {
    fn type_(&self, key: &Config) -> TokenStream {
        let session = code::path(&self.model.paths.session);
        match &key.type_ {
            ConfigType::Integer { .. } => quote!(i64),
            ConfigType::Boolean(_) => quote!(bool),
            ConfigType::Text(_) => quote!(::std::string::String),
            ConfigType::Secret => quote!(#session::settings::SecretText),
            ConfigType::Duration { .. } => quote!(#session::settings::Interval),
            ConfigType::Size { .. } => quote!(#session::settings::ByteSize),
            ConfigType::List(_) => quote!(::std::vec::Vec<::std::string::String>),
        }
    }

    fn default(&self, key: &Config) -> TokenStream {
        let session = code::path(&self.model.paths.session);
        match &key.type_ {
            ConfigType::Integer { default, .. } => quote!(#default),
            ConfigType::Boolean(default) => quote!(#default),
            ConfigType::Text(default) => quote!(#default.into()),
            ConfigType::Secret => quote!(::core::default::Default::default()),
            ConfigType::Duration { default, .. } => quote! {
                #session::settings::Interval(::core::time::Duration::from_millis(#default))
            },
            ConfigType::Size { default, .. } => quote!(#session::settings::ByteSize(#default)),
            ConfigType::List(default) => self.list(default),
        }
    }

    fn list(&self, list: &[String]) -> TokenStream {
        quote!(::std::vec![#(#list.into()),*])
    }

    /// The function that reads a number and refuses one out of bounds.
    fn reader(&self, key: &Config) -> Option<TokenStream> {
        let (min, max) = bounds(key)?;
        let session = code::path(&self.model.paths.session);
        let serde = code::path(&self.model.paths.serde);
        let name = reader(key);
        Some(quote! {
            fn #name<'de, D: #serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<::core::option::Option<i64>, D::Error> {
                #session::settings::within(deserializer, #min, #max)
                    .map(::core::option::Option::Some)
            }
        })
    }
}

/// The bounds of a number that has any.
fn bounds(key: &Config) -> Option<(i64, i64)> {
    match &key.type_ {
        ConfigType::Integer { min, max, .. } if min.is_some() || max.is_some() => {
            Some((min.unwrap_or(i64::MIN), max.unwrap_or(i64::MAX)))
        }
        _ => None,
    }
}

fn reader(key: &Config) -> Ident {
    format_ident!("read_{}", key.field)
}

/// What a setting means, with its default.
fn documentation(key: &Config) -> TokenStream {
    let default = match &key.type_ {
        ConfigType::Integer { default, .. } => default.to_string(),
        ConfigType::Boolean(default) => default.to_string(),
        ConfigType::Text(default) => format!("{default:?}"),
        ConfigType::Secret => format!("{:?}", ""),
        ConfigType::Duration { written, .. } | ConfigType::Size { written, .. } => {
            format!("{written:?}")
        }
        ConfigType::List(default) => format!("{default:?}"),
    };
    let range = match bounds(key) {
        Some((min, i64::MAX)) => format!(", at least {min}"),
        Some((i64::MIN, max)) => format!(", at most {max}"),
        Some((min, max)) => format!(", from {min} to {max}"),
        None => String::new(),
    };
    code::docs(
        &format!("{} Default: `{default}`{range}.", key.doc.trim()),
        "",
    )
}
