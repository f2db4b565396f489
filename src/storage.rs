//! Opening the storage that the configuration names.

use sestina_storage::Storage;

use crate::config::{Config, StorageLocation};

/// Opens it and brings its tables up to date. The folder of a file is made if it is not there, for
/// the user of the server only. The error is one line for a person.
pub(crate) async fn open(config: &Config) -> Result<Storage, String> {
    let storage = match &config.storage {
        StorageLocation::Memory => Storage::memory(),
        #[cfg(feature = "sqlite")]
        StorageLocation::Sqlite(path) => sqlite(path).await?,
        #[cfg(not(feature = "sqlite"))]
        StorageLocation::Sqlite(_) => {
            return Err(
                "this program was built without SQLite: build it with the feature \"sqlite\""
                    .to_owned(),
            );
        }
    };
    let prepared = storage
        .prepare(sestina_types::TABLES, sestina_types::MIGRATIONS)
        .await;
    prepared.map_err(|error| match &config.storage {
        StorageLocation::Memory => error.to_string(),
        StorageLocation::Sqlite(path) => format!("{}: {error}", path.display()),
    })?;
    Ok(storage)
}

#[cfg(feature = "sqlite")]
async fn sqlite(path: &std::path::Path) -> Result<Storage, String> {
    use sestina_storage::StorageError;
    use sestina_storage_sql::sqlite::Sqlite;

    if let Some(folder) = path.parent() {
        make_folder(folder)
            .map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))?;
    }
    let database = Sqlite::open(&path.to_string_lossy())
        .await
        .map_err(|error| match error {
            // Both say which file it is.
            StorageError::Unavailable(reason) => format!("cannot open the database {reason}"),
            other => other.to_string(),
        })?;
    Ok(Storage::new(std::sync::Arc::new(database)))
}

/// Makes a folder and those above it, for its owner only.
pub(crate) fn make_folder(folder: &std::path::Path) -> std::io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}
