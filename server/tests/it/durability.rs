//! What a data file keeps.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use passage_server::{MintToken, PassageServer};
use serde_json::{Value, json};

use crate::support::{App, send, text};

pub async fn open(data: &Path) -> App {
    App::start_with(|builder| {
        builder
            .app_id("durable")
            .api_key("prefix1234.secret")
            .data(data)
    })
    .await
}

#[tokio::test]
async fn an_old_token_still_verifies_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let start = || {
        App::start_with(|builder| {
            builder
                .app_id("durable")
                .issuer("https://auth.passage.test/v1/apps/durable")
                .data(&data)
        })
    };
    let app = start().await;
    let id = app.user_id("ada@example.com").await;
    let token = app.mint(MintToken::new(&id)).await;
    app.controls().rotate_keys().await.unwrap();
    app.stop().await;
    let app = start().await;
    app.current_user(&token).await.json(200);
}

#[tokio::test]
async fn a_file_remembers_its_app() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let app =
        App::start_with(|builder| builder.auth_origin("https://app.example.com").data(&data)).await;
    let (app_id, key) = (
        app.server().app_id().to_owned(),
        app.server().api_key().to_owned(),
    );
    app.stop().await;
    let app = App::start_with(|builder| builder.data(&data)).await;
    assert_eq!(
        (app.server().app_id(), app.server().auth_origin()),
        (app_id.as_str(), "https://app.example.com")
    );
    send(app.http.get(app.api("/users")).bearer_auth(key))
        .await
        .json(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_server_that_is_dropped_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let app = open(&data).await;
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..16 {
        let (http, url, key) = (
            app.http.clone(),
            app.api("/users"),
            app.server().api_key().to_owned(),
        );
        tasks.spawn(async move {
            let mut acknowledged = Vec::new();
            for number in 0.. {
                let email = format!("u{writer}.{number}@example.com");
                match http
                    .post(&url)
                    .bearer_auth(&key)
                    .json(&json!({"email": email}))
                    .send()
                    .await
                {
                    Ok(reply) if reply.status() == 201 => acknowledged.push(email),
                    // The storage may close a moment before the connection: an error promises nothing.
                    Ok(reply) => {
                        assert_eq!(reply.status(), 500);
                        break;
                    }
                    Err(_) => break,
                }
            }
            acknowledged
        });
    }
    while app.controls().requests().len() < 200 {
        tokio::task::yield_now().await;
    }
    drop(app);
    let acknowledged: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
    assert!(acknowledged.len() >= 180, "{}", acknowledged.len());
    let app = open(&data).await;
    for email in acknowledged {
        assert_eq!(
            app.list(&[("identifier", &email)]).await.json(200)["total_users"],
            1,
            "{email}"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_dropped_loses_nothing_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let app = open(&data).await;
    let mut ids = Vec::new();
    for index in 0..20 {
        ids.push(app.user_id(&format!("u{index}@example.com")).await);
    }
    drop(app);
    let app = open(&data).await;
    for id in ids {
        app.get(&format!("/users/{id}")).await.json(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_at_once_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    for durable in [false, true] {
        let app = if durable {
            open(&data).await
        } else {
            App::start().await
        };
        let mut tasks = tokio::task::JoinSet::new();
        for index in 0..64 {
            let (http, url, key) = (
                app.http.clone(),
                app.api("/users"),
                app.server().api_key().to_owned(),
            );
            tasks.spawn(async move {
                let mut ids = Vec::new();
                for turn in 0..4 {
                    let body = json!({"email": format!("u{index}.{turn}@example.com"), "user_metadata": {"turn": turn}});
                    let user = send(http.post(&url).bearer_auth(&key).json(&body)).await.json(201);
                    ids.push(text(&user["user"]["id"]));
                    let path = format!("{url}/{}", ids[turn]);
                    send(http.patch(path).bearer_auth(&key).json(&json!({"user_metadata": {"done": true}}))).await.json(200);
                }
                ids
            });
        }
        let ids: HashSet<String> = tasks.join_all().await.into_iter().flatten().collect();
        assert_eq!(ids.len(), 256);
        assert_eq!(
            app.list(&[("limit", "1")]).await.json(200)["total_users"],
            256
        );
        let done = |user: &Value| user["user_metadata"]["done"] == true;
        let page = app.list(&[]).await.json(200);
        assert!(
            page["users"].as_array().unwrap().iter().all(done),
            "no change was lost"
        );
        app.stop().await;
    }
    let app = open(&data).await;
    assert_eq!(
        app.list(&[("limit", "1")]).await.json(200)["total_users"],
        256
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_want_one_address_one_gets_it() {
    let app = App::start().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        tasks.spawn(send(
            app.managed(http::Method::POST, "/users")
                .json(&json!({"email": "ada@example.com"})),
        ));
    }
    let replies = tasks.join_all().await;
    let (created, refused): (Vec<_>, Vec<_>) =
        replies.into_iter().partition(|reply| reply.status == 201);
    assert_eq!((created.len(), refused.len()), (1, 31));
    for reply in refused {
        assert_eq!(reply.error(400, "invalid_request"), "user: already exists.");
    }
    // A refused command must not have taken others of its group with it.
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 1);
}

#[tokio::test]
async fn a_file_is_open_in_one_server_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let app = open(&data).await;
    let error = PassageServer::builder()
        .app_id("durable")
        .data(&data)
        .start()
        .await
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("passage.db") && message.contains("open in another"),
        "{message}"
    );
    let controls = app.controls();
    app.stop().await;
    let again = open(&data).await;
    let error = controls.sign_in("x").await.unwrap_err();
    assert_eq!(
        error.code(),
        "internal_server_error",
        "controls do not outlive their server"
    );
    drop(again);
    open(&data).await;
}

#[tokio::test]
async fn options_that_cannot_work_are_named() {
    let new = PassageServer::builder;
    for (builder, names) in [
        (new().listen(([0, 0, 0, 0], 0)), "loopback"),
        (new().listen(([192, 0, 2, 1], 0)), "loopback"),
        (new().app_id(""), "app id"),
        (new().app_id("a/b"), "app id"),
        (new().app_id(".."), "app id"),
        (new().api_key(""), "API key"),
        (new().api_key("a b"), "API key"),
        (new().auth_origin("app.example.com"), "auth origin"),
        (new().auth_origin("https://app.example.com/"), "auth origin"),
        (new().issuer(""), "issuer"),
        (new().session_timeout(Duration::ZERO), "session timeout"),
    ] {
        let error = builder.start().await.unwrap_err();
        assert!(error.to_string().contains(names), "{error}");
    }
    let server = new().start().await.unwrap();
    let error = new()
        .listen(server.address().unwrap())
        .start()
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&server.address().unwrap().to_string()),
        "{error}"
    );
}

#[test]
fn a_server_can_be_dropped_after_its_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(PassageServer::builder().start()).unwrap();
    let address = server.address().unwrap();
    drop(runtime);
    drop(server);
    std::net::TcpStream::connect(address).unwrap_err();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("notes.txt");
    std::fs::write(
        &data,
        "these are my notes, not a database, and they must survive".repeat(40),
    )
    .unwrap();
    let before = std::fs::read(&data).unwrap();
    PassageServer::builder()
        .data(&data)
        .start()
        .await
        .unwrap_err();
    assert_eq!(std::fs::read(&data).unwrap(), before);
    let error = PassageServer::builder()
        .data(folder.path().join("no/such/folder/p.db"))
        .start()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("p.db"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let app = open(&data).await;
    app.user("ada@example.com").await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        let name = entry.file_name();
        assert_eq!(mode & 0o077, 0, "{name:?} {mode:o}");
    }
}

#[tokio::test]
async fn no_secret_is_stored_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let app = open(&data).await;
    let id = app.user_id("findable@example.com").await;
    let refresh = app.sign_in(&id).await.refresh_token;
    let key = text(
        &app.post("/api-keys", json!({"name": "spare"}))
            .await
            .json(201)["api_key"]["plaintext_key"],
    );
    let link = text(
        &app.post("/magic-links", json!({"user_id": id, "channel": "email"}))
            .await
            .json(201)["magic_link"]["secret"],
    );
    let body = json!({"external_id": "customer-7", "passkey_display_name": "Phone"});
    let transaction = app.post("/transactions/register", body).await.json(201);
    let transaction = text(&transaction["transaction_id"]);
    let nonce = app.controls().complete_transaction(transaction).await;
    let nonce = nonce.unwrap();
    app.stop().await;
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(holds("findable@example.com"), "the search works");
    for secret in [
        "prefix1234.secret",
        &refresh,
        key.split_once('.').unwrap().1,
        &link,
        &nonce,
    ] {
        assert!(!holds(secret));
    }
}

#[tokio::test]
async fn a_failure_is_answered_without_details() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let app = open(&data).await;
    let id = app.user_id("ada@example.com").await;
    let beside = rusqlite::Connection::open(&data).unwrap();
    beside
        .execute("ALTER TABLE events RENAME TO elsewhere", ())
        .unwrap();
    let reply = app.get(&format!("/users/{id}")).await;
    assert_eq!(
        reply.error(500, "internal_server_error"),
        "The server failed."
    );
    beside
        .execute("ALTER TABLE elsewhere RENAME TO events", ())
        .unwrap();
    app.get(&format!("/users/{id}")).await.json(200);
}
