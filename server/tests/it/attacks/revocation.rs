//! Who can end a sign-in: whoever has one of its refresh tokens, and nobody with less.

use std::time::Duration;

use passage_server::MintToken;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{claims, guarded, links, refresh};
use crate::mailbox::{ADA, BOB, secret, tokens};
use crate::support::{App, Reply, send, text};

async fn start() -> (App, String) {
    let app = App::start_with(guarded).await;
    app.controls().stop_clock();
    let id = app.user_id(ADA).await;
    (app, id)
}

fn delete(app: &App) -> RequestBuilder {
    app.http.delete(app.auth("/tokens"))
}

async fn by_query(app: &App, token: &str) -> Reply {
    send(delete(app).query(&[("refresh_token", token)])).await
}

/// As a form of RFC 7009.
async fn by_form(app: &App, name: &str, token: &str) -> Reply {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("token_type_hint", "refresh_token")
        .append_pair(name, token)
        .finish();
    let request = delete(app).header("content-type", "application/x-www-form-urlencoded");
    send(request.body(body)).await
}

async fn by_json(app: &App, name: &str, token: &str) -> Reply {
    send(delete(app).json(&json!({name: token}))).await
}

#[tokio::test]
async fn a_sign_in_is_not_ended_by_a_part_of_its_token() {
    let (app, id) = start().await;
    let signed_in = app.sign_in(&id).await;
    let token = &signed_in.refresh_token;
    let sid = text(&claims(&signed_in.auth_token)["sid"]);
    let last = if token.ends_with('0') { '1' } else { '0' };
    for part in [
        token[..24].to_owned(),
        format!("{sid}{}", "0".repeat(48)),
        format!("{}{}", &token[..48], "0".repeat(24)),
        format!("{}{last}", &token[..71]),
        token[..71].to_owned(),
        format!("{token}0"),
        token.to_lowercase(),
        token[24..].to_owned(),
    ] {
        assert_ne!(part, *token);
        by_query(&app, &part).await.empty(200);
        by_form(&app, "token", &part).await.empty(200);
        by_json(&app, "refresh_token", &part).await.empty(200);
    }
    // Nor by an auth token.
    by_query(&app, &signed_in.auth_token).await.empty(200);
    app.current_user(&signed_in.auth_token).await.json(200);
    refresh(&app, token).await.json(201);
}

#[tokio::test]
async fn a_whole_token_ends_its_sign_in_wherever_it_stands() {
    let (app, id) = start().await;
    for way in 0..5 {
        let signed_in = app.sign_in(&id).await;
        let elsewhere = app.sign_in(&id).await;
        let token = &signed_in.refresh_token;
        for _ in 0..2 {
            let reply = match way {
                0 => by_query(&app, token).await,
                1 => by_form(&app, "token", token).await,
                2 => by_form(&app, "refresh_token", token).await,
                3 => by_json(&app, "refresh_token", token).await,
                _ => by_json(&app, "token", token).await,
            };
            reply.empty(200);
        }
        refresh(&app, token)
            .await
            .error(401, "invalid_refresh_token");
        app.current_user(&signed_in.auth_token)
            .await
            .error(401, "invalid_access_token");
        refresh(&app, &elsewhere.refresh_token).await.json(201);
    }
}

#[tokio::test]
async fn signing_out_with_a_token_whose_successor_got_lost_signs_out() {
    let (app, id) = start().await;
    for wait in [0, 3600] {
        let token = app.sign_in(&id).await.refresh_token;
        let reply = refresh(&app, &token).await.json(201);
        app.controls().advance(Duration::from_secs(wait));
        by_form(&app, "token", &token).await.empty(200);
        let lost = text(&reply["auth_result"]["refresh_token"]);
        refresh(&app, &lost)
            .await
            .error(401, "invalid_refresh_token");
    }
}

#[tokio::test]
async fn what_names_no_token_is_refused() {
    let (app, _) = start().await;
    let no_token = async |request: RequestBuilder| {
        let problem = send(request).await.error(400, "invalid_request");
        assert!(problem.contains("refresh_token"), "{problem}");
    };
    no_token(delete(&app)).await;
    no_token(delete(&app).query(&[("token", "x")])).await;
    no_token(delete(&app).body("token=")).await;
    no_token(delete(&app).json(&json!({}))).await;
    no_token(delete(&app).json(&json!({"refresh_token": ""}))).await;
    no_token(delete(&app).json(&json!({"refresh_token": 7}))).await;
    send(delete(&app).body("{"))
        .await
        .error(400, "invalid_request");
}

/// A call of somebody whose client is always the same, with a token or without.
async fn patch(app: &App, token: Option<&str>, path: &str, body: Value) -> Reply {
    let request = app.http.patch(app.auth(path)).json(&body);
    send(match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    })
    .await
}

/// Asks for a change of address with a token, and returns the secret in the mail.
async fn ask_change(app: &App, token: &str) -> String {
    let body = json!({"new_email": BOB});
    patch(app, Some(token), "/currentuser/email", body)
        .await
        .json(200);
    secret(&app.message(BOB))
}

async fn open(app: &App, token: Option<&str>, link: &str) -> Reply {
    let body = json!({"magic_link": link});
    patch(app, token, "/magic-link/activate", body).await
}

#[tokio::test]
async fn a_change_of_address_ends_with_the_sign_in_that_asked_for_it() {
    let app = App::start_with(links::guarded).await;
    let id = app.user_id(ADA).await;
    for reused in [false, true] {
        let stolen = app.sign_in(&id).await;
        let owner = app.sign_in(&id).await;
        let link = ask_change(&app, &stolen.auth_token).await;
        if reused {
            let reply = refresh(&app, &stolen.refresh_token).await.json(201);
            let next = text(&reply["auth_result"]["refresh_token"]);
            refresh(&app, &next).await.json(201);
            refresh(&app, &stolen.refresh_token)
                .await
                .error(401, "invalid_refresh_token");
        } else {
            by_query(&app, &stolen.refresh_token).await.empty(200);
        }
        for token in [None, Some(owner.auth_token.as_str())] {
            open(&app, token, &link)
                .await
                .error(401, "invalid_magic_link");
        }
        let user = app.managed_user(&id).await;
        assert_eq!(user["email"], ADA);
        assert_eq!(user["login_count"], if reused { 4 } else { 2 });
    }
}

#[tokio::test]
async fn a_change_opened_on_the_askers_client_makes_no_sign_in_that_outlives_theirs() {
    let app = App::start_with(links::guarded).await;
    let id = app.user_id(ADA).await;
    let signed_in = app.sign_in(&id).await;
    let link = ask_change(&app, &signed_in.auth_token).await;
    app.controls().advance(Duration::from_secs(60));
    let result = tokens(&open(&app, None, &link).await);
    assert_eq!(app.managed_user(&id).await["email"], BOB);
    let (old, new) = (claims(&signed_in.auth_token), claims(&result.auth_token));
    assert_eq!(new["auth_time"], old["auth_time"]);
    app.current_user(&result.auth_token).await.json(200);
    by_query(&app, &signed_in.refresh_token).await.empty(200);
    app.current_user(&result.auth_token)
        .await
        .error(401, "invalid_access_token");
}

#[tokio::test]
async fn without_refresh_tokens_a_change_does_not_prolong_the_sign_in_that_asked() {
    let app = App::start_with(|builder| links::guarded(builder).refresh_tokens(false)).await;
    app.controls().stop_clock();
    let id = app.user_id(ADA).await;
    let token = app.controls().sign_in(&id).await.unwrap().auth_token;
    let link = ask_change(&app, &token).await;
    app.controls().advance(Duration::from_secs(240));
    let result = tokens(&open(&app, None, &link).await);
    let (old, new) = (claims(&token), claims(&result.auth_token));
    assert_eq!(new["exp"], old["exp"]);
}

#[tokio::test]
async fn a_change_asked_for_with_a_token_of_no_sign_in_needs_that_token() {
    let app = App::start_with(links::guarded).await;
    let id = app.user_id(ADA).await;
    let token = app.mint(MintToken::new(&id)).await;
    let link = ask_change(&app, &token).await;
    open(&app, None, &link)
        .await
        .error(401, "invalid_magic_link");
    assert_eq!(app.managed_user(&id).await["email"], ADA);
    open(&app, Some(&token), &link).await.json(200);
    assert_eq!(app.managed_user(&id).await["email"], BOB);
}
