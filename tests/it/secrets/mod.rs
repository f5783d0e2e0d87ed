//! No secret and nothing about a person in any text that the crate makes by itself: every operation
//! is driven through success and failure, with everything that is logged at any level by anybody
//! collected, panics too, and `Debug` and `Display` of every value and error, causes included.
//!
//! In a process of its own: the collectors are there for the whole of it.
//!
//! Not covered: the public fields and accessors of values, whose purpose it is to give the value;
//! the ids, of which `Display` is one (an external id is shown where it is asked for by
//! `verify_nonce`, and nowhere else); and the errors of the generated clients, whose documentation
//! says that they show bodies. HTTP/2 needs TLS, so its frames are not seen here; what `h2` logs of
//! them are kind, stream and flags.
mod calls;
mod canaries;
mod log_capture;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use passage_identity::keys::JwkSet;
use passage_identity::{AuthStrategy, CallOptions, Endpoint, ErrorKind, Passage};
use passage_server::MintToken;
use passage_test_support::TestServer;
use serde_json::json;

use crate::support::fault_replies as replies;
use crate::support::fault_server::{FaultServer, Reply, Step};
use crate::support::in_a_process_of_its_own;
use calls::{Kept, Known, every_call, every_refused_argument};
use canaries::*;
use log_capture::LogCapture;

#[test]
fn nothing_secret_is_shown() {
    in_a_process_of_its_own("secrets::nothing_secret_is_shown", every_call_is_watched());
}

async fn every_call_is_watched() {
    let logs = LogCapture::open();
    let mut kept = Kept::default();
    let mut secrets: Vec<String> = PLANTED.iter().map(|&text| text.to_owned()).collect();

    a_server_that_answers(&mut kept, &mut secrets).await;
    servers_that_fail(&mut kept).await;
    verification(&mut kept, &mut secrets).await;
    settings(&mut kept);

    let heard = logs.take();
    for text in [
        "passage operation=getUser",
        // Those whose code we do not control have a say, too.
        "hyper_util::client",
        "log reqwest::connect",
    ] {
        assert!(heard.contains(text), "nothing heard of {text}:\n{heard}");
    }
    for text in [
        "User {",
        "MagicLink {",
        "Error { kind",
        "Claims {",
        "Page {",
    ] {
        assert!(kept.text.contains(text), "nothing kept of {text}");
    }
    for secret in &secrets {
        assert_eq!(find(&heard, secret), None, "{secret} was logged");
        assert_eq!(find(&kept.text, secret), None, "{secret} is shown");
    }
    the_ear_would_have_heard_it(&logs);
}

/// The line that has the text.
fn find<'a>(text: &'a str, secret: &str) -> Option<&'a str> {
    text.lines().find(|line| line.contains(secret))
}

/// The control: a leak of each kind is found.
fn the_ear_would_have_heard_it(logs: &LogCapture) {
    let leak = |name: &str, leak: &dyn Fn()| {
        leak();
        let heard = logs.take();
        assert!(find(&heard, EMAIL).is_some(), "{name} was not heard");
    };
    leak("a field of a span", &|| {
        drop(tracing::trace_span!("x", y = EMAIL));
    });
    leak("a field that is recorded later", &|| {
        let span = tracing::trace_span!("x", y = tracing::field::Empty);
        span.record("y", EMAIL);
    });
    leak("a message", &|| tracing::trace!("{EMAIL}"));
    leak("a field of a library's event", &|| {
        tracing::trace!(target: "h2::client", y = ?Some(EMAIL));
    });
    leak("a record of the log crate", &|| {
        log::trace!(target: "reqwest", "{EMAIL}");
    });
    leak("a panic", &|| {
        catch_unwind(AssertUnwindSafe(|| panic!("{EMAIL}"))).unwrap_err();
    });
    let mut kept = Kept::default();
    kept.value(&Some(EMAIL));
    kept.error(&std::io::Error::other(std::io::Error::other(EMAIL)));
    assert!(kept.text.matches(EMAIL).count() > 3, "{}", kept.text);
}

fn builder(url: &str) -> passage_identity::PassageBuilder {
    Passage::builder("app1")
        .server(url)
        .api_key(API_KEY)
        .retry_wait(Duration::ZERO, Duration::ZERO)
}

async fn a_server_that_answers(kept: &mut Kept, secrets: &mut Vec<String>) {
    let server = TestServer::start_as("app1", API_KEY).await;
    let passage = builder(server.url()).build().unwrap();
    kept.value(&passage);
    let known = Known::made_at(&server, &passage, kept, secrets).await;
    every_call(&passage, &known, kept, secrets).await;
    assert_eq!(kept.failed, Vec::<&str>::new(), "on a server that answers");

    // What the test is about must not be less than all there is.
    let requests = server.controls().requests();
    let reached: BTreeSet<_> = requests
        .iter()
        .filter_map(|it| it.operation.as_deref())
        .collect();
    let document = include_str!("../../../openapi/effective/management.json");
    let described = document.matches("\"operationId\"").count();
    let management = reached
        .iter()
        .filter(|it| !calls::OF_THE_AUTH_API.contains(it));
    assert_eq!(management.count(), described, "{reached:?}");

    every_refused_argument(&passage, kept).await;
    let without_key = Passage::builder("app1")
        .server(server.url())
        .build()
        .unwrap();
    kept.fails("get", without_key.users().get_by_identifier(EMAIL).await);
}

/// Replies that repeat everything that was sent, and more.
fn echoes() -> Vec<(&'static str, Reply)> {
    let all = PLANTED.join(" ");
    let cookie = format!("psg_auth_token={all}");
    let headers = [
        ("set-cookie", cookie.as_str()),
        ("location", URL),
        ("www-authenticate", &all),
        ("content-type", &all),
        ("server", &all),
        ("retry-after", &all),
        ("x-request-id", &all),
        ("x-echo", API_KEY),
    ];
    let error = json!({"code": EMAIL, "error": all, "email": EMAIL}).to_string();
    let refusal = |status| replies::send(replies::whole(status, &headers, &error));
    let good = |body: &str| replies::send(replies::whole(200, &headers, body));
    let broken = replies::whole(200, &headers, &error);
    let at = all.as_str();
    let mut wrong = replies::user();
    wrong["user"]["created_at"] = at.into();
    let named = json!({ EMAIL: { EMAIL: all } }).to_string();
    let truncated = format!(r#"{{"user":{{"user_metadata":{{"{METADATA_KEY}":{{"{METADATA}":"#);
    vec![
        ("400", refusal(400)),
        ("401", refusal(401)),
        ("404", refusal(404)),
        ("409", refusal(409)),
        ("418", refusal(418)),
        ("429", refusal(429)),
        ("503", refusal(503)),
        ("302", refusal(302)),
        (
            "HTML",
            replies::send(replies::whole(502, &headers, format!("<p>{all}"))),
        ),
        ("an error for a success", good(&error)),
        ("a wrong value", good(&wrong.to_string())),
        ("wrong names", good(&named)),
        ("text", good(&all)),
        ("a broken document", good(&truncated)),
        (
            "half a body",
            vec![
                Step::Send(broken[..broken.len() - 10].to_vec()),
                Step::Close,
            ],
        ),
        (
            "no HTTP",
            replies::send(format!("{all}\r\n\r\n").into_bytes()),
        ),
        (
            "a bad header",
            replies::send(format!("HTTP/1.1 200 OK\r\n{all}\r\n\r\n").into_bytes()),
        ),
        (
            "too large",
            replies::then(replies::announcing(200, 1_u64 << 30), Step::Stall),
        ),
        ("closed", vec![Step::Close]),
    ]
}

async fn servers_that_fail(kept: &mut Kept) {
    let secrets = &mut Vec::new();
    for (name, reply) in echoes() {
        let server = FaultServer::start(vec![reply], false);
        let passage = builder(&server.url()).build().unwrap();
        (kept.calls, kept.failed) = (0, Vec::new());
        every_call(&passage, &Known::nobody(), kept, secrets).await;
        let good = kept.calls - kept.failed.len();
        assert!(good <= calls::LENIENT, "{name}: only {:?}", kept.failed);
    }
    let stalled = FaultServer::start(vec![vec![Step::Stall]], false);
    let hasty = builder(&stalled.url())
        .timeout(Duration::from_millis(20))
        .max_attempts(1)
        .build()
        .unwrap();
    every_call(&hasty, &Known::nobody(), kept, secrets).await;

    // Bound and not listening, so that it refuses.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let refused = builder(&format!("http://{}", socket.local_addr().unwrap()));
    every_call(&refused.build().unwrap(), &Known::nobody(), kept, secrets).await;
}

async fn verification(kept: &mut Kept, secrets: &mut Vec<String>) {
    let server = TestServer::start_as("app1", API_KEY).await;
    let controls = server.controls();
    let claims = || {
        MintToken::new("user1")
            .claim("email", EMAIL)
            .claim("phone", PHONE)
            .claim(METADATA_KEY, METADATA)
    };
    let mint = async |token| controls.mint_token(token).await.unwrap();
    let good = mint(claims()).await;
    let other = mint(MintToken::new("user2").claim("email", EMAIL)).await;
    let mut tokens = vec![
        mint(claims().wrong_key()).await,
        mint(claims().expires_at(jiff::Timestamp::UNIX_EPOCH)).await,
        mint(claims().issuer(URL)).await,
        mint(claims().audience([EMAIL])).await,
        mint(claims().header("kid", EMAIL)).await,
        mint(claims().header("typ", EMAIL)).await,
        mint(claims().header("alg", EMAIL)).await,
        mint(claims().header("crit", json!([EMAIL]))).await,
        mint(claims().claim("exp", EMAIL)).await,
        mint(claims().claim("sub", json!({ EMAIL: PHONE }))).await,
        mint(claims().claim("sub", json!(null))).await,
    ];
    secrets.extend(tokens.iter().chain([&good, &other]).cloned());
    // The payload of the good one by itself is as good as the person.
    secrets.extend(good.split('.').skip(1).map(str::to_owned));
    tokens.extend([
        good[..good.len() - 5].to_owned(),
        good.replacen('.', "", 1),
        format!("{good}.{good}"),
        format!("{EMAIL}.{PHONE}.{METADATA}"),
        EMAIL.to_owned(),
        EMAIL.repeat(2_000),
        String::new(),
    ]);

    #[derive(Debug, serde::Deserialize)]
    struct Tenancy {
        #[serde(rename = "email")]
        _email: Vec<u8>,
    }
    for strategy in [AuthStrategy::Cookie, AuthStrategy::Header] {
        let passage = Passage::builder("app1")
            .server(server.url())
            .auth_strategy(strategy)
            .build()
            .unwrap();
        kept.succeeds("verify_token", passage.verify_token(&good).await);
        // From memory the second time.
        kept.succeeds("verify_token", passage.verify_token(&good).await);
        kept.succeeds(
            "authenticate",
            passage.authenticate(&request(&good, &good)).await,
        );
        kept.succeeds(
            "verify_request",
            passage.verify_request(&request(&good, &good)).await,
        );
        kept.fails(
            "verify_token_as",
            passage.verify_token_as::<Tenancy>(&good).await,
        );
        for token in &tokens {
            kept.fails("verify_token", passage.verify_token(token).await);
            kept.fails(
                "authenticate",
                passage.authenticate(&request(token, token)).await,
            );
            kept.fails(
                "verify_request",
                passage.verify_request(&request(token, token)).await,
            );
        }
        let mut twice = request(&good, &good);
        for (name, value) in &request(&other, &other) {
            twice.append(name.clone(), value.clone());
        }
        kept.fails("two tokens", passage.authenticate(&twice).await);
        kept.fails(
            "no token",
            passage.authenticate(&http::HeaderMap::new()).await,
        );
        kept.value(&passage.health());
    }

    // Keys that cannot be had, or are something else.
    for (name, reply) in echoes() {
        let keys = FaultServer::start(vec![reply], false);
        let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let events = std::sync::Arc::clone(&heard);
        let passage = Passage::builder("app1")
            .server(keys.url())
            .on_jwks_event(move |event| events.lock().unwrap().push(event.clone()))
            .build()
            .unwrap();
        let error = passage.verify_token(&good).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::JwksUnavailable, "{name}");
        kept.error(&error);
        kept.fails("warm_up", passage.warm_up().await);
        assert!(!heard.lock().unwrap().is_empty(), "{name}");
        kept.value(&heard.lock().unwrap());
    }
    kept.fails(
        "jwks",
        JwkSet::from_json(json!({"keys": [{"kid": EMAIL, "n": PHONE}]}).to_string()),
    );
    kept.fails("jwks", JwkSet::from_json(EMAIL));

    // The user's side of the auth API, by its logs: the errors of the generated client are its own.
    let passage = Passage::builder("app1")
        .server(server.url())
        .build()
        .unwrap();
    for token in [&good, &tokens[0]] {
        let mine = passage.auth_api_as(token).unwrap();
        kept.value(&mine);
        let _ = mine.get_currentuser("app1").await;
    }
    kept.fails("a token", passage.auth_api_as(&format!("{EMAIL}\n")));
}

/// A token in the cookie among others, and another in the header.
fn request(cookie: &str, header: &str) -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    let cookies = format!("other={COOKIE}; psg_auth_token={cookie}; last={COOKIE}");
    headers.insert(http::header::COOKIE, cookies.parse().unwrap());
    let bearer = format!("Bearer {header}").parse().unwrap();
    headers.insert(http::header::AUTHORIZATION, bearer);
    headers
}

fn settings(kept: &mut Kept) {
    kept.value(&builder("http://127.0.0.1:1"));
    for bad in [
        builder("http://127.0.0.1:1").api_key(format!("{API_KEY}\n")),
        builder("http://127.0.0.1:1").api_key(format!("{API_KEY} ")),
        builder(&format!("http://{API_KEY}@127.0.0.1:1")),
        builder(&format!("http://127.0.0.1:1?{API_KEY}")),
        builder(API_KEY),
    ] {
        kept.value(&bad);
        kept.fails("build", bad.build());
    }
    kept.value(&Endpoint::server(format!("http://x:{API_KEY}@127.0.0.1:1")));
    let passage = builder("http://127.0.0.1:1").build().unwrap();
    kept.value(&passage.management_api());
    kept.value(&passage.auth_api());
    let none = CallOptions::new().max_attempts(0);
    kept.fails("with_options", passage.with_options(none));
}
