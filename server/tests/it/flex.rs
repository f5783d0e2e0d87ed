//! Flex transactions.

use std::time::Duration;

use passage_server::SeedDevice;
use serde_json::{Value, json};

use crate::support::{App, text};

async fn register(app: &App, external_id: &str) -> String {
    let body = json!({"external_id": external_id, "passkey_display_name": "Ada's phone"});
    text(&app.post("/transactions/register", body).await.json(201)["transaction_id"])
}

async fn verify(app: &App, nonce: &str) -> crate::support::Reply {
    app.post("/authenticate/verify", json!({"nonce": nonce}))
        .await
}

/// Registers a passkey for the customer, as if the ceremony had taken place. Returns the nonce.
async fn registered(app: &App) -> String {
    let transaction = register(app, "customer-7").await;
    app.controls()
        .complete_transaction(&transaction)
        .await
        .unwrap()
}

/// The one user there is, whom the external id finds.
async fn customer(app: &App) -> Value {
    let query = [("identifier", "customer-7"), ("limit", "1")];
    let page = app.list(&query).await.json(200);
    assert_eq!(
        (&page["total_users"], &page["users"][0]["external_id"]),
        (&json!(1), &json!("customer-7"))
    );
    let path = format!("/users/{}", text(&page["users"][0]["id"]));
    app.get(&path).await.json(200)["user"].clone()
}

#[tokio::test]
async fn nobody_is_created_before_the_registration_is_over() {
    let app = App::start().await;
    register(&app, "customer-7").await;
    assert_eq!(
        app.list(&[]).await.json(200)["total_users"],
        0,
        "nobody is created before the ceremony is over"
    );
}

#[tokio::test]
async fn a_registration_gives_a_nonce_that_proves_the_external_id_once() {
    let app = App::start().await;
    let nonce = registered(&app).await;
    assert_eq!(
        verify(&app, &nonce).await.json(200),
        json!({"external_id": "customer-7"})
    );
    verify(&app, &nonce).await.error(401, "invalid_nonce");
}

#[tokio::test]
async fn a_registration_creates_an_active_user_with_the_external_id_and_the_named_passkey() {
    let app = App::start().await;
    registered(&app).await;
    let user = customer(&app).await;
    assert_eq!(
        (&user["status"], &user["email"], &user["phone"]),
        (&json!("active"), &json!(""), &json!(""))
    );
    assert_eq!(user["webauthn_devices"][0]["friendly_name"], "Ada's phone");
    assert_eq!(user["recent_events"][0]["action"], "register");
}

#[tokio::test]
async fn a_login_gives_a_nonce_that_proves_the_external_id() {
    let app = App::start().await;
    registered(&app).await;
    let body = json!({"external_id": "customer-7"});
    let login = app.post("/transactions/authenticate", body).await.json(201);
    let nonce = app
        .controls()
        .complete_transaction(text(&login["transaction_id"]))
        .await
        .unwrap();
    assert_eq!(
        verify(&app, &nonce).await.json(200),
        json!({"external_id": "customer-7"})
    );
}

#[tokio::test]
async fn a_second_registration_gives_the_same_user_another_passkey() {
    let app = App::start().await;
    registered(&app).await;
    let first = customer(&app).await;
    registered(&app).await;
    let user = customer(&app).await;
    assert_eq!(user["id"], first["id"]);
    assert_eq!(user["webauthn_devices"].as_array().unwrap().len(), 2);
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 1);
}

#[tokio::test]
async fn a_login_needs_a_user_with_a_passkey() {
    let app = App::start().await;
    let body = json!({"external_id": "customer-7"});
    app.post("/transactions/authenticate", body.clone())
        .await
        .error(409, "user_has_no_passkeys");

    let transaction = register(&app, "customer-7").await;
    app.controls()
        .complete_transaction(&transaction)
        .await
        .unwrap();
    app.post("/transactions/authenticate", body.clone())
        .await
        .json(201);

    let page = app.list(&[]).await.json(200);
    let id = text(&page["users"][0]["id"]);
    let device =
        text(&app.get(&format!("/users/{id}/devices")).await.json(200)["devices"][0]["id"]);
    app.delete(&format!("/users/{id}/devices/{device}"))
        .await
        .empty(200);
    app.post("/transactions/authenticate", body.clone())
        .await
        .error(409, "user_has_no_passkeys");
    app.controls()
        .seed_device(&id, SeedDevice::new())
        .await
        .unwrap();
    app.post("/transactions/authenticate", body).await.json(201);
}

#[tokio::test]
async fn an_identifier_is_no_external_id() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    app.controls()
        .seed_device(&id, SeedDevice::new())
        .await
        .unwrap();
    for external_id in ["ada@example.com", &id] {
        let body = json!({"external_id": external_id});
        app.post("/transactions/authenticate", body)
            .await
            .error(409, "user_has_no_passkeys");
    }
}

#[tokio::test]
async fn an_inactive_user_starts_and_completes_nothing() {
    let app = App::start().await;
    let first = register(&app, "customer-7").await;
    app.controls().complete_transaction(&first).await.unwrap();
    let id = text(&app.list(&[]).await.json(200)["users"][0]["id"]);
    let second = register(&app, "customer-7").await;
    app.touch(&format!("/users/{id}/deactivate"))
        .await
        .json(200);
    let body = json!({"external_id": "customer-7"});
    app.post("/transactions/authenticate", body)
        .await
        .error(403, "operation_not_allowed");
    let completed = app.controls().complete_transaction(&second).await;
    assert_eq!(completed.unwrap_err().code(), "operation_not_allowed");
    assert_eq!(
        app.get(&format!("/users/{id}")).await.json(200)["user"]["status"],
        "inactive"
    );
}

#[tokio::test]
async fn a_nonce_proves_nothing_once_its_user_is_deactivated_or_deleted() {
    let app = App::start().await;
    let nonce = registered(&app).await;
    let id = text(&customer(&app).await["id"]);
    let path = format!("/users/{id}");
    for step in ["deactivate", "activate"] {
        app.touch(&format!("{path}/{step}")).await.json(200);
        verify(&app, &nonce).await.error(401, "invalid_nonce");
    }
    let nonce = registered(&app).await;
    app.delete(&path).await.empty(200);
    verify(&app, &nonce).await.error(401, "invalid_nonce");
    // Nor for whoever has the external id afterwards.
    let new = registered(&app).await;
    verify(&app, &nonce).await.error(401, "invalid_nonce");
    verify(&app, &new).await.json(200);
}

#[tokio::test]
async fn a_transaction_ends_when_its_user_is_reactivated_or_deleted() {
    let app = App::start().await;
    registered(&app).await;
    let id = text(&customer(&app).await["id"]);
    let path = format!("/users/{id}");
    let registration = register(&app, "customer-7").await;
    let body = json!({"external_id": "customer-7"});
    let login = app.post("/transactions/authenticate", body).await.json(201);
    let login = text(&login["transaction_id"]);
    let of_another = register(&app, "customer-8").await;
    for step in ["deactivate", "activate"] {
        app.touch(&format!("{path}/{step}")).await.json(200);
    }
    for ended in [&registration, &login] {
        let completed = app.controls().complete_transaction(ended).await;
        assert_eq!(completed.unwrap_err().code(), "transaction_not_found");
    }
    let user = customer(&app).await;
    assert_eq!(user["webauthn_devices"].as_array().unwrap().len(), 1);

    let registration = register(&app, "customer-7").await;
    app.delete(&path).await.empty(200);
    let completed = app.controls().complete_transaction(&registration).await;
    assert_eq!(completed.unwrap_err().code(), "transaction_not_found");
    // Others go on, and a new one creates the user again.
    app.controls()
        .complete_transaction(&of_another)
        .await
        .unwrap();
    registered(&app).await;
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 2);
}

#[tokio::test]
async fn a_transaction_is_completed_once_and_in_time() {
    let app = App::start().await;
    let complete = async |id: &str| {
        app.controls()
            .complete_transaction(id)
            .await
            .map_err(|error| error.code().to_owned())
    };
    let transaction = register(&app, "customer-7").await;
    complete(&transaction).await.unwrap();
    assert_eq!(
        complete(&transaction).await,
        Err("transaction_not_found".to_owned())
    );
    assert_eq!(
        complete("nosuchtransaction").await,
        Err("transaction_not_found".to_owned())
    );

    let late = register(&app, "customer-7").await;
    app.controls().advance(Duration::from_secs(24 * 3600));
    assert_eq!(
        complete(&late).await,
        Err("transaction_not_found".to_owned())
    );
}

#[tokio::test]
async fn a_nonce_must_be_known_and_fresh() {
    let app = App::start().await;
    for nonce in ["nosuchnonce", ""] {
        verify(&app, nonce).await.error(401, "invalid_nonce");
    }
    for body in [json!({}), json!({"nonce": null}), json!({"nonce": 7})] {
        let error = app
            .post("/authenticate/verify", body.clone())
            .await
            .error(400, "invalid_request");
        assert!(error.contains("nonce"), "{body}: {error}");
    }
    let transaction = register(&app, "customer-7").await;
    let nonce = app
        .controls()
        .complete_transaction(&transaction)
        .await
        .unwrap();
    let second = register(&app, "customer-7").await;
    let early = app.controls().complete_transaction(&second).await.unwrap();
    app.controls().advance(Duration::from_secs(295));
    verify(&app, &early).await.json(200);
    app.controls().advance(Duration::from_secs(5));
    verify(&app, &nonce).await.error(401, "invalid_nonce");
}

#[tokio::test]
async fn what_a_transaction_needs() {
    let app = App::start().await;
    for (path, body, names) in [
        (
            "/transactions/register",
            json!({"passkey_display_name": "x"}),
            "external_id",
        ),
        (
            "/transactions/register",
            json!({"external_id": "", "passkey_display_name": "x"}),
            "external_id",
        ),
        (
            "/transactions/register",
            json!({"external_id": "x"}),
            "passkey_display_name",
        ),
        (
            "/transactions/register",
            json!({"external_id": "x", "passkey_display_name": ""}),
            "passkey_display_name",
        ),
        (
            "/transactions/register",
            json!({"external_id": 7, "passkey_display_name": "x"}),
            "external_id",
        ),
        ("/transactions/authenticate", json!({}), "external_id"),
        (
            "/transactions/authenticate",
            json!({"external_id": ""}),
            "external_id",
        ),
    ] {
        let error = app
            .post(path, body.clone())
            .await
            .error(400, "invalid_request");
        assert!(error.contains(names), "{path} {body}: {error}");
    }
}
