//! The database servers come up, are killed and come up again with what they had.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sestina_interop::{database, ready};

fn killed_and_restarted(mut database: database::Database) {
    let url = database.create().unwrap();
    assert!(url.contains(&database.port().to_string()), "{url}");
    assert!(database.pid().is_some());
    database.kill();
    assert!(database.pid().is_none());
    assert!(!sestina_interop::process::listens(database.port()));
    database.restart().unwrap();
    assert_ne!(database.create().unwrap(), url);
    database.stop();
    assert!(!sestina_interop::process::listens(database.port()));
}

#[test]
fn postgres() {
    ready!("databases::postgres", database::postgres::installed());
    killed_and_restarted(database::postgres::start().unwrap());
}

#[test]
fn mariadb() {
    ready!("databases::mariadb", database::mariadb::installed());
    killed_and_restarted(database::mariadb::start().unwrap());
}
