//@ says: nothing can be sent before the session is ready, and this one is only
//@ says: go on with `secure`, `authenticate` and `bind`, one after the other
use sestina::client::{ClientConfig, login::Login};
use sestina::wire::Jid;

async fn run(config: ClientConfig, to: Jid) {
    let login = Login::connect(config).await.unwrap();
    let login = login.secure().await.unwrap();
    login.say(&to, "too early").await.unwrap(); // here
}
