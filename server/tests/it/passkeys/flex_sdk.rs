//! Flex with the SDK on both sides: the backend's, and the one for the browser's steps.

use passage_identity::Passage;
use passage_identity::generated::auth::types::{
    AuthenticateWebAuthnFinishWithTransactionRequest,
    AuthenticateWebAuthnStartWithTransactionRequest, RegisterWebAuthnFinishWithTransactionRequest,
    RegisterWebAuthnStartWithTransactionRequest,
};
use serde_json::json;

use super::authenticator::Browser;
use crate::support::{App, text};

const CUSTOMER: &str = "customer-7";

/// An app, the SDK and a browser.
struct Fixture {
    app: App,
    passage: Passage,
    browser: Browser,
}

impl Fixture {
    async fn new() -> Self {
        let app = App::start().await;
        let passage = Passage::builder(app.server().app_id())
            .server(app.server().url())
            .api_key(app.server().api_key())
            .build()
            .unwrap();
        Self {
            app,
            passage,
            browser: Browser::new(),
        }
    }

    /// Registers a passkey for the customer. Returns the nonce.
    async fn register(&mut self) -> String {
        let (auth, app_id) = (self.passage.auth_api(), self.passage.app_id().as_str());
        let transaction_id = self.app.transaction("register", CUSTOMER).await;
        let request = RegisterWebAuthnStartWithTransactionRequest {
            authenticator_attachment: None,
            transaction_id: transaction_id.clone(),
        };
        let start = auth
            .register_webauthn_start_with_transaction(app_id, &request)
            .await;
        let start = start.unwrap().into_inner();
        assert_eq!(start.transaction_id.as_ref(), Some(&transaction_id));
        let created = self.browser.create(&start.handshake.challenge).await;
        let request = RegisterWebAuthnFinishWithTransactionRequest {
            handshake_id: start.handshake.id,
            handshake_response: created.unwrap(),
            transaction_id,
        };
        let finish = auth
            .register_webauthn_finish_with_transaction(app_id, &request)
            .await;
        let finish = finish.unwrap();
        assert_eq!(finish.status(), 201);
        finish.into_inner().nonce
    }

    /// Logs in, in a transaction if there is one. Returns the nonce.
    async fn log_in(&mut self, transaction_id: Option<String>) -> String {
        let (auth, app_id) = (self.passage.auth_api(), self.passage.app_id().as_str());
        let request = AuthenticateWebAuthnStartWithTransactionRequest {
            transaction_id: transaction_id.clone(),
        };
        let start = auth
            .authenticate_webauthn_start_with_transaction(app_id, &request)
            .await;
        let start = start.unwrap().into_inner();
        assert_eq!(start.transaction_id, transaction_id);
        let answered = self.browser.get(&start.handshake.challenge).await;
        let request = AuthenticateWebAuthnFinishWithTransactionRequest {
            handshake_id: start.handshake.id,
            handshake_response: answered.unwrap(),
            transaction_id,
        };
        let finish = auth
            .authenticate_webauthn_finish_with_transaction(app_id, &request)
            .await;
        let finish = finish.unwrap();
        assert_eq!(finish.status(), 200);
        finish.into_inner().nonce
    }

    async fn assert_proves_the_customer(&self, nonce: &str) {
        let flex = self.passage.flex();
        assert_eq!(flex.verify_nonce(nonce).await.unwrap(), CUSTOMER);
    }
}

#[tokio::test]
async fn a_registration_gives_a_nonce_that_works_once() {
    let mut fixture = Fixture::new().await;
    let nonce = fixture.register().await;
    fixture.assert_proves_the_customer(&nonce).await;
    let again = fixture.passage.flex().verify_nonce(&nonce).await;
    assert_eq!(
        again
            .unwrap_err()
            .code()
            .map(ToString::to_string)
            .as_deref(),
        Some("invalid_nonce")
    );
}

#[tokio::test]
async fn a_login_in_a_transaction_gives_a_nonce() {
    let mut fixture = Fixture::new().await;
    fixture.register().await;
    let transaction = fixture.app.transaction("authenticate", CUSTOMER).await;
    let nonce = fixture.log_in(Some(transaction)).await;
    fixture.assert_proves_the_customer(&nonce).await;
}

#[tokio::test]
async fn a_login_without_a_transaction_gives_a_nonce() {
    let mut fixture = Fixture::new().await;
    fixture.register().await;
    let nonce = fixture.log_in(None).await;
    fixture.assert_proves_the_customer(&nonce).await;
}

#[tokio::test]
async fn registration_and_logins_show_on_the_user() {
    let mut fixture = Fixture::new().await;
    fixture.register().await;
    let transaction = fixture.app.transaction("authenticate", CUSTOMER).await;
    fixture.log_in(Some(transaction)).await;
    fixture.log_in(None).await;
    let user = fixture.app.external_user(CUSTOMER).await;
    assert_eq!(
        (&user["status"], &user["login_count"]),
        (&json!("active"), &json!(3))
    );
    let device = &user["webauthn_devices"][0];
    assert_eq!(
        (&device["friendly_name"], &device["usage_count"]),
        (&json!("Ada's passkey"), &json!(2))
    );
    let events = user["recent_events"].as_array().unwrap().iter();
    let actions: Vec<_> = events.map(|event| text(&event["action"])).collect();
    assert_eq!(actions, ["login", "login", "register"]);
}
