//! Data files: what was acknowledged is still there, whatever happened.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeSet;
use std::error::Error as _;
use std::path::Path;
use std::time::{Duration, Instant};

use common::{Server, refused, reply, str};
use passage_server::{MintToken, PassageServer, SeedDevice, ServerBuilder};
use serde_json::{Value, json};

fn on(file: &Path) -> ServerBuilder {
    PassageServer::builder()
        .data(file)
        .api_key("dev-key-0123456789")
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let first = Server::from(
        on(&file)
            .auth_origin("https://app.example")
            .issuer("https://auth.example/v1/apps/a"),
    )
    .await;
    let user = first
        .create(json!({"email": "ada@example.com", "user_metadata": {"plan": "pro"}}))
        .await;
    let id = str(&user["id"]);
    first
        .controls()
        .seed_device(id, SeedDevice::new())
        .await
        .unwrap();
    let session = first.controls().sign_in(id).await.unwrap();
    first.controls().rotate_keys().await.unwrap();
    let (_, key) = first.post("/api-keys", json!({"name": "CI"})).await;
    let register = json!({"external_id": "ext-1", "passkey_display_name": "Ada"});
    let (_, transaction) = first.post("/transactions/register", register).await;
    let user = first.get(&format!("/users/{id}")).await;
    let keys = reply(first.http.get(first.auth("/.well-known/jwks.json"))).await;
    let app_id = first.server.app_id().to_owned();
    let created_at = first.get("").await.1["app"]["created_at"].clone();
    first.server.shutdown().await;

    let second = Server::from(on(&file).issuer("https://auth.example/v1/apps/a")).await;
    assert_eq!(second.server.app_id(), app_id);
    assert_eq!(second.server.auth_origin(), "https://app.example");
    assert_eq!(second.get("").await.1["app"]["created_at"], created_at);
    assert_eq!(second.get(&format!("/users/{id}")).await, user);
    assert_eq!(
        reply(second.http.get(second.auth("/.well-known/jwks.json"))).await,
        keys
    );
    let current = second
        .http
        .get(second.auth("/currentuser"))
        .bearer_auth(&session.auth_token);
    assert_eq!(
        reply(current).await.0,
        200,
        "a token from before, by a retired key"
    );
    let refresh = second
        .http
        .post(second.auth("/tokens"))
        .json(&json!({"refresh_token": session.refresh_token}));
    assert_eq!(reply(refresh).await.0, 201);
    let with_key = second
        .http
        .get(second.management("/users"))
        .bearer_auth(str(&key["api_key"]["plaintext_key"]));
    assert_eq!(reply(with_key).await.0, 200);
    assert_eq!(
        second.get("/api-keys").await.1["api_keys"]
            .as_array()
            .unwrap()
            .len(),
        2,
        "the key given again is not a new one"
    );
    let nonce = second
        .controls()
        .complete_transaction(str(&transaction["transaction_id"]))
        .await
        .unwrap();
    assert_eq!(
        second
            .post("/authenticate/verify", json!({"nonce": nonce}))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn what_was_answered_survives_a_server_that_is_dropped_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let server = Server::from(on(&file)).await;
    let (url, http) = (server.management("/users"), server.http.clone());
    let clients: Vec<_> = (0..16)
        .map(|client| {
            let (url, http) = (url.clone(), http.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for number in 0.. {
                    let email = format!("user-{client}-{number}@example.com");
                    let request = http
                        .post(&url)
                        .bearer_auth("dev-key-0123456789")
                        .json(&json!({"email": email}));
                    match request.send().await {
                        Ok(response) if response.status().as_u16() == 201 => {
                            acknowledged.push(email)
                        }
                        Ok(response) => panic!("{}", response.status()),
                        Err(_) => break,
                    }
                }
                acknowledged
            })
        })
        .collect();
    while server.controls().requests().len() < 200 {
        tokio::task::yield_now().await;
    }
    drop(server);
    let mut acknowledged = BTreeSet::new();
    for client in clients {
        acknowledged.extend(client.await.unwrap());
    }
    assert!(acknowledged.len() >= 180, "{}", acknowledged.len());

    let server = Server::from(on(&file)).await;
    let mut stored = BTreeSet::new();
    for page in 1.. {
        let (_, list) = server.list(&[("page", &page.to_string())]).await;
        let users = list["users"].as_array().unwrap();
        stored.extend(users.iter().map(|user| str(&user["email"]).to_owned()));
        if list["_links"]["next"]["href"] == "" {
            break;
        }
    }
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[tokio::test]
async fn commands_in_one_group_fail_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::from(on(&folder.path().join("passage.db"))).await;
    let creations = (0..96).map(|number| {
        // Three requests for each address: one is first, two come too late.
        let email = format!("user-{}@example.com", number / 3);
        let request = server
            .request(reqwest::Method::POST, "/users")
            .json(&json!({"email": email}));
        tokio::spawn(reply(request))
    });
    let creations: Vec<_> = creations.collect();
    let mut created = 0;
    for creation in creations {
        let answer = creation.await.unwrap();
        if answer.0 == 201 {
            created += 1;
        } else {
            refused(&answer, 400, "invalid_request");
        }
    }
    assert_eq!(created, 32);
    assert_eq!(server.list(&[]).await.1["total_users"], 32);
}

#[tokio::test]
async fn a_file_is_for_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let server = on(&file).start().await.unwrap();
    let error = on(&file).start().await.unwrap_err();
    assert!(
        error.to_string().contains("open in another passage-server"),
        "{error}"
    );
    drop(server);
    let again = on(&file).start().await.unwrap();
    let controls = again.controls();
    again.shutdown().await;
    on(&file).start().await.unwrap();
    assert_eq!(
        controls.sign_in("x").await.unwrap_err().code(),
        "internal_server_error",
        "controls do not outlive the server"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    let text = "these are my notes, and no database at all\n".repeat(100);
    std::fs::write(&file, &text).unwrap();
    let error = on(&file).start().await.unwrap_err();
    assert!(
        error
            .source()
            .unwrap()
            .to_string()
            .contains("not a database"),
        "{error:?}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    let error = on(&folder.path().join("no/such/folder.db"))
        .start()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cannot be opened"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let server = Server::from(on(&file)).await;
    let key = server.post("/api-keys", json!({"name": "CI"})).await.1;
    let session = server
        .controls()
        .sign_in(&server.user("ada@example.com").await)
        .await
        .unwrap();
    let (_, link) = server
        .post("/magic-links", json!({"email": "ada@example.com"}))
        .await;
    let mut stored = Vec::new();
    for name in ["passage.db", "passage.db-wal"] {
        let path = folder.path().join(name);
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600,
            "{name}"
        );
        stored.extend(std::fs::read(&path).unwrap());
    }
    let holds = |secret: &str| {
        stored
            .windows(secret.len())
            .any(|window| window == secret.as_bytes())
    };
    assert!(holds("ada@example.com"), "the search finds what is there");
    for secret in [
        "dev-key-0123456789",
        str(&key["api_key"]["plaintext_key"]),
        session.refresh_token.as_deref().unwrap(),
        str(&link["magic_link"]["secret"]),
    ] {
        assert!(!holds(secret), "no secret is stored in clear");
    }
}

#[tokio::test]
async fn bad_options_are_refused() {
    let new = PassageServer::builder;
    for (builder, names) in [
        (new().listen(([0, 0, 0, 0], 0)), "loopback"),
        (new().listen(([192, 0, 2, 1], 0)), "loopback"),
        (new().app_id(""), "app id"),
        (new().app_id("a/b"), "app id"),
        (new().app_id(".."), "app id"),
        (new().api_key(""), "API key"),
        (new().api_key("a b"), "API key"),
        (new().auth_origin("app.example"), "auth origin"),
        (new().auth_origin("https://app.example/"), "auth origin"),
        (new().issuer(""), "issuer"),
        (new().session_timeout(Duration::ZERO), "session timeout"),
    ] {
        let error = builder.start().await.unwrap_err();
        assert!(error.to_string().contains(names), "{error}");
    }
    let server = new().start().await.unwrap();
    let error = new().listen(server.address()).start().await.unwrap_err();
    assert!(
        error.to_string().starts_with("cannot listen on 127.0.0.1:"),
        "{error}"
    );
}

#[tokio::test]
async fn a_start_does_not_wait_for_the_key() {
    let start = Instant::now();
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    let ready = start.elapsed();
    // A debug build on a busy machine, and still far less than most keys take.
    assert!(ready < Duration::from_secs(2), "{ready:?}");
    let token = server
        .controls()
        .mint_token(MintToken::new(&id))
        .await
        .unwrap();
    let current = server
        .http
        .get(server.auth("/currentuser"))
        .bearer_auth(token);
    assert_eq!(reply(current).await.1["user"]["id"], Value::from(id));
}

#[test]
fn a_server_can_be_dropped_after_its_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(PassageServer::builder().start()).unwrap();
    let address = server.address();
    drop(runtime);
    drop(server);
    assert!(std::net::TcpStream::connect(address).is_err());
}
