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

    let server = start(config);
    assert_eq!(members(&server.ready), ["address", "pid", "url"]);
    let users = url(&server, "/api/v1/apps/three/users");
    let body = json!({"email": "ada@example.com"});
    send(client().post(&users).bearer_auth(&key).json(&body))
        .await
        .json(201);
    let look = url(
        &server,
        "/auth/v1/apps/three/users?identifier=ada@example.com",
    );
    send(client().get(look)).await.json(200);
    let token = url(
        &server,
        "/auth/v1/apps/three/tokens?refresh_token=a-secret-token",
    );
    send(client().delete(token)).await.empty(200);
    let (ended, log) = server.stop("TERM");
    assert!(ended.success(), "{log}");
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

#[test]
fn what_is_under_way_when_it_stops_gets_its_reply_and_nothing_else_does() {
    let site = Site::new(TWO_APPS);
    let config = site.path("passage.toml");
    let config = config.to_str().unwrap();
    let (origin, id) = ("https://three.example", "three");
    let create = ["app", "create", "--config", config, "--id", id];
    let created = lines(&[create.as_slice(), &["--auth-origin", origin]].concat());
    let key = text(&created[0]["api_key"]);
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

#[tokio::test]
async fn apps_are_changed_and_deleted_while_the_server_runs() {
    // Nobody reads the log while the test looks again and again.
    let site = Site::new(&format!("[log]\nlevel = \"warn\"\n{TWO_APPS}"));
    let (config, data) = (site.path("passage.toml"), site.path("passage.db"));
    let (config, data) = (config.to_str().unwrap(), data.to_str().unwrap());
    let server = start(config);
    let three = ["app", "create", "--config", config, "--id", "three"];
    let created = lines(&[&three[..], &["--auth-origin", "https://three.example"]].concat());
    let key = text(&created[0]["api_key"]);
    let show = async |app: &str| {
        let app = url(&server, &format!("/auth/v1/apps/{app}"));
        let reply = send(client().get(app)).await;
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

    let users = url(&server, "/api/v1/apps/three/users");
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
