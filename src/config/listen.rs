//! Where the server listens, and who stands in front of it.

use std::net::SocketAddr;

use sestina_session::http::Origins;
use sestina_session::server::Entry;
use sestina_session::server::ipnet::IpNet;
use sestina_session::web::WebSettings;
use toml::Spanned;

use super::Listen;
use super::file::{File, Http};
use super::resolve::Source;

/// All listeners, in the order of their kinds.
pub(super) fn listeners(source: &mut Source<'_>, file: &File) -> Vec<Listen> {
    let mut found: Vec<Listen> = Vec::new();
    match &file.listen {
        Some(written) => add(source, &mut found, written, Entry::StartTls),
        // This machine only, over both protocols where it has both.
        None => {
            for (address, optional) in [("127.0.0.1:5222", false), ("[::1]:5222", true)] {
                found.extend(address.parse().ok().map(|address| Listen {
                    address,
                    entry: Entry::StartTls,
                    proxied: false,
                    optional,
                }));
            }
        }
    }
    add(source, &mut found, &file.listen_tls, Entry::DirectTls);
    add(source, &mut found, &file.listen_http, Entry::Http);
    add(source, &mut found, &file.listen_https, Entry::Https);
    for written in &file.proxies.protocol {
        let listens =
            |listen: &&mut Listen| written.get_ref().parse::<SocketAddr>() == Ok(listen.address);
        match found.iter_mut().find(listens) {
            Some(listen) => listen.proxied = true,
            None => source.complain(
                written.span(),
                format!(
                    "{:?} is not listened on: write here an address that `listen` or a key like it has",
                    written.get_ref()
                ),
            ),
        }
    }
    if let (Some(first), true) = (
        file.proxies.protocol.first(),
        file.proxies.trusted.is_empty(),
    ) {
        source.complain(
            first.span(),
            "nobody may connect here: name the networks of the proxies in `trusted`",
        );
    }
    found
}

fn add(
    source: &mut Source<'_>,
    found: &mut Vec<Listen>,
    written: &[Spanned<String>],
    entry: Entry,
) {
    for written in written {
        match written.get_ref().parse::<SocketAddr>() {
            Ok(address)
                if address.port() != 0 && found.iter().any(|listen| listen.address == address) =>
            {
                source.complain(written.span(), format!("{address} is named twice"));
            }
            Ok(address) => found.push(Listen {
                address,
                entry,
                proxied: false,
                optional: false,
            }),
            Err(_) => source.complain(
                written.span(),
                format!(
                    "{:?} is no address to listen on: write IP address and port, such as \"0.0.0.0:5222\" or \"[::]:5222\"",
                    written.get_ref()
                ),
            ),
        }
    }
}

/// What is offered over HTTP, and to whom.
pub(super) fn web(source: &mut Source<'_>, file: &Http) -> WebSettings {
    let mut path = |written: &Spanned<String>| {
        let path = written.get_ref();
        let starts_well = path.is_empty() || path.starts_with('/');
        if !starts_well || !path.bytes().all(is_plain) {
            source.complain(
                written.span(),
                format!("{path:?} is no path: write one such as \"/http-bind\", or \"\" for none"),
            );
        }
        Some(path.clone()).filter(|path| !path.is_empty())
    };
    let (web_socket, bosh) = (path(&file.websocket), path(&file.bosh));
    let mut origins = Origins::same_host();
    for written in &file.origins {
        let origin = written.get_ref();
        if origin != "*" && !is_address(origin, &["https://", "http://"]) {
            source.complain(
                written.span(),
                format!("{origin:?} is no origin: write one such as \"https://chat.example.org\", or \"*\" for all"),
            );
        }
        origins = origins.and(origin);
    }
    let public = file.public.as_ref().map(|written| {
        let public = written.get_ref();
        if !is_address(public, &["https://"]) {
            source.complain(
                written.span(),
                format!("{public:?} is not where clients come in: write what stands before the paths, such as \"https://chat.example.org\""),
            );
        }
        public.trim_end_matches('/').to_owned()
    });
    WebSettings {
        web_socket,
        bosh,
        origins,
        public,
    }
}

/// Whether this begins with one of the schemes and has a host.
fn is_address(text: &str, schemes: &[&str]) -> bool {
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(is_plain)
    })
}

/// Whether this can stand in an address, in XML and in JSON as it is.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/[]@".contains(&byte)
}

/// Networks, or single addresses.
pub(super) fn proxies(source: &mut Source<'_>, written: &[Spanned<String>]) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for written in written {
        let text = written.get_ref();
        match text.parse::<IpNet>().ok().or_else(|| Some(text.parse::<std::net::IpAddr>().ok()?.into())) {
            Some(network) => networks.push(network),
            None => source.complain(
                written.span(),
                format!("{text:?} is no network: write an address, or one such as \"10.0.0.0/8\" or \"fd00::/8\""),
            ),
        }
    }
    networks
}
