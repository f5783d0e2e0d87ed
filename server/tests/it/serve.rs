//! A server for production, in this process.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use passage_server::{Config, DataFile, Service};
use reqwest::Client;
use serde_json::json;

use crate::site::{Site, TWO_APPS};
use crate::support::{Reply, client, send, text};

async fn get(server: &Service, path: &str) -> Reply {
    send(client().get(format!("{}{path}", server.url()))).await
}

#[tokio::test]
async fn there_are_no_controls_and_nothing_of_them() {
    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    for path in [
        "/_dev",
        "/_dev/health",
        "/_dev/outbox",
        "/_dev/clock",
        "/_dev/requests",
        "/_dev/social",
        "/_dev/social/google/authorize",
        "/_dev/social/google/jwks.json",
    ] {
        get(&server, path).await.error(404, "not_found");
    }
    for path in [
        "/_dev/reset",
        "/_dev/tokens",
        "/_dev/keys/rotate",
        "/_dev/faults",
        "/_dev/users/u/sessions",
        "/_dev/users/u/devices",
        "/_dev/transactions/t/complete",
        "/_dev/social/id_tokens/one",
    ] {
        let url = format!("{}{path}", server.url());
        send(client().post(url)).await.error(404, "not_found");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn social_logins_say_that_there_is_no_provider() {
    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    let app = format!("{}/auth/v1/apps/one", server.url());
    let authorize = [
        ("redirect_uri", "https://one.example/back"),
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("code_challenge_method", "S256"),
    ];
    for provider in ["apple", "github", "google"] {
        let request = client().get(format!("{app}/social/authorize"));
        let request = request.query(&[("connection_type", provider)]);
        let refused = send(request.query(&authorize)).await;
        let problem = refused.error(400, "invalid_request");
        let says = format!("connection_type: this server has no connection to {provider}.");
        assert!(problem.starts_with(&says), "{problem}");
    }
    let token = json!({"connection_type": "google", "code": "c", "id_token": "t"});
    let request = client().post(format!("{app}/social/id_token"));
    let problem = send(request.json(&token))
        .await
        .error(400, "invalid_request");
    assert!(problem.contains("no connection to google"), "{problem}");
    // Nobody was sent to a provider, so nobody comes back from one.
    for url in [
        format!("{app}/social/oauth2_callback?state=s&code=c"),
        format!(
            "{}/auth/v1/social/oauth2_callback?state=s&code=c",
            server.url()
        ),
        format!("{app}/social/token?code=c&verifier=v"),
    ] {
        send(client().get(url)).await.error(400, "invalid_request");
    }
    let info = get(&server, "/auth/v1/apps/one").await.json(200);
    for (method, set) in info["app"]["auth_methods"].as_object().unwrap() {
        let social = ["apple", "github", "google"].contains(&method.as_str());
        assert!(!social || set.is_null(), "{method} is offered");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn each_app_has_its_own_keys_users_and_settings() {
    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    let (one, two) = (site.key_of("one").await, site.key_of("two").await);
    let users = |app: &str, key: &str| {
        let url = format!("{}/api/v1/apps/{app}/users", server.url());
        client()
            .post(url)
            .bearer_auth(key)
            .json(&json!({"email": "ada@example.com"}))
    };
    let ada_in_one = send(users("one", &one)).await.json(201);
    // The same address is free in the other app.
    send(users("two", &two)).await.json(201);
    send(users("one", &two))
        .await
        .error(401, "invalid_access_token");
    send(users("two", &one))
        .await
        .error(401, "invalid_access_token");
    send(users("three", &one)).await.error(404, "app_not_found");
    let id = text(&ada_in_one["user"]["id"]);
    let url = format!("{}/api/v1/apps/two/users/{id}", server.url());
    send(client().get(url).bearer_auth(&two))
        .await
        .error(404, "user_not_found");

    let mut kids = Vec::new();
    for app in ["one", "two"] {
        let jwks = get(
            &server,
            &format!("/auth/v1/apps/{app}/.well-known/jwks.json"),
        )
        .await
        .json(200);
        kids.push(text(&jwks["keys"][0]["kid"]));
        let info = get(&server, &format!("/auth/v1/apps/{app}"))
            .await
            .json(200);
        assert_eq!(info["app"]["auth_origin"], format!("https://{app}.example"));
    }
    assert_ne!(kids[0], kids[1]);
    server.shutdown().await;
}

#[tokio::test]
async fn it_says_that_it_lives_and_when_it_is_ready() {
    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    assert_eq!(
        get(&server, "/healthz").await.json(200),
        json!({"status": "ok"})
    );
    // This waits for the signing keys.
    for app in ["one", "two"] {
        get(
            &server,
            &format!("/auth/v1/apps/{app}/.well-known/jwks.json"),
        )
        .await
        .json(200);
    }
    assert_eq!(
        get(&server, "/readyz").await.json(200),
        json!({"status": "ok"})
    );
    server.shutdown().await;
}

#[tokio::test]
async fn replies_carry_headers_that_protect_them() {
    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    let reply = get(&server, "/auth/v1/apps/one").await;
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", ""),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    for public in ["jwks.json", "openid-configuration"] {
        let reply = get(&server, &format!("/auth/v1/apps/one/.well-known/{public}")).await;
        reply.json(200);
        assert_eq!(reply.header("cache-control"), "", "{public}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn the_wrong_encryption_key_does_not_start() {
    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    let path = "/auth/v1/apps/one/.well-known/jwks.json";
    let keys = get(&server, path).await.json(200);
    get(&server, "/auth/v1/apps/two/.well-known/jwks.json")
        .await
        .json(200);
    server.shutdown().await;
    let right = fs::read_to_string(site.path("encryption.key")).unwrap();
    site.secret("encryption.key", &DataFile::encryption_key());
    let problem = site.refused().await;
    assert!(
        problem.contains("encrypted with key") && problem.contains("previous"),
        "{problem}"
    );
    assert!(!problem.contains(&right));

    site.secret("old.key", &right);
    let config = fs::read_to_string(site.path("passage.toml")).unwrap();
    let config = config.replace("[keys]", "[keys]\nprevious = [{ file = \"old.key\" }]");
    fs::write(site.path("passage.toml"), config).unwrap();
    let server = site.start().await;
    assert_eq!(
        get(&server, path).await.json(200),
        keys,
        "the same keys as before"
    );
    server.shutdown().await;
}

#[tokio::test]
async fn files_that_others_may_use_are_refused_or_made_private() {
    let site = Site::new("");
    site.start().await.shutdown().await;
    let mode = |name: &str| fs::metadata(site.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("passage.db"), mode("passage.db-lock")),
        (0o600, 0o600)
    );
    fs::set_permissions(site.path("passage.db"), Permissions::from_mode(0o644)).unwrap();
    site.start().await.shutdown().await;
    assert_eq!(mode("passage.db"), 0o600);
    fs::set_permissions(site.path("encryption.key"), Permissions::from_mode(0o604)).unwrap();
    let problem = site.refused().await;
    assert!(
        problem.contains("encryption.key") && problem.contains("chmod 600"),
        "{problem}"
    );
}

#[tokio::test]
async fn without_a_provider_no_message_is_promised() {
    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    let key = site.key_of("one").await;
    let body = json!({"identifier": "ada@example.com"});
    for path in [
        "login/otp",
        "register/otp",
        "login/magic-link",
        "register/magic-link",
    ] {
        let url = format!("{}/auth/v1/apps/one/{path}", server.url());
        send(client().post(url).json(&body))
            .await
            .error(403, "operation_not_allowed");
    }
    let links = |send: bool| {
        let url = format!("{}/api/v1/apps/one/magic-links", server.url());
        let body = json!({"email": "ada@example.com", "channel": "email", "send": send});
        client().post(url).bearer_auth(&key).json(&body)
    };
    send(links(true))
        .await
        .error(400, "custom_provider_required");
    send(links(false)).await.json(201);
    server.shutdown().await;
}

#[tokio::test]
async fn it_speaks_tls() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let site = Site::new("tls = { certificate = \"cert.pem\", key = \"key.pem\" }\n");
    fs::write(site.path("cert.pem"), made.cert.pem()).unwrap();
    fs::write(site.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(site.path("key.pem"), Permissions::from_mode(0o644)).unwrap();
    assert!(site.refused().await.contains("key.pem"));
    site.secret("key.pem", &made.signing_key.serialize_pem());
    let server = site.start().await;
    let port = server.address().unwrap().port();
    assert_eq!(server.url(), format!("https://127.0.0.1:{port}"));
    let trusting = trusting(&made.cert.pem());
    let reply = send(trusting.get(format!("https://localhost:{port}/healthz"))).await;
    assert_eq!(reply.json(200), json!({"status": "ok"}));
    assert_eq!(
        reply.header("strict-transport-security"),
        "max-age=31536000"
    );
    let plain = client().get(format!("http://localhost:{port}/healthz"));
    assert!(plain.send().await.is_err());
    server.shutdown().await;
}

/// A client that trusts one certificate, and keeps its connection.
fn trusting(certificate: &str) -> Client {
    Client::builder()
        .no_proxy()
        .tls_certs_only([reqwest::Certificate::from_pem(certificate.as_bytes()).unwrap()])
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_renewed_certificate_needs_no_restart() {
    let make = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (old, new) = (make(), make());
    let site = Site::new("tls = { certificate = \"cert.pem\", key = \"key.pem\" }\n");
    fs::write(site.path("cert.pem"), old.cert.pem()).unwrap();
    site.secret("key.pem", &old.signing_key.serialize_pem());
    let server = site.start().await;
    let url = format!(
        "https://localhost:{}/healthz",
        server.address().unwrap().port()
    );
    let before = trusting(&old.cert.pem());
    send(before.get(&url)).await.json(200);
    assert!(trusting(&new.cert.pem()).get(&url).send().await.is_err());

    site.secret("key.pem", &new.signing_key.serialize_pem());
    fs::write(site.path("cert.pem"), new.cert.pem()).unwrap();
    let start = Instant::now();
    while trusting(&new.cert.pem()).get(&url).send().await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(30), "it never comes");
        // The connection from before goes on, and is not idle for long.
        send(before.get(&url)).await.json(200);
    }
    send(before.get(&url)).await.json(200);
    let late = trusting(&old.cert.pem()).get(&url).send().await;
    assert!(late.is_err(), "a new connection gets the new certificate");
    server.shutdown().await;
}

#[tokio::test]
async fn behind_a_proxy_each_client_has_its_own_limit() {
    let site = Site::new(
        "client_address_header = \"x-forwarded-for\"\n[limits]\nrequests_per_address_per_minute = 1\n\
         [[apps]]\nid = \"one\"\nauth_origin = \"https://one.example\"\n",
    );
    let server = site.start().await;
    let look = async |chain: &str| -> u16 {
        let url = format!(
            "{}/auth/v1/apps/one/users?identifier=a@example.com",
            server.url()
        );
        send(client().get(url).header("x-forwarded-for", chain))
            .await
            .status
    };
    assert_eq!(look("192.0.2.1").await, 200);
    assert_eq!(look("192.0.2.2").await, 200);
    assert_eq!(
        look("192.0.2.3, 192.0.2.1").await,
        429,
        "the rest is made up"
    );
    server.shutdown().await;
}

/// Every configuration in the guide is one that the server takes.
#[test]
fn the_guide_shows_configurations_that_work() {
    let guide = include_str!("../../../docs/self-hosting.md");
    let blocks: Vec<&str> = guide
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(blocks.len() >= 3);
    for block in blocks {
        Config::parse(block).unwrap_or_else(|error| panic!("{error}\n{block}"));
    }
}
