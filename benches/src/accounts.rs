//! Accounts by the thousand, put where each server keeps them: with one salt for all, so that clients compute the salted
//! password once, and 10,000 rounds.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sestina_interop::Failure;
use sestina_storage::{Secret, Storage};
use sestina_storage_sql::sqlite::Sqlite;
use sestina_types::rfc_6120::tables::{Credentials, CredentialsRow, Users, UsersRow};
use sestina_wire::BareJid;
use sestina_wire::clock::{Clock as _, SystemClock};

use crate::client::Account;
use crate::scram::{self, Salted};

const PASSWORD: &str = "capulet-and-montague";
const SALT: &[u8] = b"0123456789abcdef";
const ROUNDS: u32 = 10_000;
/// Accounts written at once.
const LIST: usize = 200;

/// The accounts as clients know them.
pub fn known(count: usize) -> Vec<Account> {
    let salted = Salted::of(PASSWORD, SALT, ROUNDS);
    (0..count)
        .map(|number| Account {
            name: name(number),
            password: PASSWORD.to_owned(),
            salted: salted.clone(),
        })
        .collect()
}

fn name(number: usize) -> String {
    format!("user{number}")
}

/// Into Sestina's database, beside the running server.
///
/// # Errors
/// What the storage reports.
pub async fn into_sestina(file: &Path, domain: &str, count: usize) -> Result<(), Failure> {
    let keys = scram::keys(PASSWORD, SALT, ROUNDS)?;
    let storage = Storage::new(Arc::new(Sqlite::open(&file.to_string_lossy()).await?));
    storage
        .prepare(sestina_types::TABLES, sestina_types::MIGRATIONS)
        .await?;
    let created = SystemClock.now();
    let numbers: Vec<usize> = (0..count).collect();
    for list in numbers.chunks(LIST) {
        let mut transaction = storage.transaction();
        for &number in list {
            let account = BareJid::new(Some(&name(number)), domain)?;
            transaction.insert::<Users>(&UsersRow {
                account: account.clone(),
                domain: domain.to_owned(),
                created,
            });
            // An account has keys of every hash; those of the others are never asked for here.
            for (mechanism, size) in [
                ("SCRAM-SHA-1", 20),
                ("SCRAM-SHA-256", 32),
                ("SCRAM-SHA-512", 64),
            ] {
                let key = |key: &[u8]| match size {
                    32 => Secret::new(key.to_vec()),
                    size => Secret::new(vec![7; size]),
                };
                transaction.put::<Credentials>(&CredentialsRow {
                    account: account.clone(),
                    mechanism: mechanism.to_owned(),
                    salt: SALT.to_vec(),
                    iterations: ROUNDS.into(),
                    stored_key: key(&keys.stored),
                    server_key: key(&keys.server),
                });
            }
        }
        transaction.commit().await?;
    }
    storage.close().await;
    Ok(())
}

/// As Prosody's `internal_hashed` keeps them: a file each.
///
/// # Errors
/// When a file cannot be written.
pub fn into_prosody(folder: &Path, domain: &str, count: usize) -> Result<(), Failure> {
    let keys = scram::keys(PASSWORD, SALT, ROUNDS)?;
    let text = format!(
        "return {{ [\"salt\"] = \"{}\"; [\"iteration_count\"] = {ROUNDS}; [\"stored_key\"] = \"{}\"; [\"server_key\"] = \"{}\"; }};\n",
        String::from_utf8_lossy(SALT),
        hexadecimal(&keys.stored),
        hexadecimal(&keys.server),
    );
    let encoded = domain.replace('.', "%2e");
    let folder = folder.join("data").join(encoded).join("accounts");
    fs::create_dir_all(&folder)?;
    for number in 0..count {
        fs::write(folder.join(format!("{}.dat", name(number))), &text)?;
    }
    Ok(())
}

/// What makes ejabberd put them into Mnesia.
///
/// # Errors
/// None that ever occurs.
pub fn for_ejabberd(domain: &str, count: usize) -> Result<String, Failure> {
    let keys = scram::keys(PASSWORD, SALT, ROUNDS)?;
    let [stored, server, salt] =
        [&keys.stored[..], &keys.server[..], SALT].map(|bytes| BASE64_STANDARD.encode(bytes));
    Ok(format!(
        "lists:foreach(fun(N) -> mnesia:dirty_write({{passwd, \
         {{<<\"user\", (integer_to_binary(N))/binary>>, <<\"{domain}\">>}}, \
         {{scram, <<\"{stored}\">>, <<\"{server}\">>, <<\"{salt}\">>, sha256, {ROUNDS}}}}}) end, lists:seq(0, {count})), "
    ))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
