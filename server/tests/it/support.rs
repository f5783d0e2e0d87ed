//! A server for one test, and a client that says what it expects of each reply.

use bytes::Bytes;
use http::{HeaderMap, Method};
use passage_contract::Watch;
use passage_server::{Controls, MintToken, PassageServer, ServerBuilder};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

/// A running server with a client for it.
pub struct App {
    server: PassageServer,
    pub http: Client,
    /// Fails the test in the end if a reply did not fit the API descriptions.
    watch: Option<Watch>,
}

impl App {
    pub async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    /// A server that is told to answer what no description declares.
    pub async fn unchecked() -> Self {
        Self::unchecked_with(|builder| builder).await
    }

    /// Likewise, with other options.
    pub async fn unchecked_with(change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let builder = change(PassageServer::builder());
        let server = builder.start().await.expect("the server starts");
        Self {
            server,
            http: client(),
            watch: None,
        }
    }

    pub async fn start_with(change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let (builder, watch) = passage_contract::watch_replies(PassageServer::builder());
        let server = change(builder).start().await.expect("the server starts");
        Self {
            server,
            http: client(),
            watch: Some(watch),
        }
    }

    /// Stops the server in an orderly way.
    pub async fn stop(self) {
        self.server.shutdown().await;
        drop(self.watch);
    }

    pub fn server(&self) -> &PassageServer {
        &self.server
    }

    pub fn controls(&self) -> Controls {
        self.server().controls()
    }

    /// URL of the app on the Management API, followed by a path.
    pub fn api(&self, path: &str) -> String {
        format!(
            "{}/api/v1/apps/{}{path}",
            self.server().url(),
            self.server().app_id()
        )
    }

    /// URL of the app on the Auth API, followed by a path.
    pub fn auth(&self, path: &str) -> String {
        format!(
            "{}/auth/v1/apps/{}{path}",
            self.server().url(),
            self.server().app_id()
        )
    }

    /// URL of a development control.
    pub fn dev(&self, path: &str) -> String {
        format!("{}/_dev{path}", self.server().url())
    }

    /// A Management API request with the server's API key.
    pub fn managed(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, self.api(path))
            .bearer_auth(self.server().api_key())
    }

    pub async fn get(&self, path: &str) -> Reply {
        send(self.managed(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        send(self.managed(Method::POST, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        send(self.managed(Method::PATCH, path).json(&body)).await
    }

    /// A PATCH without a body.
    pub async fn touch(&self, path: &str) -> Reply {
        send(self.managed(Method::PATCH, path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        send(self.managed(Method::DELETE, path)).await
    }

    /// `GET /users` with these query members.
    pub async fn list(&self, query: &[(&str, &str)]) -> Reply {
        send(self.managed(Method::GET, "/users").query(query)).await
    }

    /// Auth API: the current user as the token has it.
    pub async fn current_user(&self, token: &str) -> Reply {
        send(self.http.get(self.auth("/currentuser")).bearer_auth(token)).await
    }

    pub async fn jwks(&self) -> Value {
        send(self.http.get(self.auth("/.well-known/jwks.json")))
            .await
            .json(200)
    }

    pub async fn dev_get(&self, path: &str) -> Reply {
        send(self.http.get(self.dev(path))).await
    }

    pub async fn dev_post(&self, path: &str, body: Value) -> Reply {
        send(self.http.post(self.dev(path)).json(&body)).await
    }

    /// An auth token of the server's making.
    pub async fn mint(&self, token: MintToken) -> String {
        let minted = self.controls().mint_token(token).await;
        minted.expect("the token can be made")
    }

    /// The ids of the keys in the key set.
    pub async fn kids(&self) -> Vec<String> {
        let jwks = self.jwks().await;
        let keys = jwks["keys"].as_array().unwrap().iter();
        keys.map(|key| text(&key["kid"])).collect()
    }

    /// Signs a user in, as if with a passkey.
    pub async fn sign_in(&self, user_id: &str) -> SignIn {
        let result = self
            .controls()
            .sign_in(user_id)
            .await
            .expect("the user can sign in");
        SignIn {
            auth_token: result.auth_token,
            refresh_token: result.refresh_token.expect("refresh tokens are on"),
        }
    }

    /// Creates a user with an e-mail address and returns them.
    pub async fn user(&self, email: &str) -> Value {
        self.post("/users", json!({"email": email})).await.json(201)["user"].clone()
    }

    /// Creates a user with an e-mail address and a phone number, and returns them.
    pub async fn user_with_phone(&self, email: &str, phone: &str) -> Value {
        let body = json!({"email": email, "phone": phone});
        self.post("/users", body).await.json(201)["user"].clone()
    }

    /// Creates a user and returns the id.
    pub async fn user_id(&self, email: &str) -> String {
        text(&self.user(email).await["id"])
    }
}

/// The members of what a sign-in gives, where refresh tokens are on.
pub const AUTH_RESULT: [&str; 4] = [
    "auth_token",
    "redirect_url",
    "refresh_token",
    "refresh_token_expiration",
];

/// The credentials of a user who signed in.
pub struct SignIn {
    pub auth_token: String,
    pub refresh_token: String,
}

/// A client that neither uses a proxy nor follows redirects.
pub fn client() -> Client {
    let builder = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    builder.user_agent("passage-server-tests").build().unwrap()
}

pub async fn send(request: RequestBuilder) -> Reply {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let what = format!("{} {}", request.method(), request.url());
    let response = client
        .execute(request)
        .await
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response
        .bytes()
        .await
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    Reply {
        what,
        status,
        headers,
        body,
    }
}

/// A reply that was read to its end.
#[derive(Debug)]
pub struct Reply {
    what: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    #[track_caller]
    fn expect(&self, status: u16) {
        assert_eq!(
            self.status,
            status,
            "{} answered {}",
            self.what,
            String::from_utf8_lossy(&self.body)
        );
    }

    /// The body of a JSON reply with this status.
    #[track_caller]
    pub fn json(&self, status: u16) -> Value {
        self.expect(status);
        assert_eq!(
            self.header("content-type"),
            "application/json",
            "{}",
            self.what
        );
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{}: {error}", self.what))
    }

    /// The text of an error reply with this status and code, which has nothing else in it.
    #[track_caller]
    pub fn error(&self, status: u16, code: &str) -> String {
        let body = self.json(status);
        let text = body["error"].as_str().unwrap_or_default().to_owned();
        assert_eq!(body, json!({"code": code, "error": text}), "{}", self.what);
        assert!(!text.is_empty(), "{}: the error has no text", self.what);
        text
    }

    /// A reply with this status and no body.
    #[track_caller]
    pub fn empty(&self, status: u16) {
        self.expect(status);
        assert!(
            self.body.is_empty(),
            "{}: {}",
            self.what,
            String::from_utf8_lossy(&self.body)
        );
    }

    /// A header, empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }
}

/// A JSON string.
#[track_caller]
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a string: {value}"))
        .to_owned()
}

/// A time as the API writes it: RFC 3339 in UTC, ending in `Z`.
#[track_caller]
pub fn time(value: &Value) -> jiff::Timestamp {
    let text = text(value);
    assert!(text.ends_with('Z'), "{text}");
    text.parse().unwrap()
}

/// Whether the text is an id: 24 letters and digits.
pub fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The names of an object's members, sorted.
#[track_caller]
pub fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value
        .as_object()
        .unwrap_or_else(|| panic!("not an object: {value}"))
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}
