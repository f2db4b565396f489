//! Versions of a namespace that share a type: read in any of them, written in the one that is named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sestina::types::xep_0215::{Services, Version};
use sestina::wire::{Frame, Payload, Writer};

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
