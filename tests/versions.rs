//! Versions of a namespace that share a type, end to end: one handler answers each client in the namespace that it
//! asked in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use sestina::profiles;
use sestina::server::{HostConfig, Server};
use sestina::session::accounts::{Accounts, MemoryAccounts};
use sestina::session::mux::IqContext;
use sestina::session::plugin::{PluginError, Setup};
use sestina::session::testing::Conversation;
use sestina::skeletons::xep_0215::{self, Settings};
use sestina::storage::Storage;
use sestina::types::xep_0215::{Credentials, Service, Services, Version};
use sestina::wire::clock::SystemRandom;
use sestina::wire::{BareJid, Frame, Payload, StanzaError, Writer};

/// Knows one service, and nothing of versions.
struct Turn;

impl xep_0215::Server for Turn {
    fn new(_setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    async fn services(&self, _cx: &IqContext, request: Services) -> Result<Services, StanzaError> {
        let kind = request.type_.unwrap_or("turn".into());
        Ok(Services {
            services: vec![Service::new("turn.example".into(), kind)],
            ..Services::default()
        })
    }

    async fn credentials(
        &self,
        _cx: &IqContext,
        _request: Credentials,
    ) -> Result<Credentials, StanzaError> {
        Ok(Credentials::default())
    }
}

#[tokio::test]
async fn a_request_is_answered_in_the_namespace_it_was_asked_in() {
    let accounts = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    let romeo = BareJid::parse("romeo@a.example").unwrap();
    accounts.create(&romeo, "secret").await.unwrap();
    let host = HostConfig::new("a.example", Storage::memory(), accounts)
        .unwrap()
        .plugins(|host| {
            let settings = Settings::default();
            let setup = Setup::new(&settings, host);
            // In place of the server's own.
            let mut profile = profiles::server::Settings::default();
            profile.xep_0215.enabled = false;
            let mut plugins = profiles::server::plugins(&profile, host)?;
            plugins.push(xep_0215::server::<Turn>(&setup)?);
            Ok(plugins)
        });
    let server = Server::builder().host(host).start().await.unwrap();
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    for ns in ["urn:xmpp:extdisco:2", "urn:xmpp:extdisco:1"] {
        romeo
            .send(&format!(
                "<iq type='get' id='1' to='a.example'><services xmlns='{ns}' type='stun'/></iq>"
            ))
            .await;
        romeo
            .expect(&format!(
                "<iq type='result' id='1' from='a.example'><services xmlns='{ns}'>\
                 <service host='turn.example' type='stun'/></services></iq>"
            ))
            .await;
        romeo
            .send(&format!(
                "<iq type='get' id='2' to='a.example'><credentials xmlns='{ns}'/></iq>"
            ))
            .await;
        romeo
            .expect(&format!(
                "<iq type='result' id='2' from='a.example'><credentials xmlns='{ns}'/></iq>"
            ))
            .await;
    }
    // A namespace that nobody named is not taken for one of them.
    romeo
        .send("<iq type='get' id='3' to='a.example'><services xmlns='urn:xmpp:extdisco:0'/></iq>")
        .await;
    let answer = romeo.recv().await;
    assert_eq!(answer.root().attr("type").as_deref(), Some("error"));
    server.shutdown().await;
}

/// A value is written in the version it names, whatever is inside.
#[test]
fn a_value_is_in_the_version_it_names() {
    let write = |services: &Services| {
        let mut out = Vec::new();
        services.write(&mut Writer::new(&mut out, ""));
        String::from_utf8(out).unwrap()
    };
    let old = "<services xmlns='urn:xmpp:extdisco:1'><service host='h' type='t'/></services>";
    let mut services = Services::read(Frame::parse(old).unwrap().root()).unwrap();
    assert_eq!(services.version, Version::V1);
    assert!(services.extra.is_empty());
    assert_eq!(write(&services), old);
    services.version = Version::default();
    assert_eq!(
        write(&services),
        old.replace("extdisco:1", "extdisco:2"),
        "what is inside follows"
    );
    // An element of the other version inside is not one of its own.
    let mixed = "<services xmlns='urn:xmpp:extdisco:1'><service xmlns='urn:xmpp:extdisco:2' host='h' type='t'/></services>";
    let services = Services::read(Frame::parse(mixed).unwrap().root()).unwrap();
    assert!(services.services.is_empty());
    assert_eq!(services.extra.children().len(), 1);
    assert_eq!(write(&services), mixed);
    assert!(Services::read(Frame::parse("<services xmlns='urn:x'/>").unwrap().root()).is_err());
}
