//! XEP-0049, Private XML Storage: XML that the server keeps for an account and shows to nobody else.

use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use sestina_session::host::Host;
use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0049::{self as skeleton, Settings};
use sestina_storage::{Range, Secret, Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0049::Query;
use sestina_types::xep_0049::tables::{PrivateXml, PrivateXmlRow, PrivateXmlStore};
use sestina_wire::{AnyElement, BareJid, Condition, Jid, StanzaError, ns};

/// Whoever keeps an element itself, so that it is the same here and where else it can be read and written.
pub trait Keeper: Send + Sync {
    /// Whether it is about the element of this namespace and name.
    fn keeps(&self, namespace: &str, name: &str) -> bool;

    /// What an account has there, if anything.
    ///
    /// # Errors
    /// What the owner is told instead.
    fn get<'a>(
        &'a self,
        host: &'a Arc<Host>,
        owner: &'a BareJid,
    ) -> BoxFuture<'a, Result<Option<AnyElement>, StanzaError>>;

    /// A session sets it.
    ///
    /// # Errors
    /// What the session is told instead.
    fn set<'a>(
        &'a self,
        host: &'a Arc<Host>,
        session: &'a Jid,
        element: AnyElement,
    ) -> BoxFuture<'a, Result<(), StanzaError>>;
}

/// The server's part.
pub struct Server {
    keeper: OnceLock<Arc<dyn Keeper>>,
    storage: Storage,
    rows: PrivateXmlStore,
    max_elements: usize,
    max_size: u64,
}

impl Server {
    /// The plugin of a host, for others that keep an element themselves.
    #[must_use]
    pub fn of(host: &Host) -> Option<Arc<Self>> {
        host.extensions().get()
    }

    /// Says who keeps certain elements itself. The first to do so is it.
    pub fn set_keeper(&self, keeper: Arc<dyn Keeper>) {
        let _ = self.keeper.set(keeper);
    }

    fn keeper(&self, element: &AnyElement) -> Option<&Arc<dyn Keeper>> {
        let keeper = self.keeper.get()?;
        keeper.keeps(element.ns(), element.name()).then_some(keeper)
    }
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let storage = if setup.storage().private_xml().is_some() {
            setup.storage().clone()
        } else {
            tracing::warn!("the storage keeps no private XML: it is lost when the server stops");
            Storage::memory()
        };
        let rows = storage.private_xml();
        Ok(Self {
            keeper: OnceLock::new(),
            rows: rows.ok_or_else(|| StorageError::Unsupported("private XML".into()))?,
            storage,
            max_elements: usize::try_from(setup.settings.max_elements).unwrap_or_default(),
            max_size: setup.settings.max_size.0,
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar.host().extensions().insert(Arc::clone(self));
        Ok(())
    }

    /// What is kept under the name and namespace of the element that is asked for; it comes back empty where there
    /// is nothing (§3.2).
    async fn private_get(&self, cx: &IqContext, request: Query) -> Result<Query, StanzaError> {
        let [asked] = request.any.as_slice() else {
            return Err(StanzaError::new(Condition::NotAcceptable)
                .with_text("one element has to be asked for, no more and no less"));
        };
        if let Some(keeper) = self.keeper(asked)
            && let Some(kept) = keeper.get(&cx.host, &cx.from.to_bare()).await?
        {
            return Ok(Query {
                any: vec![kept],
                ..Query::default()
            });
        }
        let kept = self
            .rows
            .get(&cx.from.to_bare(), asked.ns(), asked.name())
            .await?;
        let any = match kept {
            Some(row) => AnyElement::parse(row.xml.expose_secret().as_str()).map_err(|error| {
                tracing::error!(account = %cx.from.to_bare(), %error, "private XML cannot be read");
                StanzaError::new(Condition::InternalServerError)
            })?,
            None => asked.clone(),
        };
        Ok(Query {
            any: vec![any],
            ..Query::default()
        })
    }

    async fn private_set(&self, cx: &IqContext, request: Query) -> Result<Empty, StanzaError> {
        if request.any.is_empty() {
            return Err(
                StanzaError::new(Condition::NotAcceptable).with_text("there is no element to keep")
            );
        }
        let owner = cx.from.to_bare();
        let kept = self
            .rows
            .of_owner_page(&owner, Range::all(), 1000, false)
            .await?;
        let mut transaction = self.storage.transaction();
        let mut count = kept.len();
        for element in &request.any {
            // §3.1: what the server itself means something by is not to be overwritten.
            if element.ns().is_empty() || element.ns() == ns::CLIENT || element.ns() == ns::SERVER {
                return Err(StanzaError::new(Condition::NotAcceptable)
                    .with_text("an element to keep needs a namespace of its own"));
            }
            let xml = element.to_document();
            if xml.len() as u64 > self.max_size {
                return Err(
                    StanzaError::new(Condition::PolicyViolation).with_text(format!(
                        "an element can have no more than {} bytes, this one has {}",
                        self.max_size,
                        xml.len()
                    )),
                );
            }
            if self.keeper(element).is_some() {
                continue;
            }
            let is_new = !kept
                .iter()
                .any(|row| row.namespace == element.ns() && row.name == element.name());
            count += usize::from(is_new);
            transaction.put::<PrivateXml>(&PrivateXmlRow {
                owner: owner.clone(),
                namespace: element.ns().to_owned(),
                name: element.name().to_owned(),
                xml: Secret::new(xml.to_string()),
            });
        }
        if count > self.max_elements && count > kept.len() {
            return Err(
                StanzaError::new(Condition::ResourceConstraint).with_text(format!(
                    "no more than {} elements are kept for an account; empty others first",
                    self.max_elements
                )),
            );
        }
        for element in request.any {
            if let Some(keeper) = self.keeper(&element) {
                keeper.set(&cx.host, &cx.from, element).await?;
            }
        }
        transaction.commit().await?;
        Ok(Empty)
    }
}
