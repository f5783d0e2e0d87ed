//! The binary, as it is run from a shell.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::{Value, json};

use crate::support::{client, members, send, text};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passage-server"));
    command
        .env_remove("PASSAGE_APP_ID")
        .env_remove("PASSAGE_API_KEY")
        .env_remove("PASSAGE_LOG");
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A running binary, ended when it goes away.
struct Running {
    child: Child,
    ready: Value,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", arguments)
    }

    fn start_at(address: &str, arguments: &[&str]) -> Self {
        let mut child = command(&[&["dev", "--listen", address], arguments].concat())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut problem = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut problem)
                .unwrap();
            panic!("the server did not start: {problem}");
        }
        child.stdout = Some(output.into_inner());
        Self {
            child,
            ready: serde_json::from_str(&line).unwrap(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!(
            "{}/api/v1/apps/{}{path}",
            text(&self.ready["url"]),
            text(&self.ready["app_id"])
        )
    }

    fn key(&self) -> String {
        text(&self.ready["api_key"])
    }

    /// Sends a signal and waits for the end. Returns what else was printed.
    fn signal(mut self, name: &str) -> (ExitStatus, String) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        let mut rest = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut rest)
            .unwrap();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut rest)
            .unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// What the binary says when it refuses to run.
fn refused(arguments: &[&str]) -> String {
    let output = command(arguments).output().unwrap();
    assert!(!output.status.success(), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}: nothing is ready");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn it_logs_as_much_as_it_is_told() {
    let mut server = Running::start(&["--log", "debug"]);
    let url = text(&server.ready["url"]);
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.write_all(b"this is no HTTP\r\n\r\n").unwrap();
    let mut line = String::new();
    let mut log = BufReader::new(server.child.stderr.take().unwrap());
    log.read_line(&mut line).unwrap();
    assert!(
        line.contains("DEBUG") && line.contains("a connection ended early"),
        "{line}"
    );
}

#[tokio::test]
async fn it_says_one_line_when_it_is_ready_and_serves() {
    let server = Running::start(&["--app-id", "demo", "--api-key", "abcdefghij.secret"]);
    assert_eq!(members(&server.ready), ["api_key", "app_id", "pid", "url"]);
    assert_eq!(
        (&server.ready["app_id"], &server.ready["api_key"]),
        (&json!("demo"), &json!("abcdefghij.secret"))
    );
    assert_eq!(server.ready["pid"], server.child.id());
    assert!(text(&server.ready["url"]).starts_with("http://127.0.0.1:"));
    let body = json!({"email": "ada@example.com"});
    send(
        client()
            .post(server.url("/users"))
            .bearer_auth(server.key())
            .json(&body),
    )
    .await
    .json(201);
    send(client().get(format!("{}/_dev/health", text(&server.ready["url"]))))
        .await
        .json(200);
    let (status, rest) = server.signal("TERM");
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn an_interrupt_ends_it_in_order_too() {
    let server = Running::start(&[]);
    send(client().get(server.url("/users")).bearer_auth(server.key()))
        .await
        .json(200);
    assert_eq!(server.signal("INT").0.code(), Some(0));
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
    let base = text(&server.ready["url"]);
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
    let jwks = format!(
        "{}/auth/v1/apps/demo/.well-known/jwks.json",
        text(&server.ready["url"])
    );
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
    server.signal(signal);

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
    let jwks = format!(
        "{}/auth/v1/apps/demo/.well-known/jwks.json",
        text(&server.ready["url"])
    );
    assert_eq!(send(client().get(jwks)).await.json(200), keys);
    server.signal("TERM");
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
    assert_eq!(first.signal("TERM").0.code(), Some(0));
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
    let address = text(&first.ready["url"]).replace("http://", "");
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
    assert!(text(&server.ready["url"]).starts_with("http://127.0.0.1:"));
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
