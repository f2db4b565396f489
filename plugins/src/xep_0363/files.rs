//! The files of a host: places for them, and how each is found again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use sestina_session::host::Host;
use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0363::Settings;
use sestina_storage::StorageError;
use sestina_types::Stores as _;
use sestina_types::xep_0363::purpose::{self, Ephemeral, Message};
use sestina_types::xep_0363::tables::{UploadsRow, UploadsStore};
use sestina_types::xep_0363::upload::{FileTooLarge, Get, Put, Request, Slot};
use sestina_wire::{BareJid, Condition, ErrorKind, Payload as _, StanzaError, Timestamp};
use tokio::sync::Notify;

use super::shelf::Shelf;
use super::{address, media, quota};

/// Within this time an upload has to begin (§10).
const BEGIN: Duration = Duration::from_secs(300);
/// Within this time it has to end.
const END: Duration = Duration::from_secs(3600);
/// Locks under which places are given away; an account always has the same.
const LOCKS: usize = 16;

/// What a host keeps for its accounts.
pub struct Files {
    pub(super) host: Weak<Host>,
    pub(super) rows: UploadsStore,
    pub(super) shelf: Shelf,
    settings: Settings,
    /// What stands before the path, and the path; it ends with a slash.
    base: String,
    path: String,
    /// The files that come just now.
    arriving: Mutex<HashSet<String>>,
    /// Held while a quota is looked at and used, so that requests at the same time do not each see the same room.
    locks: [tokio::sync::Mutex<()>; LOCKS],
    pub(super) tidying: Arc<Notify>,
}

/// Says that a file comes just now, as long as this value lives.
pub(super) struct Arrival<'a>(&'a Files, String);

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let arriving = self.0.arriving.lock();
        arriving
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.1);
    }
}

impl Files {
    /// None where the server has no HTTP, no folder or no table for them.
    pub(super) fn open(setup: &Setup<'_, Settings>) -> Result<Option<Arc<Self>>, PluginError> {
        let host = setup.host;
        let Some(base) = host.web_address() else {
            tracing::debug!(
                "no files are taken: nothing listens for HTTP, or not where clients may come"
            );
            return Ok(None);
        };
        let named = Some(&setup.settings.folder).filter(|folder| !folder.is_empty());
        let folder = match named {
            Some(folder) => folder.into(),
            None => match host.folder() {
                Some(folder) => folder.join("uploads"),
                None => return Ok(None),
            },
        };
        let Some(rows) = setup.storage().uploads() else {
            tracing::warn!("the storage has no table for files: none are taken");
            return Ok(None);
        };
        let folder = folder.join(host.domain().as_str());
        let shelf = Shelf::open(folder.clone()).map_err(|error| PluginError::Settings {
            spec: "xep-0363",
            message: format!("cannot use the folder {}: {error}", folder.display()),
        })?;
        Ok(Some(Arc::new(Self {
            host: Arc::downgrade(host),
            rows,
            shelf,
            settings: setup.settings.clone(),
            base: base.to_owned(),
            path: format!("/upload/{}/", address::escaped(host.domain().as_str())),
            arriving: Mutex::default(),
            locks: std::array::from_fn(|_| tokio::sync::Mutex::new(())),
            tidying: Arc::default(),
        })))
    }

    /// Those of a host; none where it takes none.
    #[must_use]
    pub fn of(host: &Host) -> Option<Arc<Self>> {
        host.extensions().get()
    }

    /// The path below which they are.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The largest file that is taken, in bytes.
    pub(super) fn largest(&self) -> u64 {
        quota::largest(&self.settings)
    }

    /// The row of a file or place that is still there, under the name it was given.
    pub(super) async fn find(
        &self,
        host: &Host,
        path: &str,
    ) -> Result<Option<UploadsRow>, StorageError> {
        let Some(named) = path.strip_prefix(&self.path).and_then(address::read) else {
            return Ok(None);
        };
        let row = self.rows.get(&named.id).await?;
        Ok(row.filter(|row| {
            row.host == host.domain().as_str()
                && row.filename == named.name
                && row
                    .expires
                    .is_none_or(|expires| expires > host.clock().now())
        }))
    }

    /// Whether it is too late to begin with an upload.
    pub(super) fn is_late(&self, row: &UploadsRow, now: Timestamp) -> bool {
        row.requested
            .checked_add(BEGIN)
            .is_ok_and(|late| late <= now)
    }

    /// Notes that a file comes; none where it already does.
    pub(super) fn arrival(&self, id: &str) -> Option<Arrival<'_>> {
        let mut arriving = self.arriving.lock().unwrap_or_else(PoisonError::into_inner);
        arriving
            .insert(id.to_owned())
            .then(|| Arrival(self, id.to_owned()))
    }

    /// The files that come just now.
    pub(super) fn arriving(&self) -> HashSet<String> {
        let arriving = self.arriving.lock().unwrap_or_else(PoisonError::into_inner);
        arriving.clone()
    }

    /// Notes that the file has come, unless its place went meanwhile.
    pub(super) async fn arrived(
        &self,
        host: &Host,
        mut row: UploadsRow,
        content_type: Option<String>,
    ) -> Result<bool, StorageError> {
        let keep = self.settings.keep.duration();
        let expires = (!keep.is_zero()).then(|| {
            host.clock()
                .now()
                .checked_add(keep)
                .unwrap_or(Timestamp::MAX)
        });
        row.uploaded = true;
        row.content_type = row.content_type.or(content_type);
        row.expires = match (expires, row.kept_until) {
            (Some(expires), Some(until)) => Some(expires.min(until)),
            (expires, until) => expires.or(until),
        };
        // A row that is gone does not come back: its account may be gone.
        if !self.rows.delete(&row.id).await? {
            return Ok(false);
        }
        self.rows.insert(&row).await?;
        // Who removes an account takes its keys first and its rows then.
        if !host.account_exists(&row.owner).await? {
            self.rows.delete(&row.id).await?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Gives a place away (§5).
    pub(super) async fn slot(
        &self,
        host: &Host,
        owner: BareJid,
        request: &Request,
    ) -> Result<Slot, StanzaError> {
        let bad = |text| StanzaError::new(Condition::BadRequest).with_text(text);
        let name = address::safe_name(&request.filename).ok_or_else(|| {
            bad(format!(
                "the file needs a name, of {} bytes at most",
                address::LONGEST_NAME
            ))
        })?;
        let content_type = match request.content_type.as_deref() {
            None | Some("") => None,
            Some(written) => {
                let essence = media::essence(written);
                Some(essence.ok_or_else(|| bad("the content type is none".to_owned()))?)
            }
        };
        let largest = self.largest();
        if request.size > largest {
            return Err(StanzaError::new(Condition::NotAcceptable)
                .with_kind(ErrorKind::Modify)
                .with_text(format!(
                    "the largest file that is taken has {largest} bytes"
                ))
                .with_application(&FileTooLarge::new(largest)));
        }
        let size = i64::try_from(request.size).ok().filter(|size| *size > 0);
        let size = size.ok_or_else(|| bad("an empty file needs no place".to_owned()))?;
        let now = host.clock().now();
        let kept_until = kept_until(request, now)?;
        let row = UploadsRow {
            id: host.random().token().to_string(),
            owner,
            host: host.domain().as_str().to_owned(),
            filename: name,
            content_type,
            size,
            requested: now,
            uploaded: false,
            kept_until,
            expires: now.checked_add(END).ok(),
        };
        let _locked = self.lock(&row.owner).lock().await;
        quota::Usage::of(&self.rows, &row.owner, now).await?.admit(
            request.size,
            now,
            &self.settings,
        )?;
        self.rows.insert(&row).await?;
        let get = format!(
            "{}{}{}/{}",
            self.base,
            self.path,
            row.id,
            address::escaped(&row.filename)
        );
        let put = format!("{get}?v={}", address::signature(host, &row));
        Ok(Slot::new(Put::new(put.into()), Get::new(get.into())))
    }

    fn lock(&self, owner: &BareJid) -> &tokio::sync::Mutex<()> {
        let sum = owner.as_str().bytes().fold(0_usize, |sum, octet| {
            sum.wrapping_mul(31).wrapping_add(octet.into())
        });
        let [first, ..] = &self.locks;
        self.locks.get(sum % LOCKS).unwrap_or(first)
    }
}

/// When the file has to be gone, by what it is for (§6). There are no places for what has to stay.
fn kept_until(request: &Request, now: Timestamp) -> Result<Option<Timestamp>, StanzaError> {
    for element in &request.purpose {
        let root = element.root();
        if root.ns() != purpose::NS || Message::matches(root) {
            continue;
        }
        if !Ephemeral::matches(root) {
            return Err(StanzaError::new(Condition::FeatureNotImplemented)
                .with_text("files are kept here for conversations only"));
        }
        let wrong = |text| StanzaError::new(Condition::BadRequest).with_text(text);
        let ephemeral = Ephemeral::read(root).map_err(|_| wrong("this is no time"))?;
        let until = ephemeral
            .expire_before
            .ok_or_else(|| wrong("the time before which the file goes is missing"))?
            .timestamp();
        if until <= now {
            return Err(wrong("the time before which the file goes is over"));
        }
        return Ok(Some(until));
    }
    Ok(None)
}
