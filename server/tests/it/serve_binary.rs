//! `passage-server serve` and the commands beside it, as they are run from a shell.

use std::io::{BufRead, BufReader, Read as _};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::site::{Site, TWO_APPS};
use crate::support::{client, members, send, text};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passage-server"));
    command
        .env_remove("PASSAGE_CONFIG")
        .args(arguments)
        .stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// The lines of JSON that a command prints.
fn lines(arguments: &[&str]) -> Vec<Value> {
    let output = run(arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success(), "{arguments:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

/// Looks until something is so, which takes as long as the server needs.
fn until(so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(30), "it never comes");
    }
}

struct Running {
    child: Child,
    ready: Value,
}

impl Running {
    fn start(config: &str) -> Self {
        let mut command = command(&["serve", "--config", config]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        Self {
            ready: serde_json::from_str(&line).unwrap_or_default(),
            child,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", text(&self.ready["url"]))
    }

    /// Ends it with a signal. Returns whether it ended well, and its log.
    fn stop(mut self) -> (bool, String) {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        let mut log = String::new();
        let mut output = self.child.stderr.take().unwrap();
        output.read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().success(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

#[tokio::test]
async fn it_serves_drains_and_logs_without_secrets() {
    let site = Site::new(&format!("[log]\nformat = \"json\"\n{TWO_APPS}"));
    let config = site.path("passage.toml");
    let config = config.to_str().unwrap();
    let key = lines(&[
        "app",
        "create",
        "--config",
        config,
        "--id",
        "three",
        "--auth-origin",
        "https://three.example",
    ]);
    assert_eq!(
        (key.len(), members(&key[0])),
        (1, vec!["api_key", "app_id"])
    );
    let key = text(&key[0]["api_key"]);

    let server = Running::start(config);
    assert_eq!(members(&server.ready), ["address", "pid", "url"]);
    let users = server.url("/api/v1/apps/three/users");
    let body = json!({"email": "ada@example.com"});
    send(client().post(&users).bearer_auth(&key).json(&body))
        .await
        .json(201);
    let look = server.url("/auth/v1/apps/three/users?identifier=ada@example.com");
    send(client().get(look)).await.json(200);
    let token = server.url("/auth/v1/apps/three/tokens?refresh_token=a-secret-token");
    send(client().delete(token)).await.empty(200);
    let (well, log) = server.stop();
    assert!(well, "{log}");
    let mut operations = Vec::new();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(
            line["timestamp"].is_string() && line["level"].is_string(),
            "{line}"
        );
        if line["message"] == "request" {
            operations.push((text(&line["operation"]), line["status"].as_u64().unwrap()));
        }
    }
    assert_eq!(
        operations,
        [
            ("createUser".to_owned(), 201),
            ("checkUserIdentifier".to_owned(), 200),
            ("revokeRefreshToken".to_owned(), 200)
        ]
    );
    for secret in [&*key, "ada@example.com", "a-secret-token"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn keys_are_rotated_while_it_runs() {
    let site = Site::new(TWO_APPS);
    let config = site.path("passage.toml");
    let config = config.to_str().unwrap();
    let server = Running::start(config);
    for app in ["one", "two"] {
        let url = server.url(&format!("/auth/v1/apps/{app}/.well-known/jwks.json"));
        send(client().get(url)).await.json(200);
    }
    let states = |app: &str| -> Vec<String> {
        let keys = lines(&["keys", "list", "--config", config]);
        let of_app = keys.iter().filter(|key| key["app_id"] == app);
        of_app.map(|key| text(&key["state"])).collect()
    };
    assert_eq!(states("one"), ["active"]);
    assert!(lines(&["keys", "rotate", "--config", config, "--app", "one"]).is_empty());
    until(|| states("one").len() == 2);
    assert_eq!(
        (states("one"), states("two").len()),
        (vec!["active".to_owned(), "next".to_owned()], 1)
    );
    let url = server.url("/auth/v1/apps/one/.well-known/jwks.json");
    let keys = send(client().get(url)).await.json(200);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2, "announced");
    lines(&["keys", "rotate", "--config", config, "--now"]);
    until(|| states("one")[1] == "active" && states("two").len() == 2);
    assert_eq!(states("one"), ["retired", "active"]);
    assert_eq!(states("two"), ["retired", "active"]);
    assert!(server.stop().0);
}

#[test]
fn apps_are_listed_and_get_more_keys() {
    let site = Site::new("");
    let data = site.path("passage.db");
    let data = data.to_str().unwrap();
    let created = lines(&[
        "app",
        "create",
        "--data",
        data,
        "--auth-origin",
        "https://shop.example",
        "--name",
        "Shop",
        "--metadata",
        "plan:string",
    ]);
    let id = text(&created[0]["app_id"]);
    let apps = lines(&["app", "list", "--data", data]);
    assert_eq!(apps.len(), 1);
    assert_eq!(
        members(&apps[0]),
        ["app_id", "auth_origin", "created_at", "name"]
    );
    assert_eq!(
        (text(&apps[0]["app_id"]), &apps[0]["name"]),
        (id.clone(), &json!("Shop"))
    );
    let key = lines(&["app", "api-key", "create", "--data", data, "--app", &id]);
    assert_ne!(key[0]["api_key"], created[0]["api_key"]);
    let problem = refused(&["app", "api-key", "create", "--data", data, "--app", "other"]);
    assert!(problem.contains("there is no app `other`"), "{problem}");
    let problem = refused(&["app", "create", "--data", data, "--auth-origin", "shop"]);
    assert!(problem.contains("origin"), "{problem}");
    assert!(refused(&["app", "list"]).contains("--config"));
}

#[tokio::test]
async fn apps_are_changed_and_deleted_while_the_server_runs() {
    let site = Site::new(TWO_APPS);
    let (config, data) = (site.path("passage.toml"), site.path("passage.db"));
    let (config, data) = (config.to_str().unwrap(), data.to_str().unwrap());
    let server = Running::start(config);
    let three = ["app", "create", "--config", config, "--id", "three"];
    let created = lines(&[&three[..], &["--auth-origin", "https://three.example"]].concat());
    let key = text(&created[0]["api_key"]);
    let show = async |app: &str| {
        let url = server.url(&format!("/auth/v1/apps/{app}"));
        let reply = send(client().get(url)).await;
        (reply.status == 200).then(|| reply.json(200)["app"].clone())
    };
    let wait = async |so: fn(&Option<Value>) -> bool| {
        let start = Instant::now();
        while !so(&show("three").await) {
            assert!(start.elapsed() < Duration::from_secs(30), "it never comes");
        }
    };
    wait(Option::is_some).await;

    let update = ["app", "update", "--config", config, "--app", "three"];
    let change = |more: &[&'static str]| [&update[..], more].concat();
    let changes = [
        "--name",
        "Third",
        "--magic-links=false",
        "--metadata",
        "plan:string",
    ];
    assert!(lines(&change(&changes)).is_empty());
    wait(|app| app.as_ref().is_some_and(|app| app["name"] == "Third")).await;
    let app = show("three").await.unwrap();
    assert_eq!(app["auth_origin"], "https://three.example", "as it was");
    assert_eq!(app["auth_fallback_method"], "otp");
    assert_eq!(app["user_metadata_schema"][0]["field_name"], "plan");
    lines(&change(&["--magic-links", "--without-metadata", "plan"]));
    wait(|app| {
        app.as_ref()
            .is_some_and(|app| app["auth_fallback_method"] == "magic_link")
    })
    .await;
    assert_eq!(
        show("three").await.unwrap()["user_metadata_schema"],
        json!([])
    );
    assert!(refused(&change(&["--auth-origin", "three"])).contains("must be an origin"));
    assert!(refused(&["app", "update", "--data", data, "--app", "four"]).contains("no app `four`"));

    let users = server.url("/api/v1/apps/three/users");
    let body = json!({"email": "ada@example.com"});
    send(client().post(&users).bearer_auth(&key).json(&body))
        .await
        .json(201);
    let delete = ["app", "delete", "--config", config, "--app", "three"];
    assert!(refused(&delete).contains("app `three` has 1 users"));
    assert!(lines(&[&delete[..], &["--with-users"]].concat()).is_empty());
    wait(Option::is_none).await;
    send(client().get(&users).bearer_auth(&key))
        .await
        .error(404, "app_not_found");
    assert!(show("two").await.is_some());
    for command in ["update", "delete"] {
        let problem = refused(&["app", command, "--config", config, "--app", "one"]);
        assert!(
            problem.contains("passage.toml, which counts at every start"),
            "{problem}"
        );
    }
    assert!(server.stop().0);
}

#[test]
fn a_configuration_that_cannot_work_is_refused_with_its_line() {
    let site = Site::new("[surprise]\n");
    let config = site.path("passage.toml");
    let problem = refused(&["serve", "--config", config.to_str().unwrap()]);
    assert!(
        problem.contains("passage.toml: line 6: unknown field `surprise`"),
        "{problem}"
    );
    site.configure("");
    assert!(
        run(&["serve", "--check", "--config", config.to_str().unwrap()])
            .status
            .success()
    );
    assert!(refused(&["serve", "--config", "no-such-file.toml"]).contains("no-such-file.toml"));
    let secret = String::from_utf8(run(&["keys", "secret"]).stdout).unwrap();
    assert_eq!(secret.trim().len(), 44);
}
