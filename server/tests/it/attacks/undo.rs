//! A thief with a stolen auth token changes the address of an account. Its owner undoes that from the old mailbox.

mod confirmed;
mod repair;

use std::time::Duration;

use http::Method;
use passage_identity::generated::auth::types::AuthResult;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::browser::VERIFIER;
use crate::mailbox::{ADA, PHONE, secret, tokens};
use crate::passkeys::forge::Key;
use crate::support::{App, Reply, send, text};

const EVE: &str = "eve@example.com";
const EVE_TOO: &str = "eve@elsewhere.example";
const EVES_PHONE: &str = "+15005550009";

/// Somebody who has proved an address, and the token that is stolen from them.
pub struct Victim {
    pub app: App,
    pub id: String,
    pub token: String,
    refresh_token: String,
}

impl Victim {
    pub async fn new() -> Self {
        Self::on(App::start_with(|builder| builder.conceal_users(true)).await).await
    }

    async fn on(app: App) -> Self {
        let id = app.user_id(ADA).await;
        let AuthResult {
            auth_token,
            refresh_token,
            ..
        } = by_code(&app, ADA).await;
        Self {
            app,
            id,
            token: auth_token,
            refresh_token: refresh_token.unwrap(),
        }
    }

    /// A user whom the server signs in, without a refresh token.
    async fn signed_in(app: App, id: String) -> Self {
        let token = app.sign_in(&id).await.auth_token;
        Self {
            app,
            id,
            token,
            refresh_token: String::new(),
        }
    }

    /// Asks for another address or number with the token, and opens the link.
    pub async fn change(&self, to: &str) {
        let secret = self.ask_for(to).await;
        self.app.open(&secret).await;
        let user = self.user().await;
        let (_, kind) = kind_of(to);
        assert_eq!(
            (&user[kind], &user[format!("{kind}_verified")]),
            (&json!(to), &json!(true))
        );
        // The next change is a later one.
        self.app.controls().advance(Duration::from_secs(1));
    }

    /// The secret of the link that a change would need.
    async fn ask_for(&self, to: &str) -> String {
        let (path, kind) = kind_of(to);
        let body = json!({ format!("new_{kind}"): to });
        self.app
            .own(&self.token, Method::PATCH, path, body)
            .await
            .json(200);
        secret(&self.app.message(to))
    }

    /// A passkey that is added with the token.
    async fn passkey(&self) -> Key {
        let start = self.app.add_start(&self.token).await;
        let mut key = Key::new();
        let answer = key.creation(&start["handshake"]);
        let response = key.create(&answer);
        self.app
            .add_finish(&self.token, &start, response)
            .await
            .json(201);
        self.app.controls().advance(Duration::from_secs(1));
        key
    }

    pub async fn user(&self) -> Value {
        self.app.managed_user(&self.id).await
    }

    /// What the account has: e-mail address and phone number, where they are proved.
    async fn identifiers(&self) -> (Option<String>, Option<String>) {
        let user = self.user().await;
        let proved = |kind: &str| {
            let value = text(&user[kind]);
            assert_eq!(
                user[format!("{kind}_verified")],
                !value.is_empty(),
                "{user}"
            );
            (!value.is_empty()).then_some(value)
        };
        (proved("email"), proved("phone"))
    }

    async fn has(&self, email: Option<&str>, phone: Option<&str>) {
        let expected = (email.map(str::to_owned), phone.map(str::to_owned));
        assert_eq!(self.identifiers().await, expected);
    }

    async fn refresh(&self) -> Reply {
        let body = json!({"refresh_token": self.refresh_token});
        self.app.visit_post("/tokens", body).await
    }
}

fn kind_of(identifier: &str) -> (&'static str, &'static str) {
    if identifier.contains('@') {
        ("/currentuser/email", "email")
    } else {
        ("/currentuser/phone", "phone")
    }
}

async fn by_code(app: &App, identifier: &str) -> AuthResult {
    let (id, code) = app.login_code(identifier).await;
    tokens(&app.enter(&id, &code).await)
}

impl App {
    /// The link that undoes a change, in the newest message to somebody.
    #[track_caller]
    pub fn undo_link(&self, to: &str) -> String {
        let message = self.message(to);
        assert_eq!(message.purpose, "security_notice", "{}", message.text);
        let url = message.url.unwrap();
        assert!(
            message.text.lines().any(|line| line == url),
            "{}",
            message.text
        );
        url
    }

    /// Presses the button of the page that a link leads to.
    pub async fn press(&self, link: &str) -> Reply {
        send(press(self, link)).await
    }
}

pub fn press(app: &App, link: &str) -> reqwest::RequestBuilder {
    let (page, query) = link.split_once('?').unwrap();
    let request = app.http.post(page).body(query.to_owned());
    request.header("content-type", "application/x-www-form-urlencoded")
}

#[tokio::test]
async fn the_owner_of_the_old_address_undoes_the_change() {
    let ada = Victim::new().await;
    let key = ada.passkey().await;
    ada.change(EVE).await;
    let link = ada.app.undo_link(ADA);
    let message = ada.app.message(ADA);
    assert!(message.text.contains(EVE), "{}", message.text);
    let thiefs = ada.passkey().await;
    let done = ada.app.press(&link).await;
    let page = done.page();
    assert!(page.contains(ADA) && !page.contains("token"), "{page}");
    assert_eq!(done.header("set-cookie"), "", "nobody is signed in");
    ada.has(Some(ADA), None).await;
    ada.refresh().await.error(401, "invalid_refresh_token");
    ada.app
        .own(&ada.token, Method::GET, "/currentuser", json!({}))
        .await
        .error(401, "invalid_access_token");
    ada.app.login(&key, json!({})).await.json(200);
    ada.app
        .login(&thiefs, json!({}))
        .await
        .error(401, "discoverable_login_failed");
    let told = ada.app.message(ADA);
    assert!(
        told.text.contains("was undone") && told.url.is_none(),
        "{}",
        told.text
    );
    // Whoever had the address until now hears of it, but not from where it was undone.
    let told = ada.app.message(EVE);
    assert!(
        told.text.contains("was removed") && told.url.is_none(),
        "{}",
        told.text
    );
    assert!(!told.text.contains("127.0.0.1"), "{}", told.text);
    assert!(!told.text.contains(ADA), "{}", told.text);
    by_code(&ada.app, ADA).await;
    ada.app.press(&link).await.page_of(404);
}

#[tokio::test]
async fn a_thief_who_changes_twice_cannot_undo_the_undo() {
    let ada = Victim::new().await;
    ada.change(EVE).await;
    let owners = ada.app.undo_link(ADA);
    ada.change(EVE_TOO).await;
    let thiefs = ada.app.undo_link(EVE);
    ada.app.press(&owners).await.page();
    ada.has(Some(ADA), None).await;
    ada.app.press(&thiefs).await.page_of(404);
    ada.has(Some(ADA), None).await;
}

#[tokio::test]
async fn a_thief_who_undoes_first_takes_nothing_from_the_owner() {
    let ada = Victim::new().await;
    ada.change(EVE).await;
    let owners = ada.app.undo_link(ADA);
    ada.change(EVE_TOO).await;
    ada.app.press(&ada.app.undo_link(EVE)).await.page();
    ada.has(Some(EVE), None).await;
    ada.app.press(&owners).await.page();
    ada.has(Some(ADA), None).await;
}

#[tokio::test]
async fn a_number_that_the_thief_added_before_goes_too() {
    let ada = Victim::new().await;
    ada.change(EVES_PHONE).await;
    let thiefs = ada.passkey().await;
    ada.change(EVE).await;
    ada.app.press(&ada.app.undo_link(ADA)).await.page();
    ada.has(Some(ADA), None).await;
    let refused = ada.app.login(&thiefs, json!({})).await;
    refused.error(401, "discoverable_login_failed");
}

#[tokio::test]
async fn a_number_that_the_thief_replaced_comes_back_with_the_address() {
    let ada = Victim::new().await;
    ada.change(PHONE).await;
    ada.app.controls().advance(Duration::from_secs(25 * 3600));
    let token = by_code(&ada.app, ADA).await.auth_token;
    let mut ada = Victim { token, ..ada };
    for first in [EVES_PHONE, EVE] {
        ada.change(first).await;
        ada.change(if first == EVE { EVES_PHONE } else { EVE })
            .await;
        let to = if first == EVE { ADA } else { PHONE };
        ada.app.press(&ada.app.undo_link(to)).await.page();
        ada.has(Some(ADA), Some(PHONE)).await;
        ada.token = by_code(&ada.app, ADA).await.auth_token;
        let again = ada
            .app
            .own(&ada.token, Method::GET, "/currentuser", json!({}));
        assert_eq!(again.await.json(200)["user"]["id"], ada.id);
        ada.app.controls().advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn the_owner_of_a_number_is_told_there_and_undoes_it() {
    let ada = Victim::new().await;
    ada.change(PHONE).await;
    ada.change(EVES_PHONE).await;
    let link = ada.app.undo_link(PHONE);
    ada.app.press(&link).await.page();
    ada.has(Some(ADA), Some(PHONE)).await;
}

#[tokio::test]
async fn an_added_number_is_undone_from_the_address() {
    let ada = Victim::new().await;
    ada.change(EVES_PHONE).await;
    let link = ada.app.undo_link(ADA);
    assert!(ada.app.message(ADA).text.contains(EVES_PHONE));
    ada.app.press(&link).await.page();
    ada.has(Some(ADA), None).await;
    ada.refresh().await.error(401, "invalid_refresh_token");
}

#[tokio::test]
async fn registering_with_the_old_address_does_not_prevent_the_undo() {
    for path in ["/register/otp", "/register/magic-link", "/users"] {
        let ada = Victim::new().await;
        ada.change(EVE).await;
        let link = ada.app.undo_link(ADA);
        let squatter = ada.app.visit_post(path, json!({"identifier": ADA})).await;
        assert!(
            [200, 201].contains(&squatter.status),
            "{path}: {squatter:?}"
        );
        ada.app.press(&link).await.page();
        ada.has(Some(ADA), None).await;
        let users = ada.app.list(&[("identifier", ADA)]).await.json(200);
        assert_eq!(users["users"].as_array().unwrap().len(), 1, "{path}");
    }
}

#[tokio::test]
async fn an_address_that_another_account_proved_since_is_not_taken_from_it() {
    let ada = Victim::new().await;
    ada.change(EVE).await;
    let link = ada.app.undo_link(ADA);
    let other = ada.app.user_id(ADA).await;
    by_code(&ada.app, ADA).await;
    let page = ada.app.press(&link).await.page_of(409);
    assert!(page.contains("another account"), "{page}");
    ada.has(Some(EVE), None).await;
    assert_eq!(ada.app.managed_user(&other).await["email"], ADA);
    ada.app.delete(&format!("/users/{other}")).await.empty(200);
    ada.app.press(&link).await.page();
    ada.has(Some(ADA), None).await;
}

#[tokio::test]
async fn links_and_ceremonies_that_the_thief_began_end_with_the_undo() {
    let ada = Victim::new().await;
    ada.change(EVE).await;
    let owners = ada.app.undo_link(ADA);
    let (_, sign_in) = ada.app.login_link(EVE).await;
    let (code_id, code) = ada.app.login_code(EVE).await;
    let change = ada.ask_for(EVE_TOO).await;
    let start = ada.app.add_start(&ada.token).await;
    let mut key = Key::new();
    let answer = key.creation(&start["handshake"]);
    ada.app.press(&owners).await.page();
    ada.app
        .open(&sign_in)
        .await
        .error(401, "invalid_magic_link");
    ada.app.open(&change).await.error(401, "invalid_magic_link");
    let entered = ada.app.enter(&code_id, &code).await;
    assert!([400, 401].contains(&entered.status), "{entered:?}");
    let added = ada
        .app
        .add_finish(&ada.token, &start, key.create(&answer))
        .await;
    assert!([400, 401].contains(&added.status), "{added:?}");
    assert_eq!(ada.user().await["webauthn_devices"], json!([]));
    ada.has(Some(ADA), None).await;
}

#[tokio::test]
async fn an_account_at_a_provider_that_the_thief_connected_goes() {
    let ada = Victim::new().await;
    ada.change(EVE).await;
    let code = ada.app.social_code("google", EVE_TOO).await;
    ada.app.link(&ada.token, &code, VERIFIER).await.empty(201);
    ada.app.press(&ada.app.undo_link(ADA)).await.page();
    let connections = &ada.user().await["social_connections"];
    assert_eq!(connections, &json!({}));
}

#[tokio::test]
async fn what_was_added_between_asking_and_confirming_goes() {
    let ada = Victim::new().await;
    let change = ada.ask_for(EVE).await;
    ada.app.controls().advance(Duration::from_secs(1));
    let thiefs = ada.passkey().await;
    ada.app.open(&change).await;
    ada.app.press(&ada.app.undo_link(ADA)).await.page();
    let refused = ada.app.login(&thiefs, json!({})).await;
    refused.error(401, "discoverable_login_failed");
}

#[tokio::test]
async fn a_link_that_undoes_works_for_a_day_in_its_app_and_with_its_secret() {
    let ada = Victim::new().await;
    ada.change(EVE).await;
    let link = ada.app.undo_link(ADA);
    let elsewhere = Victim::new().await;
    let (page, query) = link.split_once('?').unwrap();
    let here = elsewhere.app.auth("/undo-change");
    elsewhere
        .app
        .press(&format!("{here}?{query}"))
        .await
        .page_of(404);
    for wrong in [
        "",
        "token=",
        "token",
        "nonsense",
        &query[..query.len() - 1],
        &query.to_lowercase(),
    ] {
        ada.app.press(&format!("{page}?{wrong}")).await.page_of(404);
        ada.app
            .follow(&format!("{page}?{wrong}"))
            .await
            .page_of(404);
    }
    let nowhere = link.replace(ada.app.server().app_id(), "nowhere");
    ada.app.press(&nowhere).await.page_of(404);
    ada.app
        .controls()
        .advance(Duration::from_secs(24 * 3600 - 10));
    ada.app.follow(&link).await.page();
    ada.app.controls().advance(Duration::from_secs(10));
    ada.app.press(&link).await.page_of(404);
    ada.has(Some(EVE), None).await;
}

#[tokio::test]
async fn after_the_backend_has_given_the_account_back_no_link_takes_it() {
    let ada = Victim::new().await;
    ada.change(EVE).await;
    ada.change(EVE_TOO).await;
    let thiefs = ada.app.undo_link(EVE);
    let change = ada.ask_for("eve@third.example").await;
    let path = format!("/users/{}", ada.id);
    ada.app.patch(&path, json!({"email": ADA})).await.json(200);
    ada.app.open(&change).await.error(401, "invalid_magic_link");
    ada.app.press(&thiefs).await.page_of(404);
    assert_eq!(ada.user().await["email"], ADA);
}

#[tokio::test]
async fn nobody_is_offered_to_undo_what_they_never_proved() {
    let app = App::start_with(|builder| builder.conceal_users(true)).await;
    let id = app.user_id(ADA).await;
    let ada = Victim::signed_in(app, id).await;
    ada.change(EVE).await;
    let messages = ada.app.controls().outbox();
    assert!(messages.iter().all(|message| message.to != ADA));
}

#[tokio::test]
async fn a_deleted_account_does_not_come_back() {
    let ada = Victim::new().await;
    ada.change(EVE).await;
    let link = ada.app.undo_link(ADA);
    ada.app
        .delete(&format!("/users/{}", ada.id))
        .await
        .empty(200);
    ada.app.press(&link).await.page_of(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_presses_at_once_one_undoes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let app = App::start_with(|builder| builder.conceal_users(true).data(&file)).await;
    let ada = Victim::on(app).await;
    ada.change(EVE).await;
    let link = ada.app.undo_link(ADA);
    let mut presses = JoinSet::new();
    for _ in 0..16 {
        let request = press(&ada.app, &link);
        presses.spawn(async move { send(request).await.status });
    }
    let mut statuses = presses.join_all().await;
    statuses.sort_unstable();
    let mut expected = vec![200];
    expected.resize(16, 404);
    assert_eq!(statuses, expected);
    ada.has(Some(ADA), None).await;
}
