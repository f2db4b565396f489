//! XMPP generated from its own specifications.
//!
//! This crate is the front of a family of crates; it holds nothing but their names. What you need decides the features:
//!
//! - none: [`wire`] (names, JIDs, XML, stanzas), [`types`] (typed stanzas of the specifications) and [`Stanza`], the
//!   derive for your own;
//! - `client`: the typed [`client`];
//! - `server`: the [`server`] as a library, with [`plugins`] and [`profiles`];
//! - either of them: the [`prelude`] for plugins of your own;
//! - `sqlite`: storage in one file, in [`storage::sql`](storage);
//! - `daemon` and `sqlite` are the default: the program `sestina`. A library user writes `default-features = false`.
//!
//! # A stanza of your own
//!
//! ```
//! use sestina::Stanza;
//! use sestina::wire::{AnyElement, Payload as _};
//!
//! #[derive(Stanza, Debug, PartialEq)]
//! #[stanza(name = "weather", namespace = "https://example.org/weather")]
//! struct Weather {
//!     #[stanza(attribute)]
//!     place: String,
//!     #[stanza(child_text = "temperature")]
//!     temperature: Option<i32>,
//! }
//!
//! let weather = Weather { place: "Verona".into(), temperature: Some(31) };
//! let element = weather.to_any();
//! assert_eq!(element.decode::<Weather>().unwrap(), weather);
//! ```

pub use sestina_macros::Stanza;
pub use sestina_types as types;
pub use sestina_wire as wire;

/// Tables, stores and backends.
pub mod storage {
    pub use sestina_storage::*;
    #[cfg(feature = "mongodb")]
    pub use sestina_storage_mongodb as mongodb;
    #[cfg(feature = "redis")]
    pub use sestina_storage_redis as redis;
    #[cfg(feature = "sqlite")]
    pub use sestina_storage_sql as sql;
}

#[cfg(feature = "client")]
pub use sestina_session::client;

#[cfg(any(feature = "client", feature = "server"))]
pub use sestina_session as session;

#[cfg(feature = "server")]
pub use sestina_session::server;

#[cfg(feature = "server")]
pub use sestina_plugins as plugins;

#[cfg(feature = "server")]
pub use sestina_skeletons as skeletons;

/// serde, as generated settings name it.
#[cfg(feature = "server")]
pub use serde;

/// `#[async_trait]`, as [`StreamFeature`](session::session::StreamFeature) is written with it.
#[cfg(any(feature = "client", feature = "server"))]
pub use async_trait::async_trait;

#[cfg(feature = "server")]
pub use sestina_profiles as profiles;

/// What the source of a plugin names: `use sestina::prelude::*`.
#[cfg(any(feature = "client", feature = "server"))]
pub mod prelude {
    pub use sestina_session::mux::{Empty, IqContext, Received};
    pub use sestina_session::plugin::{PluginError, Setup};
    pub use sestina_session::session::{Exchange, SessionError};
    pub use sestina_session::stages::{Delivery, Flow, StageContext};
    pub use sestina_storage::{Range, StorageError};
    pub use sestina_wire::{BareJid, Condition, FullJid, Jid, Stanza, StanzaError, StanzaType};
}
