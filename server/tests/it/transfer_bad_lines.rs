//! Every kind of bad line is named with its number and member, and changes nothing.

use serde_json::json;

use crate::transfer::{HEADER, exported, import};
use crate::transfer_refused::{KEY, device, file_with_ada, user};

/// Imports each line between good ones. The reason must begin with what stands beside it, and the file must stay as it
/// was, byte for byte.
async fn assert_refused(cases: impl IntoIterator<Item = (String, &str)>) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    file_with_ada(&data).await;
    let before = std::fs::read(&data).unwrap();
    let good = user(json!({"email": "good@example.com"}));
    for (line, expected) in cases {
        let error = import(&data, &format!("{HEADER}\n{line}\n{good}\n"))
            .await
            .unwrap_err();
        assert_eq!(error.bad_lines().len(), 1, "{line}: {error}");
        let problem = error.bad_lines()[0].to_string();
        assert!(problem.starts_with(expected), "{line}: {problem}");
        assert_eq!(
            error.to_string(),
            format!("nothing was imported\n{problem}"),
            "{line}"
        );
        let error = import(&data, &format!("{HEADER}\n{good}\n{line}"))
            .await
            .unwrap_err();
        assert_eq!(error.bad_lines()[0].line, 3, "{line}: {error}");
        assert!(std::fs::read(&data).unwrap() == before, "{line}");
    }
    assert_eq!(exported(&data).await.lines().count(), 4);
}

#[tokio::test]
async fn a_line_must_be_a_json_object_of_a_known_kind() {
    assert_refused([
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
    ])
    .await;
}

#[tokio::test]
async fn members_must_be_known_and_of_their_types() {
    assert_refused([
        (
            json!({"type": "user", "email": "bob@example.com"}).to_string(),
            "line 2: needs the member `app`",
        ),
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
    ])
    .await;
}

#[tokio::test]
async fn what_identifies_another_user_is_taken() {
    assert_refused([
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
    ])
    .await;
}

#[tokio::test]
async fn passkeys_and_connections_of_another_user_are_taken() {
    let twice = device(json!({"cred_id": "BBBB"})).replace(
        "\"devices\":[",
        &format!(
            "\"devices\":[{},",
            json!({"cred_id": "BBBB", "public_key": KEY, "backup_eligible": false})
        ),
    );
    assert_refused([
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
    ])
    .await;
}

#[tokio::test]
async fn passkeys_must_have_a_key_and_a_counter_that_can_be_used() {
    assert_refused([
        // One for P-384 that says it is for ES256, and one cut short.
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
    ])
    .await;
}

#[tokio::test]
async fn apps_must_have_an_origin_and_the_relying_party_that_is_there() {
    assert_refused([
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
    ])
    .await;
}
