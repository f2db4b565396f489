//! Settings as a configuration file says them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sestina_profiles::{client, component, server};

#[test]
fn a_profile_lists_its_specifications_in_the_order_of_their_dependencies() {
    assert_eq!(server::SPECS.first(), Some(&"rfc-6120"));
    for (place, spec) in server::SPECS.iter().enumerate() {
        let info = sestina_types::SPECS
            .iter()
            .find(|info| info.id == *spec)
            .unwrap();
        for needed in info.depends {
            let before = server::SPECS.iter().position(|spec| spec == needed);
            assert!(
                before.is_some_and(|before| before < place),
                "{spec} needs {needed}"
            );
        }
    }
    assert!(client::SPECS.contains(&"rfc-6121"));
    assert!(!component::SPECS.contains(&"rfc-6121"));
}

#[test]
fn what_is_not_said_stays_as_the_profile_has_it() {
    let settings = server::Settings::default();
    assert!(settings.xep_0199.enabled);
    assert!(!settings.xep_0077.enabled, "open registration is off");
    let said: server::Settings = toml::from_str(
        "[xep-0077]\ncancel = false\n[xep-0160]\nmax_messages = 7\n[xep-0199]\nenabled = false\n",
    )
    .unwrap();
    assert!(
        !said.xep_0077.enabled,
        "naming another key turns nothing on"
    );
    assert!(!said.xep_0077.cancel);
    assert_eq!(said.xep_0160.max_messages, 7);
    assert!(!said.xep_0199.enabled);
    assert_eq!(said.rfc_6121, settings.rfc_6121);
    let on: server::Settings = toml::from_str("[xep-0077]\nenabled = true\n").unwrap();
    assert!(on.xep_0077.enabled);
    assert!(on.enabled().any(|spec| spec == "xep-0077"));
}

#[test]
fn mistakes_are_found_at_their_place() {
    let wrong = |text: &str| {
        toml::from_str::<server::Settings>(text)
            .unwrap_err()
            .to_string()
    };
    let bounds = wrong("[xep-0160]\nmax_messages = -1\n");
    assert!(bounds.contains("line 2"), "{bounds}");
    assert!(bounds.contains("from 0 to 100000"), "{bounds}");
    let key = wrong("[xep-0160]\nmax_mesages = 1\n");
    assert!(
        key.contains("line 2") && key.contains("max_messages"),
        "{key}"
    );
    let spec = wrong("[xep-9999]\n");
    assert!(spec.contains("xep-9999"), "{spec}");
}

#[test]
fn what_needs_something_that_is_off_is_off_unless_it_is_asked_for() {
    let without = |text: &str| {
        let said: server::Settings = toml::from_str(text).unwrap();
        let settled = said.settled("a.example");
        settled.enabled().collect::<Vec<_>>()
    };
    let all = without("");
    let some = without("[xep-0313]\nenabled = false\n");
    let gone: Vec<_> = all.iter().filter(|spec| !some.contains(spec)).collect();
    assert!(
        gone.contains(&&"xep-0425") && gone.contains(&&"xep-0431"),
        "{gone:?}"
    );
    assert!(gone.contains(&&"xep-0441"), "{gone:?}");
    assert!(some.contains(&"xep-0060"));
    let asked = without("[xep-0313]\nenabled = false\n[xep-0425]\nenabled = true\n");
    assert!(asked.contains(&"xep-0425") && !asked.contains(&"xep-0431"));
}
