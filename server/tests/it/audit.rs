//! `passage-server audit`, and the lines of the audit log in the server's log.

use std::io::{BufRead as _, BufReader};

use http::HeaderValue;
use passage_server::AuditEntry;
use serde_json::{Value, json};

use crate::process::{Process, command, refused, run};
use crate::site::{Site, TWO_APPS};
use crate::support::{client, send, text};

/// A site whose server has refused a key, and stopped. Returns the log too.
async fn visited(more: &str) -> (Site, String) {
    let site = Site::new(&format!("{more}{TWO_APPS}"));
    let config = site.path("passage.toml");
    let server = Process::start(&["serve", "--config", config.to_str().unwrap()]);
    for app in ["one", "two"] {
        // It answers once the app has its signing key.
        let url = text(&server.ready["url"]);
        let keys = format!("{url}/auth/v1/apps/{app}/.well-known/jwks.json");
        send(client().get(keys)).await.json(200);
    }
    refuse(&server).await;
    let key = site.key_of("one").await;
    let url = format!("{}/api/v1/apps/one/users", text(&server.ready["url"]));
    let request = client().post(url).bearer_auth(&key);
    send(request.json(&json!({"email": "ada@example.com"})))
        .await
        .json(201);
    let (status, log) = server.stop("TERM");
    assert!(status.success());
    (site, log)
}

async fn refuse(server: &Process) {
    let url = format!("{}/api/v1/apps/two/users", text(&server.ready["url"]));
    send(client().get(url).bearer_auth("guess"))
        .await
        .error(401, "invalid_access_token");
}

/// What the command prints.
fn audit(site: &Site, more: &[&str]) -> String {
    let config = site.path("passage.toml");
    let output = run(&[&["audit", "--config", config.to_str().unwrap()][..], more].concat());
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{more:?}: {problem}");
    String::from_utf8(output.stdout).unwrap()
}

fn actions(lines: &str) -> Vec<String> {
    let entries = lines.lines().map(serde_json::from_str::<Value>);
    entries
        .map(|entry| text(&entry.unwrap()["action"]))
        .collect()
}

#[tokio::test]
async fn the_log_is_shown_in_part_or_whole() {
    let (site, _) = visited("").await;
    let json = audit(&site, &["--json"]);
    let all = actions(&json);
    for action in [
        "app_created",
        "signing_key_activated",
        "api_key_created",
        "user_created",
        "backend_refused",
    ] {
        assert!(all.contains(&action.to_owned()), "{action}: {all:?}");
    }
    let created: Value = json
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|entry| entry["action"] == "user_created")
        .unwrap();
    let user = text(&created["user_id"]);
    assert_eq!(created["identifier"], "ada@example.com");
    for (filter, expected) in [
        (["--user", &user], vec!["user_created"]),
        (["--action", "backend_refused"], vec!["backend_refused"]),
        (["--app", "nobody"], vec![]),
        (["--since", "0s"], vec![]),
    ] {
        let found = actions(&audit(&site, &[&filter[..], &["--json"]].concat()));
        assert_eq!(found, expected, "{filter:?}");
    }
    assert_eq!(actions(&audit(&site, &["--since", "1d", "--json"])), all);
    let table = audit(&site, &[]);
    assert_eq!(table.lines().count(), all.len() + 1);
    assert!(table.starts_with("TIME"), "{table}");
    assert!(table.contains("bad_api_key") && table.contains("127.0.0.1"));
}

#[tokio::test]
async fn a_start_that_changes_nothing_leaves_no_row() {
    let (site, _) = visited("").await;
    let before = actions(&audit(&site, &["--json"])).len();
    site.start().await.shutdown().await;
    assert_eq!(actions(&audit(&site, &["--json"])).len(), before);
}

#[tokio::test]
async fn entries_are_followed_beside_a_running_server() {
    let site = Site::new(TWO_APPS);
    let config = site.path("passage.toml");
    let config = config.to_str().unwrap();
    let server = Process::start(&["serve", "--config", config]);
    let follow = [
        "audit",
        "--config",
        config,
        "--json",
        "--follow",
        "--action",
        "backend_refused",
    ];
    let mut following = command(&follow).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        refuse(&server).await;
        let line = lines.next().unwrap().unwrap();
        let entry: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(entry["reason"], "bad_api_key");
    }
    following.kill().unwrap();
    following.wait().unwrap();
    assert!(server.stop("TERM").0.success());
}

#[tokio::test]
async fn each_row_is_one_line_of_json_in_the_log() {
    for format in ["text", "json"] {
        let (site, log) = visited(&format!("[log]\nformat = \"{format}\"\n")).await;
        let logged: Vec<Value> = log
            .lines()
            .filter(|line| line.contains("\"target\":\"passage_server::audit\""))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(logged.iter().all(|line| line["level"] == "INFO"));
        assert!(logged.iter().all(|line| line["timestamp"] == line["time"]));
        let ids = |entries: &[Value]| -> Vec<Value> {
            entries
                .iter()
                .map(|it| json!([it["id"], it["action"]]))
                .collect()
        };
        let table: Vec<Value> = audit(&site, &["--json"])
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(ids(&logged), ids(&table), "{format}");
        assert!(!log.contains("ada@example.com"), "{log}");
        assert!(!log.contains("guess"));
    }
}

#[tokio::test]
async fn a_quiet_server_logs_no_rows_and_keeps_them() {
    let (site, log) = visited("[log]\nlevel = \"warn\"\n").await;
    assert!(!log.contains("user_created"), "{log}");
    assert!(audit(&site, &["--json"]).contains("user_created"));
}

#[tokio::test]
async fn a_user_agent_neither_steers_a_terminal_nor_passes_for_a_row() {
    let site = Site::new(TWO_APPS);
    let config = site.path("passage.toml");
    let server = Process::start(&["serve", "--config", config.to_str().unwrap()]);
    let row = "2026-03-01T12:00:00Z  one  user_deleted";
    let disguise = "\u{9b}2J\u{85}\u{2028}\u{202e}";
    let agent = format!("{disguise}\"{}{row}", " ".repeat(400));
    let url = format!("{}/api/v1/apps/two/users", text(&server.ready["url"]));
    let header = HeaderValue::from_bytes(agent.as_bytes()).unwrap();
    let request = client().get(url).bearer_auth("guess");
    send(request.header("user-agent", header))
        .await
        .error(401, "invalid_access_token");
    let (status, log) = server.stop("TERM");
    assert!(status.success());
    let only = ["--action", "backend_refused"];
    let json = audit(&site, &[&only[..], &["--json"]].concat());
    let logged = log.lines().filter(|line| line.contains("bad_api_key"));
    let logged = logged.filter(|line| line.contains("\"target\":\"passage_server::audit\""));
    let lines: Vec<&str> = json.lines().chain(logged).collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert!(!line.contains(AuditEntry::is_unprintable), "{line:?}");
        let entry: Value = serde_json::from_str(line).unwrap();
        assert_eq!(entry["agent"], agent, "nothing is lost");
    }
    let table = audit(&site, &only);
    assert_eq!(table.lines().count(), 2);
    let shown = table.lines().last().unwrap();
    assert!(!shown.contains(AuditEntry::is_unprintable), "{shown:?}");
    assert!(
        shown.contains("\"?2J???'   ") && shown.ends_with("…\""),
        "{shown:?}"
    );
    assert!(!shown.contains("user_deleted"), "{shown:?}");
}

#[test]
fn wrong_options_say_what_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("passage.db");
    let missing = missing.to_str().unwrap();
    assert!(refused(&["audit", "--data", missing]).contains("there is no data file"));
    let problem = refused(&["audit", "--data", missing, "--action", "hacked"]);
    assert!(problem.contains("hacked"), "{problem}");
    let problem = refused(&["audit", "--data", missing, "--since", "yesterday"]);
    assert!(problem.contains("24h"), "{problem}");
}
