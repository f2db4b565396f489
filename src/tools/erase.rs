//! `sestina storage erase`.

use sestina_wire::BareJid;

use super::{Opened, say};

/// Removes everything that belongs to an account, together or not at all.
pub(super) async fn run(opened: &Opened, account: &BareJid) -> Result<(), String> {
    let tables: Vec<_> = opened.tables().collect();
    let removed = opened.storage.erase(&tables, account.as_str()).await;
    let removed = removed.map_err(|error| opened.said(&error))?;
    opened.storage.close().await;
    match removed {
        0 => say(&format!("nothing was kept for {account}")),
        1 => say(&format!("removed 1 row of {account}")),
        rows => say(&format!("removed {rows} rows of {account}")),
    }
}
