//! What is wrong with lines, member by member, and what they are when nothing is.
#![allow(clippy::unwrap_used)]

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::problem::{BadLines, Findings};
use super::super::records::{AppRecord, UserRecord};
use super::super::show;
use super::*;
use crate::settings::{AppSettings, MetadataType};

const NOW: i64 = 1_700_000_000_000_000;
/// A P-256 key in COSE form.
const KEY: &str = "pQECAyYgASFYIGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWIlggT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";

fn merged(mut base: Value, more: &Value) -> Value {
    let (base_map, more) = (base.as_object_mut().unwrap(), more.as_object().unwrap());
    for (name, value) in more {
        base_map.insert(name.clone(), value.clone());
    }
    base
}

fn line<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_str(&value.to_string()).unwrap_or_else(|error| panic!("{value}: {error}"))
}

/// The first thing that is wrong, or what there is if nothing is.
fn checked<T>(check: impl FnOnce(&mut Findings<'_>) -> Option<T>) -> Result<T, String> {
    let mut bad = BadLines::default();
    let result = check(&mut Findings::new(7, &mut bad));
    match bad.list().first() {
        None => Ok(result.unwrap()),
        Some(bad) => {
            assert!(result.is_none(), "{bad}");
            Err(bad.to_string())
        }
    }
}

fn an_app(more: &Value) -> Result<AppRecord, String> {
    let base = json!({"type": "app", "id": "shop", "auth_origin": "https://shop.example.com"});
    let line = line(&merged(base, more));
    checked(|findings| app(line, NOW, findings))
}

fn a_user_of(settings: &AppSettings, more: &Value) -> Result<UserRecord, String> {
    let base = json!({"type": "user", "app": "shop", "email": "ada@example.com"});
    let line = line(&merged(base, more));
    checked(|findings| user(line, settings, NOW, findings))
}

fn a_user(more: &Value) -> Result<UserRecord, String> {
    a_user_of(&AppSettings::default(), more)
}

fn a_device(more: &Value) -> Result<UserRecord, String> {
    let base = json!({"cred_id": "AQID", "public_key": KEY, "backup_eligible": false});
    let devices = json!([merged(base, more)]);
    a_user(&json!({"user_handle": "AQ", "devices": devices}))
}

/// Each of these is bad, in the member and for the reason that are named.
fn bad<T>(of: impl Fn(&Value) -> Result<T, String>, cases: &[(Value, &str, &str)]) {
    for (more, member, reason) in cases {
        let Err(problem) = of(more) else {
            panic!("{more} is taken");
        };
        let place = if member.is_empty() {
            "line 7: ".to_owned()
        } else {
            format!("line 7: {member}: ")
        };
        let found = problem.strip_prefix(&place);
        assert!(
            found.is_some_and(|found| found.contains(reason)),
            "{more}: {problem}"
        );
    }
}

#[test]
fn a_short_line_is_enough_for_an_app() {
    let app = an_app(&json!({})).unwrap();
    assert_eq!((app.id.as_str(), app.created_at), ("shop", NOW));
    let expected = AppSettings {
        name: "shop".to_owned(),
        auth_origin: "https://shop.example.com".to_owned(),
        ..AppSettings::default()
    };
    let text = |settings: &AppSettings| serde_json::to_value(settings).unwrap();
    assert_eq!(text(&app.settings), text(&expected));
}

#[test]
fn what_an_app_cannot_be() {
    bad(
        an_app,
        &[
            (json!({"id": "a/b"}), "id", "letters, digits"),
            (json!({"id": ""}), "id", "letters, digits"),
            (
                json!({"auth_origin": "https://a.b/"}),
                "auth_origin",
                "an origin such as",
            ),
            (
                json!({"rp_id": "other.example"}),
                "rp_id",
                "the host of auth_origin",
            ),
            (
                json!({"login_url": "https://other.example/"}),
                "login_url",
                "a path",
            ),
            (
                json!({"session_seconds": 0}),
                "session_seconds",
                "from 1 to",
            ),
            (
                json!({"refresh_seconds": -1}),
                "refresh_seconds",
                "from 1 to",
            ),
            (
                json!({"refresh_idle_seconds": 0}),
                "refresh_idle_seconds",
                "from 1 to",
            ),
            (
                json!({"magic_link_seconds": 0}),
                "magic_link_seconds",
                "from 1 to",
            ),
            (
                json!({"one_time_code_seconds": 1_000_000_000_001_i64}),
                "one_time_code_seconds",
                "from 1 to",
            ),
            (
                json!({"callback_urls": ["my-app://ok", "javascript:alert(1)"]}),
                "callback_urls[1]",
                "must be a URL such as",
            ),
            (
                json!({"social_logins": {"google": {"client_id": ""}}}),
                "social_logins.google.client_id",
                "must not be empty",
            ),
            (
                json!({"metadata_fields": [{"name": "a", "type": "string"}, {"name": "a", "type": "date"}]}),
                "metadata_fields[1]",
                "of another field",
            ),
            (
                json!({"metadata_fields": [{"id": "a b", "name": "a", "type": "string"}]}),
                "metadata_fields[0].id",
                "letters, digits",
            ),
            (json!({"created_at": "yesterday"}), "created_at", "RFC 3339"),
        ],
    );
}

#[test]
fn a_short_line_is_enough_for_a_user() {
    let user = a_user(&json!({"email": "Ada@Example.COM"})).unwrap();
    assert_eq!(user.id.len(), ids::ID_LENGTH);
    assert_eq!(user.email.as_deref(), Some("ada@example.com"));
    assert_eq!(
        (user.status.as_str(), user.login_count, user.email_verified),
        ("pending", 0, false)
    );
    assert_eq!(
        (user.created_at, user.updated_at, user.last_login_at),
        (NOW, NOW, NEVER)
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
    assert_eq!(user.last_login_at, NEVER);
    assert_eq!(user.created_at, 1_709_204_400_123_456);
    assert_eq!(user.updated_at, user.created_at);
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
fn a_short_line_is_enough_for_a_passkey() {
    let user = a_device(&json!({"cred_id": "AQIDBA==", "transports": ["usb"]})).unwrap();
    let [record] = user.devices.as_slice() else {
        panic!("one device");
    };
    let (device, credential) = (&record.device, record.credential.as_ref().unwrap());
    assert_eq!(device.cred_id, "AQIDBA");
    assert_eq!(
        (device.r#type.as_str(), device.friendly_name.as_str()),
        ("security_key", "Passkey")
    );
    assert_eq!((device.created_at, device.last_login_at), (NOW, NEVER));
    assert_eq!(
        (credential.cred_id.as_str(), credential.sign_count),
        ("AQIDBA", 0)
    );
    assert!(credential.passkey().is_some());
}

#[test]
fn the_kind_of_a_passkey_follows_from_what_is_known_of_it() {
    for (members, kind) in [
        (json!({"backup_eligible": true}), "passkey"),
        (
            json!({"backup_eligible": true, "type": "platform"}),
            "platform",
        ),
        (json!({"transports": ["nfc"]}), "security_key"),
        (json!({"transports": ["internal"]}), "platform"),
    ] {
        let user = a_device(&members).unwrap();
        let kinds: Vec<_> = user
            .devices
            .iter()
            .map(|it| it.device.r#type.as_str())
            .collect();
        assert_eq!(kinds, [kind], "{members}");
    }
}

#[test]
fn what_a_passkey_cannot_be() {
    let eight = ["usb"; 9];
    bad(
        a_device,
        &[
            (
                json!({"cred_id": ""}),
                "devices[0].cred_id",
                "1 to 1023 bytes",
            ),
            (
                json!({"cred_id": "a+b/"}),
                "devices[0].cred_id",
                "base64url",
            ),
            (
                json!({"cred_id": "A".repeat(1366)}),
                "devices[0].cred_id",
                "1 to 1023 bytes",
            ),
            (
                json!({"public_key": "?"}),
                "devices[0].public_key",
                "in base64url",
            ),
            (
                json!({"public_key": "oA"}),
                "devices[0].public_key",
                "ES256 on P-256",
            ),
            (
                json!({"public_key": "AAAA"}),
                "devices[0].public_key",
                "no CBOR",
            ),
            (
                json!({"sign_count": -1}),
                "devices[0].sign_count",
                "from 0 to 4294967295",
            ),
            (
                json!({"sign_count": 4_294_967_296_i64}),
                "devices[0].sign_count",
                "from 0 to 4294967295",
            ),
            (
                json!({"transports": eight}),
                "devices[0].transports",
                "at most 8",
            ),
            (
                json!({"transports": ["u s b"]}),
                "devices[0].transports",
                "names such as",
            ),
            (json!({"aaguid": "1"}), "devices[0].aaguid", "a UUID"),
            (
                json!({"backup_eligible": null}),
                "devices[0].backup_eligible",
                "the flag BE",
            ),
            (
                json!({"backup_state": true}),
                "devices[0].backup_state",
                "backup_eligible is false",
            ),
            (
                json!({"type": "phone"}),
                "devices[0].type",
                "passkey, security_key or platform",
            ),
            (
                json!({"icon_dark": "https://a.b/c.svg"}),
                "devices[0].icon_dark",
                "a data URL",
            ),
            (
                json!({"usage_count": -1}),
                "devices[0].usage_count",
                "not be negative",
            ),
            (json!({"id": "a.b"}), "devices[0].id", "letters, digits"),
            (
                json!({"updated_at": "now"}),
                "devices[0].updated_at",
                "RFC 3339",
            ),
            (
                json!({"public_key": null}),
                "devices[0].backup_eligible",
                "without a public_key",
            ),
        ],
    );
}

#[test]
fn a_line_can_have_several_mistakes() {
    let line =
        line(&json!({"type": "user", "app": "shop", "email": "ada", "phone": "1", "status": ""}));
    let mut bad = BadLines::default();
    let mut findings = Findings::new(3, &mut bad);
    assert!(user(line, &AppSettings::default(), NOW, &mut findings).is_none());
    let members: Vec<_> = bad.list().iter().map(|bad| bad.member.as_str()).collect();
    assert_eq!(members, ["email", "phone", "status"]);
    assert!(!bad.full());
}

#[test]
fn what_is_shown_is_taken_as_the_same() {
    let members = json!({
        "id": "u1", "phone": "+15005550006", "phone_verified": true, "external_id": "x", "status": "inactive",
        "login_count": 3, "last_login_at": "2025-01-02T03:04:05.678901Z", "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2025-01-01T00:00:00Z", "user_metadata": {"b": 1.5, "a": "ä"}, "user_handle": "AQID",
        "social_connections": [{"type": "github", "provider_id": "7", "provider_identifier": "ada"}],
        "devices": [
            {"id": "d1", "cred_id": "AQID", "public_key": KEY, "sign_count": 4_294_967_295_u32, "backup_state": true,
             "transports": ["internal", "hybrid"], "aaguid": "00010203-0405-0607-0809-0a0b0c0d0e0f",
             "backup_eligible": true, "friendly_name": "Phone", "icon_light": "data:image/svg+xml;base64,AA",
             "usage_count": 9, "last_login_at": "2025-01-02T03:04:05Z"},
            {"id": "d2", "cred_id": "seeded", "public_key": null, "type": "platform"},
        ],
    });
    let shown = serde_json::to_value(show::user(a_user(&members).unwrap())).unwrap();
    for (name, value) in members.as_object().unwrap() {
        if !matches!(name.as_str(), "devices" | "social_connections") {
            assert_eq!(shown.get(name), Some(value), "{name}");
        }
    }
    let again = serde_json::to_value(show::user(a_user(&shown).unwrap())).unwrap();
    assert_eq!(again, shown);

    let members = json!({
        "name": "Shop", "rp_id": "example.com", "login_url": "login", "redirect_url": "/a", "session_seconds": 5,
        "refresh_tokens": false, "refresh_seconds": 6, "refresh_idle_seconds": 7, "magic_links": false,
        "magic_link_seconds": 8, "one_time_codes": false, "one_time_code_seconds": 9, "conceal_users": true,
        "social_logins": {"apple": {"client_id": "a"}, "google": {}}, "callback_urls": ["my-app://x"],
        "metadata_fields": [{"id": "f1", "name": "plan", "type": "string"}], "created_at": "2024-01-01T00:00:00Z",
    });
    let shown = serde_json::to_value(show::app(an_app(&members).unwrap())).unwrap();
    for (name, value) in members.as_object().unwrap() {
        assert_eq!(shown.get(name), Some(value), "{name}");
    }
    let again = serde_json::to_value(show::app(an_app(&shown).unwrap())).unwrap();
    assert_eq!(again, shown);
}
