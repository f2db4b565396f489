//! A call as six specifications describe it, each extending an element of another, through the code that is generated of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sestina_types::xep_0166::jingle::{Content, Jingle, Reason, ReasonChoice};
use sestina_types::xep_0167::{errors, info, rtp};
use sestina_types::xep_0176::{CandidateType, Transport};
use sestina_types::xep_0234::file_transfer;
use sestina_types::xep_0293::RtcpFb;
use sestina_types::xep_0320::Fingerprint;
use sestina_wire::dispatch::Extensible as _;
use sestina_wire::{AnyElement, Payload as _};

/// Extensions before and behind the encodings, as XEP-0293 §3 shows them and as clients send them.
const OFFER: &str = "<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' initiator='laura@sestina.example/Quill' sid='j-41'>\
    <content creator='initiator' name='face'>\
    <description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'>\
    <rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='nack'/>\
    <payload-type id='96' name='VP8' clockrate='90000'>\
    <rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='nack' subtype='pli'/></payload-type>\
    <rtcp-mux/></description>\
    <transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' pwd='lachrymosabellezaquesta' ufrag='rv9s'>\
    <candidate component='1' foundation='1' generation='0' id='q1' ip='2001:db8::7' port='49152' priority='2130706431' \
    protocol='udp' type='host'/>\
    <fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='actpass'>1F:20</fingerprint>\
    </transport></content></jingle>";

#[test]
fn an_offer_is_read_through_its_specifications() {
    let offer: Jingle = AnyElement::parse(OFFER).unwrap().decode().unwrap();
    let content = offer.contents.first().unwrap();
    let description = content.extension::<rtp::Description>().unwrap().unwrap();
    assert_eq!(description.media, "video");
    assert!(description.rtcp_mux);
    let feedback = description.extension::<RtcpFb>().unwrap().unwrap();
    assert_eq!(feedback.subtype, None);
    let encoding = description.payload_types.first().unwrap();
    assert_eq!(encoding.clockrate, Some(90_000));
    let feedback = encoding.extension::<RtcpFb>().unwrap().unwrap();
    assert_eq!(feedback.subtype.as_deref(), Some("pli"));

    let transport = content.extension::<Transport>().unwrap().unwrap();
    let candidate = transport.candidates.first().unwrap();
    assert_eq!(candidate.type_, CandidateType::Host);
    assert_eq!(candidate.priority, 2_130_706_431);
    let fingerprint = transport.extension::<Fingerprint>().unwrap().unwrap();
    assert_eq!(fingerprint.hash, "sha-256");

    // Each element is one only of its own namespace: two specifications have a description, and this is no file.
    assert!(content.extension::<file_transfer::Description>().is_none());
}

#[test]
fn an_answer_is_made_of_its_specifications() {
    let mut encoding = rtp::PayloadType {
        id: 96,
        name: Some("VP8".into()),
        ..rtp::PayloadType::default()
    };
    encoding.extend(&RtcpFb {
        type_: "nack".into(),
        ..RtcpFb::default()
    });
    let description = rtp::Description {
        media: "video".into(),
        payload_types: vec![encoding],
        ..rtp::Description::default()
    };
    let offer: Jingle = AnyElement::parse(OFFER).unwrap().decode().unwrap();
    let mut content = Content {
        any: Vec::new(),
        ..offer.contents.first().unwrap().clone()
    };
    content.extend(&description);
    let read: Content = content.to_any().decode().unwrap();
    assert_eq!(
        read.extension::<rtp::Description>().unwrap().unwrap(),
        description
    );
    assert!(read.extension::<Transport>().is_none());
}

#[test]
fn what_is_not_as_it_should_be_is_said() {
    let content = OFFER.replace("priority='2130706431'", "priority='high'");
    let offer: Jingle = AnyElement::parse(content).unwrap().decode().unwrap();
    let content = offer.contents.first().unwrap();
    assert!(content.extension::<rtp::Description>().unwrap().is_ok());
    let error = content.extension::<Transport>().unwrap().unwrap_err();
    assert!(error.to_string().contains("priority"), "{error}");

    let reason = "<reason xmlns='urn:xmpp:jingle:1'><security-error/>\
        <crypto-required xmlns='urn:xmpp:jingle:apps:rtp:errors:1'/></reason>";
    let reason: Reason = AnyElement::parse(reason).unwrap().decode().unwrap();
    assert_eq!(reason.choice, ReasonChoice::SecurityError);
    assert!(reason.extension::<errors::CryptoRequired>().is_some());
    assert!(reason.extension::<errors::InvalidCrypto>().is_none());
}

#[test]
fn news_of_a_call_are_part_of_the_session() {
    let mut news: Jingle = AnyElement::parse(OFFER).unwrap().decode().unwrap();
    news.contents.clear();
    news.extend(&info::Ringing::default());
    let read: Jingle = news.to_any().decode().unwrap();
    assert!(read.extension::<info::Ringing>().unwrap().is_ok());
    assert!(read.extension::<info::Hold>().is_none());
}
