//! Services of a host at domains of their own, as plugins claim them.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};
use sestina_plugins::xep_0030::{ServiceNodes, Services};
use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_session::plugin::{Handles, On, Plugin, PluginError, Registrar};
use sestina_session::router::{Outcome, Routed, Service, Source, Taken, Turn};
use sestina_session::server::{HostConfig, Server, StartError};
use sestina_storage::Storage;
use sestina_types::xep_0030::{info, items};
use sestina_wire::dispatch::SpecInfo;
use sestina_wire::{BareJid, Jid, Kind, Stanza, StanzaError, Text};

use super::{error, login, server_and};

const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";

static ECHO: SpecInfo = SpecInfo {
    id: "echo",
    number: "",
    title: "",
    version: "",
    status: "",
    summary: "",
    depends: &["xep-0030"],
    features: &[],
    identities: &[],
};

/// Sends back messages, and knows one room.
struct Echo(&'static str);

impl Plugin for Echo {
    fn spec(&self) -> &'static SpecInfo {
        &ECHO
    }

    fn install(self: Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let on = On::Service("echo");
        let domain = registrar.service_taking("echo", self.0, Arc::new(Back))?;
        if domain.is_some() {
            registrar.identity(on, "component", "generic");
            registrar.feature(&Handles::skeleton(), on, "urn:example:echo");
            Services::of(registrar.host()).register("echo", self);
        }
        Ok(())
    }
}

impl ServiceNodes for Echo {
    fn info<'a>(
        &'a self,
        cx: &'a IqContext,
        _: &'a info::Query,
    ) -> BoxFuture<'a, Result<Option<info::Query>, StanzaError>> {
        let here = cx.to.as_ref().is_some_and(|to| to.local() == Some("wall"));
        let info = here.then(|| info::Query {
            identities: vec![info::Identity::new(
                Text::from_static("component"),
                Text::from_static("wall"),
            )],
            ..info::Query::default()
        });
        async { Ok(info) }.boxed()
    }

    fn items<'a>(
        &'a self,
        cx: &'a IqContext,
        _: &'a items::Query,
    ) -> BoxFuture<'a, Result<Option<items::Query>, StanzaError>> {
        let service = cx.to.as_ref().filter(|to| to.local().is_none());
        let items = service.map(|service| items::Query {
            items: vec![items::Item::new(
                Jid::parse(&format!("wall@{service}")).unwrap(),
            )],
            ..items::Query::default()
        });
        async { Ok(items) }.boxed()
    }
}

struct Back;

impl Service for Back {
    fn take(&self, host: &Arc<Host>, stanza: &Stanza, _: &Source, turn: Turn) -> Taken {
        let (Kind::Message, Some(from), Some(to)) = (stanza.kind(), stanza.from(), stanza.to())
        else {
            return Taken::No;
        };
        if turn == Turn::Ahead {
            return Taken::InTurn;
        }
        host.send(stanza.clone().with_from(to.clone()).with_to(from.clone()));
        Taken::Routed(Routed::Now(Outcome::Delivered))
    }
}

#[tokio::test]
async fn a_service_is_found_and_answers_for_itself() {
    let server = server_and(vec![Arc::new(Echo("echo.{host}"))]).await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    laura
        .send(&format!(
            "<iq type='get' id='1' to='a.example'><query xmlns='{ITEMS}'/></iq>"
        ))
        .await;
    laura
        .expect(&format!("<iq type='result' id='1'><query xmlns='{ITEMS}'><item jid='echo.a.example'/></query></iq>"))
        .await;
    laura
        .send(&format!(
            "<iq type='get' id='2' to='echo.a.example'><query xmlns='{INFO}'/></iq>"
        ))
        .await;
    let answer = laura
        .expect(&format!("<iq type='result' id='2' from='echo.a.example'><query xmlns='{INFO}'><identity category='component' type='generic'/></query></iq>"))
        .await;
    let query = answer.root().child("query", INFO).unwrap();
    let features: Vec<_> = query
        .children()
        .filter_map(|child| child.attr("var"))
        .collect();
    for feature in [
        INFO,
        ITEMS,
        "jabber:iq:version",
        "urn:example:echo",
        "urn:xmpp:ping",
    ] {
        assert!(
            features.iter().any(|var| **var == *feature),
            "{feature} in {features:?}"
        );
    }
    assert!(
        !features.iter().any(|var| **var == *"msgoffline"),
        "{features:?}"
    );
    for payload in [
        "<ping xmlns='urn:xmpp:ping'/>",
        "<query xmlns='jabber:iq:version'/>",
    ] {
        laura
            .send(&format!(
                "<iq type='get' id='3' to='echo.a.example'>{payload}</iq>"
            ))
            .await;
        laura
            .expect("<iq type='result' id='3' from='echo.a.example'/>")
            .await;
    }
    // Everything else has no handler there.
    laura
        .send("<iq type='get' id='4' to='echo.a.example'><query xmlns='jabber:iq:roster'/></iq>")
        .await;
    laura.expect(&error("4", "service-unavailable")).await;
    laura
        .send(&format!(
            "<iq type='get' id='5' to='echo.a.example'><query xmlns='{INFO}' node='what'/></iq>"
        ))
        .await;
    laura.expect(&error("5", "item-not-found")).await;
}

#[tokio::test]
async fn what_is_below_a_service_its_plugin_knows() {
    let server = server_and(vec![Arc::new(Echo("echo.{host}"))]).await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    laura
        .send(&format!(
            "<iq type='get' id='1' to='echo.a.example'><query xmlns='{ITEMS}'/></iq>"
        ))
        .await;
    laura
        .expect(&format!("<iq type='result' id='1'><query xmlns='{ITEMS}'><item jid='wall@echo.a.example'/></query></iq>"))
        .await;
    laura
        .send(&format!(
            "<iq type='get' id='2' to='wall@echo.a.example'><query xmlns='{INFO}'/></iq>"
        ))
        .await;
    laura
        .expect(&format!(
            "<iq type='result' id='2'><query xmlns='{INFO}'><identity type='wall'/></query></iq>"
        ))
        .await;
    for (id, ns) in [("3", INFO), ("4", ITEMS)] {
        laura
            .send(&format!(
                "<iq type='get' id='{id}' to='nowhere@echo.a.example'><query xmlns='{ns}'/></iq>"
            ))
            .await;
        laura.expect(&error(id, "item-not-found")).await;
    }
}

#[tokio::test]
async fn whole_stanzas_reach_the_plugin() {
    let server = server_and(vec![Arc::new(Echo("echo.{host}"))]).await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    laura
        .send("<message id='m' to='wall@echo.a.example/nook' type='chat'><body>hello</body></message>")
        .await;
    laura
        .expect("<message id='m' from='wall@echo.a.example/nook' to='laura@a.example/desk' type='chat'><body>hello</body></message>")
        .await;
}

#[tokio::test]
async fn the_configuration_moves_a_service_or_leaves_it_out() {
    let server = server_and(vec![Arc::new(Echo("other.example"))]).await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    laura
        .send("<message id='m' to='other.example' type='chat'><body>hello</body></message>")
        .await;
    laura.expect("<message id='m' from='other.example'/>").await;

    let server = server_and(vec![Arc::new(Echo(""))]).await;
    assert!(server.host("a.example").unwrap().services().is_empty());
}

#[tokio::test]
async fn two_cannot_be_at_one_domain() {
    let accounts = sestina_session::accounts::Accounts::new(
        Arc::new(sestina_session::accounts::MemoryAccounts::new()),
        Arc::new(sestina_wire::clock::SystemRandom),
    );
    let host = HostConfig::new("a.example", Storage::memory(), accounts.clone())
        .unwrap()
        .plugins(|host| {
            let discovery = sestina_skeletons::xep_0030::server::<sestina_plugins::xep_0030::Server>(
                &sestina_session::plugin::Setup::new(&Default::default(), host),
            )?;
            let basis = sestina_skeletons::rfc_6120::server::<sestina_plugins::rfc_6120::Server>(
                &sestina_session::plugin::Setup::new(&Default::default(), host),
            )?;
            Ok(vec![basis, discovery, Arc::new(Echo("b.example"))])
        });
    let other = HostConfig::new("b.example", Storage::memory(), accounts).unwrap();
    let started = Server::builder().host(host).host(other).start().await;
    let Err(StartError::HostTwice(domain)) = started else {
        panic!("it started");
    };
    assert_eq!(domain, BareJid::new(None, "b.example").unwrap());
}
