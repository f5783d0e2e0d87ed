//! A server with a client that knows its app and key.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

use passage_contract::Watch;
use passage_server::{Controls, PassageServer, ServerBuilder};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

pub struct Server {
    pub server: PassageServer,
    pub http: reqwest::Client,
    /// Fails the test if a reply breaks the vendored documents.
    watch: Option<Watch>,
}

/// Status and JSON body; null for an empty body.
pub type Reply = (u16, Value);

impl Server {
    pub async fn start() -> Self {
        Self::from(PassageServer::builder()).await
    }

    pub async fn from(builder: ServerBuilder) -> Self {
        let (builder, watch) = passage_contract::watch_replies(builder);
        Self {
            watch: Some(watch),
            ..Self::unchecked(builder).await
        }
    }

    /// For tests that observe the server themselves, or make it break the documents by faults.
    pub async fn unchecked(builder: ServerBuilder) -> Self {
        Self {
            server: builder.start().await.unwrap(),
            http: reqwest::Client::new(),
            watch: None,
        }
    }

    pub fn controls(&self) -> Controls {
        self.server.controls()
    }

    /// URL of a path below the app in the Management API.
    pub fn management(&self, path: &str) -> String {
        format!(
            "{}/api/v1/apps/{}{path}",
            self.server.url(),
            self.server.app_id()
        )
    }

    /// URL of a path below the app in the Auth API.
    pub fn auth(&self, path: &str) -> String {
        format!(
            "{}/auth/v1/apps/{}{path}",
            self.server.url(),
            self.server.app_id()
        )
    }

    /// A request to the Management API with the API key.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, self.management(path))
            .bearer_auth(self.server.api_key())
    }

    pub async fn get(&self, path: &str) -> Reply {
        reply(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        reply(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        reply(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        reply(self.request(Method::DELETE, path)).await
    }

    pub async fn create(&self, body: Value) -> Value {
        let (status, body) = self.post("/users", body).await;
        assert_eq!(status, 201, "{body}");
        body["user"].clone()
    }

    /// Creates a user with this e-mail address, and returns their id.
    pub async fn user(&self, email: &str) -> String {
        self.create(json!({"email": email})).await["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Lists users with a query, which is encoded.
    pub async fn list(&self, query: &[(&str, &str)]) -> Reply {
        reply(self.request(Method::GET, "/users").query(query)).await
    }
}

pub async fn reply(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
    };
    if !status.is_success() && status != StatusCode::NOT_MODIFIED {
        assert!(
            body["code"].is_string() && body["error"].is_string(),
            "{status} {text}"
        );
    }
    (status.as_u16(), body)
}

/// Asserts the status and the code of an error.
#[track_caller]
pub fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!(
        (reply.0, reply.1["code"].as_str()),
        (status, Some(code)),
        "{}",
        reply.1
    );
}

pub fn str(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a string: {value}"))
}

/// The members of an object, sorted.
pub fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}
