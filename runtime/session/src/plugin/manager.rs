//! Brings plugins into the order of their dependencies, installs, starts and stops them.

use std::sync::Arc;

use crate::host::Host;
use crate::plugin::{Plugin, PluginError};

/// The plugins of one host.
#[derive(Default)]
pub struct PluginManager {
    plugins: Vec<Arc<dyn Plugin>>,
}

impl PluginManager {
    /// A manager of these plugins, in whatever order.
    pub fn new(plugins: Vec<Arc<dyn Plugin>>) -> Self {
        PluginManager { plugins }
    }

    /// Adds a plugin.
    pub fn add(&mut self, plugin: Arc<dyn Plugin>) {
        self.plugins.push(plugin);
    }

    /// Orders the plugins and installs them into the host, which is complete then.
    ///
    /// # Errors
    ///
    /// [`PluginError`] when a dependency is missing or circular, when two handlers claim one request,
    /// or when the functions of a stage have no unambiguous order.
    pub fn install(&mut self, host: &Arc<Host>) -> Result<(), PluginError> {
        let _ = host;
        todo!()
    }

    /// Starts the plugins in dependency order. Where one fails, those started before are stopped.
    ///
    /// # Errors
    ///
    /// What the failing plugin returned.
    pub async fn start(&self) -> Result<(), PluginError> {
        todo!()
    }

    /// Stops the plugins in reverse order.
    pub async fn stop(&self) {
        todo!()
    }
}
