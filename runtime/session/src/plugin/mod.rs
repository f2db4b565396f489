//! Plugins: what each specification does, installed into a host.
//!
//! A plugin made over a generated skeleton and one written by hand are the same thing: an object
//! with a name, dependencies, and an `install` that tells the [`Registrar`] what it handles.

#[cfg(any(feature = "client", feature = "server"))]
mod application;
mod manager;
mod registrar;
mod switches;

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};
use sestina_storage::{Storage, StorageError};
use sestina_wire::clock::{Clock, Random};
use sestina_wire::dispatch::SpecInfo;

use crate::host::Host;
use crate::stages::OrderError;

#[cfg(any(feature = "client", feature = "server"))]
pub(crate) use application::Application;
pub use manager::PluginManager;
#[cfg(feature = "server")]
pub(crate) use registrar::HttpPath;
pub(crate) use registrar::Installed;
pub use registrar::{Handles, Identity, IqRow, On, Registrar, StanzaRow};
pub use switches::{Switch, has_all, leave_out};

/// Something that adds behaviour to a host.
pub trait Plugin: Send + Sync + 'static {
    /// The specification the plugin implements: its name and what it depends on. A handwritten
    /// plugin makes up its own.
    fn spec(&self) -> &'static SpecInfo;

    /// Registers handlers, stages and features.
    ///
    /// # Errors
    ///
    /// [`PluginError`] when something it registers contradicts what is there, or something it needs
    /// is missing. The host then does not start.
    fn install(self: Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError>;

    /// Called once every plugin of the host is installed, in dependency order, before the first
    /// session.
    fn start(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        async { Ok(()) }.boxed()
    }

    /// Called after the last session ended, in reverse order.
    fn stop(&self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }
}

/// What a plugin is made from.
pub struct Setup<'a, S> {
    /// The plugin's settings.
    pub settings: &'a S,
    /// The host it will belong to. Its mux and stages do not exist before all plugins are installed.
    pub host: &'a Arc<Host>,
}

impl<'a, S> Setup<'a, S> {
    /// A setup from its parts.
    pub fn new(settings: &'a S, host: &'a Arc<Host>) -> Self {
        Setup { settings, host }
    }

    /// The host's storage.
    pub fn storage(&self) -> &'a Storage {
        self.host.storage()
    }

    /// A store that the plugin cannot do without: for what an accessor of the storage returns.
    ///
    /// # Errors
    /// [`StorageError::Unsupported`] where the backend does not have it.
    pub fn require<Store>(&self, store: Option<Store>) -> Result<Store, PluginError> {
        let missing = || StorageError::Unsupported(std::any::type_name::<Store>().into());
        store.ok_or_else(|| PluginError::Storage(missing()))
    }

    /// The host's clock.
    pub fn clock(&self) -> &'a Arc<dyn Clock> {
        self.host.clock()
    }

    /// The host's source of randomness.
    pub fn random(&self) -> &'a Arc<dyn Random> {
        self.host.random()
    }
}

/// Why a plugin, and with it its host, does not start.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// A plugin needs another that is not installed.
    #[error("{spec} needs {missing}, which is not enabled on this host")]
    Missing {
        /// The plugin.
        spec: &'static str,
        /// What it needs.
        missing: String,
    },
    /// Plugins depend on each other in a circle.
    #[error("these plugins depend on each other in a circle: {}", specs.join(", "))]
    Cycle {
        /// The plugins of the circle.
        specs: Vec<&'static str>,
    },
    /// Two plugins have one name.
    #[error("{spec} is installed twice")]
    Twice {
        /// The name.
        spec: &'static str,
    },
    /// Two handlers for one request.
    #[error("{spec} handles {request}, which already has a handler")]
    Handled {
        /// The plugin that came second.
        spec: &'static str,
        /// Type, scope and payload of the request.
        request: String,
    },
    /// The functions of a stage have no order, or a contradictory one.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// Storage did not answer while the plugin started.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A setting that its type allows has a value the plugin cannot use.
    #[error("{spec}: {message}")]
    Settings {
        /// The plugin.
        spec: &'static str,
        /// What is wrong and what would be right.
        message: String,
    },
}
