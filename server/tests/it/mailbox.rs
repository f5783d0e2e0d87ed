//! What visitors do with the Auth API, and what they find in their mailboxes.

use http::Method;
use passage_identity::Passage;
use passage_identity::generated::auth;
use passage_identity::generated::auth::types::{self, AuthResult};
use passage_server::Message;
use serde_json::{Value, json};

use crate::support::{App, Reply, send, text};

pub const ADA: &str = "ada@example.com";
pub const BOB: &str = "bob@example.com";
pub const PHONE: &str = "+15005550006";

/// The SDK, without a credential.
pub fn sdk(app: &App) -> Passage {
    Passage::builder(app.server().app_id())
        .server(app.server().url())
        .build()
        .unwrap()
}

/// The error of a call by the generated client: status and code.
pub fn refusal<T: std::fmt::Debug>(
    result: Result<T, auth::Error<types::ApiError>>,
) -> (u16, String) {
    match result.unwrap_err() {
        auth::Error::ErrorResponse(reply) => (reply.status().as_u16(), reply.code.to_string()),
        other => panic!("{other:?}"),
    }
}

impl App {
    /// A call to the Auth API without a credential.
    pub async fn visit(&self, method: Method, path: &str, body: Value) -> Reply {
        send(self.http.request(method, self.auth(path)).json(&body)).await
    }

    pub async fn visit_post(&self, path: &str, body: Value) -> Reply {
        self.visit(Method::POST, path, body).await
    }

    /// A call to the Auth API by a signed-in user.
    pub async fn own(&self, token: &str, method: Method, path: &str, body: Value) -> Reply {
        let request = self.http.request(method, self.auth(path));
        send(request.bearer_auth(token).json(&body)).await
    }

    /// The newest message to somebody.
    #[track_caller]
    pub fn message(&self, to: &str) -> Message {
        let mut messages = self.controls().outbox();
        messages.retain(|message| message.to == to);
        messages
            .pop()
            .unwrap_or_else(|| panic!("{to} got no message"))
    }

    /// Asks for a code to log in with: its id and the code.
    pub async fn login_code(&self, identifier: &str) -> (String, String) {
        let body = json!({"identifier": identifier});
        let reply = self.visit_post("/login/otp", body).await.json(201);
        let message = self.message(identifier);
        (text(&reply["otp_id"]), message.code.unwrap())
    }

    /// Asks for a link to log in with: its id and its secret.
    pub async fn login_link(&self, identifier: &str) -> (String, String) {
        let body = json!({"identifier": identifier});
        let reply = self.visit_post("/login/magic-link", body).await.json(200);
        (
            text(&reply["magic_link"]["id"]),
            secret(&self.message(identifier)),
        )
    }

    pub async fn enter(&self, otp_id: &str, otp: &str) -> Reply {
        let body = json!({"otp_id": otp_id, "otp": otp});
        self.visit_post("/otp/activate", body).await
    }

    pub async fn open(&self, secret: &str) -> Reply {
        let body = json!({"magic_link": secret});
        self.visit(Method::PATCH, "/magic-link/activate", body)
            .await
    }

    pub async fn link_status(&self, id: &str) -> Reply {
        self.visit_post("/magic-link/status", json!({"id": id}))
            .await
    }

    /// The user as the Management API shows them.
    pub async fn managed_user(&self, id: &str) -> Value {
        self.get(&format!("/users/{id}")).await.json(200)["user"].clone()
    }
}

/// The secret of the link in a message.
#[track_caller]
pub fn secret(message: &Message) -> String {
    let url = message.url.as_deref().unwrap();
    let (_, secret) = url.split_once("psg_magic_link=").unwrap();
    secret.split('#').next().unwrap().to_owned()
}

/// The tokens of a reply.
#[track_caller]
pub fn tokens(reply: &Reply) -> AuthResult {
    let body = reply.json(200);
    serde_json::from_value(body["auth_result"].clone()).unwrap()
}

/// Six digits that are not these.
pub fn other_than(code: &str, by: u32) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + by) % 1_000_000)
}

/// Waits for all of them, side by side.
pub async fn together<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, result) in futures.iter_mut().filter(|(_, result)| result.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(context) {
                *result = Some(value);
            }
        }
        if futures.iter().all(|(_, result)| result.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    futures
        .into_iter()
        .filter_map(|(_, result)| result)
        .collect()
}
