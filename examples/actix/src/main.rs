//! Serves the example next to a passage-server of its own, and says how to call it.
//!
//! Run it with `cargo run --package passage-example-actix`.

use actix_web::{App, HttpServer};
use passage_example_actix::config;
use passage_identity::users::CreateUser;
use passage_identity::{AuthStrategy, Passage};
use passage_server::{MintToken, PassageServer};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = PassageServer::builder().start().await?;
    let passage = Passage::builder(server.app_id())
        .server(server.url())
        .api_key(server.api_key())
        .auth_strategy(AuthStrategy::Header)
        .build()?;

    let user = passage
        .users()
        .create(CreateUser::with_email("ada@example.com"))
        .await?;
    let token = server
        .controls()
        .mint_token(MintToken::new(user.id.as_str()))
        .await?;

    let service = HttpServer::new(move || App::new().configure(config(passage.clone())))
        .bind(("127.0.0.1", 0))?;
    for address in service.addrs() {
        println!("curl -i http://{address}/me -H 'Authorization: Bearer {token}'");
    }
    println!("Other paths: /hello, /session, /account, /members/me");
    service.run().await?;
    Ok(())
}
