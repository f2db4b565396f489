//! Where the server listens, and who stands in front of it.

use std::net::SocketAddr;

use sestina_session::server::Entry;
use sestina_session::server::ipnet::IpNet;
use toml::Spanned;

use super::Listen;
use super::file::File;
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
