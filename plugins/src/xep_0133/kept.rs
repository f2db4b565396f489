//! What administrators want everybody to be told, as it is stored: one text of a kind for each host.

use sestina_session::host::Host;
use sestina_storage::{Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0133::tables::{ServiceMessagesRow, ServiceMessagesStore};

/// The texts of one kind.
pub(super) struct Kept {
    rows: ServiceMessagesStore,
    kind: &'static str,
}

impl Kept {
    pub(super) fn new(storage: &Storage, kind: &'static str) -> Result<Self, StorageError> {
        let rows = storage.service_messages().or_else(|| {
            tracing::warn!(
                kind,
                "the storage keeps no messages of the service: they are lost when the server stops"
            );
            Storage::memory().service_messages()
        });
        Ok(Self {
            rows: rows.ok_or_else(|| StorageError::Unsupported("service messages".into()))?,
            kind,
        })
    }

    pub(super) async fn read(&self, host: &str) -> Result<Option<String>, StorageError> {
        Ok(self.rows.get(host, self.kind).await?.map(|row| row.text))
    }

    pub(super) async fn put(&self, host: &Host, text: String) -> Result<(), StorageError> {
        self.rows
            .put(&ServiceMessagesRow {
                host: host.domain().as_str().to_owned(),
                kind: self.kind.to_owned(),
                text,
                changed: host.clock().now(),
            })
            .await
    }

    /// Whether there was one.
    pub(super) async fn delete(&self, host: &Host) -> Result<bool, StorageError> {
        self.rows.delete(host.domain().as_str(), self.kind).await
    }
}
