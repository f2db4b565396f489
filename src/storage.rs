//! Opening the storage that the configuration names.

use std::path::Path;
use std::sync::Arc;

use sestina_storage::{Backend, Storage, StorageError};

use crate::config::{Config, Engine, StorageLocation};

/// Opens it and brings its tables up to date. The folder of a file is made if it is not there, for
/// the user of the server only. The error is one line for a person.
pub(crate) async fn open(config: &Config) -> Result<Storage, String> {
    open_at(&config.storage).await
}

/// The same for a place.
pub(crate) async fn open_at(location: &StorageLocation) -> Result<Storage, String> {
    let storage = connect(location).await?;
    let prepared = storage
        .prepare(sestina_types::TABLES, sestina_types::MIGRATIONS)
        .await;
    match prepared {
        Ok(()) => Ok(storage),
        Err(error) => {
            storage.close().await;
            Err(format!("{location}: {error}"))
        }
    }
}

/// Opens it without a look at its tables.
async fn connect(location: &StorageLocation) -> Result<Storage, String> {
    let backend: Arc<dyn Backend> = match location {
        StorageLocation::Memory => return Ok(Storage::memory()),
        StorageLocation::Sqlite(path) => sqlite(path).await?,
        StorageLocation::Files(path) => files(path).await?,
        StorageLocation::Server(engine, url) => server(*engine, url)
            .await
            .map_err(|error| format!("{location}: {error}"))?,
    };
    Ok(Storage::new(backend))
}

/// A database server. The errors never hold the URL.
async fn server(engine: Engine, url: &str) -> Result<Arc<dyn Backend>, String> {
    match engine {
        #[cfg(feature = "postgres")]
        Engine::Postgres => reached(sestina_storage_sql::postgres::Postgres::open(url).await),
        #[cfg(feature = "mysql")]
        Engine::MySql => reached(sestina_storage_sql::mysql::MySql::open(url).await),
        #[cfg(feature = "mongodb")]
        Engine::MongoDb => reached(sestina_storage_mongodb::MongoDb::open(url).await),
        #[cfg(feature = "redis")]
        Engine::Redis => reached(sestina_storage_redis::Redis::open(url).await),
        other => {
            // Without any of them the URL is of no use.
            let _ = url;
            Err(missing(other))
        }
    }
}

/// A backend on a server, or why it could not be reached.
#[cfg(any(
    feature = "postgres",
    feature = "mysql",
    feature = "mongodb",
    feature = "redis"
))]
fn reached(
    opened: Result<impl Backend + 'static, StorageError>,
) -> Result<Arc<dyn Backend>, String> {
    match opened {
        Ok(backend) => Ok(Arc::new(backend)),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether this program can open the place at all; the error says what it lacks.
pub(crate) fn compiled(location: &StorageLocation) -> Result<(), String> {
    match location {
        StorageLocation::Sqlite(_) if !cfg!(feature = "sqlite") => Err(missing(Engine::Sqlite)),
        StorageLocation::Files(_) if !cfg!(feature = "file") => Err(missing(Engine::Files)),
        StorageLocation::Server(engine, _) if !there(*engine) => Err(missing(*engine)),
        _ => Ok(()),
    }
}

/// Whether the engine was compiled in.
fn there(engine: Engine) -> bool {
    match engine {
        Engine::Sqlite => cfg!(feature = "sqlite"),
        Engine::Files => cfg!(feature = "file"),
        Engine::Redis => cfg!(feature = "redis"),
        Engine::Postgres => cfg!(feature = "postgres"),
        Engine::MySql => cfg!(feature = "mysql"),
        Engine::MongoDb => cfg!(feature = "mongodb"),
    }
}

/// What to say where it was not.
fn missing(engine: Engine) -> String {
    let (name, feature) = (engine.name(), engine.feature());
    format!("this program was built without {name}: build it with the feature \"{feature}\"")
}

#[cfg(feature = "sqlite")]
async fn sqlite(path: &Path) -> Result<Arc<dyn Backend>, String> {
    if let Some(folder) = path.parent() {
        make_folder(folder)
            .map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))?;
    }
    let opened = sestina_storage_sql::sqlite::Sqlite::open(&path.to_string_lossy()).await;
    Ok(Arc::new(
        opened.map_err(|error| said("the database", &error))?,
    ))
}

#[cfg(not(feature = "sqlite"))]
async fn sqlite(_path: &Path) -> Result<Arc<dyn Backend>, String> {
    Err(missing(Engine::Sqlite))
}

#[cfg(feature = "file")]
async fn files(path: &Path) -> Result<Arc<dyn Backend>, String> {
    let opened = sestina_storage_file::Files::open(&path.to_string_lossy()).await;
    Ok(Arc::new(
        opened.map_err(|error| said("the storage", &error))?,
    ))
}

#[cfg(not(feature = "file"))]
async fn files(_path: &Path) -> Result<Arc<dyn Backend>, String> {
    Err(missing(Engine::Files))
}

/// The errors of files say themselves which they are about.
#[cfg(any(feature = "sqlite", feature = "file"))]
fn said(what: &str, error: &StorageError) -> String {
    match error {
        StorageError::Unavailable(reason) => format!("cannot open {what} {reason}"),
        other => other.to_string(),
    }
}

/// Makes a folder and those above it, for its owner only.
pub(crate) fn make_folder(folder: &Path) -> std::io::Result<()> {
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
