//! What is an address and what is none.

use proptest::prelude::*;

use super::*;

fn jid(text: &str) -> Jid {
    Jid::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

#[test]
fn parts() {
    let full = jid("juliet@example.com/balcony");
    assert_eq!(
        (full.local(), full.domain(), full.resource()),
        (Some("juliet"), "example.com", Some("balcony"))
    );
    assert_eq!(full.to_bare(), "juliet@example.com");
    assert_eq!(full.domain_jid(), "example.com");
    assert!(full.as_full().is_some() && full.as_bare().is_none());
    let domain = jid("example.com");
    assert_eq!(
        (domain.local(), domain.domain(), domain.resource()),
        (None, "example.com", None)
    );
    assert!(domain.is_bare() && domain.is_domain());
    // The first slash ends the domain, whatever follows (RFC 7622 §3.1).
    let odd = jid("example.com/a@b/c");
    assert_eq!(
        (odd.local(), odd.domain(), odd.resource()),
        (None, "example.com", Some("a@b/c"))
    );
}

/// The examples of RFC 7622 §3.5.
#[test]
fn examples_of_the_rfc() {
    for good in [
        "juliet@example.com",
        "juliet@example.com/foo",
        "juliet@example.com/foo bar",
        "juliet@example.com/foo@bar",
        "foo\\20bar@example.com",
        "fussball@example.com",
        "fu\u{DF}ball@example.com",
        "\u{3C0}@example.com",
        "\u{3C3}@example.com",
        "\u{3C2}@example.com",
        "king@example.com/\u{265A}",
        "a.example.com/b@example.net",
    ] {
        assert_eq!(jid(good).as_str(), good);
    }
    assert_eq!(jid("\u{3A3}@example.com/foo"), "\u{3C3}@example.com/foo");
    for (bad, why) in [
        ("\"juliet\"@example.com", JidError::InvalidLocal),
        ("foo bar@example.com", JidError::InvalidLocal),
        ("juliet@example.com/", JidError::EmptyResource),
        ("@example.com", JidError::EmptyLocal),
        ("henry\u{2163}@example.com", JidError::InvalidLocal),
        ("\u{265A}@example.com", JidError::InvalidLocal),
        ("juliet@", JidError::EmptyDomain),
        ("/foobar", JidError::EmptyDomain),
        ("", JidError::EmptyDomain),
    ] {
        assert_eq!(Jid::parse(bad), Err(why), "{bad}");
    }
}

#[test]
fn parts_are_normalised() {
    assert_eq!(
        jid("Juliet@EXAMPLE.com/Balcony"),
        "juliet@example.com/Balcony"
    );
    assert_eq!(jid("example.com."), "example.com");
    assert_eq!(jid("xn--fuball-cta.example"), "fu\u{DF}ball.example");
    assert_eq!(jid("B\u{FC}cher.example"), "b\u{FC}cher.example");
    assert_eq!(jid("b\u{75}\u{308}cher.example"), "b\u{FC}cher.example");
    assert_eq!(jid("a@b/c\u{3000}d"), "a@b/c d");
    assert_eq!(jid("127.0.0.1"), "127.0.0.1");
    assert_eq!(jid("a@[2001:DB8:0::1]/x").domain(), "[2001:db8::1]");
}

#[test]
fn refused() {
    for bad in [
        "a\"@b",
        "a&@b",
        "a'@b",
        "a:@b",
        "a<@b",
        "a>@b",
        "a@b@c",
        "a b@c",
        "a\u{7F}@b",
        "a@b/\u{7}",
        "a@-b",
        "a@b-",
        "a@b..c",
        "a@.b",
        "a@b c",
        "a@b_c",
        "a@[::1",
        "a@[x]",
        "a@b/\u{FFFE}",
        "a@.",
        "..",
        "a@xn--",
        "a\u{200B}@b",
        "a@b/\u{0}",
    ] {
        assert!(Jid::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn lengths() {
    let long = "x".repeat(1023);
    assert!(Jid::parse(&format!("{long}@b/{long}")).is_ok());
    assert_eq!(Jid::parse(&format!("{long}x@b")), Err(JidError::LongLocal));
    assert_eq!(
        Jid::parse(&format!("a@b/{long}x")),
        Err(JidError::LongResource)
    );
    assert_eq!(
        Jid::parse(&format!("a@b/{}", "\u{E9}".repeat(512))),
        Err(JidError::LongResource)
    );
    assert!(Jid::parse(&format!("a@{}.b", "x".repeat(63))).is_ok());
    assert!(Jid::parse(&format!("a@{}.b", "x".repeat(64))).is_err());
    assert!(Jid::parse(&format!("a@{}b", "x.".repeat(200))).is_err());
    assert!(Jid::parse(&"\u{E9}".repeat(100_000)).is_err());
}

#[test]
fn a_normal_address_keeps_its_text() {
    let text = Text::from("juliet@example.com/balcony");
    let parsed = Jid::parse_text(text.clone()).unwrap();
    assert_eq!(parsed.as_str().as_ptr(), text.as_ptr());
    assert_eq!(parsed.to_bare().as_str().as_ptr(), text.as_ptr());
    assert_ne!(parsed.detach().as_str().as_ptr(), text.as_ptr());
}

#[test]
fn from_parts() {
    let bare = BareJid::new(Some("Juliet"), "Example.com").unwrap();
    assert_eq!(bare, "juliet@example.com");
    let full = bare.with_resource("b\u{61}\u{301}lcony").unwrap();
    assert_eq!(full, "juliet@example.com/b\u{E1}lcony");
    assert_eq!(full.resource(), "b\u{E1}lcony");
    assert!(BareJid::new(Some("a@b"), "c").is_err());
    assert!(BareJid::new(None, "a@c").is_err());
    assert!(BareJid::new(None, "c/d").is_err());
    assert_eq!(BareJid::parse("a@b/c"), Err(JidError::NotBare));
    assert_eq!(FullJid::parse("a@b"), Err(JidError::NotFull));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// What is normal stays as it is, and the parts put together again are the same address.
    #[test]
    fn normal_forms_are_stable(text in "(\\PC{0,12}@)?[\\PC&&[^/@]]{1,12}(/\\PC{0,12})?") {
        if let Ok(first) = Jid::parse(&text) {
            let again = Jid::parse(first.as_str()).expect("a normal form is an address");
            prop_assert_eq!(&again, &first);
            prop_assert_eq!((again.local(), again.domain(), again.resource()), (first.local(), first.domain(), first.resource()));
            let bare = BareJid::new(first.local(), first.domain()).expect("the parts of an address");
            prop_assert_eq!(&*bare, &*first.to_bare());
            if let Some(resource) = first.resource() {
                prop_assert_eq!(&*bare.with_resource(resource).unwrap(), &first);
            }
            prop_assert!(first.local().is_none_or(|local| !local.contains(['"', '&', '\'', '/', ':', '<', '>', '@', ' '])));
        }
    }

    /// The fast path for ASCII says the same as PRECIS.
    #[test]
    fn the_fast_path_agrees_with_precis(local in "[ -~]{1,16}", resource in "[ -~]{1,16}") {
        use precis_profiles::precis_core::profile::PrecisFastInvocation as _;
        let banned = local.contains(['"', '&', '\'', '/', ':', '<', '>', '@']);
        let wanted = precis_profiles::UsernameCaseMapped::enforce(local.as_str()).ok().filter(|_| !banned);
        let got = BareJid::new(Some(&local), "example.com").ok();
        prop_assert_eq!(got.as_ref().and_then(|jid| jid.local()), wanted.as_deref());
        let wanted = precis_profiles::OpaqueString::enforce(resource.as_str()).ok();
        let got = BareJid::parse("a@b").unwrap().with_resource(&resource).ok();
        prop_assert_eq!(got.as_ref().map(FullJid::resource), wanted.as_deref());
    }

    /// The fast path for domains says the same as IDNA.
    #[test]
    fn the_fast_path_agrees_with_idna(domain in "[a-z0-9-]{1,5}(\\.[a-z0-9-]{1,5}){0,3}") {
        let ascii = idna::domain_to_ascii_strict(&domain);
        let wanted = ascii.ok().map(|ascii| idna::domain_to_unicode(&ascii)).filter(|(_, result)| result.is_ok()).map(|(domain, _)| domain);
        prop_assert_eq!(BareJid::new(None, &domain).ok().map(|jid| jid.as_str().to_owned()), wanted);
    }

    #[test]
    fn nothing_panics(text in any::<String>()) {
        let _ = Jid::parse(&text);
    }
}
