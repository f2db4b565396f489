//! XEP-0065: a file through the proxy. XEP-0215: what helps calls through.

use std::time::Duration;

use sestina_session::settings::{ByteSize, Interval, SecretText};
use sestina_session::testing::Conversation;
use sestina_skeletons::{xep_0065, xep_0215};
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::STANZAS;
use super::files::{Changes, Place, ask};

const BYTESTREAMS: &str = "http://jabber.org/protocol/bytestreams";
const LAURA: &str = "laura@a.example/desk";
const ARNAUT: &str = "arnaut@a.example/away";

async fn with_proxy(change: impl FnOnce(&mut xep_0065::Settings)) -> Place {
    let mut proxy = xep_0065::Settings {
        listen: vec!["127.0.0.1:0".to_owned()],
        ..Default::default()
    };
    change(&mut proxy);
    Place::new(Changes {
        proxy,
        ..Changes::default()
    })
    .await
}

/// The port that the proxy tells.
async fn port(who: &mut Conversation) -> u16 {
    let answer = ask(
        who,
        &format!("<iq type='get' id='1' to='proxy.a.example'><query xmlns='{BYTESTREAMS}'/></iq>"),
    )
    .await;
    let port = || {
        let query = answer.root().child("query", BYTESTREAMS)?;
        let host = query.child("streamhost", BYTESTREAMS)?;
        assert_eq!(host.attr("jid").as_deref(), Some("proxy.a.example"));
        assert_eq!(host.attr("host").as_deref(), Some("a.example"));
        host.attr("port")?.parse().ok()
    };
    port().unwrap_or_else(|| panic!("no port: {}", answer.as_str()))
}

fn hash(sid: &str, from: &str, to: &str) -> String {
    let octets = Sha1::digest(format!("{sid}{from}{to}"));
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Comes to the proxy; the connection, and what was replied.
async fn come(port: u16, hash: &str) -> (TcpStream, u8) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(&[5, 1, 0]).await.unwrap();
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await.unwrap();
    assert_eq!(chosen, [5, 0]);
    let mut request = vec![5, 1, 0, 3, 40];
    request.extend_from_slice(hash.as_bytes());
    request.extend_from_slice(&[0, 0]);
    stream.write_all(&request).await.unwrap();
    let mut answer = [0; 47];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!((answer[0], answer[3], answer[4]), (5, 3, 40));
    assert_eq!(&answer[5..45], hash.as_bytes());
    (stream, answer[1])
}

fn activate(sid: &str, with: &str) -> String {
    format!(
        "<iq type='set' id='go' to='proxy.a.example'><query xmlns='{BYTESTREAMS}' sid='{sid}'><activate>{with}</activate></query></iq>"
    )
}

fn refused(condition: &str) -> String {
    format!(
        "<iq type='error' id='go' from='proxy.a.example'><error><{condition} xmlns='{STANZAS}'/></error></iq>"
    )
}

#[tokio::test]
async fn two_speak_through_the_proxy_when_who_began_says_so() {
    let place = with_proxy(|_| ()).await;
    let mut laura = place.login(LAURA).await;
    let mut arnaut = place.login(ARNAUT).await;
    laura
        .send("<iq type='get' id='0' to='proxy.a.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
        .await;
    laura
        .expect(&format!("<iq type='result' id='0'><query xmlns='http://jabber.org/protocol/disco#info'><identity category='proxy' type='bytestreams'/><feature var='{BYTESTREAMS}'/></query></iq>"))
        .await;
    let port = port(&mut laura).await;
    let hash = hash("s1", LAURA, ARNAUT);

    laura.send(&activate("s1", ARNAUT)).await;
    laura.expect(&refused("item-not-found")).await;
    let (mut theirs, reply) = come(port, &hash).await;
    assert_eq!(reply, 0);
    laura.send(&activate("s1", ARNAUT)).await;
    laura.expect(&refused("not-allowed")).await;
    // What is sent too early is heard by nobody.
    theirs.write_all(b"too early").await.unwrap();
    let (mut ours, reply) = come(port, &hash).await;
    assert_eq!(reply, 0);
    // Two belong together, and no third.
    assert_eq!(come(port, &hash).await.1, 2);
    // Only who began may say that it begins.
    arnaut.send(&activate("s1", ARNAUT)).await;
    arnaut.expect(&refused("item-not-found")).await;
    arnaut.send(&activate("s1", LAURA)).await;
    arnaut.expect(&refused("item-not-found")).await;

    laura.send(&activate("s1", ARNAUT)).await;
    laura.expect("<iq type='result' id='go'/>").await;
    let file: Vec<u8> = (0..300_000_u32).flat_map(|n| n.to_le_bytes()).collect();
    let (sent, received) = tokio::join!(
        async {
            ours.write_all(&file).await.unwrap();
            ours.shutdown().await.unwrap();
        },
        async {
            let mut all = Vec::new();
            theirs.read_to_end(&mut all).await.unwrap();
            all
        }
    );
    let () = sent;
    assert!(
        received == file,
        "{} of {} bytes",
        received.len(),
        file.len()
    );
    // The other direction is still open.
    theirs.write_all(b"thanks").await.unwrap();
    drop(theirs);
    let mut thanks = String::new();
    ours.read_to_string(&mut thanks).await.unwrap();
    assert_eq!(thanks, "thanks");
}

#[tokio::test]
async fn the_proxy_is_bounded() {
    let place = with_proxy(|settings| {
        settings.per_account = 1;
        settings.rate = ByteSize(100_000);
        settings.idle = Interval(Duration::from_millis(400));
    })
    .await;
    let mut laura = place.login(LAURA).await;
    let port = port(&mut laura).await;
    let mut pair = async |sid: &str| {
        let hash = hash(sid, LAURA, ARNAUT);
        let (ours, theirs) = (come(port, &hash).await.0, come(port, &hash).await.0);
        laura.send(&activate(sid, ARNAUT)).await;
        (ours, theirs)
    };
    let (mut ours, mut theirs) = pair("s1").await;
    let second = pair("s2").await;
    laura.expect("<iq type='result' id='go'/>").await;
    laura.expect(&refused("resource-constraint")).await;
    drop(second);
    // No faster than it may.
    let begun = tokio::time::Instant::now();
    ours.write_all(&[0; 64 * 1024]).await.unwrap();
    let mut all = vec![0; 64 * 1024];
    theirs.read_exact(&mut all).await.unwrap();
    assert!(
        begun.elapsed() >= Duration::from_millis(250),
        "{:?}",
        begun.elapsed()
    );
    // Nor silent for longer; then there is room for another.
    let ended = tokio::time::timeout(Duration::from_secs(10), theirs.read(&mut all)).await;
    assert!(matches!(ended, Ok(Ok(0) | Err(_))), "{ended:?}");
    for tries in 0..100 {
        laura.send(&activate("s2", ARNAUT)).await;
        let answer = laura.recv().await;
        if !answer.as_str().contains("resource-constraint") {
            break;
        }
        assert!(tries < 99, "{}", answer.as_str());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // One address cannot have all the places.
    let mut waiting = Vec::new();
    let mut refused = false;
    for _ in 0..80 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        if stream.write_all(&[5, 1, 0]).await.is_err() || stream.read_u16().await.is_err() {
            refused = true;
            break;
        }
        waiting.push(stream);
    }
    assert!(refused && waiting.len() >= 50, "{} came", waiting.len());
}

const SERVICES: &str = "urn:xmpp:extdisco:2";

fn external(change: impl FnOnce(&mut xep_0215::Settings)) -> Changes {
    let mut external = xep_0215::Settings {
        services: vec![
            "stun:turn.a.example:3478?transport=udp".to_owned(),
            "turn:turn.a.example:3478?transport=udp".to_owned(),
            "turns:[2001:db8::1]:5349?transport=tcp".to_owned(),
        ],
        ..Default::default()
    };
    change(&mut external);
    Changes {
        external,
        ..Changes::default()
    }
}

#[tokio::test]
async fn credentials_for_calls_are_good_for_a_while() {
    let place = Place::new(external(|settings| {
        settings.secret = SecretText::new("north");
        settings.lifetime = Interval::from_secs(600);
    }))
    .await;
    let mut laura = place.login(LAURA).await;
    laura
        .send("<iq type='get' id='0' to='a.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
        .await;
    laura
        .expect(&format!("<iq type='result' id='0'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:extdisco:1'/><feature var='{SERVICES}'/></query></iq>"))
        .await;
    laura
        .send(&format!(
            "<iq type='get' id='1' to='a.example'><services xmlns='{SERVICES}'/></iq>"
        ))
        .await;
    laura
        .expect(&format!(
            "<iq type='result' id='1'><services xmlns='{SERVICES}'><service type='stun' host='turn.a.example' port='3478' transport='udp'/>\
             <service type='turn' host='turn.a.example' port='3478' transport='udp' username='*' password='*' expires='*' restricted='true'/>\
             <service type='turns' host='2001:db8::1' port='5349' transport='tcp' username='*' password='*' expires='*' restricted='true'/></services></iq>"
        ))
        .await;
    // Of one type, in the older namespace too.
    for namespace in [SERVICES, "urn:xmpp:extdisco:1"] {
        let answer = ask(
            &mut laura,
            &format!("<iq type='get' id='2' to='a.example'><services xmlns='{namespace}' type='stun'/></iq>"),
        )
        .await;
        let services = answer.root().child("services", namespace).unwrap();
        assert_eq!(services.attr("type").as_deref(), Some("stun"));
        let all: Vec<_> = services.children().collect();
        assert_eq!(all.len(), 1, "{}", answer.as_str());
        assert_eq!((all[0].name(), all[0].ns()), ("service", namespace));
        assert_eq!(all[0].attr("password"), None);
    }
    let asked = |type_: &str| {
        format!(
            "<iq type='get' id='3' to='a.example'><credentials xmlns='{SERVICES}'><service host='turn.a.example' type='{type_}'/></credentials></iq>"
        )
    };
    let answer = ask(&mut laura, &asked("turn")).await;
    let credentials = answer.root().child("credentials", SERVICES).unwrap();
    let service = credentials.child("service", SERVICES).unwrap();
    let username = service.attr("username").unwrap();
    let (expires, who) = username.split_once(':').unwrap();
    let expires: i64 = expires.parse().unwrap();
    let now = place
        .server
        .host("a.example")
        .unwrap()
        .clock()
        .now()
        .as_second();
    assert!((590..=610).contains(&(expires - now)), "{username}");
    assert!(!who.is_empty() && !who.contains("laura"), "{username}");
    assert!(!answer.as_str().contains("north"));
    laura.send(&asked("ftp")).await;
    laura
        .expect(&format!(
            "<iq type='error' id='3'><error><item-not-found xmlns='{STANZAS}'/></error></iq>"
        ))
        .await;
}

#[tokio::test]
async fn credentials_that_are_configured_are_told_as_they_are() {
    let place = Place::new(external(|settings| {
        settings.username = "guest".to_owned();
        settings.password = SecretText::new("west");
    }))
    .await;
    let mut laura = place.login(LAURA).await;
    laura
        .send(&format!(
            "<iq type='get' id='1' to='a.example'><services xmlns='{SERVICES}' type='turn'/></iq>"
        ))
        .await;
    laura
        .expect(&format!("<iq type='result' id='1'><services xmlns='{SERVICES}' type='turn'><service type='turn' username='guest' password='west'/></services></iq>"))
        .await;
    // Where nothing is configured nothing is announced.
    let place = Place::new(Changes::default()).await;
    let mut laura = place.login(LAURA).await;
    let info = ask(
        &mut laura,
        "<iq type='get' id='0' to='a.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    )
    .await;
    assert!(!info.as_str().contains("extdisco"), "{}", info.as_str());
}

#[tokio::test]
async fn the_proxy_is_for_accounts_of_the_server_alone() {
    let place = with_proxy(|_| {}).await;
    let mut stranger = place.login("stranger@b.example/desk").await;
    let ask =
        format!("<iq type='get' id='go' to='proxy.a.example'><query xmlns='{BYTESTREAMS}'/></iq>");
    for request in [ask, activate("s1", ARNAUT)] {
        stranger.send(&request).await;
        stranger.expect(&refused("forbidden")).await;
    }
}
