//! Requests exactly as they are sent, and what becomes of every kind of reply.
use std::collections::BTreeSet;
use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
use jiff::Timestamp;
use passage_identity::magic_links::{
    CreateMagicLink, MagicLinkChannel, MagicLinkLanguage, MagicLinkType,
};
use passage_identity::users::{
    CountFilter, CreateUser, Order, SortBy, TextFilter, TimeFilter, UpdateUser, UserStatus,
};
use passage_identity::{Error, ErrorCode, ErrorKind, Passage};
use serde_json::{Value, json};

const API_KEY: &str = "prefix.hunter2";

/// A server that answers by a function and writes down what it was asked.
struct MockApi {
    server: MockServer,
    seen: Arc<Mutex<String>>,
}

impl MockApi {
    async fn new(
        reply: impl Fn(&HttpMockRequest) -> HttpMockResponse + Send + Sync + 'static,
    ) -> Self {
        let server = MockServer::start_async().await;
        let seen = Arc::new(Mutex::new(String::new()));
        let log = Arc::clone(&seen);
        server
            .mock_async(move |when, then| {
                when.any_request();
                then.respond_with(move |request: &HttpMockRequest| {
                    log.lock().unwrap().push_str(&describe(request));
                    reply(request)
                });
            })
            .await;
        Self { server, seen }
    }

    /// A server that gives the same answer to everything.
    async fn always(
        status: u16,
        headers: &'static [(&'static str, &'static str)],
        body: impl Into<String>,
    ) -> Self {
        let body = body.into();
        Self::new(move |_| {
            let mut reply = HttpMockResponse::builder()
                .status(status)
                .body(body.clone());
            for (name, value) in headers {
                reply = reply.header(*name, *value);
            }
            reply.build()
        })
        .await
    }

    /// One attempt for each call: which are tried again is not for these tests.
    fn passage(&self) -> Passage {
        Passage::builder("app1")
            .server(self.server.base_url())
            .api_key(API_KEY)
            .max_attempts(1)
            .build()
            .unwrap()
    }

    fn seen(&self) -> String {
        self.seen.lock().unwrap().clone()
    }

    async fn get_user(&self) -> Result<passage_identity::users::User, Error> {
        self.passage().users().get("user1").await
    }
}

/// A request as it came: method, path, query, headers, body. The key's value is checked and then
/// hidden, and what differs from run to run is left out.
fn describe(request: &HttpMockRequest) -> String {
    let mut text = format!(
        "{} {}\n",
        request.method_str(),
        request.uri().path_and_query().unwrap()
    );
    let mut headers: Vec<_> = request.headers_vec().clone();
    headers.sort();
    for (name, value) in headers {
        let name = name.to_lowercase();
        match name.as_str() {
            "host" | "content-length" => {}
            "authorization" => {
                assert_eq!(value, format!("Bearer {API_KEY}"));
                text.push_str("authorization: Bearer [API key]\n");
            }
            "user-agent" | "passage-version" => {
                assert!(value.contains(env!("CARGO_PKG_VERSION")));
                writeln!(
                    text,
                    "{name}: {}",
                    value.replace(env!("CARGO_PKG_VERSION"), "[version]")
                )
                .unwrap();
            }
            _ => writeln!(text, "{name}: {value}").unwrap(),
        }
    }
    if !request.body_ref().is_empty() {
        text.push_str(&request.body_string());
        text.push('\n');
    }
    text.push('\n');
    text
}

fn user() -> Value {
    json!({
        "id": "user1", "email": "jane@example.com", "phone": "", "status": "active", "email_verified": true,
        "phone_verified": false, "created_at": "2024-05-01T10:00:00Z", "updated_at": "2024-05-01T10:00:00Z",
        "last_login_at": "0001-01-01T00:00:00Z", "login_count": 0, "webauthn": false, "webauthn_types": [],
        "webauthn_devices": [], "recent_events": [], "social_connections": {}, "user_metadata": null,
        "external_id": "customer-42",
    })
}

fn page() -> Value {
    let link = json!({"href": ""});
    json!({
        "_links": {"first": link, "last": link, "next": link, "previous": link, "self": link},
        "created_before": 1_714_557_600, "limit": 1, "page": 1, "total_users": 2, "users": [user()],
    })
}

fn good_reply(request: &HttpMockRequest) -> HttpMockResponse {
    let uri = request.uri();
    let path = uri
        .path()
        .strip_prefix("/api/v1/apps/app1")
        .expect("the management API of the app");
    let key = json!({"id": "key1", "name": "n", "key_prefix": "p", "role": "admin", "created_at": "2024-05-01T10:00:00Z"});
    let (status, body) = match (request.method_str(), path) {
        ("GET", "/users") => (200, page()),
        ("POST", "/users") => (201, json!({ "user": user() })),
        ("GET", path) if path.ends_with("/devices") => (200, json!({"devices": null})),
        ("GET" | "PATCH", path) if path.starts_with("/users/") => (200, json!({ "user": user() })),
        ("DELETE", _) => return HttpMockResponse::builder().status(200).build(),
        ("POST", "/magic-links") => {
            let link = json!({
                "id": "ml1", "app_id": "app1", "user_id": "user1", "identifier": "jane@example.com", "type": "login",
                "secret": "s", "url": "https://example.com/?s", "redirect_url": "", "ttl": 15, "activated": false,
            });
            (201, json!({ "magic_link": link }))
        }
        ("POST", path) if path.starts_with("/transactions/") => {
            (201, json!({"transaction_id": "t1"}))
        }
        ("POST", "/authenticate/verify") => (200, json!({"external_id": "customer-42"})),
        ("GET", "/api-keys") => (200, json!({ "api_keys": [key] })),
        ("POST", "/api-keys") => {
            let mut key = key;
            key["plaintext_key"] = json!("p.s");
            (201, json!({ "api_key": key }))
        }
        ("GET", "/api-keys/key1") => (200, json!({ "api_key": key })),
        ("GET", "") => (404, json!({"code": "app_not_found", "error": "no app"})),
        other => panic!("no reply for {other:?}"),
    };
    HttpMockResponse::builder()
        .status(status)
        .body(body.to_string())
        .build()
}

#[tokio::test]
async fn every_operation_as_it_is_sent() {
    let api = MockApi::new(good_reply).await;
    let passage = api.passage();
    let (users, keys, flex) = (passage.users(), passage.api_keys(), passage.flex());

    assert!(passage.app().await.unwrap_err().is_not_found());
    users.list().send().await.unwrap();
    let both = CreateUser::with_email("New+tag@example.com").phone("+15005550006");
    users
        .create(both.metadata(json!({"nickname": "Nell"})))
        .await
        .unwrap();
    users.get("a/b?c#d%2e é").await.unwrap();
    users
        .update(
            "user1",
            UpdateUser::new().email("a@b.c").phone("+15005550006"),
        )
        .await
        .unwrap();
    users.activate("user1").await.unwrap();
    users.deactivate("user1").await.unwrap();
    users.delete("user1").await.unwrap();
    users.list_devices("user1").await.unwrap();
    users.revoke_device("user1", "device1").await.unwrap();
    users.revoke_refresh_tokens("user1").await.unwrap();
    let link = CreateMagicLink::for_email("jane@example.com");
    passage.magic_links().send(link).await.unwrap();
    let link = CreateMagicLink::for_user("user1", MagicLinkChannel::Phone)
        .unwrap()
        .link_type(MagicLinkType::VerifyIdentifier)
        .language(MagicLinkLanguage::Es)
        .path("/in")
        .redirect_url("https://example.com/home")
        .ttl(Duration::from_secs(900));
    passage.magic_links().create(link).await.unwrap();
    flex.register_transaction("customer-42", "Jane")
        .await
        .unwrap();
    flex.authenticate_transaction("customer-42").await.unwrap();
    flex.verify_nonce("nonce").await.unwrap();
    keys.list().await.unwrap();
    keys.create("billing").await.unwrap();
    keys.get("key1").await.unwrap();
    keys.delete("key1").await.unwrap();

    let seen = api.seen();
    assert_eq!(operations_in(&seen), described_operations());
    insta::assert_snapshot!("every_operation", seen);
}

/// Every operation that the API description has.
fn described_operations() -> BTreeSet<(String, String)> {
    let document = include_str!("../../openapi/effective/management.json");
    let document: Value = serde_json::from_str(document).unwrap();
    let mut operations = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation.get("operationId").is_some() {
                operations.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    assert_eq!(operations.len(), 19);
    operations
}

/// The operations that these requests are of, by the API description.
fn operations_in(requests: &str) -> BTreeSet<(String, String)> {
    let described = described_operations();
    let lines = requests
        .lines()
        .filter_map(|line| line.split_once(" /api/v1"));
    lines
        .map(|(method, path)| {
            let is_it = |template: &str| {
                let mut pairs = path.split('/').zip(template.split('/'));
                let alike = pairs.all(|(part, place)| part == place || place.starts_with('{'));
                alike && path.split('/').count() == template.split('/').count()
            };
            let mut hits = described
                .iter()
                .filter(|(verb, template)| verb == method && is_it(template));
            let hit = hits.next().expect(path).clone();
            assert_eq!(hits.next(), None, "{method} {path}");
            hit
        })
        .collect()
}

#[tokio::test]
async fn lists_as_they_are_sent() {
    let api = MockApi::new(good_reply).await;
    let users = api.passage().users();
    let at: Timestamp = "2024-05-01T10:00:00.25Z".parse().unwrap();
    let list = users
        .list()
        .page(2)
        .limit(500)
        .created_before(at)
        .order_by(SortBy::LoginCount, Order::Desc)
        .order_by(SortBy::Id, Order::Asc)
        .identifier(TextFilter::like("a+b<c>:d%20&e=f"))
        .id(TextFilter::ne("user2"))
        .status(UserStatus::Active)
        .login_count(CountFilter::gt(3_u64))
        .created_at(TimeFilter::gt(at))
        .updated_at(TimeFilter::lt(at))
        .last_login_at(TimeFilter::ne(at));
    list.send().await.unwrap();
    let page = users.list().limit(1).send().await.unwrap();
    assert_eq!(
        (page.total, page.items.len(), page.next_page()),
        (2, 1, Some(2))
    );
    let next = users.list().limit(1).following(&page).unwrap();
    next.send().await.unwrap();
    users
        .get_by_identifier("Jane+Tag@Example.com")
        .await
        .unwrap();
    users.get_by_identifier("+15005550006").await.unwrap();
    users.get_by_external_id("customer-42").await.unwrap();

    let lines: Vec<_> = api
        .seen()
        .lines()
        .filter(|line| line.starts_with("GET"))
        .map(str::to_owned)
        .collect();
    insta::assert_snapshot!("lists", lines.join("\n"));
}

#[tokio::test]
async fn an_external_id_must_be_the_users_own() {
    // The filter may hit somebody whose phone number is that text.
    let api = MockApi::new(good_reply).await;
    let error = api
        .passage()
        .users()
        .get_by_external_id("customer-43")
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::UserNotFound));
}

#[tokio::test]
async fn nobody_with_an_identifier_is_not_found() {
    let mut empty = page();
    empty["users"] = json!([]);
    empty["total_users"] = json!(0);
    let api = MockApi::always(200, &[], empty.to_string()).await;
    let error = api
        .passage()
        .users()
        .get_by_identifier("jane@example.com")
        .await
        .unwrap_err();
    assert!(error.is_not_found());
    insta::assert_snapshot!(error, @"listPaginatedUsers: no user has this identifier (user_not_found)");
}

#[tokio::test]
async fn what_cannot_be_right_is_not_sent() {
    let api = MockApi::new(good_reply).await;
    let passage = api.passage();
    let users = passage.users();
    for id in ["", ".", "..", "a\\..\\b", "a\nb"] {
        for refused in [
            users.get(id).await.err(),
            users.update(id, UpdateUser::new()).await.err(),
            users.activate(id).await.err(),
            users.deactivate(id).await.err(),
            users.delete(id).await.err(),
            users.list_devices(id).await.err(),
            users.revoke_device(id, "device1").await.err(),
            users.revoke_device("user1", id).await.err(),
            users.revoke_refresh_tokens(id).await.err(),
            users.get_by_external_id(id).await.err(),
            passage.api_keys().get(id).await.err(),
            passage.api_keys().delete(id).await.err(),
            passage.flex().register_transaction(id, "Jane").await.err(),
            passage.flex().authenticate_transaction(id).await.err(),
            passage.flex().revoke_device("customer-42", id).await.err(),
        ] {
            assert!(refused.expect(id).is_invalid_input(), "{id:?}");
        }
    }
    for refused in [
        users.create(CreateUser::with_email("nobody")).await.err(),
        users
            .create(CreateUser::with_phone("5005550006"))
            .await
            .err(),
        users
            .update("user1", UpdateUser::new().phone("+1"))
            .await
            .err(),
        users.get_by_identifier("").await.err(),
        users.list().page(0).send().await.err(),
        users.list().limit(0).send().await.err(),
        users.list().limit(501).send().await.err(),
        users.list().identifier("<ne:x>").send().await.err(),
        passage
            .magic_links()
            .send(CreateMagicLink::for_email("nobody"))
            .await
            .err(),
        passage
            .magic_links()
            .send(CreateMagicLink::for_email("a@b.c").ttl(Duration::from_secs(90)))
            .await
            .err(),
        passage.api_keys().create("").await.err(),
        passage.flex().verify_nonce("").await.err(),
        passage
            .flex()
            .register_transaction("customer-42", "")
            .await
            .err(),
    ] {
        assert!(refused.unwrap().is_invalid_input());
    }
    assert_eq!(api.seen(), "");
}

#[tokio::test]
async fn errors_of_the_server() {
    const ID: &[(&str, &str)] = &[
        ("x-request-id", "r-1"),
        ("content-type", "application/json"),
    ];
    const HTML: &[(&str, &str)] = &[("content-type", "text/html"), ("cf-ray", "ray-1")];
    let json = |code: &str| json!({"code": code, "error": "jane@example.com"}).to_string();
    for (status, headers, body, expected) in [
        (
            400,
            ID,
            json("invalid_request"),
            "getUser: the server refused the request as invalid (invalid_request, 400, request r-1)",
        ),
        (
            401,
            ID,
            json("invalid_access_token"),
            "getUser: the server refused the credential (invalid_access_token, 401, request r-1)",
        ),
        (
            403,
            ID,
            json("operation_not_allowed"),
            "getUser: the server does not allow this (operation_not_allowed, 403, request r-1)",
        ),
        (
            404,
            ID,
            json("user_not_found"),
            "getUser: not found (user_not_found, 404, request r-1)",
        ),
        (
            404,
            ID,
            json("brand_new_code"),
            "getUser: not found (brand_new_code, 404, request r-1)",
        ),
        (
            404,
            ID,
            json("jane@example.com"),
            "getUser: not found (404, request r-1)",
        ),
        (
            409,
            ID,
            json("user_has_no_passkeys"),
            "getUser: the request conflicts with what is there (user_has_no_passkeys, 409, request r-1)",
        ),
        (
            418,
            ID,
            json("teapot"),
            "getUser: the server refused the request (teapot, 418, request r-1)",
        ),
        (
            429,
            ID,
            String::new(),
            "getUser: too many requests (429, request r-1)",
        ),
        (
            500,
            ID,
            json("internal_server_error"),
            "getUser: the server failed (internal_server_error, 500, request r-1)",
        ),
        (
            502,
            HTML,
            "<html>jane@example.com</html>".into(),
            "getUser: the server failed (502, request ray-1)",
        ),
        (
            503,
            HTML,
            "x".repeat(100_000),
            "getUser: the server failed (503, request ray-1)",
        ),
        (
            403,
            HTML,
            "{\"error\":\"jane@example.com\"}".into(),
            "getUser: the server does not allow this (403, request ray-1)",
        ),
    ] {
        let api = MockApi::always(status, headers, body).await;
        let error = api.get_user().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api, "{status}");
        assert_eq!(error.status(), Some(status));
        assert_eq!(error.to_string(), expected);
        assert!(!format!("{error:?}").contains("jane"), "{error:?}");
    }
}

#[tokio::test]
async fn a_wait_is_passed_on() {
    let api = MockApi::always(429, &[("retry-after", "7")], "").await;
    let error = api.get_user().await.unwrap_err();
    assert!(error.is_rate_limited() && error.is_retryable() && error.is_unavailable());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn other_successes_are_successes() {
    for status in [200, 201, 203] {
        let api = MockApi::always(status, &[], json!({ "user": user() }).to_string()).await;
        assert_eq!(api.get_user().await.unwrap().id, "user1", "{status}");
        let created = api
            .passage()
            .users()
            .create(CreateUser::with_email("a@b.c"))
            .await;
        assert_eq!(created.unwrap().id, "user1", "{status}");
    }
    for (status, body) in [(200, ""), (200, "\"deleted\""), (202, "{}"), (204, "")] {
        let api = MockApi::always(status, &[], body).await;
        api.passage().users().delete("user1").await.unwrap();
    }
}

#[tokio::test]
async fn replies_of_another_shape() {
    let mut strange = user();
    strange["created_at"] = json!("hunter2");
    for (body, place) in [
        (
            json!({ "user": strange }).to_string(),
            "unexpected value at `user.created_at`",
        ),
        (
            json!({"user": {"hunter2": 1}}).to_string(),
            "is missing at `user`",
        ),
        ("<html>hunter2</html>".to_owned(), "unexpected value at `.`"),
        (String::new(), "unexpected value at `.`"),
    ] {
        for status in [200, 202] {
            let api = MockApi::always(status, &[], body.clone()).await;
            let error = api.get_user().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert_eq!(
                error.to_string(),
                "getUser: the reply does not have the expected shape"
            );
            let cause = error.source().unwrap().to_string();
            assert!(cause.contains(place), "{cause}");
            assert!(
                !format!("{error:?}{cause}").contains("hunter2"),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_reply_without_end_is_cut_off() {
    let api = MockApi::always(200, &[], " ".repeat(8 * 1024 * 1024 + 1)).await;
    let error = api.get_user().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResponseTooLarge);
    let mut body = json!({ "user": user() }).to_string();
    body.push_str(&" ".repeat(8 * 1024 * 1024 - body.len()));
    assert!(
        MockApi::always(200, &[], body)
            .await
            .get_user()
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_carries_no_key_away() {
    let elsewhere = MockApi::new(good_reply).await;
    let target = elsewhere.server.url("/api/v1/apps/app1/users/user1");
    for status in [301, 302, 307, 308] {
        let target = target.clone();
        let api = MockApi::new(move |_| {
            HttpMockResponse::builder()
                .status(status)
                .header("location", target.clone())
                .build()
        })
        .await;
        let error = api.get_user().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (ErrorKind::UnexpectedResponse, Some(status))
        );
    }
    assert_eq!(elsewhere.seen(), "");
}

#[tokio::test]
async fn a_server_that_is_not_there_or_slow() {
    let api = MockApi::new(good_reply).await;
    let url = api.server.base_url();
    // Nothing listens on the discard port.
    let port = api.server.port().to_string();
    let gone = Passage::builder("app1")
        .server(url.replace(&port, "9"))
        .api_key(API_KEY)
        .build()
        .unwrap();
    let error = gone
        .users()
        .get_by_identifier("jane@example.com")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(error.is_unavailable() && error.is_retryable() && !error.is_timeout());
    let mut shown = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(shown, " {error}").unwrap();
        cause = error.source();
    }
    assert!(
        !shown.contains("jane") && !shown.contains("hunter2"),
        "{shown}"
    );

    // A listener that accepts and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let slow = Passage::builder("app1")
        .server(url)
        .api_key(API_KEY)
        .timeout(Duration::from_millis(50))
        .max_attempts(1)
        .build()
        .unwrap();
    let error = slow.users().get("user1").await.unwrap_err();
    assert!(error.is_timeout() && error.is_unavailable());
    insta::assert_snapshot!(error, @"getUser: the server did not answer in time");
}

#[tokio::test]
async fn the_generated_clients_go_through_the_same_seam() {
    let api = MockApi::new(|request| {
        let body = match request.uri().path() {
            "/api/v1/apps/app1/users/user1" => json!({ "user": user() }),
            _ => json!({"keys": []}),
        };
        HttpMockResponse::builder()
            .status(200)
            .body(body.to_string())
            .build()
    })
    .await;
    let passage = api.passage();
    passage
        .management_api()
        .get_user("app1", "user1")
        .await
        .unwrap();
    passage.auth_api().get_jwks("app1").await.unwrap();
    passage
        .auth_api_as(API_KEY)
        .unwrap()
        .get_jwks("app1")
        .await
        .unwrap();
    insta::assert_snapshot!("generated_clients", api.seen());
}
