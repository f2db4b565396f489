//! Brings plugins into the order of their dependencies, installs, starts and stops them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::host::Host;
use crate::mux::{CatchPanicLayer, LogLayer};
use crate::plugin::registrar::Collected;
use crate::plugin::{Plugin, PluginError, Registrar};

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

    /// Orders the plugins and installs them into the host, which is complete then. Handlers get the
    /// layers that keep panics in and log.
    ///
    /// # Errors
    ///
    /// [`PluginError`] when a dependency is missing or circular, when two handlers claim one request,
    /// or when the functions of a stage have no unambiguous order.
    pub fn install(&mut self, host: &Arc<Host>) -> Result<(), PluginError> {
        self.plugins = in_order(std::mem::take(&mut self.plugins))?;
        let mut collected = Collected::default();
        for plugin in &self.plugins {
            let mut registrar = Registrar {
                host,
                spec: plugin.spec(),
                collected: &mut collected,
            };
            registrar.announce();
            Arc::clone(plugin).install(&mut registrar)?;
        }
        collected.mux.layer(CatchPanicLayer);
        collected.mux.layer(LogLayer);
        host.complete(collected.finish()?);
        Ok(())
    }

    /// Starts the plugins in dependency order. Where one fails, those started before are stopped.
    ///
    /// # Errors
    ///
    /// What the failing plugin returned.
    pub async fn start(&self) -> Result<(), PluginError> {
        for (started, plugin) in self.plugins.iter().enumerate() {
            if let Err(error) = plugin.start().await {
                stop(self.plugins.get(..started).unwrap_or_default()).await;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Stops the plugins in reverse order.
    pub async fn stop(&self) {
        stop(&self.plugins).await;
    }
}

async fn stop(plugins: &[Arc<dyn Plugin>]) {
    for plugin in plugins.iter().rev() {
        plugin.stop().await;
    }
}

/// Dependencies first; apart from that, as given.
fn in_order(plugins: Vec<Arc<dyn Plugin>>) -> Result<Vec<Arc<dyn Plugin>>, PluginError> {
    let mut by_id = HashMap::new();
    for plugin in &plugins {
        let spec = plugin.spec();
        if by_id.insert(spec.id, Arc::clone(plugin)).is_some() {
            return Err(PluginError::Twice { spec: spec.id });
        }
    }
    for plugin in &plugins {
        let spec = plugin.spec();
        // The core is the server itself, not a plugin.
        let missing = spec
            .depends
            .iter()
            .find(|id| !by_id.contains_key(*id) && !BUILT_IN.contains(id));
        if let Some(missing) = missing {
            return Err(PluginError::Missing {
                spec: spec.id,
                missing: (*missing).to_owned(),
            });
        }
    }
    let mut waiting = plugins;
    let mut ordered: Vec<Arc<dyn Plugin>> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_ready = |plugin: &Arc<dyn Plugin>| {
            plugin
                .spec()
                .depends
                .iter()
                .all(|id| !waiting.iter().any(|other| other.spec().id == *id))
        };
        let Some(ready) = waiting.iter().position(is_ready) else {
            return Err(PluginError::Cycle {
                specs: waiting.iter().map(|plugin| plugin.spec().id).collect(),
            });
        };
        ordered.push(waiting.remove(ready));
    }
    Ok(ordered)
}

/// What needs no plugin: streams, stanzas and the formats of values are the framework's own.
const BUILT_IN: [&str; 2] = ["rfc-6120", "xep-0082"];
