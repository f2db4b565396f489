//! Items of nodes by the type of their payload: what a client hears of, and what it publishes.

use std::sync::{Arc, Mutex};

use sestina_plugins::{rfc_6121, xep_0030};
use sestina_session::client::{Client, ClientConfig, Event, Events, RequestError};
use sestina_session::items::Change;
use sestina_session::mux::{IqContext, OrEmpty, StanzaContext};
use sestina_session::plugin::{IqRow, Plugin, PluginError, Registrar, Setup};
use sestina_session::server::Server;
use sestina_session::stages::Flow;
use sestina_skeletons as skeletons;
use sestina_skeletons::xep_0490::{self as skeleton, Settings};
use sestina_types::xep_0004::Form;
use sestina_types::xep_0060::forms::PublishPreconditions;
use sestina_types::xep_0060::pubsub::{Items, Pubsub, PubsubChoice};
use sestina_types::xep_0402::Conference;
use sestina_types::xep_0490::Displayed;
use sestina_wire::dispatch::{InItem, Only, Scope, Sender, SpecInfo};
use sestina_wire::{Condition, StanzaError, StanzaType};

use super::{login, server_and};

type Heard = Mutex<Vec<Change<Displayed>>>;

/// A client's part of XEP-0490 over the generated skeleton.
struct Reader(Heard);

impl skeleton::Client for Reader {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Reader(Heard::default()))
    }

    fn displayed(self: &Arc<Self>, _: &StanzaContext<'_>, changes: Vec<Change<Displayed>>) -> Flow {
        self.0.lock().unwrap().extend(changes);
        Flow::Done
    }
}

/// Stands in for the service of an account: keeps what was published last.
#[derive(Default)]
struct Service(Mutex<Option<Pubsub>>);

static SERVICE: SpecInfo = SpecInfo {
    id: "service",
    number: "",
    title: "",
    version: "",
    status: "",
    summary: "",
    depends: &[],
    features: &[],
    identities: &[],
};

impl Plugin for Service {
    fn spec(&self) -> &'static SpecInfo {
        &SERVICE
    }

    fn install(self: Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let row = |type_| IqRow {
            type_,
            scopes: &[Scope::OwnAccount],
            only: Only::ANY,
            senders: &[Sender::Anyone],
        };
        let this = Arc::clone(&self);
        registrar.iq(
            row(StanzaType::Set),
            move |_: IqContext, request: Pubsub| {
                let this = Arc::clone(&this);
                async move {
                    *this.0.lock().unwrap() = Some(request);
                    Ok::<_, StanzaError>(OrEmpty::<Pubsub>::Empty)
                }
            },
        )?;
        registrar.iq(
            row(StanzaType::Get),
            move |_: IqContext, request: Pubsub| {
                let this = Arc::clone(&self);
                async move {
                    let (Some(PubsubChoice::Items(asked)), Some(PubsubChoice::Publish(kept))) = (
                        request.action,
                        this.0
                            .lock()
                            .unwrap()
                            .as_ref()
                            .and_then(|kept| kept.action.clone()),
                    ) else {
                        return Err(StanzaError::new(Condition::ItemNotFound));
                    };
                    let mut items = Items::new(asked.node);
                    items.items = kept.items;
                    Ok(Pubsub {
                        action: Some(PubsubChoice::Items(items)),
                        ..Pubsub::default()
                    })
                }
            },
        )?;
        Ok(())
    }
}

async fn client(server: &Server, jid: &str) -> (Client, Events) {
    let config = ClientConfig::new(jid, "secret")
        .unwrap()
        .dangerously_allow_plain_text()
        .plugins(|host| {
            let all = &Settings::default();
            Ok(vec![
                skeletons::rfc_6120::client(&Setup::new(&Default::default(), host))?,
                skeletons::rfc_6121::client::<rfc_6121::Client>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0004::client(&Setup::new(&Default::default(), host))?,
                skeletons::xep_0030::client::<xep_0030::Client>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0059::client(&Setup::new(&Default::default(), host))?,
                skeletons::xep_0060::client(&Setup::new(&Default::default(), host))?,
                skeletons::xep_0359::client(&Setup::new(&Default::default(), host))?,
                skeleton::client::<Reader>(&Setup::new(all, host))?,
            ])
        });
    Client::over(server.connect_memory(), config).await.unwrap()
}

fn event(node: &str, inside: &str) -> String {
    format!(
        "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='{node}'>{inside}</items></event>"
    )
}

fn read_up_to(id: &str) -> String {
    format!(
        "<item id='romeo@montague.lit'><displayed xmlns='urn:xmpp:mds:displayed:0'>\
         <stanza-id xmlns='urn:xmpp:sid:0' id='{id}' by='laura@a.example'/></displayed></item>"
    )
}

#[tokio::test]
async fn what_other_devices_say_reaches_the_handler_and_what_others_say_does_not() {
    let server = server_and(Vec::new()).await;
    let (laura, mut events) = client(&server, "laura@a.example/desk").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let mut other = login(&server, "laura@a.example/phone").await;
    laura.presence().available().await.unwrap();
    // The feature that asks for notifications is announced by itself.
    let features: Vec<&str> = laura
        .host()
        .disco()
        .features(sestina_session::plugin::On::Client)
        .collect();
    assert!(
        features.contains(&"urn:xmpp:mds:displayed:0+notify"),
        "{features:?}"
    );

    let node = Displayed::NODE;
    // From somebody else, of another node, of another payload; then the last two, from the account.
    arnaut
        .send(&format!(
            "<message to='laura@a.example/desk'>{}</message>",
            event(node, &read_up_to("forged"))
        ))
        .await;
    arnaut.settle().await;
    for inside in [
        event("urn:xmpp:mds:other", &read_up_to("elsewhere")),
        event(node, "<item id='a'><other xmlns='urn:other'/></item>"),
        event(node, &read_up_to("28482-98726")),
        event(node, "<retract id='romeo@montague.lit'/>"),
        "<body>end</body>".into(),
    ] {
        other
            .send(&format!(
                "<message to='laura@a.example/desk'>{inside}</message>"
            ))
            .await;
    }
    other.settle().await;
    loop {
        match events.next().await.unwrap() {
            Event::Message(message) if message.children().any(|child| child.name() == "body") => {
                break;
            }
            _ => {}
        }
    }
    let reader = laura.host().extensions().get::<Reader>().unwrap();
    let heard = reader.0.lock().unwrap();
    let [Change::Published(item), Change::Retracted(id)] = heard.as_slice() else {
        panic!("{heard:?}");
    };
    assert_eq!(item.id.as_deref(), Some("romeo@montague.lit"));
    assert_eq!(&*item.payload.stanza_id.id, "28482-98726");
    assert_eq!(&**id, "romeo@montague.lit");
}

#[tokio::test]
async fn what_is_published_goes_to_its_node_and_says_how_that_has_to_be() {
    let service = Arc::new(Service::default());
    let server = server_and(vec![service.clone()]).await;
    let (laura, _events) = client(&server, "laura@a.example/desk").await;
    let own = laura.account().clone();
    match laura.items::<Conference>(&own).await {
        Err(RequestError::Refused(error)) => assert_eq!(error.condition, Condition::ItemNotFound),
        other => panic!("{other:?}"),
    }
    let room = Conference {
        name: Some("Council of Oberon".into()),
        autojoin: Some(true),
        ..Conference::default()
    };
    laura
        .publish("theplay@conference.shakespeare.lit", &room)
        .await
        .unwrap();
    let request = service.0.lock().unwrap().clone().unwrap();
    let Some(PubsubChoice::Publish(publish)) = request.action else {
        panic!("{request:?}");
    };
    assert_eq!(&*publish.node, Conference::NODE);
    let form: Form = request.publish_options.unwrap().form.unwrap();
    let options = PublishPreconditions::read(&form).unwrap();
    assert_eq!(options.persist_items, Some(true));
    assert_eq!(options.max_items.as_deref(), Some("max"));
    assert_eq!(options.access_model.unwrap().as_str(), "whitelist");

    let kept = laura.items::<Conference>(&own).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        kept[0].id.as_deref(),
        Some("theplay@conference.shakespeare.lit")
    );
    assert_eq!(kept[0].payload, room);

    laura
        .retract::<Displayed>("romeo@montague.lit")
        .await
        .unwrap();
    let request = service.0.lock().unwrap().clone().unwrap();
    let Some(PubsubChoice::Retract(retract)) = request.action else {
        panic!("{request:?}");
    };
    assert_eq!(
        (&*retract.node, retract.notify),
        (Displayed::NODE, Some(true))
    );
}
