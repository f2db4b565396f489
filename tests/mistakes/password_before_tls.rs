//@ says: authenticate
//@ says: Connected
use sestina::client::{ClientConfig, login::Login};
use sestina::wire::Jid;

async fn run(config: ClientConfig) {
    let login = Login::connect(config).await.unwrap();
    let _ = login.authenticate().await; // here
}
