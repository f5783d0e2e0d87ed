//! Makes a magic link to deliver yourself, and has the server send another.
//!
//! Run it with `cargo run --example magic_link`.

use std::time::Duration;

use passage_identity::Passage;
use passage_identity::magic_links::{CreateMagicLink, MagicLinkLanguage};
use passage_server::PassageServer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = PassageServer::builder().start().await?;
    let passage = Passage::builder(server.app_id())
        .server(server.url())
        .api_key(server.api_key())
        .build()?;

    // The user is created if nobody has the address.
    let link = CreateMagicLink::for_email("ada@example.com")
        .ttl(Duration::from_secs(15 * 60))
        .redirect_url("/welcome");
    let link = passage.magic_links().create(link).await?;
    // Whoever has the link can sign in, so it shows only when asked for.
    println!("{link:?}");
    println!("deliver this: {}", link.url.expose());

    let sent = CreateMagicLink::for_email("ada@example.com").language(MagicLinkLanguage::Es);
    passage.magic_links().send(sent).await?;
    for message in server.controls().outbox() {
        println!("the server mailed {} in {}", message.to, message.language);
    }
    Ok(())
}
