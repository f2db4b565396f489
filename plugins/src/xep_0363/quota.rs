//! How much an account may leave here, in a day and at a time.

use std::time::Duration;

use sestina_skeletons::xep_0363::Settings;
use sestina_storage::{Range, StorageError};
use sestina_types::xep_0363::tables::{UploadsRow, UploadsStore};
use sestina_types::xep_0363::upload::Retry;
use sestina_wire::{BareJid, Condition, DateTime, StanzaError, Timestamp};

/// What a day's quota is counted over.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How many rows are read at a time.
const PAGE: u32 = 1000;

/// What counts of a file.
#[derive(Clone, Copy, Debug)]
struct Counted {
    size: u64,
    requested: Timestamp,
    expires: Option<Timestamp>,
}

/// What an account has here.
#[derive(Debug, Default)]
pub(super) struct Usage(Vec<Counted>);

/// Why there is no room, and when there will be.
#[derive(Debug, PartialEq, Eq)]
enum Full {
    Files(Option<Timestamp>),
    Day(Option<Timestamp>),
    Total(Option<Timestamp>),
}

/// The largest file that is ever taken.
pub(super) fn largest(settings: &Settings) -> u64 {
    let Settings {
        max_file_size,
        daily_quota,
        total_quota,
        ..
    } = settings;
    max_file_size.0.min(daily_quota.0).min(total_quota.0)
}

impl Usage {
    /// Reads that of an account: the files that it has, and the places it got that are still good.
    pub(super) async fn of(
        rows: &UploadsStore,
        owner: &BareJid,
        now: Timestamp,
    ) -> Result<Self, StorageError> {
        let mut counted = Vec::new();
        let mut range = Range::all();
        loop {
            let page = rows.of_owner_page(owner, range, PAGE, false).await?;
            let there = |row: &&UploadsRow| row.expires.is_none_or(|expires| expires > now);
            counted.extend(page.iter().filter(there).map(|row| Counted {
                size: u64::try_from(row.size).unwrap_or_default(),
                requested: row.requested,
                expires: row.expires,
            }));
            match page.last() {
                Some(last) if page.len() >= PAGE as usize => range = Range::after(last.requested),
                _ => return Ok(Self(counted)),
            }
        }
    }

    /// Whether one more file has room; else what its owner is told.
    pub(super) fn admit(
        &self,
        size: u64,
        now: Timestamp,
        settings: &Settings,
    ) -> Result<(), StanzaError> {
        let Err(full) = self.fits(size, now, settings) else {
            return Ok(());
        };
        let (text, retry) = match full {
            Full::Files(retry) => (
                format!(
                    "{} files a day are taken of an account, and so many were",
                    settings.daily_files
                ),
                retry,
            ),
            Full::Day(retry) => (
                format!(
                    "{} a day are taken of an account, and this would be more",
                    settings.daily_quota
                ),
                retry,
            ),
            Full::Total(retry) => (
                format!(
                    "{} of an account are kept at a time, and this would be more",
                    settings.total_quota
                ),
                retry,
            ),
        };
        let error = StanzaError::new(Condition::ResourceConstraint).with_text(text);
        Err(match retry {
            Some(retry) => error.with_application(&Retry::new(DateTime::from_timestamp(retry))),
            None => error,
        })
    }

    fn fits(&self, size: u64, now: Timestamp, settings: &Settings) -> Result<(), Full> {
        let since = now.checked_sub(DAY).unwrap_or(Timestamp::MIN);
        let mut today: Vec<&Counted> = self
            .0
            .iter()
            .filter(|file| file.requested > since)
            .collect();
        today.sort_by_key(|file| file.requested);
        let over = |file: &Counted| file.requested.checked_add(DAY).ok();
        let most = usize::try_from(settings.daily_files).unwrap_or(usize::MAX);
        if today.len() >= most {
            let goes = today.get(today.len() - most);
            return Err(Full::Files(goes.and_then(|file| over(file))));
        }
        frees(
            size,
            settings.daily_quota.0,
            today.into_iter().map(|file| (file.size, over(file))),
        )
        .map_err(Full::Day)?;
        let mut all: Vec<(u64, Option<Timestamp>)> = self
            .0
            .iter()
            .map(|file| (file.size, file.expires))
            .collect();
        // What goes never, last.
        all.sort_by_key(|(_, expires)| expires.unwrap_or(Timestamp::MAX));
        frees(size, settings.total_quota.0, all.into_iter()).map_err(Full::Total)
    }
}

/// Whether a file has room beside others; else when so many of them are gone, first to last, that it has.
fn frees(
    size: u64,
    quota: u64,
    files: impl Iterator<Item = (u64, Option<Timestamp>)> + Clone,
) -> Result<(), Option<Timestamp>> {
    let mut used: u64 = files
        .clone()
        .fold(0, |sum: u64, (size, _)| sum.saturating_add(size));
    let fits = |used: u64| used.saturating_add(size) <= quota;
    if fits(used) {
        return Ok(());
    }
    for (gone, when) in files {
        used = used.saturating_sub(gone);
        if fits(used) {
            return Err(when);
        }
    }
    Err(None)
}

#[cfg(test)]
mod tests {
    use sestina_session::settings::ByteSize;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// Size, requested and expires.
    fn usage(files: &[(u64, i64, Option<i64>)]) -> Usage {
        let counted = files.iter().map(|&(size, requested, expires)| Counted {
            size,
            requested: at(requested),
            expires: expires.map(at),
        });
        Usage(counted.collect())
    }

    #[test]
    fn each_quota_says_when_there_is_room_again() {
        const D: i64 = 24 * 3600;
        let settings = Settings {
            daily_files: 3,
            daily_quota: ByteSize(100),
            total_quota: ByteSize(150),
            ..Settings::default()
        };
        let now = at(10 * D);
        let fits =
            |files: &[(u64, i64, Option<i64>)], size| usage(files).fits(size, now, &settings);
        let day = 10 * D - 1000;
        assert_eq!(fits(&[], 100), Ok(()));
        let three = [(1, day, None), (1, day + 1, None), (1, day + 2, None)];
        assert_eq!(fits(&three, 1), Err(Full::Files(Some(at(day + D)))));
        let full = [(40, day, None), (50, day + 5, None)];
        assert_eq!(fits(&full, 10), Ok(()));
        assert_eq!(fits(&full, 20), Err(Full::Day(Some(at(day + D)))));
        assert_eq!(fits(&full, 70), Err(Full::Day(Some(at(day + 5 + D)))));
        // Of yesterday and before: only the whole counts.
        let old = [(60, 0, Some(20 * D)), (70, 1, Some(15 * D))];
        assert_eq!(fits(&old, 20), Ok(()));
        assert_eq!(fits(&old, 21), Err(Full::Total(Some(at(15 * D)))));
        let for_ever = [(60, 0, None), (70, 1, None)];
        assert_eq!(fits(&for_ever, 21), Err(Full::Total(None)));
        assert_eq!(
            fits(&[(u64::MAX, 0, None), (u64::MAX, 1, None)], 1),
            Err(Full::Total(None))
        );
    }
}
