//! XEP-0050: commands, their forms and their sessions.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sestina_plugins::xep_0050::{
    Answers, Command, Commands, Done, Question, Step, Trouble, only_if,
};
use sestina_plugins::xep_0122;
use sestina_session::mux::IqContext;
use sestina_session::plugin::{Plugin, PluginError, Registrar};
use sestina_session::server::Server;
use sestina_session::settings::Interval;
use sestina_session::testing::Conversation;
use sestina_storage::Storage;
use sestina_types::xep_0004::{Field, FieldType, Form, FormType};
use sestina_wire::dispatch::{Extensible as _, SpecInfo};
use sestina_wire::{Frame, StanzaError, Text};

use super::{Changes, STANZAS, error, login, server_and, server_of};

const NS: &str = "http://jabber.org/protocol/commands";

/// Offers `adding`: two numbers, asked for one after the other.
struct Calculator;

impl Plugin for Calculator {
    fn spec(&self) -> &'static SpecInfo {
        static SPEC: SpecInfo = SpecInfo {
            id: "calculator",
            number: "",
            title: "",
            version: "",
            status: "",
            summary: "",
            depends: &["xep-0050"],
            features: &[],
            identities: &[],
        };
        &SPEC
    }

    fn install(self: Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        Commands::of(registrar.host()).offer(Arc::new(Adding));
        Ok(())
    }
}

struct Adding;

impl Command for Adding {
    fn node(&self) -> &str {
        "adding"
    }

    fn name(&self) -> &str {
        "Adding"
    }

    fn permits(&self, cx: &IqContext) -> Result<(), StanzaError> {
        only_if(cx.from.local() == Some("laura"))
    }

    fn step<'a>(
        &'a self,
        _: &'a IqContext,
        answers: Answers<'a>,
    ) -> BoxFuture<'a, Result<Step, Trouble>> {
        Box::pin(async move {
            let numbers: Vec<i64> = answers
                .forms()
                .iter()
                .filter_map(|form| form.fields.first()?.values.first()?.parse().ok())
                .collect();
            if numbers.contains(&13) {
                return Err(Trouble::Payload("not this one".into()));
            }
            let mut field = Field {
                var: Some(Text::from_static("number")),
                type_: Some(FieldType::TextSingle),
                required: true,
                ..Field::default()
            };
            field.extend(&xep_0122::integers(0, 100));
            let form = Form {
                fields: vec![field],
                ..Form::new(FormType::Form)
            };
            Ok(match numbers.as_slice() {
                [] => Step::Ask(Question::more(form).or_complete()),
                [_] if !answers.complete() => Step::Ask(Question::last(form)),
                numbers => {
                    Step::Done(Done::default().saying(numbers.iter().sum::<i64>().to_string()))
                }
            })
        })
    }
}

async fn calculator() -> Server {
    server_and(vec![Arc::new(Calculator)]).await
}

async fn says(who: &mut Conversation, id: &str, attributes: &str, inside: &str) {
    who.send(&format!(
        "<iq type='set' id='{id}' to='a.example'><command xmlns='{NS}' node='adding' {attributes}>{inside}</command></iq>"
    ))
    .await;
}

fn number(value: &str) -> String {
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='number'><value>{value}</value></field></x>"
    )
}

fn session(answer: &Frame) -> String {
    let command = answer.root().child("command", NS).unwrap();
    command.attr("sessionid").unwrap().to_string()
}

/// Begins and says under which id.
async fn begun(who: &mut Conversation) -> String {
    says(who, "begin", "", "").await;
    let answer = who
        .expect(&format!(
            "<iq type='result' id='begin'><command xmlns='{NS}' node='adding' status='executing' sessionid='*'>\
             <actions execute='next'><next/><complete/></actions>\
             <x xmlns='jabber:x:data' type='form'><field var='number'/></x></command></iq>"
        ))
        .await;
    session(&answer)
}

fn refused(id: &str, condition: &str, detail: &str) -> String {
    format!(
        "<iq type='error' id='{id}'><error><{condition} xmlns='{STANZAS}'/><{detail} xmlns='{NS}'/></error></iq>"
    )
}

#[tokio::test]
async fn commands_are_found_by_those_who_may_run_them() {
    let server = calculator().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let items = |id: &str| {
        format!(
            "<iq type='get' id='{id}' to='a.example'><query xmlns='http://jabber.org/protocol/disco#items' node='{NS}'/></iq>"
        )
    };
    let info = |id: &str, node: &str| {
        format!(
            "<iq type='get' id='{id}' to='a.example'><query xmlns='http://jabber.org/protocol/disco#info' node='{node}'/></iq>"
        )
    };
    laura.send(&items("1")).await;
    laura
        .expect(&format!("<iq type='result' id='1'><query xmlns='http://jabber.org/protocol/disco#items' node='{NS}'><item jid='a.example' node='adding' name='Adding'/></query></iq>"))
        .await;
    laura.send(&info("2", NS)).await;
    laura
        .expect(&format!("<iq type='result' id='2'><query xmlns='http://jabber.org/protocol/disco#info' node='{NS}'><identity category='automation' type='command-list'/></query></iq>"))
        .await;
    laura.send(&info("3", "adding")).await;
    laura
        .expect(&format!("<iq type='result' id='3'><query xmlns='http://jabber.org/protocol/disco#info' node='adding'><identity category='automation' type='command-node' name='Adding'/><feature var='{NS}'/><feature var='jabber:x:data'/></query></iq>"))
        .await;
    arnaut.send(&items("4")).await;
    let answer = arnaut.expect("<iq type='result' id='4'/>").await;
    let query = answer
        .root()
        .child("query", "http://jabber.org/protocol/disco#items")
        .unwrap();
    assert_eq!(query.children().count(), 0);
    arnaut.send(&info("5", "adding")).await;
    arnaut.expect(&error("5", "forbidden")).await;
    says(&mut arnaut, "6", "action='execute'", "").await;
    arnaut.expect(&error("6", "forbidden")).await;
    laura.send(&info("7", "subtracting")).await;
    laura.expect(&error("7", "item-not-found")).await;
    laura
        .send(&format!(
            "<iq type='set' id='8' to='a.example'><command xmlns='{NS}' node='subtracting'/></iq>"
        ))
        .await;
    laura.expect(&error("8", "item-not-found")).await;
}

#[tokio::test]
async fn a_command_goes_forth_and_back_through_its_forms() {
    let server = calculator().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let id = begun(&mut laura).await;
    let at = format!("sessionid='{id}'");
    // What `execute` stands for was said with the form.
    says(&mut laura, "2", &at, &number("30")).await;
    let second = format!(
        "<iq type='result' id='2'><command xmlns='{NS}' status='executing' sessionid='{id}'><actions execute='complete'><prev/><complete/></actions></command></iq>"
    );
    laura.expect(&second).await;
    says(&mut laura, "3", &format!("{at} action='prev'"), "").await;
    laura
        .expect(&format!(
            "<iq type='result' id='3'><command xmlns='{NS}' status='executing'><actions execute='next'><next/><complete/></actions>\
             <x xmlns='jabber:x:data' type='form'><field var='number'><value>30</value></field></x></command></iq>"
        ))
        .await;
    says(
        &mut laura,
        "2",
        &format!("{at} action='next'"),
        &number("40"),
    )
    .await;
    laura.expect(&second).await;
    says(
        &mut laura,
        "5",
        &format!("{at} action='complete'"),
        &number("2"),
    )
    .await;
    laura
        .expect(&format!("<iq type='result' id='5'><command xmlns='{NS}' status='completed' sessionid='{id}'><note type='info'>42</note></command></iq>"))
        .await;
    // The first form may be the last.
    let id = begun(&mut laura).await;
    says(
        &mut laura,
        "6",
        &format!("sessionid='{id}' action='complete'"),
        &number("7"),
    )
    .await;
    laura
        .expect(&format!("<iq type='result' id='6'><command xmlns='{NS}' status='completed'><note>7</note></command></iq>"))
        .await;
    let id = begun(&mut laura).await;
    let at = format!("sessionid='{id}' action='cancel'");
    says(&mut laura, "7", &at, "").await;
    laura
        .expect(&format!("<iq type='result' id='7'><command xmlns='{NS}' status='canceled' sessionid='{id}'/></iq>"))
        .await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_the_reason() {
    let server = calculator().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    says(&mut laura, "1", "action='dance'", "").await;
    laura
        .expect(&refused("1", "bad-request", "malformed-action"))
        .await;
    says(&mut laura, "2", "action='next'", "").await;
    laura
        .expect(&refused("2", "bad-request", "bad-action"))
        .await;
    says(&mut laura, "3", "sessionid='made-up'", &number("1")).await;
    laura
        .expect(&refused("3", "bad-request", "bad-sessionid"))
        .await;

    let id = begun(&mut laura).await;
    let at = format!("sessionid='{id}'");
    says(&mut laura, "4", &format!("{at} action='prev'"), "").await;
    laura
        .expect(&refused("4", "bad-request", "bad-action"))
        .await;
    for wrong in ["", "<x xmlns='jabber:x:data' type='submit'/>"] {
        says(&mut laura, "5", &at, wrong).await;
        laura
            .expect(&refused("5", "bad-request", "bad-payload"))
            .await;
    }
    for wrong in ["many", "101", "13"] {
        says(&mut laura, "6", &at, &number(wrong)).await;
        laura
            .expect(&refused("6", "bad-request", "bad-payload"))
            .await;
    }
    // It can still be corrected.
    says(
        &mut laura,
        "7",
        &format!("{at} action='complete'"),
        &number("12"),
    )
    .await;
    laura
        .expect(&format!(
            "<iq type='result' id='7'><command xmlns='{NS}' status='completed'/></iq>"
        ))
        .await;
    says(&mut laura, "8", &at, &number("12")).await;
    laura
        .expect(&refused("8", "not-allowed", "session-expired"))
        .await;
}

#[tokio::test]
async fn sessions_belong_to_one_and_end() {
    let commands = |timeout, per_requester, open| sestina_skeletons::xep_0050::Settings {
        timeout: Interval(timeout),
        per_requester,
        open,
        ..Default::default()
    };
    let start = async |commands| {
        let changes = Changes {
            commands,
            ..Changes::default()
        };
        server_of(changes, Storage::memory(), vec![Arc::new(Calculator)]).await
    };
    let server = start(commands(Duration::from_secs(60), 2, 3)).await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut sofa = login(&server, "laura@a.example/sofa").await;
    let first = begun(&mut laura).await;
    says(
        &mut sofa,
        "1",
        &format!("sessionid='{first}'"),
        &number("1"),
    )
    .await;
    sofa.expect(&refused("1", "bad-request", "bad-sessionid"))
        .await;
    begun(&mut sofa).await;
    // The third of one account takes the place of the first.
    begun(&mut sofa).await;
    says(
        &mut laura,
        "2",
        &format!("sessionid='{first}'"),
        &number("1"),
    )
    .await;
    laura
        .expect(&refused("2", "not-allowed", "session-expired"))
        .await;

    let server = start(commands(Duration::from_secs(60), 9, 1)).await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    begun(&mut laura).await;
    says(&mut laura, "3", "", "").await;
    let refusal = laura.expect(&error("3", "resource-constraint")).await;
    assert!(
        refusal.as_str().contains("1 commands wait"),
        "{}",
        refusal.as_str()
    );

    let server = start(commands(Duration::from_millis(1), 9, 9)).await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let id = begun(&mut laura).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    says(&mut laura, "4", &format!("sessionid='{id}'"), &number("1")).await;
    laura
        .expect(&refused("4", "not-allowed", "session-expired"))
        .await;
}
