use sestina_storage::Storage;
use sestina_wire::clock::{SystemClock, SystemRandom};
use sestina_wire::{Content, DecodeError, ElementRef, Text, Writer};

use super::*;
use crate::host::{HostParts, SessionLimits};

/// A payload that holds a number.
#[derive(Debug, PartialEq)]
struct Number(u32);

impl Content for Number {
    fn decode(el: ElementRef<'_>) -> Result<Self, DecodeError> {
        match el.text().parse() {
            Ok(number) => Ok(Number(number)),
            Err(_) => Err(DecodeError::other(el, "no number")),
        }
    }

    fn encode(&self, w: &mut Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        w.text(self.0);
        w.end(name);
    }
}

impl Payload for Number {
    const NAME: &'static str = "number";
    const NS: &'static str = "urn:example:number";
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

fn own() -> BareJid {
    BareJid::parse("romeo@a.example").unwrap()
}

async fn ask(mux: &Mux, from: &str, scope: Scope, number: &str) -> Stanza {
    let stanza = format!(
        "<iq type='get' id='1' from='{from}'><number xmlns='urn:example:number'>{number}</number></iq>"
    );
    let stanza = Stanza::parse(&stanza).unwrap();
    let context = IqContext {
        host: host(),
        from: Jid::parse(from).unwrap(),
        to: None,
        id: Text::from("1"),
        lang: None,
        session: None,
        scope,
    };
    mux.answer(IqRequest { context, stanza }, &own()).await
}

fn condition(stanza: &Stanza) -> Option<sestina_wire::Condition> {
    stanza.stanza_error().map(|error| error.condition)
}

#[tokio::test]
async fn one_handler_answers_one_request_in_one_scope() {
    let mut mux = Mux::new();
    let next = |_cx: IqContext, number: Number| async move { Ok(Number(number.0 + 1)) };
    mux.handle(Scope::Host, StanzaType::Get, next).unwrap();
    assert!(mux.handle(Scope::Host, StanzaType::Get, next).is_err());
    mux.handle_from(
        &[Scope::OwnAccount],
        StanzaType::Get,
        Only::ANY,
        &[Sender::OwnAccount],
        next,
    )
    .unwrap();
    mux.handle_from(
        &[Scope::OtherAccount],
        StanzaType::Get,
        Only::ANY,
        &[Sender::Contact],
        next,
    )
    .unwrap();

    let answer = ask(&mux, "juliet@a.example/x", Scope::Host, "41").await;
    assert_eq!(answer.type_(), StanzaType::Result);
    assert_eq!(answer.decode::<Number>().unwrap().unwrap(), Number(42));
    let service = ask(&mux, "juliet@a.example/x", Scope::Service("rooms"), "1").await;
    assert_eq!(condition(&service), Some(Condition::ServiceUnavailable));
    // What does not decode is the asker's fault, and is told in words.
    let bad = ask(&mux, "juliet@a.example/x", Scope::Host, "many")
        .await
        .stanza_error()
        .unwrap();
    assert_eq!(bad.condition, Condition::BadRequest);
    assert!(bad.text.is_some());

    // The handler of others never runs.
    assert_eq!(
        ask(&mux, "romeo@a.example/x", Scope::OwnAccount, "1")
            .await
            .type_(),
        StanzaType::Result
    );
    let other = ask(&mux, "juliet@a.example/x", Scope::OwnAccount, "1").await;
    assert_eq!(condition(&other), Some(Condition::Forbidden));
    // Nobody knows who is a contact, until somebody does.
    let stranger = ask(&mux, "juliet@a.example/x", Scope::OtherAccount, "1").await;
    assert_eq!(condition(&stranger), Some(Condition::Forbidden));
    mux.check_sender(
        Sender::Contact,
        Arc::new(|_host, from, _own| {
            let known = from.local() == Some("juliet");
            Box::pin(async move { known })
        }),
    );
    assert_eq!(
        ask(&mux, "juliet@a.example/x", Scope::OtherAccount, "1")
            .await
            .type_(),
        StanzaType::Result
    );
    let stranger = ask(&mux, "paris@a.example/x", Scope::OtherAccount, "1").await;
    assert_eq!(condition(&stranger), Some(Condition::Forbidden));
}

#[tokio::test]
async fn layers_wrap_handlers_the_last_one_outermost() {
    use tower::util::MapRequestLayer;

    let mut mux = Mux::new();
    mux.handle(
        Scope::Host,
        StanzaType::Get,
        |cx: IqContext, _: Number| async move { Ok(Number(cx.id.parse().unwrap_or_default())) },
    )
    .unwrap();
    let append = |digit: &'static str| {
        MapRequestLayer::new(move |mut request: IqRequest| {
            request.context.id = Text::from(format!("{}{digit}", request.context.id));
            request
        })
    };
    mux.layer(append("3"));
    mux.layer(append("2"));
    let answer = ask(&mux, "juliet@a.example/x", Scope::Host, "0").await;
    assert_eq!(answer.decode::<Number>().unwrap().unwrap(), Number(123));
}

#[tokio::test]
async fn handlers_of_messages_run_in_order_until_one_decides() {
    use std::sync::Mutex;

    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut mux = Mux::new();
    for (name, decision) in [
        ("first", None),
        ("waits", Some(false)),
        ("decides", Some(true)),
        ("never", None),
    ] {
        let seen = Arc::clone(&seen);
        mux.message(
            Scope::Host,
            move |cx: &StanzaContext<'_>, number: Number| {
                seen.lock()
                    .unwrap()
                    .push(format!("{name} {} {:?}", number.0, cx.scope));
                match decision {
                    None => Flow::Continue,
                    Some(false) => Flow::wait(async { Flow::Continue }),
                    Some(true) => Flow::Done,
                }
            },
        );
    }
    let message = |number: &str| {
        let text =
            format!("<message><number xmlns='urn:example:number'>{number}</number></message>");
        Stanza::parse(&text).unwrap()
    };
    let host = host();
    let mut flow = mux.handle_stanza(&host, &message("7"), None, Scope::Host, &own());
    while let Flow::Wait(future) = flow {
        flow = future.await;
    }
    assert!(matches!(flow, Flow::Done));
    assert_eq!(
        *seen.lock().unwrap(),
        ["first 7 Host", "waits 7 Host", "decides 7 Host"]
    );
    // Neither another scope nor what does not decode reaches them.
    for (number, scope) in [("7", Scope::Client), ("many", Scope::Host)] {
        assert!(matches!(
            mux.handle_stanza(&host, &message(number), None, scope, &own()),
            Flow::Continue
        ));
    }
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn several_handlers_share_a_request_by_node_and_form() {
    let mut mux = Mux::new();
    let node = |node| Only {
        node: Some(node),
        ..Only::ANY
    };
    let form = Only {
        form: Some("urn:f"),
        ..node("a")
    };
    for (only, answer) in [(Only::ANY, 1), (node("a"), 2), (form, 3), (node("b"), 4)] {
        let handler = move |_: IqContext, _: AnyNumber| async move { Ok(Number(answer)) };
        mux.handle_from(
            &[Scope::Host],
            StanzaType::Get,
            only,
            &[Sender::Anyone],
            handler,
        )
        .unwrap();
    }
    let twice = |_: IqContext, _: AnyNumber| async { Ok(Number(0)) };
    let twice = mux.handle_from(
        &[Scope::Host],
        StanzaType::Get,
        node("b"),
        &[Sender::Anyone],
        twice,
    );
    assert!(twice.is_err());
    let x = "<x xmlns='jabber:x:data'><field var='FORM_TYPE'><value>urn:f</value></field></x>";
    for (attributes, inside, answer) in [
        ("", "", 1),
        ("node='c'", "", 1),
        ("node='a'", "", 2),
        ("node='a'", x, 3),
        ("node='b'", x, 4),
        ("", "<items node='b'/>", 4),
    ] {
        let stanza = format!(
            "<iq type='get' id='1' from='a@b/c'><number xmlns='urn:example:number' {attributes}>{inside}</number></iq>"
        );
        let stanza = Stanza::parse(&stanza).unwrap();
        let context = IqContext {
            host: host(),
            from: Jid::parse("a@b/c").unwrap(),
            to: None,
            id: Text::from("1"),
            lang: None,
            session: None,
            scope: Scope::Host,
        };
        let found = mux.answer(IqRequest { context, stanza }, &own()).await;
        assert_eq!(
            found.decode::<Number>().unwrap().unwrap(),
            Number(answer),
            "{attributes} {inside}"
        );
    }
}

/// A payload of that name with whatever in it.
struct AnyNumber;

impl Content for AnyNumber {
    fn decode(_: ElementRef<'_>) -> Result<Self, DecodeError> {
        Ok(AnyNumber)
    }

    fn encode(&self, w: &mut Writer<'_>, name: &str, ns: &str) {
        w.empty_element(name, ns);
    }
}

impl Payload for AnyNumber {
    const NAME: &'static str = Number::NAME;
    const NS: &'static str = Number::NS;
}
