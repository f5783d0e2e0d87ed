//! Imports that change nothing, because a line is bad.

use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use passage_server::{DataFile, NewApp};
use serde_json::{Value, json};

use crate::support::text;
use crate::transfer::{HEADER, exported, import};

/// A P-256 key in COSE form.
pub const KEY: &str = "pQECAyYgASFYIGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWIlggT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";

/// A file with two apps, and a user who has one of everything.
pub async fn file_with_ada(data: &Path) {
    let file = DataFile::open(data).await.unwrap();
    for id in ["shop", "blog"] {
        let app = NewApp::new(format!("https://{id}.example.com")).id(id);
        file.create_app(app).await.unwrap();
    }
    file.close().await;
    import(data, &format!("{HEADER}\n{}", ada())).await.unwrap();
}

fn ada() -> Value {
    json!({
        "type": "user", "app": "shop", "id": "ada", "email": "ada@example.com", "phone": "+15005550006",
        "external_id": "customer-7", "user_handle": "AQID",
        "social_connections": [{"type": "google", "provider_id": "117"}],
        "devices": [{"id": "phone", "cred_id": "AAAA", "public_key": KEY, "backup_eligible": true}],
    })
}

pub fn user(more: Value) -> String {
    let mut user = json!({"type": "user", "app": "shop", "email": "bob@example.com"});
    for (name, value) in more.as_object().unwrap() {
        user[name] = value.clone();
    }
    user.to_string()
}

pub fn device(more: Value) -> String {
    let mut device = json!({"cred_id": "AQID", "public_key": KEY, "backup_eligible": false});
    for (name, value) in more.as_object().unwrap() {
        device[name] = value.clone();
    }
    user(json!({"user_handle": "BBBB", "devices": [device]}))
}

#[tokio::test]
async fn what_clashes_within_a_file_is_bad_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let app = json!({"type": "app", "id": "shop", "auth_origin": "https://shop.example.com"});
    let lines = format!(
        "{HEADER}\n{app}\n{}\n{}\n{app}",
        user(json!({"phone": "+15005550006"})),
        user(json!({"email": "Bob@Example.com", "phone": "+15005550006"})),
    );
    let error = import(&data, &lines).await.unwrap_err();
    let found: Vec<_> = error
        .bad_lines()
        .iter()
        .map(|bad| (bad.line, bad.member.as_str()))
        .collect();
    assert_eq!(found, [(4, "email"), (4, "phone"), (5, "id")]);
    assert_eq!(exported(&data).await, format!("{HEADER}\n"));
}

#[tokio::test]
async fn without_a_right_header_nothing_else_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    file_with_ada(&data).await;
    for (header, expected) in [
        (
            "",
            "line 2: must be the header {\"format\":\"passage-server\",\"version\":1}",
        ),
        ("email,phone", "line 1: must be the header"),
        ("{\"type\":\"app\"}", "line 1: must be the header"),
        (
            "{\"format\":\"other\",\"version\":1}",
            "line 1: format: must be `passage-server`",
        ),
        (
            "{\"format\":\"passage-server\",\"version\":2,\"new\":1}",
            "line 1: version: must be 1: another",
        ),
        (
            "{\"format\":\"passage-server\",\"version\":0}",
            "line 1: version: must be 1: another",
        ),
        (
            "{\"format\":\"passage-server\",\"version\":\"1\"}",
            "line 1: must be the header",
        ),
        (
            "{\"format\":\"passage-server\",\"version\":1,\"apps\":[]}",
            "line 1: has the unknown member `apps`",
        ),
    ] {
        let error = import(&data, &format!("{header}\n{}\nnonsense", user(json!({}))))
            .await
            .unwrap_err();
        assert_eq!(error.bad_lines().len(), 1, "{header}: {error}");
        let problem = error.bad_lines()[0].to_string();
        assert!(problem.starts_with(expected), "{header}: {problem}");
    }
    let error = import(&data, "").await.unwrap_err();
    assert_eq!(error.bad_lines()[0].line, 1);
}

#[tokio::test]
async fn the_first_twenty_bad_lines_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    file_with_ada(&data).await;
    let mut lines = HEADER.to_owned();
    for number in 0..60 {
        let email = format!("u{number}@example.com");
        let phone = if number % 2 == 0 {
            "+15005550007"
        } else {
            "sesame"
        };
        lines.push_str(&format!(
            "\n{}",
            user(json!({"email": email, "phone": phone}))
        ));
    }
    let error = import(&data, &lines).await.unwrap_err();
    // The first of those with the same phone is good, and so are those after it which have another one.
    let numbers: Vec<_> = error.bad_lines().iter().map(|bad| bad.line).collect();
    assert_eq!(numbers, (3..23).collect::<Vec<_>>());
    assert!(
        error
            .to_string()
            .ends_with("and perhaps more: it was not read further")
    );
    assert!(!error.to_string().contains("sesame"), "{error}");
}

#[tokio::test]
async fn users_of_an_app_that_could_not_be_read_are_not_blamed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let app = json!({"type": "app", "id": "shop", "auth_origin": "shop.example.com"});
    let lines = format!(
        "{HEADER}\n{app}\n{}\n{}",
        user(json!({})),
        user(json!({"emial": 1}))
    );
    let error = import(&data, &lines).await.unwrap_err();
    let numbers: Vec<_> = error.bad_lines().iter().map(|bad| bad.line).collect();
    assert_eq!(numbers, [2, 4]);
}

#[tokio::test]
async fn a_check_says_what_would_be_and_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    file_with_ada(&data).await;
    let before = std::fs::read(&data).unwrap();
    let file = DataFile::open(&data).await.unwrap();
    let check = async |line: String| {
        let lines = Cursor::new(format!("{HEADER}\n{line}"));
        file.check_import(lines).await
    };
    let moved = check(device(json!({}))).await.unwrap();
    assert_eq!((moved.apps, moved.users, moved.devices), (0, 1, 1));
    let error = check(user(json!({"id": "ada"}))).await.unwrap_err();
    assert_eq!(error.bad_lines()[0].member, "id");
    file.close().await;
    assert!(std::fs::read(&data).unwrap() == before);
}

/// Lines that break off with an error of the system.
struct FailingReader(Cursor<String>);

impl Read for FailingReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::Error::other("the disk is gone")),
            some => Ok(some),
        }
    }
}

#[tokio::test]
async fn lines_that_break_off_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    file_with_ada(&data).await;
    let before = exported(&data).await;
    let file = DataFile::open(&data).await.unwrap();
    let lines = FailingReader(Cursor::new(format!("{HEADER}\n{}\n", user(json!({})))));
    let error = file.import(BufReader::new(lines)).await.unwrap_err();
    assert_eq!(error.to_string(), "what is imported cannot be read");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "the disk is gone");
    file.close().await;
    assert_eq!(exported(&data).await, before);
}

#[tokio::test]
async fn no_reason_repeats_a_value() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    file_with_ada(&data).await;
    let secret = "sesame-open-sesame";
    for line in [
        secret.to_owned(),
        format!("{{\"{secret}"),
        format!("{{\"type\":\"{secret}\"}}"),
        user(json!({"email": secret})),
        user(json!({"email_verified": secret})),
        user(json!({"status": secret})),
        user(json!({"created_at": secret})),
        user(json!({"app": secret})),
        user(json!({"user_metadata": secret})),
        user(json!({"devices": secret})),
        user(json!({"devices": [secret]})),
        device(json!({"cred_id": format!("{secret} ")})),
        device(json!({"public_key": secret})),
        device(json!({"type": secret})),
        device(json!({"sign_count": secret})),
        device(json!({"aaguid": secret})),
        json!({"type": "app", "id": "a", "auth_origin": secret}).to_string(),
        json!({"type": "app", "id": "a", "auth_origin": "https://a.b", "metadata_fields": [{"name": "a", "type": secret}]})
            .to_string(),
    ] {
        let error = import(&data, &format!("{HEADER}\n{line}")).await.unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(!error.bad_lines().is_empty() && !told.contains(secret), "{told}");
    }
    let known = text(&ada()["email"]);
    let error = import(
        &data,
        &format!("{HEADER}\n{}", user(json!({"email": known}))),
    )
    .await;
    assert!(!error.unwrap_err().to_string().contains(&known));
}
