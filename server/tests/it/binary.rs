//! `passage-server dev`, as it is run from a shell.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;

use serde_json::json;

use crate::process::{Process, refused};
use crate::support::{client, members, send, text};

/// A development server.
struct Running(Process);

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", arguments)
    }

    fn start_at(address: &str, arguments: &[&str]) -> Self {
        let dev = ["dev", "--listen", address];
        Self(Process::start(&[&dev, arguments].concat()))
    }

    fn base(&self) -> String {
        text(&self.0.ready["url"])
    }

    /// URL of the app on the Management API, followed by a path.
    fn url(&self, path: &str) -> String {
        format!(
            "{}/api/v1/apps/{}{path}",
            self.base(),
            text(&self.0.ready["app_id"])
        )
    }

    fn key(&self) -> String {
        text(&self.0.ready["api_key"])
    }
}

#[test]
fn it_logs_as_much_as_it_is_told() {
    let mut server = Running::start(&["--log", "debug"]);
    let url = server.base();
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.write_all(b"this is no HTTP\r\n\r\n").unwrap();
    let log = BufReader::new(server.0.child.stderr.take().unwrap());
    // The start adds to the audit log, whose lines come when they come.
    let mut lines = log.lines().map(Result::unwrap);
    let line = lines
        .find(|line| !line.contains("passage_server::audit"))
        .unwrap();
    assert!(
        line.contains("DEBUG") && line.contains("a connection ended early"),
        "{line}"
    );
}

#[tokio::test]
async fn it_says_one_line_when_it_is_ready_and_serves() {
    let server = Running::start(&["--app-id", "demo", "--api-key", "abcdefghij.secret"]);
    assert_eq!(
        members(&server.0.ready),
        ["api_key", "app_id", "pid", "url"]
    );
    assert_eq!(
        (&server.0.ready["app_id"], &server.0.ready["api_key"]),
        (&json!("demo"), &json!("abcdefghij.secret"))
    );
    assert_eq!(server.0.ready["pid"], server.0.child.id());
    assert!(server.base().starts_with("http://127.0.0.1:"));
    let body = json!({"email": "ada@example.com"});
    send(
        client()
            .post(server.url("/users"))
            .bearer_auth(server.key())
            .json(&body),
    )
    .await
    .json(201);
    send(client().get(format!("{}/_dev/health", server.base())))
        .await
        .json(200);
    let (status, rest) = server.0.stop("TERM");
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn an_interrupt_ends_it_in_order_too() {
    let server = Running::start(&[]);
    send(client().get(server.url("/users")).bearer_auth(server.key()))
        .await
        .json(200);
    assert_eq!(server.0.stop("INT").0.code(), Some(0));
}

#[tokio::test]
async fn its_options_reach_the_tokens() {
    let issuer = "https://auth.passage.test/v1/apps/demo";
    let server = Running::start(&[
        "--app-id",
        "demo",
        "--auth-origin",
        "https://app.example.com",
        "--issuer",
        issuer,
        "--metadata",
        "plan:string",
    ]);
    let base = server.base();
    let info = send(client().get(format!("{base}/auth/v1/apps/demo")))
        .await
        .json(200);
    assert_eq!(info["app"]["auth_origin"], "https://app.example.com");
    let configuration = send(client().get(format!(
        "{base}/auth/v1/apps/demo/.well-known/openid-configuration"
    )))
    .await
    .json(200);
    assert_eq!(configuration["issuer"], issuer);
    let body = json!({"email": "ada@example.com", "user_metadata": {"other": 1}});
    let refused = send(
        client()
            .post(server.url("/users"))
            .bearer_auth(server.key())
            .json(&body),
    )
    .await;
    refused.error(400, "invalid_request");
}

async fn restart(data: &Path, signal: &str) {
    let arguments = [
        "--app-id",
        "demo",
        "--api-key",
        "abcdefghij.secret",
        "--data",
        data.to_str().unwrap(),
    ];
    let server = Running::start(&arguments);
    let jwks = format!("{}/auth/v1/apps/demo/.well-known/jwks.json", server.base());
    let keys = send(client().get(jwks)).await.json(200);
    let before = send(client().get(server.url("/users")).bearer_auth(server.key()))
        .await
        .json(200)["total_users"]
        .as_u64()
        .unwrap();
    let mut ids = Vec::new();
    for index in 0..10 {
        let body = json!({"email": format!("u{}@example.com", before + index)});
        let user = send(
            client()
                .post(server.url("/users"))
                .bearer_auth(server.key())
                .json(&body),
        )
        .await
        .json(201);
        ids.push(text(&user["user"]["id"]));
    }
    server.0.stop(signal);

    let server = Running::start(&arguments);
    for id in ids {
        send(
            client()
                .get(server.url(&format!("/users/{id}")))
                .bearer_auth(server.key()),
        )
        .await
        .json(200);
    }
    let jwks = format!("{}/auth/v1/apps/demo/.well-known/jwks.json", server.base());
    assert_eq!(send(client().get(jwks)).await.json(200), keys);
    server.0.stop("TERM");
}

#[tokio::test]
async fn what_it_acknowledged_survives_an_end_and_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    restart(&data, "TERM").await;
    restart(&data, "KILL").await;
}

#[test]
fn two_processes_do_not_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let data = data.to_str().unwrap();
    let first = Running::start(&["--data", data]);
    let problem = refused(&["dev", "--listen", "127.0.0.1:0", "--data", data]);
    assert!(
        problem.contains(data) && problem.contains("open in another"),
        "{problem}"
    );
    assert_eq!(first.0.stop("TERM").0.code(), Some(0));
}

#[test]
fn only_this_machine_can_reach_it() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8787"] {
        let problem = refused(&["dev", "--listen", address]);
        assert!(problem.contains("loopback"), "{problem}");
        assert_eq!(problem.lines().count(), 1, "{problem}");
    }
}

#[test]
fn a_taken_address_is_named() {
    let first = Running::start(&[]);
    let address = first.base().replace("http://", "");
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let problem = refused(&[
        "dev",
        "--listen",
        &address,
        "--data",
        data.to_str().unwrap(),
    ]);
    assert!(problem.contains(&address), "{problem}");
    assert!(!data.exists(), "a server that did not start leaves no file");
}

#[test]
fn localhost_is_this_machine_and_other_names_are_not_looked_up() {
    let server = Running::start_at("localhost:0", &[]);
    assert!(server.base().starts_with("http://127.0.0.1:"));
    for name in ["localhost.example:0", "example.com:80", "localhost"] {
        let problem = refused(&["dev", "--listen", name]);
        assert!(problem.contains("must be a loopback address"), "{problem}");
    }
}

#[test]
fn a_file_that_is_no_database_is_named_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("notes.txt");
    std::fs::write(&data, "these are my notes".repeat(100)).unwrap();
    let data = data.to_str().unwrap();
    let problem = refused(&["dev", "--listen", "127.0.0.1:0", "--data", data]);
    assert!(problem.contains(data), "{problem}");
    let reason = "file is not a database";
    assert_eq!(problem.matches(reason).count(), 1, "{problem}");
}

#[test]
fn what_cannot_be_an_option_is_refused() {
    for (arguments, names) in [
        (vec!["serve"], "--config"),
        (vec!["dev", "--listen", "nowhere"], "--listen"),
        (vec!["dev", "--metadata", "plan"], "a colon"),
        (vec!["dev", "--metadata", "plan:toaster"], "toaster"),
        (
            vec!["dev", "--listen", "127.0.0.1:0", "--app-id", ""],
            "app id",
        ),
        (
            vec!["dev", "--listen", "127.0.0.1:0", "--app-id", "a/b"],
            "app id",
        ),
        (
            vec!["dev", "--listen", "127.0.0.1:0", "--api-key", ""],
            "API key",
        ),
        (vec!["dev", "--no-such-option"], "--no-such-option"),
    ] {
        let problem = refused(&arguments);
        assert!(problem.contains(names), "{arguments:?}: {problem}");
    }
}
