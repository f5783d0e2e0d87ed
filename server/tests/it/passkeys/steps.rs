//! The steps of ceremonies over HTTP.

use http::Method;
use serde_json::{Value, json};

use super::forge::Key;
use crate::support::{App, Reply, text};

/// A user with a passkey.
pub struct Registered {
    pub id: String,
    pub token: String,
    pub key: Key,
}

impl App {
    pub async fn register_start(&self, identifier: &str) -> Value {
        let body = json!({"identifier": identifier});
        self.visit_post("/register/webauthn/start", body)
            .await
            .json(200)
    }

    pub async fn register_finish(&self, start: &Value, response: Value) -> Reply {
        let body = json!({
            "handshake_id": start["handshake"]["id"],
            "handshake_response": response,
            "user_id": start["user"]["id"],
        });
        self.visit_post("/register/webauthn/finish", body).await
    }

    /// Registers somebody with a key that signs whatever it is given.
    pub async fn register(&self, identifier: &str) -> Registered {
        let start = self.register_start(identifier).await;
        let mut key = Key::new();
        let answer = key.creation(&start["handshake"]);
        let reply = self.register_finish(&start, key.create(&answer)).await;
        Registered {
            id: text(&start["user"]["id"]),
            token: text(&reply.json(201)["auth_result"]["auth_token"]),
            key,
        }
    }

    pub async fn login_start(&self, body: Value) -> Value {
        self.visit_post("/login/webauthn/start", body)
            .await
            .json(200)
    }

    pub async fn login_finish(&self, start: &Value, response: Value) -> Reply {
        let mut body = json!({
            "handshake_id": start["handshake"]["id"],
            "handshake_response": response,
        });
        if !start["user"].is_null() {
            body["user_id"] = start["user"]["id"].clone();
        }
        self.visit_post("/login/webauthn/finish", body).await
    }

    /// A whole login, discoverable if the body names nobody.
    pub async fn login(&self, key: &Key, body: Value) -> Reply {
        let start = self.login_start(body).await;
        let answer = key.assertion(&start["handshake"]);
        self.login_finish(&start, key.get(&answer)).await
    }

    pub async fn add_start(&self, token: &str) -> Value {
        let path = "/currentuser/devices/start";
        self.own(token, Method::POST, path, json!({}))
            .await
            .json(200)
    }

    pub async fn add_finish(&self, token: &str, start: &Value, response: Value) -> Reply {
        let body = json!({
            "handshake_id": start["handshake"]["id"],
            "handshake_response": response,
            "user_id": start["user"]["id"],
        });
        let path = "/currentuser/devices/finish";
        self.own(token, Method::POST, path, body).await
    }

    pub async fn deactivate(&self, id: &str) {
        self.touch(&format!("/users/{id}/deactivate"))
            .await
            .json(200);
    }

    /// Removes all devices of a user by the Management API.
    pub async fn revoke_devices(&self, id: &str) {
        for device in self.managed_user(id).await["webauthn_devices"]
            .as_array()
            .unwrap()
        {
            let path = format!("/users/{id}/devices/{}", text(&device["id"]));
            self.delete(&path).await.empty(200);
        }
    }

    /// A transaction, `register` or `authenticate`, as the app's backend starts it.
    pub async fn transaction(&self, kind: &str, external_id: &str) -> String {
        let mut body = json!({"external_id": external_id});
        if kind == "register" {
            body["passkey_display_name"] = json!("Ada's passkey");
        }
        let reply = self.post(&format!("/transactions/{kind}"), body).await;
        text(&reply.json(201)["transaction_id"])
    }

    pub async fn flex_start(&self, kind: &str, transaction_id: &Value) -> Reply {
        let body = json!({"transaction_id": transaction_id});
        self.visit_post(&format!("/{kind}/transactions/webauthn/start"), body)
            .await
    }

    pub async fn flex_finish(&self, kind: &str, start: &Value, response: Value) -> Reply {
        let body = json!({
            "handshake_id": start["handshake"]["id"],
            "handshake_response": response,
            "transaction_id": start["transaction_id"],
        });
        self.visit_post(&format!("/{kind}/transactions/webauthn/finish"), body)
            .await
    }

    /// Gives the user with this external id a passkey.
    pub async fn flex_register(&self, external_id: &str, key: &mut Key) -> Reply {
        let id = self.transaction("register", external_id).await;
        let start = self.flex_start("register", &json!(id)).await.json(200);
        let answer = key.creation(&start["handshake"]);
        self.flex_finish("register", &start, key.create(&answer))
            .await
    }

    pub async fn verify(&self, nonce: &Value) -> Reply {
        self.post("/authenticate/verify", json!({"nonce": nonce}))
            .await
    }

    pub async fn external_user(&self, external_id: &str) -> Value {
        let list = self.list(&[("identifier", external_id)]).await.json(200);
        self.managed_user(&text(&list["users"][0]["id"])).await
    }
}
