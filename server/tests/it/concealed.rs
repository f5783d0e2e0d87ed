//! An app that does not tell who its users are.

use http::Method;
use serde_json::json;

use crate::mailbox::{ADA, BOB, PHONE, other_than, secret};
use crate::support::{App, Reply, send, text};

const CARL: &str = "carl@example.com";

/// Ada is a user, Bob is an inactive one, and nobody knows Carl.
async fn start() -> (App, String) {
    let app = App::start_with(|builder| builder.conceal_users(true)).await;
    let ada = app.user_id(ADA).await;
    let bob = app.user_id(BOB).await;
    app.touch(&format!("/users/{bob}/deactivate"))
        .await
        .json(200);
    (app, ada)
}

/// What can be seen of a reply from outside: everything but random letters.
fn outline(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let headers = reply
        .headers
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| (name.to_string(), format!("{value:?}")))
        .collect();
    let body = String::from_utf8(reply.body.to_vec()).unwrap();
    let id = body
        .split('"')
        .find(|part| part.len() == 24)
        .unwrap_or_default()
        .to_owned();
    (reply.status, headers, body.replace(&id, "<id>"))
}

#[tokio::test]
async fn requests_for_codes_and_links_look_alike_for_everybody() {
    let (app, _) = start().await;
    for path in ["/login/otp", "/login/magic-link"] {
        let known = app.visit_post(path, json!({"identifier": ADA})).await;
        let inactive = app.visit_post(path, json!({"identifier": BOB})).await;
        let unknown = app.visit_post(path, json!({"identifier": CARL})).await;
        assert_eq!(outline(&known), outline(&inactive), "{path}");
        assert_eq!(outline(&known), outline(&unknown), "{path}");
        assert!(outline(&known).2.contains("<id>"), "{path}");
    }
    let to: Vec<String> = app
        .controls()
        .outbox()
        .into_iter()
        .map(|message| message.to)
        .collect();
    assert_eq!(
        to,
        [ADA, ADA],
        "only who is there, and active, gets messages"
    );
    for (path, carl) in [
        ("/register/otp", "c1@example.com"),
        ("/register/magic-link", "c2@example.com"),
    ] {
        let known = app.visit_post(path, json!({"identifier": ADA})).await;
        let inactive = app.visit_post(path, json!({"identifier": BOB})).await;
        let unknown = app.visit_post(path, json!({"identifier": carl})).await;
        assert_eq!(known.status, 201);
        assert_eq!(outline(&known), outline(&inactive), "{path}");
        assert_eq!(outline(&known), outline(&unknown), "{path}");
        assert_eq!(app.message(carl).purpose, "register");
        assert_eq!(app.message(ADA).purpose, "login");
    }
}

#[tokio::test]
async fn a_code_for_nobody_fails_like_any_other() {
    let (app, _) = start().await;
    let (known, code) = app.login_code(ADA).await;
    let mut ids = vec![known];
    for identifier in [BOB, CARL] {
        let reply = app
            .visit_post("/login/otp", json!({"identifier": identifier}))
            .await;
        ids.push(text(&reply.json(201)["otp_id"]));
    }
    let wrong = other_than(&code, 1);
    for time in 1..=6 {
        let mut replies = Vec::new();
        for id in &ids {
            replies.push(outline(&app.enter(id, &wrong).await));
        }
        assert_eq!(replies[0].0, if time <= 5 { 400 } else { 401 });
        assert_eq!(
            (&replies[0], &replies[0]),
            (&replies[1], &replies[2]),
            "try {time}"
        );
    }
}

#[tokio::test]
async fn a_link_for_nobody_is_waited_for_like_any_other() {
    let (app, _) = start().await;
    let mut ids = Vec::new();
    for identifier in [ADA, BOB, CARL] {
        let reply = app
            .visit_post("/login/magic-link", json!({"identifier": identifier}))
            .await;
        ids.push(text(&reply.json(200)["magic_link"]["id"]));
    }
    for advance in [0, 300, 300] {
        app.controls()
            .advance(std::time::Duration::from_secs(advance));
        let mut replies = Vec::new();
        for id in &ids {
            replies.push(outline(&app.link_status(id).await));
        }
        assert_eq!(replies[0].0, 401);
        assert_eq!((&replies[0], &replies[0]), (&replies[1], &replies[2]));
    }
}

#[tokio::test]
async fn registering_a_taken_address_signs_its_owner_in() {
    let (app, ada) = start().await;
    let body = json!({"identifier": ADA});
    let reply = app
        .visit_post("/register/otp", body.clone())
        .await
        .json(201);
    let code = app.message(ADA).code.unwrap();
    app.enter(&text(&reply["otp_id"]), &code).await.json(200);
    app.visit_post("/register/magic-link", body).await.json(201);
    app.open(&secret(&app.message(ADA))).await.json(200);
    let user = app.managed_user(&ada).await;
    assert_eq!(user["login_count"], 2);
    assert_eq!(user["recent_events"][0]["action"], "login");
    assert_eq!(
        app.list(&[]).await.json(200)["total_users"],
        2,
        "nobody new"
    );
}

#[tokio::test]
async fn changing_to_a_taken_address_looks_like_any_change() {
    let (app, ada) = start().await;
    let token = app.sign_in(&ada).await.auth_token;
    let taken = app
        .own(
            &token,
            Method::PATCH,
            "/currentuser/email",
            json!({"new_email": BOB}),
        )
        .await;
    let free = app
        .own(
            &token,
            Method::PATCH,
            "/currentuser/email",
            json!({"new_email": CARL}),
        )
        .await;
    assert_eq!(taken.status, 200);
    assert_eq!(outline(&taken), outline(&free));
    let to: Vec<String> = app
        .controls()
        .outbox()
        .into_iter()
        .map(|message| message.to)
        .collect();
    assert_eq!(to, [CARL]);
    let id = text(&taken.json(200)["magic_link"]["id"]);
    app.link_status(&id).await.error(401, "invalid_magic_link");
}

#[tokio::test]
async fn a_look_up_tells_no_more_than_that_somebody_is_there() {
    let app = App::start_with(|builder| builder.conceal_users(true)).await;
    let body = json!({"email": ADA, "phone": PHONE, "user_metadata": {"plan": "pro"}});
    app.post("/users", body).await.json(201);
    for (query, email, phone) in [
        ("ada%40example.com", ADA, ""),
        ("%2B15005550006", "", PHONE),
    ] {
        let url = app.auth(&format!("/users?identifier={query}"));
        let user = send(app.http.get(url)).await.json(200)["user"].clone();
        assert_eq!(
            (&user["email"], &user["phone"]),
            (&json!(email), &json!(phone))
        );
        assert_eq!(user["user_metadata"], json!({}));
    }
}

#[tokio::test]
async fn creating_a_user_who_is_there_says_so() {
    let (app, _) = start().await;
    for taken in [ADA, BOB] {
        let reply = app.visit_post("/users", json!({"identifier": taken})).await;
        assert_eq!(reply.error(400, "invalid_request"), "user: already exists.");
    }
    app.visit_post("/users", json!({"identifier": CARL}))
        .await
        .json(201);
}
