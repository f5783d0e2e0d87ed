//! Strangers who try a passkey that the login of a name lists, where it was not meant to be used.

use passage_server::ConcealUsers;
use serde_json::{Value, json};

use super::{EVE, NAMES, People, add_passkey, allowed, id, outline};
use crate::passkeys::forge::Key;
use crate::site::Site;
use crate::support::{client, send};

#[tokio::test]
async fn a_login_that_names_nobody_tells_whose_passkeys_are_real() {
    let people = People::with(ConcealUsers::All).await;
    let app = &people.app;
    let handles = [
        None,
        Some(vec![7; 16]),
        Some(people.ada.user_handle.clone()),
        Some(people.bob.user_handle.clone()),
    ];
    let mut outlines = Vec::new();
    for name in NAMES {
        let listed = id(&allowed(&people.login_start(name).await.json(200))[0]);
        for handle in &handles {
            let key = Key::new();
            let start = app.login_start(json!({})).await;
            let mut answer = key.assertion(&start["handshake"]);
            answer.id = listed.clone();
            answer.user_handle = handle.clone();
            let login = app.login_finish(&start, key.get(&answer)).await;

            let start = app.flex_start("authenticate", &json!(null)).await.json(200);
            let mut answer = key.assertion(&start["handshake"]);
            answer.id = listed.clone();
            answer.user_handle = handle.clone();
            let flex = app.flex_finish("authenticate", &start, key.get(&answer));
            for refused in [login, flex.await] {
                refused.error(401, "discoverable_login_failed");
                outlines.push(outline(&refused));
            }
        }
    }
    outlines.dedup();
    assert_eq!(outlines.len(), 1, "{outlines:?}");
}

#[tokio::test]
async fn who_adds_a_listed_passkey_learns_whether_it_is_real() {
    let people = People::with(ConcealUsers::All).await;
    let app = &people.app;
    let stranger = app.user_id("stranger@example.com").await;
    let token = app.sign_in(&stranger).await.auth_token;
    let users = app.list(&[]).await.json(200)["total_users"].clone();
    let mut outlines = Vec::new();
    for name in NAMES {
        for listed in allowed(&people.login_start(name).await.json(200)) {
            let mut key = Key::new();
            key.id = id(&listed);
            let start = app.add_start(&token).await;
            let answer = key.creation(&start["handshake"]);
            let added = app.add_finish(&token, &start, key.create(&answer)).await;
            let flex = app.flex_register("customer-7", &mut key).await;
            for refused in [added, flex] {
                let told = refused.error(401, "webauthn_login_failed");
                assert_eq!(told, "passkey: registered already.", "{name}");
                outlines.push(outline(&refused));
            }
        }
    }
    outlines.dedup();
    assert_eq!(outlines.len(), 1, "{outlines:?}");
    let after = app.list(&[]).await.json(200)["total_users"].clone();
    assert_eq!(users, after, "nobody was created");
    let devices = app.managed_user(&stranger).await["webauthn_devices"].clone();
    assert_eq!(devices, json!([]), "nothing was added");
    // A passkey of their own is.
    add_passkey(app, &stranger).await;
}

#[tokio::test]
async fn another_app_of_the_server_tells_which_passkeys_are_real() {
    let site = Site::new(
        "[[apps]]\nid = \"one\"\nauth_origin = \"https://one.example\"\nconceal_users = \"all\"\n\
         [[apps]]\nid = \"two\"\nauth_origin = \"https://two.example\"\nconceal_users = false\n",
    );
    let server = site.start().await;
    let url = format!("{}/auth/v1/apps", server.url());
    let post = async |path: &str, body: Value| {
        let request = client().post(format!("{url}/{path}")).json(&body);
        send(request).await
    };
    // Registers a passkey with this id in the app that conceals nothing.
    let register = async |id: Vec<u8>| {
        let body = json!({"identifier": EVE});
        let start = post("two/register/webauthn/start", body).await.json(200);
        let mut key = Key::new();
        key.id = id;
        let mut answer = key.creation(&start["handshake"]);
        answer.origin = "https://two.example".into();
        let body = json!({
            "handshake_id": start["handshake"]["id"],
            "handshake_response": key.create(&answer),
            "user_id": start["user"]["id"],
        });
        post("two/register/webauthn/finish", body).await
    };
    let body = json!({"identifier": EVE});
    let shown = post("one/login/webauthn/start", body).await.json(200);
    for listed in allowed(&shown) {
        let refused = register(id(&listed)).await;
        let told = refused.error(401, "webauthn_login_failed");
        assert_eq!(told, "passkey: registered already.");
    }
    register(Key::new().id).await.json(201);
    server.shutdown().await;
}
