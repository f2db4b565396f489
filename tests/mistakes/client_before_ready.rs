//@ says: nothing can be sent before the session is ready, and this one is only
use sestina::client::{ClientConfig, login::Login};
use sestina::wire::Jid;

async fn run(config: ClientConfig) {
    let login = Login::connect(config).await.unwrap();
    let login = login.secure().await.unwrap().authenticate().await.unwrap();
    let _ = login.into_parts(); // here
}
