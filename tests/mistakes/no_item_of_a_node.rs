//@ says: travel as an item of a node
//@ says: it is declared with `[[pubsub-item]]` in the `spec.toml` of its specification
use sestina::client::Client;
use sestina::types::xep_0199::Ping;

async fn publish(client: &Client) {
    let _ = client.publish("current", &Ping::default()).await; // here
}
