//! XEP-0377, Blocking Command Reports: whoever blocks somebody can say why, to those who run the server.
//!
//! Reports lie in a table until an administrator has seen to them, which a command shows and notes; whoever the settings
//! name is told of each. They go nowhere else, whatever a report allows (§4.1).

mod command;

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0377::{self as skeleton, Settings};
use sestina_storage::{Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::rfc_6121::client::{Body, Subject};
use sestina_types::xep_0191::blocking::Block;
use sestina_types::xep_0377::tables::{AbuseReportsRow, AbuseReportsStore};
use sestina_types::xep_0377::{NS, Report};
use sestina_wire::{BareJid, Condition, Jid, Payload as _, Stanza, StanzaError, StanzaType, Text};

use crate::xep_0050::Commands;

/// The most octets of a text that are kept.
const MOST_TEXT: usize = 4096;
/// The most messages that a report names.
const MOST_MESSAGES: usize = 100;

/// The server's part.
pub struct Server {
    reports: AbuseReportsStore,
    tell: Vec<Jid>,
}

/// The reports in a request to block.
pub(crate) struct Reports {
    server: Option<Arc<Server>>,
    reports: Vec<(Jid, Report)>,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let reports = setup.storage().abuse_reports().or_else(|| {
            tracing::warn!("the storage keeps no reports: they are lost when the server stops");
            Storage::memory().abuse_reports()
        });
        let tell = setup.settings.tell.iter().map(|written| {
            Jid::parse(written).map_err(|error| PluginError::Settings {
                spec: "xep-0377",
                message: format!("tell: `{written}` is no address ({error})"),
            })
        });
        let missing = || StorageError::Unsupported("reports".into());
        Ok(Self {
            tell: tell.collect::<Result<_, _>>()?,
            reports: reports.ok_or_else(missing)?,
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let host = registrar.host();
        host.extensions().insert(Arc::clone(self));
        Commands::of(host).offer(Arc::new(command::Settle(Arc::clone(self))));
        Ok(())
    }
}

/// Reads the reports of a request to block; none where the server takes none.
///
/// # Errors
/// `bad-request` for a report without a reason.
pub(crate) fn reports(host: &Host, request: &Block) -> Result<Reports, StanzaError> {
    let server = host.extensions().get::<Server>();
    let mut reports = Vec::new();
    if server.is_some() {
        for item in &request.items {
            let mut extensions = item.any.iter().map(|child| child.root());
            let Some(found) = extensions.find(|child| child.is(Report::NAME, NS)) else {
                continue;
            };
            let report = Report::read(found).map_err(|error| {
                StanzaError::new(Condition::BadRequest).with_text(error.to_string())
            })?;
            reports.push((item.jid.detach(), report));
        }
    }
    Ok(Reports { server, reports })
}

impl Reports {
    /// Stores them for the administrators of the host.
    ///
    /// # Errors
    /// What storage reports.
    pub(crate) async fn keep(self, host: &Host, reporter: &BareJid) -> Result<(), StorageError> {
        let Some(server) = self.server else {
            return Ok(());
        };
        for (address, report) in self.reports {
            let now = host.clock().now();
            let text = report.texts.first();
            let ids = report.stanza_ids.iter().take(MOST_MESSAGES);
            let ids: Vec<&str> = ids.map(|id| id.id.as_str()).collect();
            let time = now.as_microsecond().max(0);
            let row = AbuseReportsRow {
                host: host.domain().as_str().to_owned(),
                id: format!("{time:016x}{}", host.random().token()),
                reporter: reporter.detach(),
                reason: report.reason.to_string(),
                text: text.map(|text| cut(&text.text).to_owned()),
                messages: ids.join("\n"),
                received: now,
                settled: false,
                address,
            };
            server.reports.insert(&row).await?;
            server.tell(host, &row);
            tracing::info!(address = %row.address, reason = row.reason, "somebody was reported");
        }
        Ok(())
    }
}

impl Server {
    /// Tells whom the settings name.
    fn tell(&self, host: &Host, row: &AbuseReportsRow) {
        for to in &self.tell {
            let message = Stanza::message(StanzaType::Normal)
                .with_from(Jid::clone(host.domain()))
                .with_to(to.clone())
                .with_id(host.random().token())
                .with(&Subject::new(Text::from_static("Report of abuse")))
                .with(&Body::new(in_words(row).into()));
            host.send(message);
        }
    }
}

/// A report as people read it.
fn in_words(row: &AbuseReportsRow) -> String {
    let time = command::time(row);
    let mut words = format!(
        "{time}: {} reports {} ({})",
        row.reporter, row.address, row.reason
    );
    if let Some(text) = &row.text {
        words.push_str(": ");
        words.push_str(text);
    }
    words
}

/// The beginning of a long text.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(MOST_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
