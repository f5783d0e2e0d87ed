//! Strangers who find out who the users are, or more about one whose address or number they know.

mod listed;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use passage_server::ConcealUsers;
use serde_json::{Value, json};

use crate::mailbox::{ADA, BOB, PHONE};
use crate::passkeys::forge::{Answer, Key};
use crate::site::Site;
use crate::support::{App, Reply, client, members, send, text};

const CYD: &str = "cyd@example.com";
const DAN: &str = "dan@example.com";
/// Nobody has this address.
const EVE: &str = "eve@example.com";
const NOBODYS_PHONE: &str = "+15005550199";

async fn concealing(conceal: ConcealUsers) -> App {
    App::start_with(|builder| builder.conceal_users(conceal)).await
}

/// Adds a passkey to a user, who signs in for it.
async fn add_passkey(app: &App, user_id: &str) -> Key {
    let token = app.sign_in(user_id).await.auth_token;
    let start = app.add_start(&token).await;
    let mut key = Key::new();
    let answer = key.creation(&start["handshake"]);
    let added = app.add_finish(&token, &start, key.create(&answer)).await;
    added.json(201);
    key
}

/// Ada has a passkey and a number, Bob is inactive with one, Cyd is active without, Dan never signed in.
struct People {
    app: App,
    ada: Key,
    bob: Key,
}

impl People {
    async fn with(conceal: ConcealUsers) -> Self {
        let app = concealing(conceal).await;
        let id = text(&app.user_with_phone(ADA, PHONE).await["id"]);
        let ada = add_passkey(&app, &id).await;
        let id = app.user_id(BOB).await;
        let bob = add_passkey(&app, &id).await;
        app.deactivate(&id).await;
        let id = app.user_id(CYD).await;
        app.sign_in(&id).await;
        app.user(DAN).await;
        Self { app, ada, bob }
    }

    async fn login_start(&self, identifier: &str) -> Reply {
        let body = json!({"identifier": identifier});
        self.app.visit_post("/login/webauthn/start", body).await
    }
}

/// All names under which somebody may look for a user.
const NAMES: [&str; 7] = [ADA, PHONE, BOB, CYD, DAN, EVE, NOBODYS_PHONE];

/// Status and body without what is random, so that replies can be compared.
fn outline(reply: &Reply) -> (u16, String) {
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    (reply.status, shape(&body).to_string())
}

/// A value with its ids, challenges and credential ids blanked.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let member = |(name, value): (&String, &Value)| {
                let value = match name.as_str() {
                    "id" | "otp_id" | "challenge" if value.is_string() => json!("<random>"),
                    // Their number differs among users too.
                    "allowCredentials" => json!(value.as_array().unwrap().is_empty()),
                    _ => shape(value),
                };
                (name.clone(), value)
            };
            Value::Object(object.iter().map(member).collect())
        }
        other => other.clone(),
    }
}

fn allowed(start: &Value) -> Vec<Value> {
    let options = &start["handshake"]["challenge"]["publicKey"];
    options["allowCredentials"].as_array().unwrap().clone()
}

/// The id of a passkey that a reply lists.
fn id(credential: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text(&credential["id"])).unwrap()
}

#[tokio::test]
async fn who_knows_a_number_learns_the_address_and_the_metadata() {
    for conceal in [ConcealUsers::No, ConcealUsers::Yes] {
        let app = concealing(conceal).await;
        let secret = json!({"note": "overdue"});
        let body = json!({"email": ADA, "phone": PHONE, "user_metadata": secret});
        let id = text(&app.post("/users", body).await.json(201)["user"]["id"]);
        for (asked, email, phone) in [(ADA, ADA, ""), (PHONE, "", PHONE)] {
            let query = [("identifier", asked)];
            let looked_up = app.http.get(app.auth("/users")).query(&query);
            let start = json!({"identifier": asked});
            let replies = [
                send(looked_up).await,
                app.visit_post("/register/webauthn/start", start).await,
            ];
            for reply in replies {
                let body = reply.json(200);
                let expected = json!({
                    "id": id, "status": "pending", "email": email, "email_verified": false, "phone": phone,
                    "phone_verified": false, "user_metadata": {}, "webauthn": false, "webauthn_types": [],
                });
                assert_eq!(body["user"], expected);
                let other = if email.is_empty() { ADA } else { PHONE };
                let body = body.to_string();
                assert!(!body.contains(other) && !body.contains("overdue"), "{body}");
            }
        }
        add_passkey(&app, &id).await;
        for (asked, email, phone) in [(ADA, ADA, ""), (PHONE, "", PHONE)] {
            let start = app.login_start(json!({"identifier": asked})).await;
            let expected = json!({
                "id": id, "status": "active", "email": email, "email_verified": false, "phone": phone,
                "phone_verified": false, "user_metadata": {}, "webauthn": true, "webauthn_types": ["passkey"],
            });
            let mut user = start["user"].clone();
            user["webauthn_types"] = json!(["passkey"]);
            assert_eq!(user, expected);
        }
    }
}

#[tokio::test]
async fn who_knows_a_number_learns_whether_the_address_is_verified() {
    let app = concealing(ConcealUsers::No).await;
    let id = text(&app.user(ADA).await["id"]);
    let (otp_id, code) = app.login_code(ADA).await;
    app.enter(&otp_id, &code).await.json(200);
    app.patch(&format!("/users/{id}"), json!({"phone": PHONE}))
        .await
        .json(200);
    add_passkey(&app, &id).await;
    for (asked, verified) in [(ADA, true), (PHONE, false)] {
        let query = [("identifier", asked)];
        let looked_up = send(app.http.get(app.auth("/users")).query(&query)).await;
        let start = app.login_start(json!({"identifier": asked})).await;
        for user in [&looked_up.json(200)["user"], &start["user"]] {
            assert_eq!(user["email_verified"], verified, "{asked}");
            assert_eq!(user["phone_verified"], false, "{asked}");
        }
    }
}

#[tokio::test]
async fn a_look_up_or_a_registration_tells_who_is_a_user() {
    let People { app, .. } = People::with(ConcealUsers::All).await;
    let before = app.list(&[]).await.json(200)["total_users"].clone();
    for name in NAMES {
        let query = [("identifier", name)];
        let found = send(app.http.get(app.auth("/users")).query(&query)).await;
        assert_eq!(found.json(200), json!({"user": null}), "{name}");
    }
    for path in ["/users", "/register/webauthn/start"] {
        let mut outlines = Vec::new();
        for name in NAMES {
            let refused = app.visit_post(path, json!({"identifier": name})).await;
            let told = refused.error(403, "operation_not_allowed");
            assert!(told.contains("code or a link"), "{told}");
            outlines.push((outline(&refused), told));
        }
        outlines.dedup();
        assert_eq!(outlines.len(), 1, "{path}");
    }
    let after = app.list(&[]).await.json(200)["total_users"].clone();
    assert_eq!(before, after, "nobody was created");
}

#[tokio::test]
async fn the_start_of_a_passkey_login_tells_who_is_a_user() {
    let people = People::with(ConcealUsers::All).await;
    let mut outlines = Vec::new();
    for name in NAMES {
        let reply = people.login_start(name).await;
        let start = reply.json(200);
        assert_eq!(members(&start), ["handshake"], "{name}: no user");
        let allowed = allowed(&start);
        assert!(!allowed.is_empty(), "{name}");
        for credential in &allowed {
            // Real ones would have the transports that their browsers reported.
            assert_eq!(members(credential), ["id", "type"], "{name}");
            let id = id(credential);
            assert!((16..=64).contains(&id.len()), "{name}: {}", id.len());
        }
        // The second time it is the same.
        let again = people.login_start(name).await.json(200);
        assert_eq!(self::allowed(&again), allowed, "{name}");
        let capital = people.login_start(&name.to_uppercase()).await.json(200);
        assert_eq!(self::allowed(&capital), allowed, "{name}");
        outlines.push(outline(&reply));
    }
    outlines.dedup();
    assert_eq!(outlines.len(), 1, "{outlines:?}");
    // Real passkeys are there, in the reply to each name of their user, and also of one who is inactive.
    for (name, key) in [(ADA, &people.ada), (PHONE, &people.ada), (BOB, &people.bob)] {
        let start = people.login_start(name).await.json(200);
        let id = URL_SAFE_NO_PAD.encode(&key.id);
        assert_eq!(allowed(&start)[0]["id"], json!(id), "{name}");
    }
    // Those of nobody differ from name to name.
    let ids =
        async |name: &str| allowed(&people.login_start(name).await.json(200))[0]["id"].clone();
    assert_ne!(ids(EVE).await, ids(NOBODYS_PHONE).await);
    assert_ne!(ids(EVE).await, ids(DAN).await);
}

#[tokio::test]
async fn the_end_of_a_passkey_login_tells_whose_passkeys_are_real() {
    let people = People::with(ConcealUsers::All).await;
    let app = &people.app;
    // The stranger is a user too, with a passkey of their own.
    let stranger = app.user_id("stranger@example.com").await;
    let own = add_passkey(app, &stranger).await;
    type Attempt = fn(&mut Answer);
    let attempts: [(&str, Attempt); 5] = [
        ("as it is", |_| {}),
        ("without a user", |answer| answer.user_handle = None),
        ("from another site", |answer| {
            answer.origin = "https://evil.example".into();
        }),
        ("to another challenge", |answer| {
            answer.challenge = "A".repeat(43);
        }),
        ("without verification", |answer| answer.flags = 1),
    ];
    for (what, attempt) in attempts {
        let (mut outlines, mut retries) = (Vec::new(), Vec::new());
        for name in NAMES {
            // With the stranger's own passkey, with an unknown one, and with the name's own id and a wrong signature.
            for with in ["own", "unknown", "listed"] {
                let start = people.login_start(name).await.json(200);
                let mut key = Key::new();
                key.user_handle = vec![7; 16];
                let key = if with == "own" { &own } else { &key };
                let mut answer = key.assertion(&start["handshake"]);
                if with == "listed" {
                    answer.id = id(&allowed(&start)[0]);
                    if answer.id == people.ada.id {
                        answer.user_handle = Some(people.ada.user_handle.clone());
                    }
                }
                attempt(&mut answer);
                let refused = app.login_finish(&start, key.get(&answer)).await;
                refused.error(401, "webauthn_login_failed");
                outlines.push(outline(&refused));
                // It cannot be tried again either.
                let again = app.login_finish(&start, key.get(&answer)).await;
                again.error(401, "discoverable_login_failed");
                retries.push(outline(&again));
            }
        }
        for mut told in [outlines, retries] {
            told.dedup();
            assert_eq!(told.len(), 1, "{what}: {told:?}");
        }
    }
}

#[tokio::test]
async fn who_has_the_passkey_still_signs_in() {
    let people = People::with(ConcealUsers::All).await;
    for body in [
        json!({"identifier": ADA}),
        json!({"identifier": PHONE}),
        json!({}),
    ] {
        let signed_in = people.app.login(&people.ada, body).await;
        signed_in.json(200);
    }
    // The owner of an inactive account learns that it is, with the passkey in hand.
    let refused = people
        .app
        .login(&people.bob, json!({"identifier": BOB}))
        .await;
    refused.error(403, "user_not_active");
}

#[tokio::test]
async fn codes_and_links_tell_who_is_a_user() {
    for conceal in [ConcealUsers::Yes, ConcealUsers::All] {
        let People { app, .. } = People::with(conceal).await;
        for path in [
            "/login/otp",
            "/login/magic-link",
            "/register/otp",
            "/register/magic-link",
        ] {
            // Of nobody there is one for each path, since a registration creates them.
            let fresh = format!("fresh{}@example.com", path.replace('/', "-"));
            let mut outlines = Vec::new();
            for name in [ADA, PHONE, BOB, CYD, DAN, &fresh] {
                let reply = app.visit_post(path, json!({"identifier": name})).await;
                outlines.push(outline(&reply));
            }
            outlines.dedup();
            assert_eq!(outlines.len(), 1, "{path}: {outlines:?}");
        }
    }
}

#[tokio::test]
async fn in_production_decoys_change_with_a_restart() {
    let app =
        "[[apps]]\nid = \"one\"\nauth_origin = \"https://one.example\"\nconceal_users = \"all\"\n";
    let site = Site::new(&format!(
        "{app}[[apps]]\nid = \"two\"\nauth_origin = \"https://two.example\"\nconceal_users = \"all\"\n"
    ));
    let ids = async || {
        let server = site.start().await;
        let start = async |app: &str, name: &str| {
            let url = format!("{}/auth/v1/apps/{app}/login/webauthn/start", server.url());
            let request = client().post(url).json(&json!({"identifier": name}));
            allowed(&send(request).await.json(200))
        };
        let ids = [
            start("one", EVE).await,
            start("one", "Eve@Example.com").await,
            start("two", EVE).await,
        ];
        let url = format!("{}/auth/v1/apps/one/users", server.url());
        let found = send(client().get(&url).query(&[("identifier", EVE)])).await;
        assert_eq!(found.json(200), json!({"user": null}));
        let refused = client().post(url).json(&json!({"identifier": EVE}));
        let refused = send(refused).await;
        refused.error(403, "operation_not_allowed");
        server.shutdown().await;
        ids
    };
    let (before, after) = (ids().await, ids().await);
    assert_eq!(before, after);
    assert_eq!(before[0], before[1]);
    assert_ne!(before[0], before[2], "each app has its own");
}
