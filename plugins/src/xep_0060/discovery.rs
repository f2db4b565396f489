//! What service discovery says of nodes (§5.2 to §5.5).

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_types::xep_0004::FormType;
use sestina_types::xep_0030::{info, items};
use sestina_wire::{BareJid, DateTime, Jid, Payload as _, StanzaError, Text};

use super::approval::SUBSCRIBED;
use super::book::Node;
use super::{Server, is_service, options, standing};
use crate::xep_0030::{AccountNodes, ServiceNodes};

/// Items that a list of them has at most.
const MOST: u32 = 1000;

/// The service that is asked, not something below it.
fn service_of(cx: &IqContext) -> Option<BareJid> {
    let to = cx.to.as_ref()?;
    to.as_bare().filter(is_service)
}

impl ServiceNodes for Discovery {
    fn info<'a>(
        &'a self,
        cx: &'a IqContext,
        request: &'a info::Query,
    ) -> BoxFuture<'a, Result<Option<info::Query>, StanzaError>> {
        async move {
            match (service_of(cx), &request.node) {
                (Some(service), Some(node)) => {
                    AccountNodes::info(self, &cx.host, &service, &cx.from, node).await
                }
                _ => Ok(None),
            }
        }
        .boxed()
    }

    fn items<'a>(
        &'a self,
        cx: &'a IqContext,
        request: &'a items::Query,
    ) -> BoxFuture<'a, Result<Option<items::Query>, StanzaError>> {
        async move {
            match (service_of(cx), &request.node) {
                (Some(service), Some(node)) => {
                    AccountNodes::items(self, &cx.host, &service, &cx.from, node).await
                }
                (Some(service), None) => Ok(Some(items::Query {
                    items: self.nodes(&cx.host, &service, &cx.from).await?,
                    ..items::Query::default()
                })),
                _ => Ok(None),
            }
        }
        .boxed()
    }
}

/// Answers for a server's nodes.
pub(super) struct Discovery(pub(super) Arc<Server>);

impl Discovery {
    /// A node that whoever asks may know of.
    async fn seen(
        &self,
        host: &Arc<Host>,
        account: &BareJid,
        asker: &Jid,
        name: &str,
    ) -> Result<Option<Arc<Node>>, StanzaError> {
        let page = self.0.book.open(host, account).await?;
        let Some(node) = page.node(name) else {
            return Ok(None);
        };
        standing::may_read(host, account, &node, asker).await?;
        Ok(Some(node))
    }
}

impl AccountNodes for Discovery {
    fn nodes<'a>(
        &'a self,
        host: &'a Arc<Host>,
        account: &'a BareJid,
        asker: &'a Jid,
    ) -> BoxFuture<'a, Result<Vec<items::Item>, StanzaError>> {
        async move {
            let page = self.0.book.open(host, account).await?;
            let mut seen = Vec::new();
            for node in page.nodes() {
                if standing::may_read(host, account, &node, asker)
                    .await
                    .is_ok()
                {
                    seen.push(items::Item {
                        name: node.configuration.title().cloned(),
                        node: Some(node.name.as_str().into()),
                        ..items::Item::new(Jid::clone(account))
                    });
                }
            }
            Ok(seen)
        }
        .boxed()
    }

    fn info<'a>(
        &'a self,
        host: &'a Arc<Host>,
        account: &'a BareJid,
        asker: &'a Jid,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<info::Query>, StanzaError>> {
        async move {
            let Some(node) = self.seen(host, account, asker, name).await? else {
                return Ok(None);
            };
            let mut metadata = node.configuration.metadata();
            metadata.creation_date = Some(DateTime::from(node.created));
            let owners = standing::owners(account, &node).into_iter();
            metadata.owner = Some(owners.map(BareJid::into_jid).collect());
            let subscribed = node
                .subscriptions
                .iter()
                .filter(|row| row.state == SUBSCRIBED && options::is_live(row, host.clock().now()));
            metadata.num_subscribers = Some(subscribed.count() as u64);
            let form = metadata.write(FormType::Result);
            Ok(Some(info::Query {
                node: Some(name.into()),
                identities: vec![info::Identity::new(
                    Text::from_static("pubsub"),
                    Text::from_static("leaf"),
                )],
                features: vec![info::Feature::new(Text::from_static(
                    sestina_types::xep_0060::pubsub::NS,
                ))],
                any: vec![form.to_any()],
                ..info::Query::default()
            }))
        }
        .boxed()
    }

    fn items<'a>(
        &'a self,
        host: &'a Arc<Host>,
        account: &'a BareJid,
        asker: &'a Jid,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<items::Query>, StanzaError>> {
        async move {
            let Some(node) = self.seen(host, account, asker, name).await? else {
                return Ok(None);
            };
            let order = self.0.book.order(account, &node).await?;
            let newest = order.into_values().rev().take(MOST as usize);
            let items = newest.map(|id| items::Item {
                name: Some(id.into()),
                ..items::Item::new(Jid::clone(account))
            });
            Ok(Some(items::Query {
                node: Some(name.into()),
                items: items.collect(),
                ..items::Query::default()
            }))
        }
        .boxed()
    }
}
