//! The binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![cfg(unix)]

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::{members, reply, str};
use serde_json::{Value, json};

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passage-server"));
    command
        .env_remove("PASSAGE_APP_ID")
        .env_remove("PASSAGE_API_KEY");
    command
        .arg("dev")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A running binary with its line, killed when the test ends early.
struct Running {
    child: Child,
    ready: Value,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child = command()
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"));
        Self { child, ready }
    }

    fn signal(&mut self, signal: &str) -> Option<i32> {
        let pid = self.ready["pid"].to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }

    fn users(&self) -> String {
        format!(
            "{}/api/v1/apps/{}/users",
            str(&self.ready["url"]),
            str(&self.ready["app_id"])
        )
    }

    async fn create(&self, email: &str) -> u16 {
        let request = reqwest::Client::new()
            .post(self.users())
            .bearer_auth(str(&self.ready["api_key"]));
        reply(request.json(&json!({"email": email}))).await.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already in a test that passed.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What the binary writes to standard error when it refuses to run.
fn refusal(arguments: &[&str]) -> String {
    let output = command().args(arguments).output().unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn it_prints_one_line_when_ready_and_stops_cleanly() {
    for signal in ["-TERM", "-INT"] {
        let mut server =
            Running::start(&["--app-id", "my-app", "--auth-origin", "https://app.example"]);
        assert_eq!(members(&server.ready), ["api_key", "app_id", "pid", "url"]);
        assert_eq!(server.ready["app_id"], "my-app");
        assert_eq!(server.ready["pid"], server.child.id());
        assert_eq!(server.create("ada@example.com").await, 201);
        assert_eq!(server.signal(signal), Some(0), "{signal}");
        let mut rest = String::new();
        server
            .child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut rest)
            .unwrap();
        server
            .child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut rest)
            .unwrap();
        assert_eq!(rest, "");
    }
}

#[tokio::test]
async fn options_take_effect() {
    let arguments = [
        "--api-key",
        "dev-key",
        "--issuer",
        "https://auth.example/x",
        "--metadata",
        "plan:string",
    ];
    let server = Running::start(&arguments);
    assert_eq!(server.ready["api_key"], "dev-key");
    let health = format!("{}/_dev/health", str(&server.ready["url"]));
    let (_, health) = reply(reqwest::Client::new().get(health)).await;
    assert_eq!(health["issuer"], "https://auth.example/x");
    let request = reqwest::Client::new()
        .post(server.users())
        .bearer_auth("dev-key");
    let answer =
        reply(request.json(&json!({"email": "a@b.c", "user_metadata": {"other": 1}}))).await;
    common::refused(&answer, 400, "invalid_request");
}

#[tokio::test]
async fn a_killed_server_loses_nothing_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let path = |file: &Path| file.to_str().unwrap().to_owned();
    let data = path(&file);
    let arguments = ["--data", data.as_str(), "--api-key", "dev-key"];
    let mut first = Running::start(&arguments);
    for number in 0..20 {
        assert_eq!(
            first.create(&format!("user-{number}@example.com")).await,
            201
        );
    }
    let second = refusal(&["--listen", "127.0.0.1:0", "--data", &data]);
    assert!(
        second.contains("open in another passage-server"),
        "{second}"
    );
    assert_eq!(first.signal("-KILL"), None);

    let again = Running::start(&arguments);
    assert_eq!(again.ready["app_id"], first.ready["app_id"]);
    let (_, list) = reply(
        reqwest::Client::new()
            .get(again.users())
            .bearer_auth("dev-key"),
    )
    .await;
    assert_eq!(list["total_users"], 20);
}

#[test]
fn addresses_that_others_can_reach_are_refused() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8787"] {
        let text = refusal(&["--listen", address]);
        assert!(text.contains("loopback"), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn bad_arguments_are_named() {
    for (arguments, names) in [
        (["--listen", "nowhere"], "--listen"),
        (["--metadata", "plan"], "a colon"),
        (["--metadata", "plan:toaster"], "toaster"),
        (["--app-id", ".."], "app id"),
    ] {
        let text = refusal(&arguments);
        assert!(text.contains(names), "{text}");
    }
}
