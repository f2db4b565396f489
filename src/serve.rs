//! `sestina serve`: from the configuration to a running server, and its orderly end.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sestina_plugins::xep_0133::{End, Ending};
use sestina_session::accounts::{Accounts, StoredAccounts};
use sestina_session::component::ComponentAccess;
use sestina_session::federation::{Authorities, FederationConfig, Identity};
use sestina_session::server::{HostConfig, Listener, Server, StartError, Sweeper};
use sestina_session::tls::TlsServer;
use sestina_storage::{Secret, Storage};
use sestina_wire::clock::{Random as _, SystemRandom};
use tokio::signal::unix::{SignalKind, signal};

use crate::admin::{Admin, Socket};
use crate::config::{Certificate, Config, Federation};
use crate::storage::{self, make_folder};
use crate::{certificate, report};

/// Runs until SIGTERM or SIGINT. The error is one line for a person.
pub(crate) async fn run(config: &Config) -> Result<(), String> {
    // Before anything else: a signal during the start is not lost.
    let cannot_wait = |error: io::Error| format!("cannot wait for signals: {error}");
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot_wait)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot_wait)?;

    raise_file_limit();
    let new_data = !config.data.exists();
    make_folder(&config.data).map_err(|error| {
        format!(
            "cannot make the data folder {}: {error}",
            config.data.display()
        )
    })?;
    let new_certificate = make_certificate(config)?;
    // Before any client can: whoever sees the server listening can administer it.
    let socket = Socket::bind(&config.admin_socket()).await?;
    let storage = storage::open(config).await?;
    let accounts = Accounts::new(
        Arc::new(StoredAccounts::new(&storage)),
        Arc::new(SystemRandom),
    );
    let server = start(config, &storage, &accounts).await?;

    let domains: Vec<String> = config
        .hosts
        .iter()
        .map(|host| host.domain.clone())
        .collect();
    let hosts = domains
        .iter()
        .filter_map(|domain| server.host(domain))
        .collect();
    let admin = Admin::new(accounts.clone(), storage.clone(), domains.clone(), hosts);
    let socket = socket.serve(admin);

    let mut any_account = false;
    for domain in &domains {
        any_account |= accounts
            .list(domain)
            .await
            .is_ok_and(|accounts| !accounts.is_empty());
    }
    let told = report::started(
        config,
        server.listeners(),
        new_data,
        new_certificate,
        any_account,
    );
    // Whoever closed our standard output does not want to read it.
    let _ = io::stdout()
        .write_all(told.as_bytes())
        .and_then(|()| io::stdout().flush());

    let ending = domains
        .first()
        .and_then(|domain| server.host(domain))
        .map(|host| Ending::of(&host));
    let wished = async {
        match &ending {
            Some(ending) => {
                ending.listen();
                ending.wanted().await
            }
            None => std::future::pending().await,
        }
    };
    let end = tokio::select! {
        _ = terminate.recv() => {
            tracing::info!("SIGTERM: shutting down");
            End::Shutdown
        }
        _ = interrupt.recv() => {
            tracing::info!("SIGINT: shutting down");
            End::Shutdown
        }
        end = wished => end,
    };
    drop(socket);
    // A second signal ends the process at once.
    tokio::select! {
        () = server.shutdown() => {}
        _ = terminate.recv() => return Err("interrupted during the shutdown".to_owned()),
        _ = interrupt.recv() => return Err("interrupted during the shutdown".to_owned()),
    }
    storage.close().await;
    tracing::info!("stopped");
    match end {
        End::Shutdown => Ok(()),
        End::Restart => Err(begin_anew()),
    }
}

/// The same program with the same arguments in the place of this process; what is left to say where that fails.
fn begin_anew() -> String {
    use std::os::unix::process::CommandExt as _;

    let program = match std::env::current_exe() {
        // One that was replaced meanwhile, as by an upgrade, is where it was.
        Ok(program) => match program
            .to_str()
            .and_then(|path| path.strip_suffix(" (deleted)"))
        {
            Some(path) if !program.exists() => path.into(),
            _ => program,
        },
        Err(error) => return format!("cannot begin anew: {error}"),
    };
    let error = std::process::Command::new(&program)
        .args(std::env::args_os().skip(1))
        .exec();
    format!("cannot begin anew as {}: {error}", program.display())
}

/// A connection is an open file, and the limit that a process begins with is often 1,024.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit on open files stays as it is");
    }
}

async fn start(config: &Config, storage: &Storage, accounts: &Accounts) -> Result<Server, String> {
    let decoy_secret = decoy_secret(&config.data)?;
    let mut builder = Server::builder()
        .limits(config.limits.of_server())
        .require_tls(config.require_tls);
    let mut federation = config.federation.as_ref().map(federation).transpose()?;
    for host in &config.hosts {
        let (certificate, key) = match &host.certificate {
            Certificate::Files { certificate, key } => (certificate.clone(), key.clone()),
            Certificate::SelfSigned => config.self_signed_certificate(),
        };
        let tls = match &host.client_authorities {
            None => TlsServer::from_files(&certificate, &key),
            Some(authorities) => {
                TlsServer::from_files_with_clients(&certificate, &key, authorities)
            }
        };
        let tls = tls.map_err(|error| report::tls_trouble(&certificate, &key, &error))?;
        if let Some(federation) = &mut federation {
            let identity = Identity::from_files(&certificate, &key)
                .map_err(|error| report::tls_trouble(&certificate, &key, &error))?;
            federation.identities.insert(host.domain.clone(), identity);
        }
        let plugins = host.plugins.clone();
        let described = HostConfig::new(&host.domain, storage.clone(), accounts.clone())
            .map_err(|error| format!("{}: {error}", host.domain))?
            .tls(tls)
            .decoy_secret(decoy_secret)
            .folder(&config.data)
            .plugins(move |host| sestina_profiles::server::plugins(&plugins, host));
        builder = builder.host(described);
    }
    builder = builder.sweeper(sweeper(config, storage));
    builder = builder
        .trusted_proxies(config.proxies.iter().copied())
        .web(config.web.clone());
    for listen in &config.listen {
        let mut listener = Listener::new(listen.address, listen.entry);
        if listen.proxied {
            listener = listener.behind_proxy();
        }
        if listen.optional {
            listener = listener.if_possible();
        }
        builder = builder.listener(listener);
    }
    if let (Some(federation), Some(settings)) = (federation, &config.federation) {
        builder = builder.federation(federation);
        for address in &settings.listen {
            builder = builder.listen_servers(*address, false);
        }
        for address in &settings.listen_tls {
            builder = builder.listen_servers(*address, true);
        }
    }
    for (domain, secret) in &config.components {
        let component = ComponentAccess::new(domain, secret.0.as_str())
            .map_err(|error| format!("{domain}: {error}"))?;
        builder = builder.component(component);
    }
    for address in &config.listen_components {
        builder = builder.listen_components(*address);
    }
    builder.start().await.map_err(|error| match error {
        StartError::Listen { address, error } if error.kind() == io::ErrorKind::AddrInUse => format!(
            "cannot listen on {address}: the port is in use by another program; stop that one, or choose another \
             address with `listen` in {}",
            config.path.as_deref().unwrap_or(Path::new("sestina.toml")).display()
        ),
        StartError::Listen { address, error } if error.kind() == io::ErrorKind::PermissionDenied => {
            format!("cannot listen on {address}: this user may not use the port ({error})")
        }
        other => other.to_string(),
    })
}

/// What is asked of other servers.
fn federation(settings: &Federation) -> Result<FederationConfig, String> {
    let mut authorities = if settings.system_authorities {
        Authorities::system()
    } else {
        Authorities::none()
    };
    for file in &settings.authorities {
        authorities = authorities.file(file).map_err(|error| error.to_string())?;
    }
    let mut config = FederationConfig::new(authorities);
    config.default = settings.default.clone();
    config.domains = settings.domains.clone().into_iter().collect();
    config.resolver = settings.resolver.clone();
    config.secret = settings.secret.clone().map(|secret| Secret::new(secret.0));
    config.limits = settings.limits;
    Ok(config)
}

/// What is removed after a time: of hosts that say different times for one table the longest counts.
fn sweeper(config: &Config, storage: &Storage) -> Sweeper {
    let mut sweeper = Sweeper::new(storage.clone()).every(config.sweep);
    for &table in sestina_types::TABLES {
        let Some(retention) = table.retention else {
            continue;
        };
        let Some(key) = retention.config else {
            sweeper = sweeper.table(table, retention.after.unwrap_or_default());
            continue;
        };
        let hosts = config.hosts.iter();
        let said = hosts.filter_map(|host| host.plugins.duration(table.spec, key));
        let said: Vec<Duration> = said.collect();
        // No time is for ever.
        if let Some(longest) = said.iter().max()
            && said.iter().all(|time| !time.is_zero())
        {
            sweeper = sweeper.table(table, *longest);
        }
    }
    sweeper
}

/// Makes the self-signed pair where it is wanted and not there. Half a pair is not overwritten: it may be the only copy.
fn make_certificate(config: &Config) -> Result<bool, String> {
    let domains = config.self_signed_domains();
    let (certificate, key) = config.self_signed_certificate();
    if domains.is_empty() || (certificate.exists() && key.exists()) {
        return Ok(false);
    }
    if certificate.exists() || key.exists() {
        let (there, missing) = if key.exists() {
            (&key, &certificate)
        } else {
            (&certificate, &key)
        };
        return Err(format!(
            "{} is there and {} is not: put it back, or remove the first to have both made anew",
            there.display(),
            missing.display()
        ));
    }
    certificate::make(&domains, &certificate, &key)?;
    Ok(true)
}

/// What the salts of accounts that do not exist are made from. It stays the same over restarts: a salt that changes
/// would tell which accounts do not exist.
fn decoy_secret(data: &Path) -> Result<[u8; 32], String> {
    use std::os::unix::fs::OpenOptionsExt as _;

    let path = data.join("decoy.key");
    let said = |error: io::Error| format!("cannot use {}: {error}", path.display());
    match std::fs::read(&path) {
        Ok(bytes) => {
            if let Ok(secret) = <[u8; 32]>::try_from(bytes.as_slice()) {
                return Ok(secret);
            }
            tracing::warn!(path = %path.display(), "not 32 bytes long: made anew");
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(said(error)),
    }
    let mut secret = [0; 32];
    SystemRandom.fill(&mut secret);
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path);
    file.and_then(|mut file| file.write_all(&secret))
        .map_err(said)?;
    Ok(secret)
}
