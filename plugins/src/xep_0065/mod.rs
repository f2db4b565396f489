//! XEP-0065, SOCKS5 Bytestreams: a proxy for clients that cannot reach each other.
//!
//! Both come with the same hash, of the stream's identifier and their addresses; who made it says, over XMPP and so under a
//! name that is proved, that it begins. Without a place to listen there is no proxy.

mod proxy;
mod relay;
mod socks;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sestina_session::host::Host;
use sestina_session::mux::{IqContext, OrEmpty};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0065::{self as skeleton, Settings};
use sestina_types::xep_0065::{Query, Streamhost};
use sestina_wire::{BareJid, Condition, StanzaError, Text};
use sha1::{Digest as _, Sha1};

use proxy::{NotActivated, Proxies, Proxy};
use relay::Terms;

/// The name of the service.
const SERVICE: &str = "proxy";
/// How often, and after what time, one looks for a connection that is about to be kept.
const LOOKS: u32 = 50;
const LOOK: Duration = Duration::from_millis(10);

/// The server's part.
pub struct Server {
    settings: Settings,
    listen: Vec<SocketAddr>,
    proxies: Arc<Proxies>,
    domain: OnceLock<BareJid>,
    proxy: std::sync::Mutex<Option<Arc<Proxy>>>,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let listen = setup.settings.listen.iter().map(|written| {
            written.parse().map_err(|_| {
                trouble(format!(
                    "`{written}` is no address to listen on: write IP address and port, such as `0.0.0.0:1080`"
                ))
            })
        });
        Ok(Self {
            settings: setup.settings.clone(),
            listen: listen.collect::<Result<_, _>>()?,
            proxies: setup.host.shared().get_or_insert_with(Proxies::default),
            domain: OnceLock::new(),
            proxy: std::sync::Mutex::default(),
        })
    }

    async fn proxy_address(&self, cx: &IqContext, _: Query) -> Result<Query, StanzaError> {
        let proxy = self.allow(cx)?;
        let Some(domain) = self.domain.get() else {
            return Err(StanzaError::new(Condition::NotAllowed));
        };
        let address = match self.settings.address.as_str() {
            "" => cx.host.domain().domain(),
            address => address,
        };
        let port = match u16::try_from(self.settings.port) {
            Ok(port) if port != 0 => port,
            _ => proxy.port(),
        };
        Ok(Query {
            streamhosts: vec![Streamhost {
                port: Some(port),
                ..Streamhost::new(Text::from(address), domain.clone().into())
            }],
            ..Query::default()
        })
    }

    async fn activate(
        &self,
        cx: &IqContext,
        request: Query,
    ) -> Result<OrEmpty<Query>, StanzaError> {
        let proxy = self.allow(cx)?;
        let (Some(sid), Some(target)) = (&request.sid, &request.activate) else {
            return Err(StanzaError::new(Condition::BadRequest)
                .with_text("which stream begins, and with whom?"));
        };
        let hash = hash(sid, cx.from.as_str(), target.as_str());
        let terms = Terms {
            rate: Some(self.settings.rate.0).filter(|rate| *rate > 0),
            idle: self.settings.idle.duration(),
        };
        let most = usize::try_from(self.settings.per_account).unwrap_or(usize::MAX);
        let mut looks = 0;
        let activated = loop {
            let activated = proxy.activate(&hash, cx.from.to_bare(), most, terms);
            if activated != Err(NotActivated::Soon) || looks == LOOKS {
                break activated;
            }
            looks += 1;
            tokio::time::sleep(LOOK).await;
        };
        match activated {
            Ok(()) => Ok(OrEmpty::Empty),
            Err(NotActivated::Unknown) => Err(StanzaError::new(Condition::ItemNotFound)
                .with_text("nobody has come to the proxy for this stream")),
            Err(NotActivated::Half | NotActivated::Soon) => {
                Err(StanzaError::new(Condition::NotAllowed)
                    .with_text("only one of the two has come to the proxy"))
            }
            Err(NotActivated::TooMany) => Err(StanzaError::new(Condition::ResourceConstraint)
                .with_text(format!(
                    "{most} streams of an account may go through the proxy; wait until one ends"
                ))),
        }
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        if self.listen.is_empty() {
            return Ok(());
        }
        if let Some(domain) = registrar.service(SERVICE, &self.settings.domain)? {
            let _ = self.domain.set(domain);
        }
        Ok(())
    }

    async fn start(&self) -> Result<(), PluginError> {
        if self.domain.get().is_some() {
            let proxy = self.proxies.listen(&self.listen).await;
            let proxy = proxy.map_err(|error| trouble(format!("cannot listen on {error}")))?;
            *self.lock() = Some(proxy);
        }
        Ok(())
    }

    async fn stop(&self) {
        self.lock().take();
    }
}

impl Server {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Proxy>>> {
        let lock = self.proxy.lock();
        lock.unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The proxy, for accounts of the host.
    fn allow(&self, cx: &IqContext) -> Result<Arc<Proxy>, StanzaError> {
        if !is_account(&cx.host, cx) {
            return Err(StanzaError::new(Condition::Forbidden)
                .with_text("the proxy is for accounts of this server"));
        }
        let proxy = self.lock().clone();
        proxy.ok_or_else(|| StanzaError::new(Condition::NotAllowed))
    }
}

fn is_account(host: &Host, cx: &IqContext) -> bool {
    let guest = cx.session.as_ref().is_some_and(|it| it.is_anonymous());
    host.serves(&cx.from) && cx.from.local().is_some() && !guest
}

fn trouble(message: String) -> PluginError {
    PluginError::Settings {
        spec: "xep-0065",
        message,
    }
}

/// Under what both come to the proxy (§6.3.4).
fn hash(sid: &str, from: &str, to: &str) -> String {
    let mut hash = Sha1::new();
    for part in [sid, from, to] {
        hash.update(part.as_bytes());
    }
    let octets = hash.finalize();
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
