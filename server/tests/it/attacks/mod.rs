//! Attacks by strangers, one test each, through HTTP and against the settings that `passage-server serve` has by default.

mod audit_trail;
mod change_of_address;
mod enumeration;
mod first_proof;
mod imported;
mod link_injection;
mod link_phishing;
mod links;
mod metadata_rights;
mod owner_is_told;
mod pre_hijacking;
mod refresh_reuse;
#[cfg(unix)]
mod refresh_reuse_serve;
mod revocation;
mod stolen_token;
mod undo;
mod undo_page;

use passage_server::{ConcealUsers, ServerBuilder, SettingsPatch};
use serde_json::{Value, json};

use crate::support::{App, Reply, send};

/// An app with the settings for sign-ins that `serve` has by default.
fn guarded(builder: ServerBuilder) -> ServerBuilder {
    let mut settings = SettingsPatch::default();
    settings.reauthentication_seconds = Some(600);
    settings.refresh_reuse_seconds = Some(10);
    settings.conceal_users = Some(ConcealUsers::Yes);
    builder.settings(settings)
}

async fn refresh(app: &App, token: &str) -> Reply {
    let body = json!({"refresh_token": token});
    send(app.http.post(app.auth("/tokens")).json(&body)).await
}

/// The claims of an auth token.
fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .unwrap();
    serde_json::from_slice(&json).unwrap()
}
