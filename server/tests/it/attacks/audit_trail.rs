//! What attacks leave in the audit log.

use std::time::Duration;

use http::Method;
use passage_server::{AuditEntry, AuditFilter, DataFile, Service};
use serde_json::{Value, json};

use crate::mailbox::{ADA, BOB, other_than};
use crate::passkeys::forge::{Answer, BACKED_UP, BACKUP_ELIGIBLE, Key, PRESENT, Part, VERIFIED};
use crate::site::{Site, TWO_APPS};
use crate::support::{App, client, send, text};

const AGENT: &str = "passage-server-tests";

/// A server that has its signing key, whose rows come at any time until then.
async fn start() -> App {
    let app = App::start().await;
    app.jwks().await;
    app
}

/// The whole log, once the server has stopped.
async fn after(site: &Site, server: Service) -> Vec<AuditEntry> {
    server.shutdown().await;
    all(site, &AuditFilter::default()).await
}

async fn all(site: &Site, filter: &AuditFilter) -> Vec<AuditEntry> {
    let file = DataFile::open(site.path("passage.db")).await.unwrap();
    let entries = file.audit(filter, 0, u32::MAX).await.unwrap();
    file.close().await;
    entries
}

/// The entries with this action.
fn of<'e>(entries: &'e [AuditEntry], action: &str) -> Vec<&'e AuditEntry> {
    entries.iter().filter(|it| it.action == action).collect()
}

/// Action and reason of the newest entry.
async fn newest(app: &App) -> (String, String) {
    let entries = app.controls().audit().await.unwrap();
    let last = entries.last().unwrap();
    (last.action.clone(), last.reason.clone().unwrap_or_default())
}

fn is(action: &str, reason: &str) -> (String, String) {
    (action.to_owned(), reason.to_owned())
}

#[tokio::test]
async fn guessing_an_api_key_leaves_who_tried_where() {
    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    let key = site.key_of("two").await;
    for guess in ["guess", &key] {
        let url = format!("{}/api/v1/apps/one/users", server.url());
        let request = client().post(url).bearer_auth(guess);
        let reply = send(request.json(&json!({"email": ADA}))).await;
        reply.error(401, "invalid_access_token");
    }
    let entries = after(&site, server).await;
    let refused = of(&entries, "backend_refused");
    let reasons: Vec<_> = refused.iter().map(|it| it.reason.as_deref()).collect();
    assert_eq!(
        reasons,
        [Some("bad_api_key"), Some("api_key_of_another_app")]
    );
    for entry in refused {
        assert_eq!(entry.app_id.as_deref(), Some("one"));
        assert_eq!(entry.actor, "client");
        assert_eq!(entry.address.as_deref(), Some("127.0.0.1"));
        assert_eq!(entry.agent.as_deref(), Some(AGENT));
    }
    assert!(of(&entries, "user_created").is_empty(), "nothing was done");
}

#[tokio::test]
async fn a_backend_is_known_by_its_key_and_its_users_keep_nothing_personal() {
    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    let key = site.key_of("one").await;
    let call = |method: Method, path: &str, body: Value| {
        let url = format!("{}/api/v1/apps/one{path}", server.url());
        let request = client().request(method, url).bearer_auth(&key);
        send(request.json(&body))
    };
    let user = call(Method::POST, "/users", json!({"email": ADA})).await;
    let id = text(&user.json(201)["user"]["id"]);
    let path = format!("/users/{id}");
    call(
        Method::PATCH,
        &path,
        json!({"email": BOB, "phone": "+15005550006"}),
    )
    .await
    .json(200);
    for step in ["deactivate", "activate"] {
        let path = format!("{path}/{step}");
        call(Method::PATCH, &path, json!({})).await.json(200);
    }
    call(Method::DELETE, &format!("{path}/tokens"), json!({}))
        .await
        .empty(200);
    // A login by the name of the user, which is refused.
    let url = format!("{}/auth/v1/apps/one/login/webauthn/start", server.url());
    send(client().post(url).json(&json!({"identifier": BOB})))
        .await
        .error(401, "webauthn_login_failed");
    let file = DataFile::open(site.path("passage.db")).await.unwrap();
    let mine = AuditFilter::default().user(&id);
    let before = file.audit(&mine, 0, 100).await.unwrap();
    file.close().await;
    assert_eq!(before[0].identifier.as_deref(), Some(ADA));
    call(Method::DELETE, &path, json!({})).await.empty(200);
    server.shutdown().await;

    let entries = all(&site, &mine).await;
    let mut actions: Vec<_> = entries.iter().map(|it| it.action.as_str()).collect();
    actions.sort_unstable();
    let expected = [
        "email_changed",
        "phone_changed",
        "sign_in_refused",
        "sign_ins_ended",
        "user_activated",
        "user_created",
        "user_deactivated",
        "user_deleted",
    ];
    for action in expected {
        assert!(actions.contains(&action), "{action}: {actions:?}");
    }
    for entry in &entries {
        let blank = (&None, &None, &None);
        let personal = (&entry.address, &entry.agent, &entry.identifier);
        assert_eq!(personal, blank, "{entry:?}");
        assert_eq!(entry.app_id.as_deref(), Some("one"));
    }
    let by_backend = entries.iter().filter(|it| it.actor == "backend");
    let keys: Vec<_> = by_backend.map(|it| it.actor_id.clone().unwrap()).collect();
    assert!(keys.len() >= 7 && keys.iter().all(|id| *id == keys[0]));
    assert!(!key.contains(&keys[0]), "the id, and no part of the key");
    let keys_made = all(&site, &AuditFilter::default().action("api_key_created")).await;
    assert_eq!(keys_made.last().unwrap().object.as_ref(), Some(&keys[0]));
    assert_eq!(keys_made.last().unwrap().actor, "operator");
}

#[tokio::test]
async fn a_flood_of_refusals_is_counted_in_one_row() {
    let app = start().await;
    app.controls().stop_clock();
    let before = app.controls().audit().await.unwrap().len();
    for _ in 0..25 {
        let url = app.api("/users");
        send(app.http.get(url).bearer_auth("guess"))
            .await
            .error(401, "invalid_access_token");
    }
    // Another reason is counted apart.
    app.enter("nothing", "123456")
        .await
        .error(400, "invalid_request");
    let entries = app.controls().audit().await.unwrap();
    assert_eq!(entries.len() - before, 11);
    app.controls().advance(Duration::from_secs(60));
    let entries = app.controls().audit().await.unwrap();
    assert_eq!(entries.len() - before, 12);
    let counted = entries.last().unwrap();
    assert_eq!(
        (counted.count, counted.reason.as_deref()),
        (15, Some("bad_api_key"))
    );
    assert_eq!(counted.address.as_deref(), Some("127.0.0.1"));
    assert_eq!(counted.agent, None);
}

#[tokio::test]
async fn a_stranger_who_asks_too_often_is_counted_by_their_network() {
    let header = "client_address_header = \"x-forwarded-for\"\n";
    let limits = "[limits]\nrequests_per_address_per_minute = 1\n";
    let site = Site::new(&format!("{header}{limits}{TWO_APPS}"));
    let server = site.start().await;
    let mut refused = 0;
    for host in 0..30 {
        let url = format!("{}/auth/v1/apps/one/users", server.url());
        let request = client().get(url).query(&[("identifier", ADA)]);
        let request = request.header("x-forwarded-for", format!("2001:db8::{host:x}"));
        refused += i64::from(send(request).await.status == 429);
    }
    let entries = after(&site, server).await;
    let rows = of(&entries, "request_refused");
    assert!(refused > 20 && rows.len() < 25, "{refused}: {rows:?}");
    assert_eq!(rows.iter().map(|it| it.count).sum::<i64>(), refused);
    for row in rows {
        assert_eq!(row.reason.as_deref(), Some("rate_limited"));
        let network = row.address.as_deref() == Some("2001:db8::/64");
        assert!(network || row.count == 1, "{row:?}");
    }
}

/// How an answer differs from the right one, and the reason in the log.
type Reasoned = (fn(&mut Answer), &'static str);

/// What is wrong with the answer to the challenge of a login, and its reason in the log. The stored counter is 5.
const LOGINS: &[Reasoned] = &[
    (
        |it| it.tampered = Some(Part::Signature),
        "passkey_signature",
    ),
    (
        |it| it.origin = "https://evil.example".into(),
        "passkey_origin",
    ),
    (|it| it.origin = "no origin".into(), "passkey_malformed"),
    (|it| it.cross_origin = Some(true), "passkey_framed"),
    (
        |it| it.rp_id = "evil.example".into(),
        "passkey_relying_party",
    ),
    (|it| it.challenge = "A".repeat(43), "passkey_challenge"),
    (|it| it.kind = "webauthn.create", "passkey_operation"),
    (|it| it.flags = VERIFIED, "passkey_user_not_present"),
    (|it| it.flags = PRESENT, "passkey_user_not_verified"),
    (|it| it.counter = 4, "passkey_counter"),
    (
        |it| it.flags |= BACKUP_ELIGIBLE,
        "passkey_backup_eligibility",
    ),
    (|it| it.flags |= BACKED_UP, "passkey_backup_state"),
    (
        |it| it.user_handle = Some(vec![7; 16]),
        "passkey_of_another_user",
    ),
    (|it| it.user_handle = None, "passkey_without_user"),
    (|it| it.id = vec![7; 32], "passkey_unknown"),
];

#[tokio::test]
async fn each_refusal_of_a_passkey_has_its_own_reason() {
    let app = start().await;
    let ada = app.register(ADA).await;
    let start = app.login_start(json!({})).await;
    let mut answer = ada.key.assertion(&start["handshake"]);
    answer.counter = 5;
    let reply = app.login_finish(&start, ada.key.get(&answer)).await;
    reply.json(200);
    for (change, reason) in LOGINS {
        let start = app.login_start(json!({})).await;
        let mut answer = ada.key.assertion(&start["handshake"]);
        answer.counter = 6;
        let right = answer.clone();
        change(&mut answer);
        let reply = app.login_finish(&start, ada.key.get(&answer)).await;
        let error = reply.error(401, "discoverable_login_failed");
        assert_ne!(error, "passkey: not accepted.", "{reason}");
        assert_eq!(newest(&app).await, is("sign_in_refused", reason), "{error}");
        let entries = app.controls().audit().await.unwrap();
        let user = entries.last().unwrap().user_id.as_deref();
        let known = *reason != "passkey_unknown";
        assert_eq!(user, known.then_some(ada.id.as_str()), "{reason}");
        // The same challenge again.
        app.controls().advance(Duration::from_secs(60));
        app.login_finish(&start, ada.key.get(&right))
            .await
            .error(401, "discoverable_login_failed");
        let again = is("sign_in_refused", "handshake_unknown");
        assert_eq!(newest(&app).await, again, "{reason}");
    }
    let start = app.login_start(json!({})).await;
    let answer = ada.key.assertion(&start["handshake"]);
    app.controls().advance(Duration::from_secs(301));
    app.login_finish(&start, ada.key.get(&answer))
        .await
        .error(401, "discoverable_login_failed");
    assert_eq!(
        newest(&app).await,
        is("sign_in_refused", "handshake_expired")
    );
}

/// What is wrong with the answer to the challenge of a registration.
const REGISTRATIONS: &[Reasoned] = &[
    (
        |it| it.origin = "https://evil.example".into(),
        "passkey_origin",
    ),
    (|it| it.cross_origin = Some(true), "passkey_framed"),
    (|it| it.flags |= BACKED_UP, "passkey_backup_state"),
    (|it| it.id = vec![7; 32], "passkey_id_differs"),
    (|it| it.format = "compound", "passkey_attestation"),
];

#[tokio::test]
async fn each_refusal_of_a_registration_has_its_own_reason() {
    let app = start().await;
    for (change, reason) in REGISTRATIONS {
        let start = app.register_start(ADA).await;
        let mut key = Key::new();
        let mut answer = key.creation(&start["handshake"]);
        change(&mut answer);
        let reply = app.register_finish(&start, key.create(&answer)).await;
        let error = reply.error(401, "webauthn_login_failed");
        assert_ne!(error, "passkey: not accepted.", "{reason}");
        let expected = is("registration_refused", reason);
        assert_eq!(newest(&app).await, expected, "{error}");
    }
    app.register(ADA).await;
    app.visit_post("/register/webauthn/start", json!({"identifier": ADA}))
        .await
        .error(400, "invalid_request");
    assert_eq!(
        newest(&app).await,
        is("registration_refused", "user_exists")
    );
}

#[tokio::test]
async fn guessed_codes_and_links_name_the_user_whom_they_were_for() {
    let app = start().await;
    let ada = app.user_id(ADA).await;
    let (id, code) = app.login_code(ADA).await;
    for _ in 0..5 {
        app.enter(&id, &other_than(&code, 1))
            .await
            .error(400, "invalid_request");
    }
    assert_eq!(newest(&app).await, is("sign_in_refused", "wrong_code"));
    app.enter(&id, &code).await.error(401, "exceeded_attempts");
    assert_eq!(
        newest(&app).await,
        is("sign_in_refused", "exceeded_attempts")
    );
    let entries = app.controls().audit().await.unwrap();
    let refused = of(&entries, "sign_in_refused");
    assert_eq!(refused.len(), 6);
    assert!(refused.iter().all(|it| it.user_id.as_ref() == Some(&ada)));

    let (_, secret) = app.login_link(ADA).await;
    app.open(&secret).await.json(200);
    assert_eq!(newest(&app).await, is("sign_in", "magic_link"));
    app.open(&secret).await.error(401, "invalid_magic_link");
    assert_eq!(
        newest(&app).await,
        is("sign_in_refused", "invalid_magic_link")
    );
    app.visit_post("/login/otp", json!({"identifier": BOB}))
        .await
        .error(404, "user_not_found");
    assert_eq!(newest(&app).await, is("sign_in_refused", "unknown_user"));
    app.deactivate(&ada).await;
    app.visit_post("/login/otp", json!({"identifier": ADA}))
        .await
        .error(403, "user_not_active");
    assert_eq!(newest(&app).await, is("sign_in_refused", "user_not_active"));
    let entries = app.controls().audit().await.unwrap();
    assert_eq!(entries.last().unwrap().user_id, Some(ada));
    app.current_user("no token")
        .await
        .error(401, "invalid_access_token");
    assert_eq!(newest(&app).await, is("account_refused", "bad_auth_token"));
}

#[tokio::test]
async fn guesses_by_somebody_who_is_signed_in_name_whom_they_were_for() {
    let app = start().await;
    let ada = app.user_id(ADA).await;
    let bob = app.user_id(BOB).await;
    let token = app.sign_in(&bob).await.auth_token;
    let (id, code) = app.login_code(ADA).await;
    let guess = json!({"otp_id": id, "otp": other_than(&code, 1)});
    app.own(&token, Method::POST, "/otp/activate", guess)
        .await
        .error(400, "invalid_request");
    assert_eq!(newest(&app).await, is("sign_in_refused", "wrong_code"));
    let entries = app.controls().audit().await.unwrap();
    let guessed = entries.last().unwrap();
    assert_eq!(guessed.user_id.as_ref(), Some(&ada));
    let actor = (guessed.actor.as_str(), guessed.actor_id.as_ref());
    assert_eq!(actor, ("user", Some(&bob)));
    assert_eq!(guessed.agent.as_deref(), Some(AGENT));
    // Address and agent are those of the one who guessed.
    app.delete(&format!("/users/{bob}")).await.empty(200);
    let entries = app.controls().audit().await.unwrap();
    let guessed = entries.iter().find(|it| it.id == guessed.id).unwrap();
    assert_eq!((&guessed.address, &guessed.agent), (&None, &None));
    assert_eq!(guessed.user_id, Some(ada));
}

#[tokio::test]
async fn waiting_for_a_link_is_no_attempt() {
    let app = start().await;
    app.user_id(ADA).await;
    let (id, _) = app.login_link(ADA).await;
    let before = app.controls().audit().await.unwrap().len();
    for _ in 0..3 {
        app.link_status(&id).await.error(401, "invalid_magic_link");
    }
    assert_eq!(app.controls().audit().await.unwrap().len(), before);
    app.link_status("guessed")
        .await
        .error(404, "magic_link_not_found");
    assert_eq!(
        newest(&app).await,
        is("sign_in_refused", "invalid_magic_link")
    );
}

#[tokio::test]
async fn a_stolen_refresh_token_that_is_used_again_names_its_user() {
    let app = start().await;
    let ada = app.user_id(ADA).await;
    let stolen = app.sign_in(&ada).await.refresh_token;
    let refresh = |token: String| {
        let url = app.auth("/tokens");
        send(app.http.post(url).json(&json!({"refresh_token": token})))
    };
    let before = app.controls().audit().await.unwrap().len();
    let mut newer = stolen.clone();
    for _ in 0..3 {
        let result = refresh(newer).await.json(201);
        newer = text(&result["auth_result"]["refresh_token"]);
    }
    let entries = app.controls().audit().await.unwrap();
    assert_eq!(entries.len(), before, "a plain refresh is no row");
    app.controls().advance(Duration::from_secs(60));
    refresh(stolen).await.error(401, "invalid_refresh_token");
    let entries = app.controls().audit().await.unwrap();
    let ended = of(&entries, "sign_in_ended");
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].reason.as_deref(), Some("refresh_token_reused"));
    assert_eq!(ended[0].user_id.as_ref(), Some(&ada));
    let refused = of(&entries, "refresh_refused");
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].user_id.as_ref(), Some(&ada));
}

#[tokio::test]
async fn what_fails_leaves_no_change() {
    let app = start().await;
    let ada = app.user_id(ADA).await;
    app.user_id(BOB).await;
    let before = app.controls().audit().await.unwrap().len();
    app.post("/users", json!({"email": ADA}))
        .await
        .error(400, "invalid_request");
    app.patch(&format!("/users/{ada}"), json!({"email": BOB}))
        .await
        .error(400, "invalid_request");
    app.delete("/users/nobody")
        .await
        .error(404, "user_not_found");
    // A change to the same is none either.
    app.patch(&format!("/users/{ada}"), json!({"email": ADA}))
        .await
        .json(200);
    let entries = app.controls().audit().await.unwrap();
    assert_eq!(
        &entries[before..],
        [],
        "a backend's mistakes are no attempts"
    );
}

#[tokio::test]
async fn rows_are_kept_for_ninety_days() {
    let app = start().await;
    let ada = app.user_id(ADA).await;
    app.controls().advance(Duration::from_secs(60 * 24 * 3600));
    app.sign_in(&ada).await;
    app.controls().advance(Duration::from_secs(29 * 24 * 3600));
    let entries = app.controls().audit().await.unwrap();
    assert_eq!(of(&entries, "user_created").len(), 1);
    app.controls().advance(Duration::from_secs(2 * 24 * 3600));
    let entries = app.controls().audit().await.unwrap();
    assert!(of(&entries, "user_created").is_empty());
    assert_eq!(of(&entries, "sign_in").len(), 1);
}

#[tokio::test]
async fn no_secret_is_in_any_row() {
    let app = start().await;
    let ada = app.user_id(ADA).await;
    let mut secrets = vec![app.server().api_key().to_owned()];
    let (id, code) = app.login_code(ADA).await;
    app.enter(&id, &other_than(&code, 1))
        .await
        .error(400, "invalid_request");
    let signed_in = app.enter(&id, &code).await.json(200)["auth_result"].clone();
    let refresh = text(&signed_in["refresh_token"]);
    secrets.extend([id, text(&signed_in["auth_token"]), refresh.clone()]);
    let (link, secret) = app.login_link(ADA).await;
    for _ in 0..2 {
        app.open(&secret).await;
    }
    app.link_status(&link).await.json(200);
    secrets.extend([link, secret]);
    let created = app.post("/api-keys", json!({"name": "other"})).await;
    let key = created.json(201)["api_key"].clone();
    app.delete(&format!("/api-keys/{}", text(&key["id"])))
        .await
        .empty(200);
    secrets.push(text(&key["plaintext_key"]));
    let marked = "marked-secret-0123456789";
    let agent = format!("{}{marked}", "x".repeat(512));
    let query = format!("/tokens?refresh_token={marked}");
    for request in [
        app.http.delete(app.auth(&query)),
        app.http
            .delete(app.auth(&format!("/tokens?refresh_token={refresh}"))),
        app.http
            .post(app.auth("/tokens"))
            .json(&json!({"refresh_token": marked})),
        app.http.get(app.api("/users")).bearer_auth(marked),
        app.http.get(app.auth("/currentuser")).bearer_auth(marked),
        app.http
            .get(app.auth("/currentuser"))
            .header("cookie", marked),
        app.http
            .get(app.auth(&format!("/social/token?code={marked}&verifier={marked}"))),
        app.http
            .post(app.auth("/magic-link/status"))
            .json(&json!({"id": marked})),
    ] {
        send(request.header("user-agent", &agent)).await;
    }
    app.open(marked).await.error(401, "invalid_magic_link");
    app.enter(marked, marked)
        .await
        .error(400, "invalid_request");
    secrets.push(marked.to_owned());
    app.delete(&format!("/users/{ada}")).await.empty(200);
    let entries = app.controls().audit().await.unwrap();
    assert!(entries.len() > 15, "{}", entries.len());
    for entry in entries {
        let line = entry.to_json();
        for secret in &secrets {
            assert!(!line.contains(secret), "{secret}: {line}");
            let start = secret.get(..24).unwrap_or(secret);
            assert!(!line.contains(start), "{start}: {line}");
        }
        assert!(entry.agent.is_none_or(|agent| agent.chars().count() <= 512));
    }
}
