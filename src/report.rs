//! What the program tells the person in front of it.

use std::fmt::Write as _;
use std::net::SocketAddr;

use sestina_session::server::Entry;

use crate::certificate::About;
use crate::config::{Certificate, Config, StorageLocation};

/// What `check` prints: what a start with this configuration would do. `Err` when it could not start.
pub(crate) fn check(config: &Config) -> Result<String, String> {
    let mut out = String::new();
    let mut trouble = Vec::new();
    match &config.path {
        Some(path) => line(
            &mut out,
            "configuration",
            &format!("{}: no mistakes", path.display()),
        ),
        None => line(
            &mut out,
            "configuration",
            "no file, all settings are the defaults",
        ),
    }
    for host in &config.hosts {
        line(&mut out, "domain", &host.domain);
        match &host.certificate {
            Certificate::Files { certificate, key } => {
                if let Err(error) = sestina_session::tls::TlsServer::from_files(certificate, key) {
                    trouble.push(tls_trouble(certificate, key, &error));
                    continue;
                }
                match About::read(certificate) {
                    Ok(about) => line(
                        &mut out,
                        "  certificate",
                        &format!("{}, {}", certificate.display(), words(&about, &host.domain)),
                    ),
                    Err(error) => trouble.push(error),
                }
            }
            Certificate::SelfSigned => {
                let (path, _) = config.self_signed_certificate();
                match About::read(&path) {
                    Ok(about) => line(
                        &mut out,
                        "  certificate",
                        &format!("{}, {}", path.display(), words(&about, &host.domain)),
                    ),
                    Err(_) if !path.exists() => {
                        line(
                            &mut out,
                            "  certificate",
                            &format!("{}, self-signed, made at the first start", path.display()),
                        );
                    }
                    Err(error) => trouble.push(error),
                }
            }
        }
        if let Some(authorities) = &host.client_authorities {
            match About::read(authorities) {
                Ok(_) => line(
                    &mut out,
                    "  clients",
                    &format!("also with certificates of {}", authorities.display()),
                ),
                Err(error) => trouble.push(error),
            }
        }
        line(&mut out, "  plugins", &plugins(&host.plugins));
    }
    for listen in &config.listen {
        line(
            &mut out,
            "listens on",
            &listening(listen.address, listen.entry),
        );
    }
    line(&mut out, "data", &config.data.display().to_string());
    match &config.storage {
        StorageLocation::Memory => line(&mut out, "storage", "in memory: lost at every stop"),
        StorageLocation::Sqlite(path) => {
            line(&mut out, "storage", &format!("SQLite, {}", path.display()));
        }
        StorageLocation::Files(path) => {
            line(&mut out, "storage", &format!("files in {}", path.display()));
        }
        StorageLocation::Server(engine, _) => line(
            &mut out,
            "storage",
            &format!("{}, {}", engine.name(), config.storage),
        ),
    }
    trouble.extend(crate::storage::compiled(&config.storage).err());
    line(
        &mut out,
        "limits",
        &format!(
            "stanzas of {}, before login {}, {} to log in",
            config.limits.stanza, config.limits.before_login, config.limits.login
        ),
    );
    if trouble.is_empty() {
        Ok(out)
    } else {
        Err(trouble.join("\n"))
    }
}

/// What is printed when the server is up.
pub(crate) fn started(
    config: &Config,
    listeners: &[(SocketAddr, Entry)],
    new_data: bool,
    new_certificate: bool,
    accounts: bool,
) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "Sestina {} is up.", env!("CARGO_PKG_VERSION"));
    let domains: Vec<&str> = config
        .hosts
        .iter()
        .map(|host| host.domain.as_str())
        .collect();
    line(&mut out, "serves", &domains.join(", "));
    for (address, entry) in listeners {
        line(&mut out, "listens on", &listening(*address, *entry));
    }
    line(
        &mut out,
        "data",
        &format!(
            "{}{}",
            config.data.display(),
            if new_data { " (made just now)" } else { "" }
        ),
    );
    let (certificate, _) = config.self_signed_certificate();
    let self_signed = !config.self_signed_domains().is_empty();
    if self_signed {
        let new = if new_certificate {
            ", made just now"
        } else {
            ""
        };
        line(
            &mut out,
            "certificate",
            &format!("{} (self-signed{new})", certificate.display()),
        );
    }
    if accounts {
        return out;
    }
    // Nobody can log in yet: say how to go on.
    let domain = domains.first().copied().unwrap_or("localhost");
    let option = config
        .path
        .as_ref()
        .map_or_else(String::new, |path| format!(" --config {}", path.display()));
    let program = std::env::current_exe()
        .ok()
        .map_or_else(|| "sestina".to_owned(), |path| path.display().to_string());
    let (host, port) = listeners
        .iter()
        .find(|(_, entry)| *entry == Entry::StartTls)
        .map_or(("127.0.0.1".to_owned(), 5222), |(address, _)| {
            let ip = if address.ip().is_unspecified() {
                "127.0.0.1".to_owned()
            } else {
                address.ip().to_string()
            };
            (ip, address.port())
        });
    let _ = writeln!(
        out,
        "\nThere is no account yet. In another terminal, in this folder:\n"
    );
    let _ = writeln!(out, "    {program}{option} user add romeo@{domain}\n");
    let _ = writeln!(
        out,
        "Then log in with any XMPP client: account romeo@{domain}, server {host}, port {port}."
    );
    if self_signed {
        let _ = writeln!(
            out,
            "The certificate is self-signed: the client asks whether to trust it, or wants {} as a trusted one.",
            certificate.display()
        );
        let _ = writeln!(
            out,
            "With profanity:\n\n    /connect romeo@{domain} server {host} port {port} tls trust"
        );
    }
    out
}

/// A certificate and key that rustls does not take, in one line.
pub(crate) fn tls_trouble(
    certificate: &std::path::Path,
    key: &std::path::Path,
    error: &sestina_session::tls::TlsError,
) -> String {
    use sestina_session::tls::TlsError;
    match error {
        TlsError::File { path, reason } => format!("cannot read {}: {reason}", path.display()),
        other => format!(
            "certificate {} and key {} cannot be used: {other}",
            certificate.display(),
            key.display()
        ),
    }
}

fn line(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, "  {name:<14}{text}");
}

fn listening(address: SocketAddr, entry: Entry) -> String {
    let who = if address.ip().is_loopback() {
        ", for this machine only"
    } else if address.ip().is_unspecified() {
        ", on every network of this machine"
    } else {
        ""
    };
    let how = match entry {
        Entry::StartTls => "XMPP with STARTTLS",
        Entry::DirectTls => "XMPP over TLS",
        Entry::Http => "HTTP: WebSocket, BOSH",
        Entry::Https => "HTTPS: WebSocket, BOSH",
        _ => "other",
    };
    format!("{address} ({how}{who})")
}

fn words(about: &About, domain: &str) -> String {
    let mut words = format!(
        "{}valid until {}",
        if about.self_signed {
            "self-signed, "
        } else {
            ""
        },
        about.until
    );
    if about.expired {
        words.push_str(": EXPIRED, clients will refuse it");
    }
    if !about.covers(domain) {
        let _ = write!(
            words,
            ": NOT FOR {domain} but for {}, clients will refuse it",
            about.names.join(", ")
        );
    }
    words
}

fn plugins(settings: &sestina_profiles::server::Settings) -> String {
    settings.enabled().collect::<Vec<_>>().join(", ")
}
