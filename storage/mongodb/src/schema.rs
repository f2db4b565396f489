//! Versions of the tables: recorded, refused, brought up to date.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use mongodb::{
    IndexModel,
    bson::{Binary, Bson, Document, doc, spec::BinarySubtype},
    options::IndexOptions,
};
use sestina_storage::{ColumnType, StorageError, TableDescriptor};

use crate::{Shared, document, errors, hexadecimal, patiently};

/// The collection with one document for each specification: its version.
const SCHEMA: &str = "sestina_schema";

/// Makes indexes, brings rows of older versions up to date, and records the versions. Every step
/// may be done again, also by two nodes at once; the record comes last.
pub(crate) async fn prepare(
    shared: &Shared,
    tables: &[&'static TableDescriptor],
) -> Result<(), StorageError> {
    let mut specs: BTreeMap<&str, u32> = BTreeMap::new();
    for table in tables {
        let version = specs.entry(table.spec).or_default();
        *version = table.version.max(*version);
    }
    let recorded = again(|| recorded(shared)).await?;
    for (spec, version) in &specs {
        let there = recorded.get(*spec).copied().unwrap_or_default();
        if there > i64::from(*version) {
            return Err(StorageError::Unsupported(format!(
                "the database is newer than this program: {spec} is in version {there} there, and \
                 version {version} is the newest known here; use the newer program, or a copy of \
                 the database from before it"
            )));
        }
    }
    for table in tables {
        again(|| make_indexes(shared, table)).await?;
        let there = recorded.get(table.spec).copied().unwrap_or_default();
        if there != 0 && there < i64::from(table.version) {
            tracing::info!(table = table.name, "bringing the rows up to date");
            bring_up_to_date(shared, table).await?;
        }
    }
    for (spec, version) in specs {
        again(|| record(shared, spec, version)).await?;
    }
    Ok(())
}

/// Takes a step that changes nothing when it is taken twice. A connection may break on the way: FerretDB breaks it when
/// two nodes define something at one moment, and the driver then takes back all the others.
async fn again<T, F>(step: impl Fn() -> F) -> Result<T, StorageError>
where
    F: Future<Output = Result<T, StorageError>>,
{
    for pause in PAUSES {
        match patiently(step()).await {
            Err(StorageError::Unavailable(reason)) => {
                tracing::debug!(%reason, "once more");
                tokio::time::sleep(pause).await;
            }
            done => return done,
        }
    }
    patiently(step()).await
}

/// How long to wait before a step of the preparation is taken again.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// Never back: another node may record a newer version at this moment.
async fn record(shared: &Shared, spec: &str, version: u32) -> Result<(), StorageError> {
    let _alone = shared.alone().await;
    let schema = shared.collection(SCHEMA);
    loop {
        let newest = doc! { "$max": { "version": i64::from(version) } };
        let recorded = schema.update_one(doc! { "_id": spec }, newest).upsert(true);
        match recorded.await.map_err(|error| errors::map(&error)) {
            Ok(_) => return Ok(()),
            // Of two nodes that make the document at one moment, one has to come again.
            Err(StorageError::Conflict) => tokio::task::yield_now().await,
            Err(error) => return Err(error),
        }
    }
}

async fn recorded(shared: &Shared) -> Result<HashMap<String, i64>, StorageError> {
    let found = shared.collection(SCHEMA).find(doc! {}).await;
    let found = found.map_err(|error| errors::map(&error))?;
    let found: Vec<Document> = found
        .try_collect()
        .await
        .map_err(|error| errors::map(&error))?;
    let each = found.iter().map(|entry| {
        let spec = entry.get_str("_id").map(str::to_owned);
        match (spec, entry.get_i64("version")) {
            (Ok(spec), Ok(version)) => Ok((spec, version)),
            _ => Err(StorageError::Corrupt(format!(
                "the collection {SCHEMA} holds what is no version"
            ))),
        }
    });
    each.collect()
}

/// Makes the indexes that are not there. Asked for one that another node makes at this moment,
/// FerretDB ends the connection: then it is looked for once more.
async fn make_indexes(shared: &Shared, table: &TableDescriptor) -> Result<(), StorageError> {
    let collection = shared.collection(table.name);
    let mut tried = false;
    loop {
        let there = match collection.list_index_names().await {
            Ok(there) => there,
            // There is no such collection yet.
            Err(error) if errors::has_code(&error, 26) => Vec::new(),
            Err(error) => return Err(errors::map(&error)),
        };
        let missing = Shared::index_documents(table).into_iter().map(|keys| {
            let columns: Vec<&str> = keys.keys().map(String::as_str).collect();
            let name = columns.join(",");
            let options = IndexOptions::builder().name(name.clone()).build();
            let model = IndexModel::builder().keys(keys).options(options).build();
            (name, model)
        });
        let missing: Vec<IndexModel> = missing
            .filter(|(name, _)| !there.contains(name))
            .map(|(_, model)| model)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        match collection.create_indexes(missing).await {
            Ok(_) => return Ok(()),
            Err(error) if errors::is_network(&error) && !tried => tried = true,
            Err(error) => return Err(errors::map(&error)),
        }
    }
}

/// Gives older rows the columns they lack, and octets the form in which they are looked up.
async fn bring_up_to_date(
    shared: &Shared,
    table: &'static TableDescriptor,
) -> Result<(), StorageError> {
    let _alone = shared.alone().await;
    let collection = shared.collection(table.name);
    for column in table.columns {
        if !column.optional {
            let empty = document::to_bson(table, column.name, &column.of_older_rows());
            let lacking = doc! { column.name: null };
            let set = doc! { "$set": { column.name: empty } };
            let filled = collection.update_many(lacking, set).await;
            filled.map_err(|error| errors::map(&error))?;
        }
        if column.ty != ColumnType::Bytes {
            continue;
        }
        let other = if document::is_ordered(table, column.name) {
            "binData"
        } else {
            "string"
        };
        let found = collection
            .find(doc! { column.name: { "$type": other } })
            .await;
        let mut found = found.map_err(|error| errors::map(&error))?;
        while let Some(row) = found
            .try_next()
            .await
            .map_err(|error| errors::map(&error))?
        {
            let (Some(id), Some(old)) = (row.get("_id"), row.get(column.name)) else {
                continue;
            };
            let new = match old {
                Bson::Binary(binary) => Some(Bson::String(hexadecimal(&binary.bytes))),
                Bson::String(digits) => document::octets(digits).map(|bytes| {
                    Bson::Binary(Binary {
                        subtype: BinarySubtype::Generic,
                        bytes,
                    })
                }),
                _ => None,
            };
            if let Some(new) = new {
                // Not over what somebody has changed meanwhile.
                let same = doc! { "_id": id.clone(), column.name: old.clone() };
                let set = doc! { "$set": { column.name: new } };
                let changed = collection.update_one(same, set).await;
                changed.map_err(|error| errors::map(&error))?;
            }
        }
    }
    Ok(())
}
