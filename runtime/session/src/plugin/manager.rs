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
            collected.specs.push(plugin.spec());
            let mut registrar = Registrar {
                host,
                spec: plugin.spec(),
                collected: &mut collected,
            };
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
pub(super) const BUILT_IN: [&str; 2] = ["rfc-6120", "xep-0082"];

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::future::{BoxFuture, FutureExt as _};
    use sestina_storage::Storage;
    use sestina_wire::clock::{SystemClock, SystemRandom};
    use sestina_wire::dispatch::{DiscoFeature, Place, SpecInfo};
    use sestina_wire::{BareJid, Kind};

    use super::*;
    use crate::host::{HostParts, SessionLimits};
    use crate::plugin::{Handles, On};
    use crate::stages::{self, Flow, Stage};

    type Log = Arc<Mutex<Vec<String>>>;

    const SPEC: SpecInfo = SpecInfo {
        id: "a",
        number: "",
        title: "",
        version: "",
        status: "",
        summary: "",
        depends: &[],
        features: &[DiscoFeature {
            var: "urn:example:a",
            on: &[Place::Host],
        }],
        identities: &[],
    };
    static A: SpecInfo = SPEC;
    static B: SpecInfo = SpecInfo {
        id: "b",
        depends: &["a"],
        ..SPEC
    };
    static C: SpecInfo = SpecInfo {
        id: "c",
        depends: &["b", "a"],
        ..SPEC
    };
    static BACK: SpecInfo = SpecInfo {
        id: "a",
        depends: &["c"],
        ..SPEC
    };

    /// Notes what is done to it; may fail to start, and joins a stage without a place in it.
    struct Noting {
        spec: &'static SpecInfo,
        log: Log,
        fails: bool,
        joins: bool,
    }

    impl Plugin for Noting {
        fn spec(&self) -> &'static SpecInfo {
            self.spec
        }

        fn install(self: Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
            self.log
                .lock()
                .unwrap()
                .push(format!("install {}", self.spec.id));
            registrar.announce(&Handles::skeleton());
            if self.joins {
                let place = stages::Place {
                    spec: self.spec.id,
                    name: "look",
                    after: &[],
                    before: &[],
                };
                registrar.stage(Stage::Received, &[Kind::Message], place, |_, _| {
                    Flow::Continue
                });
            }
            Ok(())
        }

        fn start(&self) -> BoxFuture<'_, Result<(), PluginError>> {
            self.log
                .lock()
                .unwrap()
                .push(format!("start {}", self.spec.id));
            let failed = PluginError::Settings {
                spec: self.spec.id,
                message: "as asked".into(),
            };
            std::future::ready(if self.fails { Err(failed) } else { Ok(()) }).boxed()
        }

        fn stop(&self) -> BoxFuture<'_, ()> {
            self.log
                .lock()
                .unwrap()
                .push(format!("stop {}", self.spec.id));
            async {}.boxed()
        }
    }

    fn noting(spec: &'static SpecInfo, log: &Log) -> Noting {
        Noting {
            spec,
            log: Arc::clone(log),
            fails: false,
            joins: false,
        }
    }

    fn host() -> Arc<Host> {
        Host::new(HostParts {
            domain: BareJid::parse("a.example").unwrap(),
            storage: Storage::memory(),
            accounts: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            limits: SessionLimits::default(),
            secret: sestina_storage::Secret::new([0; 32]),
        })
    }

    #[tokio::test]
    async fn dependencies_come_first_and_go_last() {
        let (log, host) = (Log::default(), host());
        let plugins: Vec<Arc<dyn Plugin>> = [&C, &B, &A]
            .map(|spec| Arc::new(noting(spec, &log)) as Arc<dyn Plugin>)
            .into();
        let mut manager = PluginManager::new(plugins);
        manager.install(&host).unwrap();
        manager.start().await.unwrap();
        manager.stop().await;
        let wanted = [
            "install a",
            "install b",
            "install c",
            "start a",
            "start b",
            "start c",
            "stop c",
            "stop b",
            "stop a",
        ];
        assert_eq!(*log.lock().unwrap(), wanted);
        assert!(host.has_plugin("b") && !host.has_plugin("d"));
        assert_eq!(
            host.disco().features(On::Host).collect::<Vec<_>>(),
            ["urn:example:a"]
        );
    }

    #[tokio::test]
    async fn what_was_started_is_stopped_when_another_fails() {
        let log = Log::default();
        let failing = Noting {
            fails: true,
            ..noting(&B, &log)
        };
        let mut manager = PluginManager::new(vec![
            Arc::new(noting(&C, &log)),
            Arc::new(failing),
            Arc::new(noting(&A, &log)),
        ]);
        manager.install(&host()).unwrap();
        assert!(manager.start().await.is_err());
        assert_eq!(log.lock().unwrap()[3..], ["start a", "start b", "stop a"]);
    }

    #[test]
    fn what_cannot_be_ordered_is_refused() {
        let log = Log::default();
        let install = |plugins: Vec<Noting>| {
            let plugins = plugins
                .into_iter()
                .map(|plugin| Arc::new(plugin) as Arc<dyn Plugin>)
                .collect();
            PluginManager::new(plugins).install(&host())
        };
        let twice = install(vec![noting(&A, &log), noting(&A, &log)]);
        assert!(
            matches!(twice, Err(PluginError::Twice { spec: "a" })),
            "{twice:?}"
        );
        let missing = install(vec![noting(&B, &log)]);
        assert!(
            matches!(missing, Err(PluginError::Missing { spec: "b", .. })),
            "{missing:?}"
        );
        let cycle = install(vec![
            noting(&BACK, &log),
            noting(&B, &log),
            noting(&C, &log),
        ]);
        assert!(matches!(cycle, Err(PluginError::Cycle { .. })), "{cycle:?}");
        let joining = |spec| Noting {
            joins: true,
            ..noting(spec, &log)
        };
        let ambiguous = install(vec![joining(&A), joining(&B)]);
        assert!(
            matches!(ambiguous, Err(PluginError::Order(_))),
            "{ambiguous:?}"
        );
    }
}
