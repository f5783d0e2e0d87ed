//! Whose a social login is: its state, its codes, and what the provider gives to whom.

use passage_server::{MintIdToken, SocialProvider};

use crate::browser::{VERIFIER, query};
use crate::mailbox::{ADA, BOB};
use crate::support::{App, send};

#[tokio::test]
async fn a_state_does_not_take_a_code_of_another_login() {
    let app = App::start().await;
    let value = |members: &[(String, String)], wanted: &str| {
        let found = members.iter().find(|(name, _)| name == wanted);
        found.unwrap().1.clone()
    };
    let (to, mine) = app.at_provider("google", ADA).await;
    let (_, theirs) = app.at_provider("google", BOB).await;
    let injected = app
        .back_with(&to, &value(&mine, "state"), &value(&theirs, "code"))
        .await;
    let problem = injected.error(400, "invalid_request");
    assert_eq!(problem, "code: the provider does not accept it.");
    // Another provider's code does not do either, nor one that a device got.
    let (_, mine) = app.at_provider("google", ADA).await;
    let (_, github) = app.at_provider("github", ADA).await;
    app.back_with(&to, &value(&mine, "state"), &value(&github, "code"))
        .await
        .error(400, "invalid_request");
    let (_, mine) = app.at_provider("google", ADA).await;
    let token = MintIdToken::new(SocialProvider::Google, ADA);
    let native = app.controls().mint_id_token(token).await.unwrap();
    app.back_with(&to, &value(&mine, "state"), &native.code)
        .await
        .error(400, "invalid_request");
}

#[tokio::test]
async fn codes_and_states_are_for_their_own_app() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let own = SocialProvider::Google;
    let start = async |id: &str| {
        let id = id.to_owned();
        App::start_with(|builder| builder.data(&file).app_id(id).social_client_id(own, "own")).await
    };
    let app = start("first").await;
    let code = app.social_code("google", ADA).await;
    let (_, members) = app.at_provider("google", ADA).await;
    let login = members
        .iter()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .clone();
    app.stop().await;

    let app = start("second").await;
    app.exchange(&code, VERIFIER)
        .await
        .error(400, "invalid_request");
    let to = app.auth("/social/oauth2_callback");
    let refused = app.back_with(&to, &login, "a").await;
    assert_eq!(
        refused.error(400, "invalid_request"),
        "state: unknown, expired or used."
    );
    // The account of the one app is nobody's in the other.
    app.social_sign_in("google", ADA).await.signed_in();
    app.stop().await;

    let app = start("first").await;
    let to = app.auth("/social/oauth2_callback");
    let late = app.back_with(&to, &login, "a").await;
    // It is known here, but the provider has forgotten its code with the end of its process.
    assert_eq!(
        late.error(400, "invalid_request"),
        "code: the provider does not accept it."
    );
    app.exchange(&code, VERIFIER).await.signed_in();
    let list = app.list(&[]).await.json(200);
    assert_eq!(list["total_users"], 1);
}

#[tokio::test]
async fn the_provider_checks_its_clients() {
    let app = App::start().await;
    let start = app
        .authorize("google", &[("login_hint", ADA)])
        .await
        .location();
    let endpoint = start.split('?').next().unwrap();
    let asked = query(&start);
    let with = async |name: &str, value: &str| {
        let mut members = asked.clone();
        members.insert(name.to_owned(), value.to_owned());
        send(app.http.get(endpoint).query(&members)).await
    };
    for (name, value) in [
        ("client_id", "other"),
        ("client_id", ""),
        ("redirect_uri", "https://elsewhere.example/"),
        ("redirect_uri", &app.auth("/social/oauth2_callback")),
        ("redirect_uri", &format!("{}/", asked["redirect_uri"])),
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
        ("code_challenge", "short"),
        ("state", ""),
    ] {
        with(name, value).await.error(400, "invalid_request");
    }
    with("login_hint", BOB).await.location();
    let foreign = app.http.get(&start).header("host", "elsewhere.example");
    send(foreign).await.error(403, "operation_not_allowed");
    let unknown = start.replace("/google/", "/myspace/");
    app.follow(&unknown).await.error(404, "not_found");
}

#[tokio::test]
async fn no_secret_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let app = App::start_with(|builder| builder.data(&file)).await;
    let start = app
        .authorize("google", &[("login_hint", ADA)])
        .await
        .location();
    let asked = query(&start);
    let (to, members) = app.at_provider("google", ADA).await;
    let back = app.come_back("google", &to, &members).await.location();
    let code = query(&back)["code"].clone();
    app.exchange("made up", VERIFIER).await;
    let mut secrets = vec![
        asked["state"].clone(),
        asked["nonce"].clone(),
        code,
        VERIFIER.to_owned(),
    ];
    secrets.extend(members.into_iter().map(|(_, value)| value));
    let log = format!("{:?}", app.controls().requests());
    let mut stored = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        stored.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let stored = String::from_utf8_lossy(&stored);
    assert!(
        stored.contains("client & state"),
        "the login is in the file"
    );
    for secret in secrets {
        assert!(!log.contains(&secret), "in the log: {secret}");
        assert!(!stored.contains(&secret), "in the file: {secret}");
    }
}

#[tokio::test]
async fn an_account_is_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let app = App::start_with(|builder| builder.data(&file)).await;
        for email in [ADA, BOB] {
            let token = app.social_sign_in("google", email).await.signed_in();
            let me = app.current_user(&token.auth_token).await.json(200);
            let connection = &me["user"]["social_connections"]["google"];
            ids.push((me["user"]["id"].clone(), connection["provider_id"].clone()));
        }
        app.stop().await;
    }
    assert_eq!(ids[..2], ids[2..]);
    assert_ne!(ids[0].1, ids[1].1);
}
