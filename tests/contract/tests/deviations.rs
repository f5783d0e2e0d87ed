//! A check that cannot fail checks nothing: each kind of deviation is shown to it once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};

use http::{Method, StatusCode, header};
use passage_contract::{Contract, watch};
use passage_identity::Passage;
use passage_identity::users::CreateUser;
use passage_server::{Exchange, PassageServer};
use serde_json::{Value, json};

/// A user is created and the users are listed; the two exchanges.
async fn exchanges() -> (Exchange, Exchange) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let server = PassageServer::builder()
        .observe(move |exchange: &Exchange| sink.lock().unwrap().push(exchange.clone()))
        .start()
        .await
        .unwrap();
    let passage = Passage::builder(server.app_id())
        .server(server.url())
        .api_key(server.api_key())
        .build()
        .unwrap();
    let users = passage.users();
    users
        .create(CreateUser::with_email("ada@example.com"))
        .await
        .unwrap();
    users
        .list()
        .limit(10)
        .login_count(0_u64)
        .send()
        .await
        .unwrap();
    server.shutdown().await;
    let mut seen = seen.lock().unwrap().clone();
    let list = seen.pop().unwrap();
    (seen.pop().unwrap(), list)
}

fn with_reply(exchange: &Exchange, change: impl FnOnce(&mut Value)) -> Exchange {
    let mut exchange = exchange.clone();
    let mut body = serde_json::from_slice(&exchange.response_body).unwrap();
    change(&mut body);
    exchange.response_body = body.to_string().into();
    exchange
}

#[tokio::test]
async fn each_kind_of_deviation_is_found() {
    let contract = Contract::vendored().unwrap();
    let (create, list) = exchanges().await;
    assert_eq!(contract.check(&create), [""; 0]);
    assert_eq!(contract.check(&list), [""; 0]);

    let mut undeclared_status = create.clone();
    undeclared_status.status = StatusCode::OK;
    let mut no_credential = create.clone();
    no_credential.request_headers.remove(header::AUTHORIZATION);
    let mut no_body = create.clone();
    no_body.request_body = Default::default();
    let mut misspelt_member = create.clone();
    misspelt_member.request_body = json!({ "e_mail": "ada@example.com" }).to_string().into();
    let mut html = create.clone();
    html.response_body = "<html>".into();
    let mut unknown_parameter = list.clone();
    unknown_parameter.path += "&sort=id";
    let mut wrong_type = list.clone();
    wrong_type.path = wrong_type.path.replace("limit=10", "limit=ten");
    let mut unexpected_body = create.clone();
    unexpected_body.method = Method::DELETE;
    unexpected_body.path += "/some-user";
    unexpected_body.request_body = Default::default();
    unexpected_body.status = StatusCode::OK;

    for (what, exchange, finding) in [
        (
            "undeclared status",
            undeclared_status,
            "status 200 is not declared",
        ),
        ("no credential", no_credential, "without a credential"),
        ("no body", no_body, "no body"),
        ("misspelt member", misspelt_member, "e_mail"),
        ("not JSON", html, "not JSON"),
        (
            "unknown parameter",
            unknown_parameter,
            "`sort` is not declared",
        ),
        ("wrong type", wrong_type, "`limit` is not an integer"),
        ("body where none is declared", unexpected_body, "has a body"),
        (
            "missing member",
            with_reply(&create, |body| {
                body["user"].as_object_mut().unwrap().remove("login_count");
            }),
            "login_count",
        ),
        (
            "additional member",
            with_reply(&create, |body| body["user"]["nickname"] = json!("A")),
            "nickname",
        ),
        (
            "null list",
            with_reply(&create, |body| {
                body["user"]["webauthn_devices"] = json!(null)
            }),
            "webauthn_devices",
        ),
        (
            "value that is not listed",
            with_reply(&create, |body| body["user"]["status"] = json!("asleep")),
            "asleep",
        ),
        (
            "time in another form",
            with_reply(&create, |body| {
                body["user"]["created_at"] = json!("yesterday")
            }),
            "created_at",
        ),
    ] {
        let found = contract.check(&exchange);
        assert!(
            found.iter().any(|violation| violation.contains(finding)),
            "{what}: {found:?}"
        );
    }
}

#[tokio::test]
#[should_panic(expected = "break the vendored documents")]
async fn a_watched_server_fails_its_test() {
    let (builder, _watch) = watch(PassageServer::builder());
    let server = builder.start().await.unwrap();
    // The path is known, but no document has a parameter of this name.
    let url = format!(
        "{}/auth/v1/apps/{}?nonsense=1",
        server.url(),
        server.app_id()
    );
    assert!(reqwest::get(url).await.unwrap().status().is_success());
}
