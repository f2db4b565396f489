//! Servers on loopback that know where the others are, and certificates for them.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sestina_session::accounts::{Accounts, MemoryAccounts};
use sestina_session::federation::{Authorities, DomainPolicy, FederationConfig, Identity};
use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{IqRow, Plugin, PluginError, Registrar};
use sestina_session::server::{HostConfig, Server};
use sestina_storage::Storage;
use sestina_types::xep_0199::Ping;
use sestina_wire::clock::SystemRandom;
use sestina_wire::dispatch::{Only, Scope, Sender, SpecInfo};
use sestina_wire::{BareJid, StanzaType};

/// A server and where others find it.
pub(crate) struct Site {
    pub(crate) server: Server,
    port: u16,
}

impl Site {
    /// For the configuration of another: it is there.
    pub(crate) fn policy(&self) -> DomainPolicy {
        at(self.port)
    }
}

pub(crate) fn at(port: u16) -> DomainPolicy {
    DomainPolicy {
        address: Some(("127.0.0.1".to_owned(), port)),
        ..DomainPolicy::default()
    }
}

/// A plugin that says no more than that it is there.
struct Named(&'static SpecInfo);

impl Plugin for Named {
    fn spec(&self) -> &'static SpecInfo {
        self.0
    }

    fn install(self: Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        if self.0.id == "xep-0199" {
            let row = IqRow {
                type_: StanzaType::Get,
                scopes: &[Scope::Host, Scope::Service("*")],
                only: Only::ANY,
                senders: &[Sender::Anyone],
            };
            registrar.service("rooms", "rooms.{host}")?;
            registrar.iq(row, |_: IqContext, _: Ping| async { Ok(Empty) })?;
        }
        Ok(())
    }
}

const fn spec(id: &'static str) -> SpecInfo {
    SpecInfo {
        id,
        number: "",
        title: "",
        version: "",
        status: "",
        summary: "",
        depends: &[],
        features: &[],
        identities: &[],
    }
}

static DIALBACK: SpecInfo = spec("xep-0220");
static BIDI: SpecInfo = spec("xep-0288");
static CERTIFICATES: SpecInfo = spec("xep-0178");
static PING: SpecInfo = spec("xep-0199");

/// A port that is free now, and so is the next one.
pub(crate) fn free_port() -> u16 {
    loop {
        let first = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        if port < u16::MAX && std::net::TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

/// A server for a domain, which listens on the port, and for direct TLS on the next one.
pub(crate) async fn site(
    domain: &str,
    port: u16,
    plugins: &[&str],
    configure: impl FnOnce(&mut FederationConfig),
) -> Site {
    let accounts = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    for name in ["romeo", "juliet"] {
        let account = BareJid::new(Some(name), domain).unwrap();
        accounts.create(&account, "secret").await.unwrap();
    }
    let mut config = FederationConfig::new(Authorities::none());
    config.limits.connect = Duration::from_secs(5);
    config.limits.login = Duration::from_secs(5);
    let own = rcgen::generate_simple_self_signed([domain.to_owned()]).unwrap();
    let key = own.signing_key.serialize_der().try_into().unwrap();
    let identity = Identity::new(vec![own.cert.der().clone()], key).unwrap();
    config.identities.insert(domain.to_owned(), identity);
    configure(&mut config);
    let has = |id: &str| plugins.contains(&id);
    let (dialback, bidi, certificates) = (has("xep-0220"), has("xep-0288"), has("xep-0178"));
    let host = HostConfig::new(domain, Storage::memory(), accounts)
        .unwrap()
        .plugins(move |_| {
            let mut all: Vec<Arc<dyn Plugin>> = vec![Arc::new(Named(&PING))];
            if dialback {
                all.push(Arc::new(Named(&DIALBACK)));
            }
            if certificates {
                all.push(Arc::new(Named(&CERTIFICATES)));
            }
            if bidi {
                all.push(Arc::new(Named(&BIDI)));
            }
            Ok(all)
        });
    let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let server = Server::builder()
        .host(host)
        .federation(config)
        .listen_servers(address(port), false)
        .listen_servers(address(port + 1), true)
        .start()
        .await
        .unwrap();
    Site { server, port }
}

/// Two servers that know where the other is.
pub(crate) async fn pair(
    plugins: &[&str],
    configure: impl Fn(&mut FederationConfig, &str),
) -> (Site, Site) {
    let (a, b) = (free_port(), free_port());
    let of = |own: &'static str, other: &'static str, port| {
        let configure = &configure;
        move |config: &mut FederationConfig| {
            config.domains.insert(other.to_owned(), at(port));
            configure(config, own);
        }
    };
    (
        site("a.example", a, plugins, of("a.example", "b.example", b)).await,
        site("b.example", b, plugins, of("b.example", "a.example", a)).await,
    )
}

/// Who makes certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Authority(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn certificate(&self) -> rustls::pki_types::CertificateDer<'static> {
        self.0.der().clone()
    }

    /// For these names, in these days from now.
    pub(crate) fn identity(&self, names: &[&str], days: Range<i64>) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let today = i64::try_from(now.as_secs() / 86_400).unwrap();
        let date = |day: i64| {
            let epoch = rcgen::date_time_ymd(1970, 1, 1);
            epoch + Duration::from_secs(u64::try_from(day * 86_400).unwrap())
        };
        params.not_before = date(today + days.start);
        params.not_after = date(today + days.end);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let private = key.serialize_der().try_into().unwrap();
        Identity::new(vec![certificate.der().clone()], private).unwrap()
    }
}

/// Waits until it holds.
pub(crate) async fn eventually(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .expect("it never comes to that");
}
