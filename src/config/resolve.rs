//! From what was written to what the server goes by: defaults, paths, addresses, and whether all of it fits together.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sestina_session::settings::Interval;
use sestina_wire::Jid;
use toml::Spanned;

use super::file::File;
use super::{Certificate, Complaint, Complaints, Config, Host, StorageLocation, listen};

/// Collects complaints with the file's path and text at hand.
pub(super) struct Source<'a> {
    path: Option<&'a Path>,
    text: &'a str,
    folder: PathBuf,
    complaints: Complaints,
}

impl Source<'_> {
    pub(super) fn complain(&mut self, span: Range<usize>, text: impl Into<String>) {
        self.complaints
            .push(Complaint::at(self.path, self.text, Some(span), text));
    }

    /// A path of the file is relative to the file.
    pub(super) fn file_path(&self, written: &Spanned<String>) -> PathBuf {
        self.folder.join(written.get_ref())
    }
}

/// Completes and checks.
pub(super) fn resolve(file: File, path: Option<&Path>, text: &str) -> Result<Config, Complaints> {
    let folder = path
        .and_then(Path::parent)
        .unwrap_or(Path::new(""))
        .to_owned();
    let mut source = Source {
        path,
        text,
        folder,
        complaints: Complaints::none(),
    };

    let listen = listen::listeners(&mut source, &file);
    let web = listen::web(&mut source, &file.http);
    let proxies = listen::proxies(&mut source, &file.proxies.trusted);
    let listen_components = addresses(
        &mut source,
        file.listen_components.as_deref().unwrap_or_default(),
    );
    let federation = file
        .federation
        .as_ref()
        .map(|table| super::federation::resolve(&mut source, table));
    let data = file
        .data
        .as_ref()
        .map_or_else(|| source.folder.join("data"), |data| source.file_path(data));
    let storage = storage(&mut source, file.storage.as_ref(), &data);
    let sweep = sweep(&mut source, file.sweep.as_ref());
    let shared = certificate(&mut source, file.certificate.as_ref(), file.key.as_ref());
    let clients = client_authorities(&source, file.client_authorities.as_ref());

    let mut hosts: Vec<Host> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut add = |source: &mut Source<'_>, written: &str, span: Option<Range<usize>>| match domain(
        written,
    ) {
        Ok(domain) if seen.insert(domain.clone()) => {
            hosts.push(Host {
                domain,
                certificate: shared.clone(),
                client_authorities: clients.clone(),
                plugins: file.plugins.clone(),
            });
        }
        Ok(domain) => source.complain(
            span.unwrap_or_default(),
            format!("the domain {domain} is named twice"),
        ),
        Err(reason) => source.complain(span.unwrap_or_default(), reason),
    };
    match &file.domains {
        None => add(&mut source, "localhost", None),
        Some(domains) => {
            for written in domains {
                add(&mut source, written.get_ref(), Some(written.span()));
            }
            if domains.is_empty() {
                source.complaints.push(Complaint::at(
                    path,
                    text,
                    text.find("domains").map(|start| start..start + 7),
                    "the list of domains is empty: name at least one, or leave it out for \"localhost\"",
                ));
            }
        }
    }

    let mut components = Vec::new();
    for (name, table) in file.components {
        match domain(name.get_ref()) {
            Ok(domain) if hosts.iter().any(|host| host.domain == domain) => source.complain(
                name.span(),
                format!("{domain} is in the list `domains`, so it cannot be a component's"),
            ),
            Ok(domain) => components.push((domain, table.secret)),
            Err(reason) => source.complain(name.span(), reason),
        }
    }

    for (name, table) in file.hosts {
        let Some(host) = hosts
            .iter_mut()
            .find(|host| domain(name.get_ref()).is_ok_and(|name| name == host.domain))
        else {
            source.complain(
                name.span(),
                format!(
                    "the domain {:?} has settings here but is not in the list `domains`",
                    name.get_ref()
                ),
            );
            continue;
        };
        if table.certificate.is_some() || table.key.is_some() {
            host.certificate =
                certificate(&mut source, table.certificate.as_ref(), table.key.as_ref());
        }
        if let Some(written) = &table.client_authorities {
            host.client_authorities = client_authorities(&source, Some(written));
        }
        if let Some(plugins) = table.plugins {
            host.plugins = plugins;
        }
    }

    // RFC 6120 §13.12: a server takes stanzas of 10,000 bytes at least.
    for (name, size) in [
        ("stanza", file.limits.stanza),
        ("before_login", file.limits.before_login),
    ] {
        if size.bytes() < 10_000 {
            source.complaints.push(Complaint::at(
                path,
                text,
                key_in_limits(text, name),
                format!("{name} = {size} is less than the 10,000 bytes that every XMPP server has to take"),
            ));
        }
    }

    if !source.complaints.is_empty() {
        return Err(source.complaints);
    }
    Ok(Config {
        path: path.map(Path::to_owned),
        hosts,
        listen,
        proxies,
        web,
        listen_components,
        components,
        federation,
        data,
        storage,
        sweep,
        require_tls: file.require_tls.unwrap_or(true),
        limits: file.limits,
        log: file.log,
    })
}

/// Where the key stands in the table `limits`, as far as a plain look can tell.
fn key_in_limits(text: &str, name: &str) -> Option<Range<usize>> {
    let table = text.find("[limits]")?;
    let start = table + text.get(table..)?.find(name)?;
    Some(start..start + name.len())
}

pub(super) fn domain(written: &str) -> Result<String, String> {
    match Jid::parse(written) {
        Ok(jid) if jid.local().is_none() && jid.resource().is_none() => Ok(jid.domain().to_owned()),
        Ok(_) => Err(format!(
            "{written:?} is an address, a domain alone is wanted here, such as \"example.org\""
        )),
        Err(error) => Err(format!("{written:?} is no domain: {error}")),
    }
}

/// Plain addresses.
pub(super) fn addresses(source: &mut Source<'_>, written: &[Spanned<String>]) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for entry in written {
        match entry.get_ref().parse::<SocketAddr>() {
            Ok(address) if address.port() != 0 && addresses.contains(&address) => {
                source.complain(entry.span(), format!("{address} is named twice"));
            }
            Ok(address) => addresses.push(address),
            Err(_) => source.complain(
                entry.span(),
                format!(
                    "{:?} is no address: write IP address and port, such as \"0.0.0.0:5269\" or \"[::]:5269\"",
                    entry.get_ref()
                ),
            ),
        }
    }
    addresses
}

fn storage(
    source: &mut Source<'_>,
    written: Option<&Spanned<String>>,
    data: &Path,
) -> StorageLocation {
    let default = || StorageLocation::Sqlite(data.join("sestina.sqlite"));
    let Some(written) = written else {
        return default();
    };
    match StorageLocation::parse(written.get_ref(), data) {
        Ok(location) => location,
        Err(reason) => {
            let complaint = Complaint::at(source.path, source.text, Some(written.span()), reason);
            source.complaints.push(complaint.hiding());
            default()
        }
    }
}

fn sweep(source: &mut Source<'_>, written: Option<&Spanned<Interval>>) -> Duration {
    let Some(written) = written else {
        return Duration::from_secs(3600);
    };
    let time = written.get_ref().duration();
    if time < Duration::from_secs(1) {
        source.complain(
            written.span(),
            "rows whose time is over are looked for once a second at most: write \"1s\" or more",
        );
    }
    time
}

fn certificate(
    source: &mut Source<'_>,
    certificate: Option<&Spanned<String>>,
    key: Option<&Spanned<String>>,
) -> Certificate {
    match (certificate, key) {
        (Some(certificate), Some(key)) => Certificate::Files {
            certificate: source.file_path(certificate),
            key: source.file_path(key),
        },
        (None, None) => Certificate::SelfSigned,
        (Some(lonely), None) => {
            source.complain(
                lonely.span(),
                "a certificate without its key: add `key = \"FILE\"`",
            );
            Certificate::SelfSigned
        }
        (None, Some(lonely)) => {
            source.complain(
                lonely.span(),
                "a key without its certificate: add `certificate = \"FILE\"`",
            );
            Certificate::SelfSigned
        }
    }
}

fn client_authorities(source: &Source<'_>, written: Option<&Spanned<String>>) -> Option<PathBuf> {
    let written = written.filter(|written| !written.get_ref().is_empty())?;
    Some(source.file_path(written))
}
