//! Where a mistake is, and that defaults are complete.

use std::path::{Path, PathBuf};

use super::{Certificate, Config, StorageLocation};

fn read(text: &str) -> Result<Config, String> {
    Config::from_text(Some(Path::new("etc/sestina.toml")), text)
        .map_err(|complaints| complaints.to_string())
}

fn mistake(text: &str) -> String {
    read(text).map(|config| format!("{config:?}")).unwrap_err()
}

#[test]
fn an_empty_file_is_complete() {
    let config = read("").unwrap();
    assert_eq!(config.hosts.len(), 1);
    assert_eq!(config.hosts[0].domain, "localhost");
    assert_eq!(config.hosts[0].certificate, Certificate::SelfSigned);
    let addresses: Vec<String> = config
        .listen
        .iter()
        .map(|l| l.address.to_string())
        .collect();
    assert_eq!(addresses, ["127.0.0.1:5222", "[::1]:5222"]);
    assert!(!config.listen[0].optional && config.listen[1].optional);
    assert_eq!(config.data, PathBuf::from("etc/data"));
    assert_eq!(
        config.storage,
        StorageLocation::Sqlite(PathBuf::from("etc/data/sestina.sqlite"))
    );
    assert_eq!(
        config.self_signed_certificate().0,
        PathBuf::from("etc/data/certificate.pem")
    );
}

#[test]
fn everything_can_be_set() {
    let config = read(
        r#"
domains = ["capulet.example", "Montague.Example"]
listen = ["127.0.0.1:0", "[::1]:5222"]
data = "/var/lib/sestina"
storage = "memory:"
certificate = "tls/cert.pem"
key = "tls/key.pem"
client_authorities = "tls/clients.pem"

[limits]
stanza = "1MiB"
before_login = 16384
login = "30s"

[log]
filter = "sestina=debug"
format = "json"

[plugins."xep-0077"]
enabled = true

[hosts."montague.example"]
certificate = "/etc/m.pem"
key = "/etc/m.key"
client_authorities = ""
"#,
    )
    .unwrap();
    let domains: Vec<&str> = config
        .hosts
        .iter()
        .map(|host| host.domain.as_str())
        .collect();
    assert_eq!(domains, ["capulet.example", "montague.example"]);
    assert_eq!(
        config.hosts[0].certificate,
        Certificate::Files {
            certificate: "etc/tls/cert.pem".into(),
            key: "etc/tls/key.pem".into()
        }
    );
    assert_eq!(
        config.hosts[1].certificate,
        Certificate::Files {
            certificate: "/etc/m.pem".into(),
            key: "/etc/m.key".into()
        }
    );
    let clients = config
        .hosts
        .iter()
        .map(|host| host.client_authorities.clone());
    assert_eq!(
        clients.collect::<Vec<_>>(),
        [Some("etc/tls/clients.pem".into()), None]
    );
    assert_eq!(config.storage, StorageLocation::Memory);
    assert_eq!(config.limits.stanza.bytes(), 1 << 20);
    assert!(config.self_signed_domains().is_empty());
}

#[test]
fn mistakes_say_where_and_what() {
    for (text, place, words) in [
        (
            "domains = [\"a b\"]",
            "etc/sestina.toml:1:12: ",
            "no domain",
        ),
        (
            "\n\ndomains = [\"x.example\", \"me@x.example\"]",
            "etc/sestina.toml:3:25: ",
            "a domain alone",
        ),
        (
            "domains = [\"x.example\", \"X.example\"]",
            "etc/sestina.toml:1:25: ",
            "twice",
        ),
        ("domains = []", "etc/sestina.toml:1:1: ", "at least one"),
        (
            "listen = [\n  \"0.0.0.0:5222\",\n  \"everywhere\",\n]",
            "etc/sestina.toml:3:3: ",
            "0.0.0.0:5222",
        ),
        (
            "lisen = []",
            "etc/sestina.toml:1:1: ",
            "unknown field `lisen`",
        ),
        (
            "storage = \"oracle:x\"",
            "etc/sestina.toml:1:11: ",
            "sqlite:FILE",
        ),
        ("sweep = \"0s\"", "etc/sestina.toml:1:9: ", "\"1s\" or more"),
        (
            "key = \"k.pem\"",
            "etc/sestina.toml:1:7: ",
            "without its certificate",
        ),
        (
            "[limits]\nstanza = \"lots\"",
            "etc/sestina.toml:2:10: ",
            "64KiB",
        ),
        (
            "[limits]\nbefore_login = 5000",
            "etc/sestina.toml:2:1: ",
            "10,000",
        ),
        (
            "[limits]\nlogin = 5",
            "etc/sestina.toml:2:9: ",
            "invalid type",
        ),
        (
            "[plugins.\"xep-0077\"]\nenabld = true",
            "etc/sestina.toml:2:1: ",
            "unknown field `enabld`",
        ),
        (
            "[plugins.\"xep-9999\"]",
            "etc/sestina.toml:1:10: ",
            "unknown field `xep-9999`",
        ),
        (
            "[hosts.\"y.example\"]",
            "etc/sestina.toml:1:8: ",
            "not in the list",
        ),
        ("domains = [\"x.example\"", "etc/sestina.toml:1:", ""),
    ] {
        let found = mistake(text);
        assert!(found.starts_with(place), "{text:?}: {found}");
        assert!(found.contains(words), "{text:?}: {found}");
        assert!(found.contains('^'), "{text:?}: {found}");
    }
}

#[test]
fn several_mistakes_are_reported_together() {
    let found = mistake("domains = [\"a b\"]\nlisten = [\"x\"]\nstorage = \"y\"");
    assert_eq!(found.matches('^').count(), 3, "{found}");
}

/// The TOML in a page of the documentation.
fn documented(page: &str) -> &str {
    let start = page.find("```toml\n").unwrap() + 8;
    let length = page[start..].find("```").unwrap();
    &page[start..start + length]
}

#[test]
fn the_documentation_shows_the_defaults() {
    let text = documented(include_str!("../../docs/configuration.md"));
    // An address that is written has to be there; one of the default may not be (IPv6).
    let shown = |text: &str| {
        let mut config = read(text).unwrap();
        for listen in &mut config.listen {
            listen.optional = false;
        }
        format!("{config:?}")
    };
    assert_eq!(shown(text), shown(""));
    // What is commented out there is right as well, once the domain is one of the list.
    let all: String = text
        .replace("[\"localhost\"]", "[\"localhost\", \"example.org\"]")
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|rest| !rest.starts_with(' '))
                .unwrap_or(line)
        })
        .fold(String::new(), |all, line| all + line + "\n");
    let config = read(&all).unwrap();
    assert!(
        config.hosts[1].plugins.enabled().any(|id| id == "xep-0077"),
        "{all}"
    );
    assert!(!config.hosts[0].plugins.enabled().any(|id| id == "xep-0077"));
}

#[test]
fn the_first_page_shows_a_configuration_that_works() {
    let page = include_str!("../../README.md");
    let config = read(documented(page)).unwrap();
    assert_eq!(config.hosts[0].domain, "example.org");
    assert_eq!(config.listen.len(), 2);
}
