//! `passage-server serve` and the commands beside it, as they are run from a shell.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Process, refused, run};
use crate::site::{Site, TWO_APPS};
use crate::support::{client, members, send, text};

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

/// Looks until something is so, which takes as long as the server needs.
fn until(so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(30), "it never comes");
    }
}

fn start(config: &str) -> Process {
    Process::start(&["serve", "--config", config])
}

fn url(server: &Process, path: &str) -> String {
    format!("{}{path}", text(&server.ready["url"]))
}

/// Creates the app `three` beside those of the configuration. Returns its API key.
fn create_three(config: &str) -> String {
    let create = ["app", "create", "--config", config, "--id", "three"];
    let created = lines(&[&create[..], &["--auth-origin", "https://three.example"]].concat());
    assert_eq!(
        (created.len(), members(&created[0])),
        (1, vec!["api_key", "app_id"])
    );
    text(&created[0]["api_key"])
}

/// Serves three requests, each with something secret, and stops. Returns the API key that one of them had, and the log.
async fn log_of_three_requests() -> (String, String) {
    let site = Site::new(&format!("[log]\nformat = \"json\"\n{TWO_APPS}"));
    let config = site.path("passage.toml");
    let config = config.to_str().unwrap();
    let key = create_three(config);
    let server = start(config);
    assert_eq!(members(&server.ready), ["address", "pid", "url"]);
    let users = url(&server, "/api/v1/apps/three/users");
    let body = json!({"email": "ada@example.com"});
    send(client().post(&users).bearer_auth(&key).json(&body))
        .await
        .json(201);
    let auth = url(&server, "/auth/v1/apps/three");
    let look = format!("{auth}/users?identifier=ada@example.com");
    send(client().get(look)).await.json(200);
    let token = format!("{auth}/tokens?refresh_token=a-secret-token");
    send(client().delete(token)).await.empty(200);
    let (ended, log) = server.stop("TERM");
    assert!(ended.success(), "{log}");
    (key, log)
}

#[tokio::test]
async fn requests_are_logged_as_json_with_operation_and_status() {
    let (_, log) = log_of_three_requests().await;
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
}

#[tokio::test]
async fn the_log_has_no_secret_and_no_address_of_a_user() {
    let (key, log) = log_of_three_requests().await;
    for secret in [&*key, "ada@example.com", "a-secret-token"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn what_is_under_way_when_it_stops_gets_its_reply_and_nothing_else_does() {
    let site = Site::new(TWO_APPS);
    let config = site.path("passage.toml");
    let config = config.to_str().unwrap();
    let key = create_three(config);
    let server = start(config);
    let address = text(&server.ready["address"]);
    let connect = || TcpStream::connect(&address).unwrap();
    let mut part = [0; 1024];

    let mut idle = connect();
    let look = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    idle.write_all(look).unwrap();
    assert_ne!(idle.read(&mut part).unwrap(), 0);
    let mut busy = connect();
    let body = json!({"email": "ada@example.com"}).to_string();
    let head = format!(
        "POST /api/v1/apps/three/users HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    busy.write_all(head.as_bytes()).unwrap();
    let length = busy.read(&mut part).unwrap();
    assert!(
        part[..length].starts_with(b"HTTP/1.1 100 "),
        "it waits for the body"
    );

    let told = Instant::now();
    server.signal("TERM");
    until(|| TcpStream::connect(&address).is_err());
    let rest = idle.read(&mut part).unwrap_or_default();
    assert_eq!(rest, 0, "a connection without a request is closed");
    busy.write_all(body.as_bytes()).unwrap();
    let mut reply = String::new();
    busy.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 201 "), "{reply}");
    assert!(reply.contains("ada@example.com"), "{reply}");
    let (ended, log) = server.ended();
    assert!(ended.success(), "{log}");
    assert!(told.elapsed() < Duration::from_secs(5), "{log}");
    assert!(!log.contains("took too long"), "{log}");
}

#[tokio::test]
async fn keys_are_rotated_while_it_runs() {
    let site = Site::new(TWO_APPS);
    let config = site.path("passage.toml");
    let config = config.to_str().unwrap();
    let server = start(config);
    for app in ["one", "two"] {
        let url = url(
            &server,
            &format!("/auth/v1/apps/{app}/.well-known/jwks.json"),
        );
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
    let url = url(&server, "/auth/v1/apps/one/.well-known/jwks.json");
    let keys = send(client().get(url)).await.json(200);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2, "announced");
    lines(&["keys", "rotate", "--config", config, "--now"]);
    until(|| states("one")[1] == "active" && states("two").len() == 2);
    assert_eq!(states("one"), ["retired", "active"]);
    assert_eq!(states("two"), ["retired", "active"]);
    assert!(server.stop("TERM").0.success());
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

/// A server that runs with the apps of the configuration, and with another one that a command created.
struct RunningWithThree {
    site: Site,
    server: Process,
    key: String,
}

impl RunningWithThree {
    async fn start() -> Self {
        // Nobody reads the log while the test looks again and again.
        let site = Site::new(&format!("[log]\nlevel = \"warn\"\n{TWO_APPS}"));
        let config = site.path("passage.toml");
        let server = start(config.to_str().unwrap());
        let key = create_three(config.to_str().unwrap());
        let running = Self { site, server, key };
        running.wait(Option::is_some).await;
        running
    }

    fn config(&self) -> String {
        self.site.path("passage.toml").to_str().unwrap().to_owned()
    }

    /// The app as the server shows it, if it knows it.
    async fn show(&self, app: &str) -> Option<Value> {
        let app = url(&self.server, &format!("/auth/v1/apps/{app}"));
        let reply = send(client().get(app)).await;
        (reply.status == 200).then(|| reply.json(200)["app"].clone())
    }

    /// Looks until the server shows the created app so.
    async fn wait(&self, so: fn(&Option<Value>) -> bool) {
        let start = Instant::now();
        while !so(&self.show("three").await) {
            assert!(start.elapsed() < Duration::from_secs(30), "it never comes");
        }
    }

    fn stop(self) {
        let (status, log) = self.server.stop("TERM");
        assert!(status.success(), "{log}");
    }
}

#[tokio::test]
async fn an_app_is_changed_while_the_server_runs() {
    let running = RunningWithThree::start().await;
    let config = running.config();
    let update = ["app", "update", "--config", &config, "--app", "three"];
    let change = |more: &[&'static str]| [&update[..], more].concat();
    let changes = [
        "--name",
        "Third",
        "--magic-links=false",
        "--metadata",
        "plan:string",
    ];
    assert!(lines(&change(&changes)).is_empty());
    let renamed = |app: &Option<Value>| app.as_ref().is_some_and(|app| app["name"] == "Third");
    running.wait(renamed).await;
    let app = running.show("three").await.unwrap();
    assert_eq!(app["auth_origin"], "https://three.example", "as it was");
    assert_eq!(app["auth_fallback_method"], "otp");
    assert_eq!(app["user_metadata_schema"][0]["field_name"], "plan");
    lines(&change(&["--magic-links", "--without-metadata", "plan"]));
    let has_links = |app: &Option<Value>| {
        app.as_ref()
            .is_some_and(|app| app["auth_fallback_method"] == "magic_link")
    };
    running.wait(has_links).await;
    let app = running.show("three").await.unwrap();
    assert_eq!(app["user_metadata_schema"], json!([]));
    running.stop();
}

#[tokio::test]
async fn an_app_is_deleted_with_its_users_while_the_server_runs() {
    let running = RunningWithThree::start().await;
    let users = url(&running.server, "/api/v1/apps/three/users");
    let body = json!({"email": "ada@example.com"});
    send(client().post(&users).bearer_auth(&running.key).json(&body))
        .await
        .json(201);
    let config = running.config();
    let delete = ["app", "delete", "--config", &config, "--app", "three"];
    assert!(refused(&delete).contains("app `three` has 1 users"));
    assert!(lines(&[&delete[..], &["--with-users"]].concat()).is_empty());
    running.wait(Option::is_none).await;
    send(client().get(&users).bearer_auth(&running.key))
        .await
        .error(404, "app_not_found");
    assert!(running.show("two").await.is_some());
    running.stop();
}

#[test]
fn a_change_that_cannot_be_made_is_refused() {
    let site = Site::new(TWO_APPS);
    let (config, data) = (site.path("passage.toml"), site.path("passage.db"));
    let (config, data) = (config.to_str().unwrap(), data.to_str().unwrap());
    create_three(config);
    let update = ["app", "update", "--config", config, "--app", "three"];
    let problem = refused(&[&update[..], &["--auth-origin", "three"]].concat());
    assert!(problem.contains("must be an origin"), "{problem}");
    let problem = refused(&["app", "update", "--data", data, "--app", "four"]);
    assert!(problem.contains("no app `four`"), "{problem}");
    let server = start(config);
    for command in ["update", "delete"] {
        let problem = refused(&["app", command, "--config", config, "--app", "one"]);
        assert!(
            problem.contains("passage.toml, which counts at every start"),
            "{problem}"
        );
    }
    let (status, log) = server.stop("TERM");
    assert!(status.success(), "{log}");
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
