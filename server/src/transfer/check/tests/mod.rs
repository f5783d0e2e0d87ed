//! What is wrong with lines, member by member, and what valid ones become.
#![allow(clippy::unwrap_used)]

mod device;
mod user;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::problem::{BadLines, LineErrors};
use super::super::records::AppRecord;
use super::super::show;
use super::*;
use crate::domain::settings::{AppSettings, MetadataType, SettingsPatch};
use crate::store::transfer::UserRecord;

const NOW: Time = Time::from_microsecond(1_700_000_000_000_000);
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

/// The first problem, or the value if there is none.
fn checked<T>(check: impl FnOnce(&mut LineErrors<'_>) -> Option<T>) -> Result<T, String> {
    let mut bad = BadLines::default();
    let result = check(&mut LineErrors::new(7, &mut bad));
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

/// Each of these is invalid, in the named member and for the named reason.
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
        ..AppSettings::for_production()
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
                json!({"refresh_reuse_seconds": -1}),
                "refresh_reuse_seconds",
                "from 0 to",
            ),
            (
                json!({"reauthentication_seconds": 1_000_000_000_001_i64}),
                "reauthentication_seconds",
                "from 0 to",
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
fn each_setting_is_a_member_of_an_app() {
    let set = json!({"rp_id": "example.com", "require_identifier_verification": true});
    let app = an_app(&set).unwrap();
    let shown = serde_json::to_value(show::app(app)).unwrap();
    for name in SettingsPatch::NAMES {
        assert!(shown.get(name).is_some(), "{name}");
    }
    let members: Vec<_> = shown.as_object().unwrap().keys().collect();
    assert_eq!(members.len(), SettingsPatch::NAMES.len() + 4, "{members:?}");
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
        "refresh_tokens": false, "refresh_seconds": 6, "refresh_idle_seconds": 7, "refresh_reuse_seconds": 0,
        "reauthentication_seconds": 0, "magic_links": false,
        "magic_link_seconds": 8, "magic_link_waiting": "never",
        "magic_link_paths": ["/welcome"], "change_confirmed_by": "anybody", "one_time_codes": false, "one_time_code_seconds": 9, "conceal_users": "all",
        "require_identifier_verification": true, "claim_pending": true,
        "social_logins": {"apple": {"client_id": "a"}, "google": {}}, "callback_urls": ["my-app://x"],
        "metadata_fields": [{"id": "f1", "name": "plan", "type": "string", "registration": false, "profile": true}],
        "created_at": "2024-01-01T00:00:00Z",
    });
    let shown = serde_json::to_value(show::app(an_app(&members).unwrap())).unwrap();
    for (name, value) in members.as_object().unwrap() {
        assert_eq!(shown.get(name), Some(value), "{name}");
    }
    let again = serde_json::to_value(show::app(an_app(&shown).unwrap())).unwrap();
    assert_eq!(again, shown);
}
