//! The whole main job against a real server, started in this very process:
//! create users, verify a request by cookie and by header, and manage the user.
//!
//! Run it with `cargo run --example quickstart`.

use std::io::{self, Write};

use http::{HeaderMap, HeaderValue, header};
use passage_identity::users::{CreateUser, UpdateUser};
use passage_identity::{AuthStrategy, Passage};
use passage_server::{MintToken, PassageServer};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    run(&mut io::stdout()).await
}

/// Does the work and writes what happens to `out`.
pub async fn run(out: &mut impl Write) -> Result<(), Failure> {
    // Your service talks to a passage-server of yours; here one lives in this process.
    let server = PassageServer::builder().start().await?;
    writeln!(out, "passage-server is ready at {}", server.url())?;

    let passage = Passage::builder(server.app_id())
        .server(server.url())
        .api_key(server.api_key())
        .build()?;

    writeln!(out, "\n# create users")?;
    let ada = passage
        .users()
        .create(CreateUser::with_email("Ada@example.com"))
        .await?;
    writeln!(out, "{}: {}, {}", ada.id, shown(&ada.email), ada.status)?;
    let bob = passage
        .users()
        .create(CreateUser::with_phone("+15005550006"))
        .await?;
    writeln!(out, "{}: {}, {}", bob.id, shown(&bob.phone), bob.status)?;

    // A browser gets its token by signing in with a passkey; the server's controls mint one.
    let controls = server.controls();
    let token = controls.mint_token(MintToken::new(ada.id.as_str())).await?;

    writeln!(out, "\n# authenticate a request by its cookie")?;
    let mut request = HeaderMap::new();
    let cookies = format!("theme=dark; psg_auth_token={token}");
    request.insert(header::COOKIE, HeaderValue::try_from(cookies)?);
    let user_id = passage.authenticate(&request).await?;
    writeln!(out, "the request is from {user_id}")?;

    writeln!(out, "\n# authenticate a request by its header")?;
    let by_header = Passage::builder(server.app_id())
        .server(server.url())
        .auth_strategy(AuthStrategy::Header)
        .build()?;
    let mut request = HeaderMap::new();
    let bearer = format!("Bearer {token}");
    request.insert(header::AUTHORIZATION, HeaderValue::try_from(bearer)?);
    let user_id = by_header.authenticate(&request).await?;
    writeln!(out, "the request is from {user_id}")?;

    writeln!(out, "\n# refuse a forged token")?;
    let forged = MintToken::new(ada.id.as_str()).wrong_key();
    let forged = controls.mint_token(forged).await?;
    match passage.verify_token(&forged).await {
        Ok(_) => return Err("a forged token was accepted".into()),
        Err(error) => writeln!(out, "{error}: answer {}", error.answer_status())?,
    }

    writeln!(out, "\n# look at the user")?;
    let user = passage.users().get(&user_id).await?;
    writeln!(
        out,
        "{}: {}, active: {}",
        user.id,
        shown(&user.email),
        user.is_active()
    )?;

    writeln!(out, "\n# update, deactivate, activate")?;
    let update = UpdateUser::new()
        .email("ada@example.org")
        .phone("+15005550007");
    let user = passage.users().update(&user_id, update).await?;
    writeln!(out, "now {} and {}", shown(&user.email), shown(&user.phone))?;
    let user = passage.users().deactivate(&user_id).await?;
    writeln!(out, "now {}", user.status)?;
    let user = passage.users().activate(&user_id).await?;
    writeln!(out, "now {}", user.status)?;

    writeln!(out, "\n# list")?;
    let page = passage.users().list().limit(10).send().await?;
    for user in &page.items {
        writeln!(out, "{}: {}", user.id, user.status)?;
    }
    writeln!(out, "{} users in all", page.total)?;

    writeln!(out, "\n# delete")?;
    passage.users().delete(&user_id).await?;
    match passage.users().get(&user_id).await {
        Err(error) if error.is_not_found() => writeln!(out, "{user_id} is gone")?,
        Err(error) => return Err(error.into()),
        Ok(_) => return Err("the user is still there".into()),
    }

    server.shutdown().await;
    Ok(())
}

fn shown(identifier: &Option<String>) -> &str {
    identifier.as_deref().unwrap_or("none")
}
