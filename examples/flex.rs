//! Flex: passkeys for users that you keep yourself. Your backend starts a transaction, the
//! browser runs the passkey ceremony, and your backend exchanges the nonce for the user.
//!
//! Run it with `cargo run --example flex`.

use passage_identity::Passage;
use passage_server::PassageServer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = PassageServer::builder().start().await?;
    let passage = Passage::builder(server.app_id())
        .server(server.url())
        .api_key(server.api_key())
        .build()?;
    let flex = passage.flex();

    let transaction = flex.register_transaction("employee-7", "Ada").await?;
    // Here the browser creates the passkey. The server's controls stand in for it.
    let nonce = server
        .controls()
        .complete_transaction(transaction.as_str())
        .await?;
    println!("registered {}", flex.verify_nonce(&nonce).await?);

    let transaction = flex.authenticate_transaction("employee-7").await?;
    let nonce = server
        .controls()
        .complete_transaction(transaction.as_str())
        .await?;
    println!("signed in {}", flex.verify_nonce(&nonce).await?);

    for device in flex.list_devices("employee-7").await? {
        println!("passkey {} of {}", device.id, device.friendly_name);
    }
    match flex.authenticate_transaction("somebody else").await {
        Err(error) if error.is_conflict() => println!("somebody else has no passkey yet"),
        Err(error) => return Err(error.into()),
        Ok(_) => return Err("an unknown user may sign in".into()),
    }
    Ok(())
}
