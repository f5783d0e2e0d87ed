//! A server as a part of another service.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::routing::get;
use http::StatusCode;
use passage_server::{Cut, Fault, PassageServer};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

/// A service with a page of its own, and the server below `/passage`.
struct Service {
    passage: PassageServer,
    serving: JoinHandle<std::io::Result<()>>,
    /// URL of the service.
    url: String,
    http: Client,
}

impl Service {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let passage = PassageServer::builder()
            .app_id("shop")
            .start_without_listener(format!("{url}/passage"))
            .await
            .unwrap();
        let page = get(async || "the service itself");
        let app = Router::new()
            .route("/", page)
            .nest("/passage", passage.router());
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        Self {
            passage,
            serving: tokio::spawn(axum::serve(listener, service).into_future()),
            url,
            http: Client::new(),
        }
    }

    fn management(&self, path: &str) -> String {
        format!("{}/passage/api/v1/apps/shop{path}", self.url)
    }

    fn auth(&self, path: &str) -> String {
        format!("{}/passage/auth/v1/apps/shop{path}", self.url)
    }

    async fn send(&self, request: RequestBuilder, status: StatusCode) -> Value {
        let response = request
            .bearer_auth(self.passage.api_key())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status);
        response.json().await.unwrap()
    }

    async fn post(&self, url: String, body: Value) -> Value {
        self.send(self.http.post(url).json(&body), StatusCode::CREATED)
            .await
    }

    /// Uses the code that was sent last.
    async fn activate(&self, asked: &Value) -> Value {
        let message = self.passage.controls().outbox().pop().unwrap();
        let activate = json!({"otp": message.code.unwrap(), "otp_id": asked["otp_id"]});
        let activate = self.http.post(self.auth("/otp/activate")).json(&activate);
        self.send(activate, StatusCode::OK).await
    }

    /// Stops the server before the service around it, to see what its router then says.
    async fn stop(self) {
        let users = self.http.get(self.management("/users"));
        let users = users.bearer_auth(self.passage.api_key());
        self.passage.shutdown().await;
        let after = users.send().await.unwrap();
        assert_eq!(after.status(), StatusCode::INTERNAL_SERVER_ERROR);
        self.serving.abort();
    }
}

#[tokio::test]
async fn a_user_signs_in_at_a_nested_server() {
    let service = Service::start().await;
    let own = service.http.get(&service.url).send().await.unwrap();
    assert_eq!(own.text().await.unwrap(), "the service itself");

    let email = "ada@example.com";
    let user = service
        .post(service.management("/users"), json!({"email": email}))
        .await;
    let login = json!({"identifier": email});
    let login = service.post(service.auth("/login/otp"), login).await;
    let activated = service.activate(&login).await;

    let token = activated["auth_result"]["auth_token"].as_str().unwrap();
    let request = service
        .http
        .get(service.auth("/currentuser"))
        .bearer_auth(token);
    let current: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(current["user"]["id"], user["user"]["id"]);
    assert_eq!(current["user"]["email"], email);
    service.stop().await;
}

#[tokio::test]
async fn a_nested_server_names_itself_as_clients_reach_it() {
    let service = Service::start().await;
    assert_eq!(service.passage.address(), None);
    assert_eq!(service.passage.url(), format!("{}/passage", service.url));
    let path = "/.well-known/openid-configuration";
    let found = service.http.get(service.auth(path)).send().await.unwrap();
    let found: Value = found.json().await.unwrap();
    let keys = found["jwks_uri"].as_str().unwrap();
    assert_eq!(
        service.http.get(keys).send().await.unwrap().status(),
        StatusCode::OK
    );

    let list = service.http.get(service.management("/users?limit=1"));
    let list = list
        .bearer_auth(service.passage.api_key())
        .send()
        .await
        .unwrap();
    let list: Value = list.json().await.unwrap();
    let link = list["_links"]["self"]["href"].as_str().unwrap();
    assert!(
        link.starts_with("/passage/api/v1/apps/shop/users?"),
        "{link}"
    );

    let nothing = service
        .http
        .get(service.management("/nothing"))
        .send()
        .await
        .unwrap();
    assert_eq!(nothing.status(), StatusCode::NOT_FOUND);
    let nothing: Value = nothing.json().await.unwrap();
    let text = nothing["error"].as_str().unwrap();
    assert!(text.contains("/passage/api/v1/apps/shop/nothing"), "{text}");
    service.stop().await;
}

#[tokio::test]
async fn events_name_the_address_that_the_service_accepted() {
    let service = Service::start().await;
    let register = json!({"identifier": "ada@example.com"});
    let register = service.post(service.auth("/register/otp"), register).await;
    service.activate(&register).await;

    let list = service.http.get(service.management("/users"));
    let list = list
        .bearer_auth(service.passage.api_key())
        .send()
        .await
        .unwrap();
    let list: Value = list.json().await.unwrap();
    let id = list["users"][0]["id"].as_str().unwrap();
    let user = service
        .http
        .get(service.management(&format!("/users/{id}")));
    let user = user
        .bearer_auth(service.passage.api_key())
        .send()
        .await
        .unwrap();
    let user: Value = user.json().await.unwrap();
    assert_eq!(user["user"]["recent_events"][0]["ip_addr"], "127.0.0.1");
    service.stop().await;
}

#[tokio::test]
async fn the_tools_work_in_a_nested_server_too() {
    let service = Service::start().await;
    let health = format!("{}/passage/_dev/health", service.url);
    let health = service.http.get(health).send().await.unwrap();
    assert_eq!(health.status(), StatusCode::OK);

    let controls = service.passage.controls();
    controls.fault(Fault::operation("auth.getApp").status(503).times(1));
    controls.fault(Fault::operation("auth.getApp").cut(Cut::Before).times(1));
    let get = async || service.http.get(service.auth("")).send().await;
    assert_eq!(
        get().await.unwrap().status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    let cut = get().await;
    assert!(
        cut.is_err(),
        "the connection breaks without a reply: {cut:?}"
    );
    assert_eq!(get().await.unwrap().status(), StatusCode::OK);

    let logged: Vec<_> = controls
        .requests()
        .into_iter()
        .map(|it| (it.path, it.status))
        .collect();
    let path = "/passage/auth/v1/apps/shop".to_owned();
    assert_eq!(
        logged,
        [
            (path.clone(), Some(503)),
            (path.clone(), None),
            (path, Some(200))
        ]
    );
    service.stop().await;
}

/// Sends a request through a router, as a connection from this address would.
async fn call(router: Router, uri: &str, from: &str) -> (StatusCode, Value) {
    let from: SocketAddr = from.parse().unwrap();
    let request = http::Request::get(uri)
        .header("host", "localhost")
        .extension(ConnectInfo(from))
        .body(Body::empty())
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn parameters_of_the_service_are_not_taken_for_the_servers() {
    let service = Service::start().await;
    let router = Router::new().nest("/of/{app_id}", service.passage.router());
    let (status, body) = call(router, "/of/other/auth/v1/apps/shop", "127.0.0.1:1").await;
    assert_eq!(
        (status, &body["app"]["id"]),
        (StatusCode::OK, &json!("shop"))
    );
    service.stop().await;
}

#[tokio::test]
async fn the_tools_do_not_answer_to_other_machines() {
    let service = Service::start().await;
    for (from, expected) in [
        ("127.0.0.1:1", StatusCode::OK),
        ("[::1]:1", StatusCode::OK),
        ("[::ffff:127.0.0.1]:1", StatusCode::OK),
        ("203.0.113.9:1", StatusCode::FORBIDDEN),
        ("[2001:db8::1]:1", StatusCode::FORBIDDEN),
    ] {
        let (status, _) = call(service.passage.router(), "/_dev/outbox", from).await;
        assert_eq!(status, expected, "{from}");
    }
    service.stop().await;
}
