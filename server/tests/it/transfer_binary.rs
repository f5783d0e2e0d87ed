//! `passage-server export` and `passage-server import`, as they are run from a shell.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::process::command;
use crate::site::{Site, TWO_APPS};
use crate::transfer::HEADER;

/// Runs it with this on its standard input.
fn run_with(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = command(arguments).stdin(Stdio::piped()).spawn().unwrap();
    // One that refuses does not read to the end.
    let _written = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// What it prints when it does what it is told.
fn done(output: Output) -> String {
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}");
    String::from_utf8(output.stdout).unwrap()
}

/// What it says when it does not.
fn refused(output: Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

fn counts(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

const USERS: &str = r#"{"format":"passage-server","version":1}
{"type":"app","id":"shop","auth_origin":"https://shop.example.com"}
{"type":"user","app":"shop","email":"ada@example.com"}
"#;

#[test]
fn a_file_goes_out_and_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (a, b, lines) = (path("a.db"), path("b.db"), path("users.jsonl"));
    fs::write(path("in.jsonl"), USERS).unwrap();

    let output = command(&["import", "--data", &a, "--dry-run", &path("in.jsonl")]).output();
    let one = json!({"apps": 1, "users": 1, "devices": 0, "social_connections": 0});
    let mut imported = one.clone();
    imported["users_with_unproved_passkeys"] = json!(0);
    let mut dry = imported.clone();
    dry["dry_run"] = json!(true);
    assert_eq!(counts(&done(output.unwrap())), dry);
    let output = command(&["import", "--data", &a, &path("in.jsonl")]).output();
    assert_eq!(counts(&done(output.unwrap())), imported);

    let output = command(&["export", "--data", &a, &lines]).output();
    assert_eq!(counts(&done(output.unwrap())), one);
    let mode = fs::metadata(&lines).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Nothing is written over.
    let output = command(&["export", "--data", &a, &lines]).output();
    let problem = refused(output.unwrap());
    assert!(
        problem.contains(&lines) && problem.contains("there already"),
        "{problem}"
    );

    let output = command(&["export", "--data", &a, "-"]).output().unwrap();
    assert_eq!(counts(&String::from_utf8_lossy(&output.stderr)), one);
    assert_eq!(output.stdout, fs::read(&lines).unwrap());
    done(run_with(&["import", "--data", &b, "-"], &output.stdout));
    let again = command(&["export", "--data", &b, "-"]).output().unwrap();
    assert_eq!(again.stdout, output.stdout);
}

#[test]
fn users_whose_passkeys_nobody_has_proved_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let users = r#"{"type":"user","app":"shop","email":"bob@example.com","email_verified":true,"devices":[{"cred_id":"AQIDBA","public_key":null}]}
{"type":"user","app":"shop","phone":"+15005550006","devices":[{"cred_id":"AQIDBQ","public_key":null}]}
"#;
    let lines = format!("{USERS}{users}");
    for (flags, count) in [(&[][..], 1), (&["--trust-identifiers"][..], 0)] {
        let data = path(&format!("{count}.db"));
        let arguments = [&["import", "--data", &data], flags, &["-"]].concat();
        let output = run_with(&arguments, lines.as_bytes());
        let note = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(note.contains("--trust-identifiers"), count > 0, "{note}");
        let imported = counts(&done(output));
        assert_eq!(imported["users_with_unproved_passkeys"], count);
        assert_eq!(imported["users"], 3);
    }
}

#[test]
fn bad_lines_and_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (a, typo) = (path("a.db"), path("typo.db"));
    let bad = USERS.replace("ada@", "ada");
    let problem = refused(run_with(&["import", "--data", &a, "-"], bad.as_bytes()));
    assert_eq!(
        problem,
        "passage-server: nothing was imported\nline 3: email: must be an e-mail address\n"
    );
    let output = command(&["import", "--data", &a, &path("none.jsonl")]).output();
    let problem = refused(output.unwrap());
    assert!(problem.contains("none.jsonl"), "{problem}");
    let output = command(&["export", "--data", &typo, "-"]).output();
    let problem = refused(output.unwrap());
    assert!(problem.contains("no data file"), "{problem}");
    assert!(!folder.path().join("typo.db").exists());
    let output = command(&["export", "--data", &a, "--app", "none", "-"]).output();
    let problem = refused(output.unwrap());
    assert!(problem.contains("no app `none`"), "{problem}");
}

/// An import that is ended by force, when much of it was written already.
#[test]
fn a_kill_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder
        .path()
        .join("passage.db")
        .to_str()
        .unwrap()
        .to_owned();
    done(run_with(
        &["import", "--data", &data, "-"],
        USERS.as_bytes(),
    ));
    let before = done(command(&["export", "--data", &data, "-"]).output().unwrap());
    let mut child = command(&["import", "--data", &data, "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{HEADER}").unwrap();
    for number in 0..20_000 {
        let line =
            json!({"type": "user", "app": "shop", "email": format!("u{number}@example.com")});
        writeln!(input, "{line}").unwrap();
    }
    let log = fs::metadata(format!("{data}-wal")).unwrap();
    assert!(log.len() > 1 << 20, "much was written: {log:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    let after = done(command(&["export", "--data", &data, "-"]).output().unwrap());
    assert_eq!(after, before);
    let line = r#"{"type":"user","app":"shop","email":"u1@example.com"}"#;
    let again = format!("{HEADER}\n{line}");
    done(run_with(
        &["import", "--data", &data, "-"],
        again.as_bytes(),
    ));
}

#[tokio::test]
async fn beside_a_service_users_go_out_but_not_in() {
    let site = Site::new(TWO_APPS);
    let config = site.path("passage.toml").to_str().unwrap().to_owned();
    let service = site.start().await;
    let user =
        format!("{HEADER}\n{{\"type\":\"user\",\"app\":\"one\",\"email\":\"ada@example.com\"}}");
    let problem = refused(run_with(
        &["import", "--config", &config, "-"],
        user.as_bytes(),
    ));
    assert!(problem.contains("stop it first"), "{problem}");
    let lines = done(
        command(&["export", "--config", &config, "-"])
            .output()
            .unwrap(),
    );
    assert_eq!(lines.lines().count(), 3);
    let output = command(&["export", "--config", &config, "--app", "two", "-"]).output();
    assert_eq!(done(output.unwrap()).lines().count(), 2);
    service.shutdown().await;
    done(run_with(
        &["import", "--config", &config, "-"],
        user.as_bytes(),
    ));

    // Apps of the configuration are what it says, and the users are there.
    let service = site.start().await;
    let lookup = format!(
        "{}/auth/v1/apps/one/users?identifier=ada@example.com",
        service.url()
    );
    let found = crate::support::send(crate::support::client().get(lookup)).await;
    assert_eq!(found.json(200)["user"]["email"], "ada@example.com");
    service.shutdown().await;
}

/// The most memory that a process ever had, in KiB.
#[cfg(target_os = "linux")]
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.unwrap().split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}

/// More users than the memory that it may take would hold.
#[cfg(target_os = "linux")]
#[test]
fn many_users_take_no_more_memory_than_some() {
    const USERS: u32 = 100_000;
    const SOME: u32 = 20_000;
    const MORE: u64 = 8 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let data = data.to_str().unwrap();

    let mut child = command(&["import", "--data", data, "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let app = r#"{"type":"app","id":"shop","auth_origin":"https://shop.example.com"}"#;
    writeln!(input, "{HEADER}\n{app}").unwrap();
    let mut some = 0;
    for number in 0..USERS {
        // All but what fits into the pipe was taken in when this is written.
        if number == SOME {
            some = peak(child.id());
        }
        let more = "x".repeat(200);
        writeln!(
            input,
            r#"{{"type":"user","app":"shop","email":"u{number}@example.com","user_metadata":{{"more":"{more}"}}}}"#
        )
        .unwrap();
    }
    let all = peak(child.id());
    assert!(all < some + MORE, "{some} KiB for some, {all} KiB for all");
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(counts(&done(output))["users"], USERS);

    let mut child = command(&["export", "--data", data, "-"]).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut lines = 0;
    for line in output.lines() {
        let line = line.unwrap();
        lines += 1;
        match lines {
            SOME => some = peak(child.id()),
            // What is left does not fit into the pipe, so that it still runs.
            number if number == USERS - SOME => {
                let all = peak(child.id());
                assert!(all < some + MORE, "{some} KiB for some, {all} KiB for all");
            }
            _ => assert!(line.starts_with('{')),
        }
    }
    assert_eq!(lines, USERS + 2);
    assert!(child.wait().unwrap().success());
}
