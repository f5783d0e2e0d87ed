//! Imports that change nothing, because a line is bad.

use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use passage_server::{DataFile, NewApp};
use serde_json::{Value, json};

use crate::support::text;
use crate::transfer::{HEADER, exported, import};

/// A P-256 key in COSE form.
const KEY: &str = "pQECAyYgASFYIGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWIlggT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";

/// A file with two apps, and a user who has one of everything.
async fn file_with_ada(data: &Path) {
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

fn user(more: Value) -> String {
    let mut user = json!({"type": "user", "app": "shop", "email": "bob@example.com"});
    for (name, value) in more.as_object().unwrap() {
        user[name] = value.clone();
    }
    user.to_string()
}

fn device(more: Value) -> String {
    let mut device = json!({"cred_id": "AQID", "public_key": KEY, "backup_eligible": false});
    for (name, value) in more.as_object().unwrap() {
        device[name] = value.clone();
    }
    user(json!({"user_handle": "BBBB", "devices": [device]}))
}

#[tokio::test]
async fn every_kind_of_bad_line_is_named_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    file_with_ada(&data).await;
    let before = std::fs::read(&data).unwrap();
    let twice = device(json!({"cred_id": "BBBB"})).replace(
        "\"devices\":[",
        &format!(
            "\"devices\":[{},",
            json!({"cred_id": "BBBB", "public_key": KEY, "backup_eligible": false})
        ),
    );
    for (line, expected) in [
        // No JSON, or not of a known kind.
        ("{".to_owned(), "line 2: is no JSON"),
        ("[]".to_owned(), "line 2: must be a JSON object"),
        ("\u{fffd}".to_owned(), "line 2: must be a JSON object"),
        (
            format!("{} {{}}", user(json!({}))),
            "line 2: must be one JSON object",
        ),
        ("{}".to_owned(), "line 2: needs the member `type`"),
        (
            json!({"type": "group"}).to_string(),
            "line 2: type: must be `app` or `user`",
        ),
        (HEADER.to_owned(), "line 2: needs the member `type`"),
        (
            json!({"type": "user", "email": "bob@example.com"}).to_string(),
            "line 2: needs the member `app`",
        ),
        // Members.
        (
            user(json!({"emial": "x"})),
            "line 2: has the unknown member `emial`",
        ),
        (
            device(json!({"publickey": "x"})),
            "line 2: devices[0]: has the unknown member `publickey`",
        ),
        (user(json!({"email": 5})), "line 2: email: must be a string"),
        (
            user(json!({"email": "bob"})),
            "line 2: email: must be an e-mail address",
        ),
        (
            user(json!({"phone": "5005550006"})),
            "line 2: phone: must be in E.164",
        ),
        (
            user(json!({"login_count": 1.5})),
            "line 2: login_count: must be a whole number",
        ),
        (
            user(json!({"user_metadata": {"a": {}}})),
            "line 2: user_metadata: `a` must be",
        ),
        (user(json!({"app": "nowhere"})), "line 2: app: is not there"),
        // What is taken.
        (
            user(json!({"id": "ada"})),
            "line 2: id: is that of another user",
        ),
        (
            user(json!({"id": "ada", "app": "blog"})),
            "line 2: id: is that of another user",
        ),
        (
            user(json!({"email": "ADA@example.com"})),
            "line 2: email: is that of another user",
        ),
        (
            user(json!({"phone": "+15005550006"})),
            "line 2: phone: is that of another user",
        ),
        (
            user(json!({"external_id": "customer-7"})),
            "line 2: external_id: is that of another user",
        ),
        (
            user(json!({"user_handle": "AQID"})),
            "line 2: user_handle: is that of another user",
        ),
        (
            device(json!({"cred_id": "AAAA"})),
            "line 2: devices[0].cred_id: is that of another passkey",
        ),
        (
            device(json!({"id": "phone"})),
            "line 2: devices[0].id: is that of another device",
        ),
        (
            twice,
            "line 2: devices[1].cred_id: is that of another passkey",
        ),
        (
            user(json!({"social_connections": [{"type": "google", "provider_id": "117"}]})),
            "line 2: social_connections[0].provider_id: is connected to another user",
        ),
        (
            user(json!({"social_connections": [
                {"type": "apple", "provider_id": "1"}, {"type": "apple", "provider_id": "2"},
            ]})),
            "line 2: social_connections[1].type: is that of another connection",
        ),
        // Passkeys. The keys are one for P-384 that says it is for ES256, and one cut short.
        (
            device(json!({"public_key": KEY.replace("pQECAyYgAS", "pQECAyYgAi")})),
            "line 2: devices[0].public_key: must be",
        ),
        (
            device(json!({"public_key": &KEY[..60]})),
            "line 2: devices[0].public_key: must be a COSE key",
        ),
        (
            device(json!({"sign_count": 4_294_967_296_i64})),
            "line 2: devices[0].sign_count: must be from 0",
        ),
        (
            device(json!({"sign_count": -1})),
            "line 2: devices[0].sign_count: must be from 0",
        ),
        // Apps.
        (
            json!({"type": "app", "id": "new"}).to_string(),
            "line 2: needs the member `auth_origin`",
        ),
        (
            json!({"type": "app", "id": "new", "auth_origin": "new.example"}).to_string(),
            "line 2: auth_origin: must be",
        ),
        (
            json!({"type": "app", "id": "shop", "auth_origin": "https://other.example"})
                .to_string(),
            "line 2: rp_id: must be that of the app that is there",
        ),
    ] {
        // What comes before it and after it is good.
        let good = user(json!({"email": "good@example.com"}));
        let error = import(&data, &format!("{HEADER}\n{line}\n{good}\n"))
            .await
            .unwrap_err();
        assert_eq!(error.bad_lines().len(), 1, "{line}: {error}");
        let problem = error.bad_lines()[0].to_string();
        assert!(problem.starts_with(expected), "{line}: {problem}");
        assert_eq!(
            error.to_string(),
            format!("nothing was imported\n{problem}")
        );
        let error = import(&data, &format!("{HEADER}\n{good}\n{line}"))
            .await
            .unwrap_err();
        assert_eq!(error.bad_lines()[0].line, 3, "{error}");
        assert!(std::fs::read(&data).unwrap() == before, "{line}");
    }
    assert_eq!(exported(&data).await.lines().count(), 4);
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
struct BreaksOff(Cursor<String>);

impl Read for BreaksOff {
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
    let lines = BreaksOff(Cursor::new(format!("{HEADER}\n{}\n", user(json!({})))));
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
