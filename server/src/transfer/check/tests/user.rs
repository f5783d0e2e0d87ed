//! Users.

use super::*;
use crate::store::users::MadeBy;

#[test]
fn a_short_line_is_enough_for_a_user() {
    let user = a_user(&json!({"email": "Ada@Example.COM"})).unwrap();
    assert_eq!(user.id.as_str().len(), ids::ID_LENGTH);
    assert_eq!(user.email.as_deref(), Some("ada@example.com"));
    assert_eq!(
        (user.status.as_str(), user.login_count, user.email_verified),
        ("pending", 0, false)
    );
    assert_eq!(
        (user.created_at, user.updated_at, user.last_login_at),
        (NOW, NOW, Time::NEVER)
    );
    assert!(user.user_handle.is_none() && user.metadata.is_empty());
}

#[test]
fn empty_texts_and_the_zero_time_of_the_api_are_nothing() {
    let members = json!({
        "phone": "", "external_id": "", "user_metadata": null, "last_login_at": "0001-01-01T00:00:00Z",
        "created_at": "2024-02-29T12:00:00.123456+01:00",
    });
    let user = a_user(&members).unwrap();
    assert!(user.phone.is_none() && user.external_id.is_none());
    assert_eq!(user.last_login_at, Time::NEVER);
    assert_eq!(
        user.created_at,
        Time::from_microsecond(1_709_204_400_123_456)
    );
    assert_eq!(user.updated_at, user.created_at);
}

#[test]
fn who_made_themselves_did_so_here_too_and_the_rest_is_imported() {
    for (made_by, stored) in [
        (json!("themselves"), MadeBy::Themselves),
        (json!(null), MadeBy::Import),
    ] {
        let user = a_user(&json!({"made_by": made_by})).unwrap();
        assert_eq!(user.made_by, stored);
        let shown = serde_json::to_value(show::user(user)).unwrap();
        assert_eq!(shown.get("made_by").unwrap_or(&json!(null)), &made_by);
    }
}

#[test]
fn what_a_user_cannot_be() {
    bad(
        a_user,
        &[
            (
                json!({"email": null}),
                "",
                "an email, a phone or an external_id",
            ),
            (
                json!({"email": "", "phone": ""}),
                "",
                "an email, a phone or an external_id",
            ),
            (json!({"email": "ada"}), "email", "an e-mail address"),
            (json!({"phone": "15005550006"}), "phone", "E.164"),
            (
                json!({"phone_verified": true}),
                "phone_verified",
                "nothing that was verified",
            ),
            (
                json!({"email": null, "phone": "+15005550006", "email_verified": true}),
                "email_verified",
                "nothing that was verified",
            ),
            (json!({"id": ".."}), "id", "letters, digits"),
            (json!({"id": ""}), "id", "letters, digits"),
            (json!({"id": "a".repeat(65)}), "id", "1 to 64"),
            (
                json!({"status": "Active"}),
                "status",
                "pending, active or inactive",
            ),
            (json!({"made_by": "backend"}), "made_by", "be left out"),
            (json!({"made_by": "me"}), "made_by", "must be themselves"),
            (json!({"login_count": -1}), "login_count", "not be negative"),
            (
                json!({"last_login_at": "2026-01-31"}),
                "last_login_at",
                "RFC 3339",
            ),
            (
                json!({"updated_at": "-000001-01-01T00:00:00Z"}),
                "updated_at",
                "RFC 3339",
            ),
            (
                json!({"user_metadata": {"a": []}}),
                "user_metadata",
                "`a` must be",
            ),
            (json!({"user_handle": ""}), "user_handle", "1 to 64 bytes"),
            (
                json!({"user_handle": "a b"}),
                "user_handle",
                "1 to 64 bytes",
            ),
            (
                json!({"user_handle": "A".repeat(88)}),
                "user_handle",
                "1 to 64 bytes",
            ),
            (
                json!({"social_connections": [{"type": "myspace", "provider_id": "1"}]}),
                "social_connections[0].type",
                "apple, github or google",
            ),
            (
                json!({"social_connections": [{"type": "apple", "provider_id": ""}]}),
                "social_connections[0].provider_id",
                "not be empty",
            ),
            (
                json!({"devices": [{"cred_id": "AQID", "public_key": KEY, "backup_eligible": true}]}),
                "user_handle",
                "the user.id that they were made with",
            ),
        ],
    );
}

#[test]
fn metadata_is_checked_against_the_fields_of_the_app() {
    let mut settings = AppSettings::default();
    settings.put_field("plan", MetadataType::String);
    let user = |metadata: Value| a_user_of(&settings, &json!({"user_metadata": metadata}));
    let good = user(json!({"plan": "pro"})).unwrap();
    assert_eq!(Value::from(good.metadata), json!({"plan": "pro"}));
    assert!(user(json!({"plan": null})).unwrap().metadata.is_empty());
    for (metadata, expected) in [
        (
            json!({"plan": 1}),
            "line 7: user_metadata: `plan` is not of type string",
        ),
        (
            json!({"age": 1}),
            "line 7: user_metadata: the app has no field `age`",
        ),
    ] {
        assert_eq!(user(metadata).err().as_deref(), Some(expected));
    }
}

#[test]
fn a_line_can_have_several_mistakes() {
    let line =
        line(&json!({"type": "user", "app": "shop", "email": "ada", "phone": "1", "status": ""}));
    let mut bad = BadLines::default();
    let mut findings = LineErrors::new(3, &mut bad);
    assert!(user(line, &AppSettings::default(), NOW, &mut findings).is_none());
    let members: Vec<_> = bad.list().iter().map(|bad| bad.member.as_str()).collect();
    assert_eq!(members, ["email", "phone", "status"]);
    assert!(!bad.full());
}
