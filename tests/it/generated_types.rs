//! How the generated types read and write JSON, and what they keep to themselves.

use std::collections::BTreeSet;
use std::fmt::Debug;

use passage_identity::generated::auth::types as auth;
use passage_identity::generated::management::types as management;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn effective(api: &str) -> Value {
    let text = match api {
        "management" => include_str!("../../openapi/effective/management.json"),
        _ => include_str!("../../openapi/effective/auth.json"),
    };
    serde_json::from_str(text).unwrap()
}

/// A user as a server writes one that has nothing yet.
fn user() -> Value {
    json!({
        "created_at": "2024-05-01T10:00:00.123456Z",
        "email": "new@example.com",
        "email_verified": false,
        "external_id": "",
        "id": "u1",
        "last_login_at": "0001-01-01T00:00:00Z",
        "login_count": 0,
        "phone": "",
        "phone_verified": false,
        "recent_events": [],
        "social_connections": {},
        "status": "pending",
        "updated_at": "2024-05-01T10:00:00.123456Z",
        "user_metadata": null,
        "webauthn": false,
        "webauthn_devices": [],
        "webauthn_types": [],
    })
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn write(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

#[test]
fn a_known_enum_value_goes_both_ways() {
    let status: management::UserStatus = read(json!("active"));
    assert_eq!(status, management::UserStatus::Active);
    assert_eq!(status.as_str(), "active");
    assert_eq!(status.to_string(), "active");
    assert_eq!(write(&status), json!("active"));
    assert_eq!("active".parse(), Ok(management::UserStatus::Active));
    assert_eq!(auth::AuthenticatorAttachment::from("cross-platform"), {
        auth::AuthenticatorAttachment::CrossPlatform
    });
}

#[test]
fn an_unknown_enum_value_is_kept() {
    let status: management::UserStatus = read(json!("frozen"));
    assert_eq!(status, management::UserStatus::Unknown("frozen".to_owned()));
    assert_eq!(status.as_ref(), "frozen");
    assert_eq!(write(&status), json!("frozen"));
    // Some replies of the Auth API show an empty status.
    let empty: auth::UserStatus = read(json!(""));
    assert_eq!(empty, auth::UserStatus::Unknown(String::new()));
    assert!(serde_json::from_value::<auth::UserStatus>(json!(1)).is_err());
}

#[test]
fn display_of_an_open_enum_obeys_width() {
    assert_eq!(
        format!("{:>8}|", management::UserStatus::Active),
        "  active|"
    );
}

#[test]
fn error_codes_are_those_of_the_description() {
    fn known<T: AsRef<str>>(known: &[T]) -> BTreeSet<String> {
        known.iter().map(|code| code.as_ref().to_owned()).collect()
    }
    for (api, known) in [
        ("management", known(management::ErrorCode::KNOWN)),
        ("auth", known(auth::ErrorCode::KNOWN)),
    ] {
        let document = effective(api);
        let listed: BTreeSet<String> =
            read(document["components"]["schemas"]["ErrorCode"]["enum"].clone());
        assert_eq!(known, listed, "{api}");
    }
    let error: management::ApiError = read(json!({"code": "user_not_found", "error": "x"}));
    assert_eq!(error.code, management::ErrorCode::UserNotFound);
    let error: auth::ApiError = read(json!({"code": "too_many_requests", "error": "x"}));
    assert_eq!(error.code.as_str(), "too_many_requests");
}

#[test]
fn a_user_is_written_as_it_was_read() {
    let parsed: management::UserInfo = read(user());
    assert_eq!(write(&parsed), user());
}

#[test]
fn a_zero_time_is_a_time() {
    let parsed: management::UserInfo = read(user());
    assert_eq!(
        parsed.last_login_at,
        "0001-01-01T00:00:00Z".parse().unwrap()
    );
}

#[test]
fn required_nulls_are_written_and_may_be_missing() {
    let mut without = user();
    without.as_object_mut().unwrap().remove("user_metadata");
    let parsed: management::UserInfo = read(without);
    assert!(parsed.user_metadata.is_none());
    assert_eq!(write(&parsed)["user_metadata"], Value::Null);
    assert!(
        write(&parsed)
            .as_object()
            .unwrap()
            .contains_key("user_metadata")
    );

    let icons: management::WebAuthnIcons = read(json!({}));
    assert_eq!(write(&icons), json!({"light": null, "dark": null}));

    let nobody: auth::UserResponse = read(json!({"user": null}));
    assert!(nobody.user.is_none());
    assert_eq!(write(&nobody), json!({"user": null}));
}

#[test]
fn null_lists_are_empty() {
    let mut nulls = user();
    for list in ["recent_events", "webauthn_devices", "webauthn_types"] {
        nulls[list] = Value::Null;
    }
    let parsed: management::UserInfo = read(nulls);
    assert_eq!(write(&parsed), user());
    let devices: management::ListDevicesResponse = read(json!({"devices": null}));
    assert!(devices.devices.is_empty());
    assert_eq!(write(&devices), json!({"devices": []}));
    let metadata: auth::UserMetadataResponse = read(json!({"user_metadata": null}));
    assert_eq!(write(&metadata), json!({"user_metadata": {}}));
}

#[test]
fn a_required_list_that_is_missing_is_an_error() {
    let missing = serde_json::from_value::<management::ListDevicesResponse>(json!({}));
    let error = missing.unwrap_err().to_string();
    assert!(error.contains("missing field `devices`"), "{error}");
}

#[test]
fn an_unset_member_is_not_sent_but_an_empty_map_is() {
    let unset = management::UpdateUserRequest::default();
    assert_eq!(write(&unset), json!({}));
    let cleared = management::UpdateUserRequest {
        user_metadata: Some(serde_json::Map::new()),
        ..unset
    };
    assert_eq!(write(&cleared), json!({"user_metadata": {}}));
}

#[test]
fn a_member_of_the_future_is_ignored() {
    let mut future = user();
    future["favourite_colour"] = json!("green");
    let parsed: management::UserInfo = read(future);
    assert_eq!(write(&parsed), user());
}

#[test]
fn both_zero_and_negative_numbers_can_be_read() {
    let request: management::CreateMagicLinkRequest = read(json!({"ttl": 0, "email": ""}));
    assert_eq!(request.ttl, Some(0));
    let result: auth::AuthResult = read(json!({
        "auth_token": "t", "redirect_url": "/", "refresh_token_expiration": 4_102_444_800_i64,
    }));
    assert_eq!(result.refresh_token_expiration, Some(4_102_444_800));
}

const SECRET: &str = "hush-hush";

/// Reads `json`, in which every secret is `SECRET`, and looks for it in the Debug output.
fn keeps<T: DeserializeOwned + Serialize + Debug>(name: &str, json: Value) -> String {
    let value: T = read(json);
    assert!(
        write(&value).to_string().contains(SECRET),
        "{name} holds no secret"
    );
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shown.contains(SECRET), "{shown}");
        assert!(shown.contains("<redacted>"), "{shown}");
    }
    name.to_owned()
}

/// The schemas of which the overlay marks a property secret.
fn with_secrets(api: &str) -> BTreeSet<String> {
    let document = effective(api);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    schemas
        .iter()
        .filter(|(_, schema)| schema.to_string().contains("x-passage-secret"))
        .map(|(name, _)| name.clone())
        .collect()
}

#[test]
fn management_secrets_stay_out_of_debug() {
    let app: Value = sample("management", "AppInfo");
    let link = json!({
        "activated": false, "app_id": "a", "id": SECRET, "identifier": "new@example.com",
        "redirect_url": "/", "secret": SECRET, "ttl": 60, "type": "login", "url": SECRET, "user_id": "u",
    });
    let key = json!({
        "created_at": "2024-05-01T10:00:00Z", "id": "i", "key_prefix": "p", "name": "n",
        "role": "admin", "plaintext_key": SECRET,
    });
    let done = [
        keeps::<management::AppInfo>("AppInfo", app),
        keeps::<management::MagicLink>("MagicLink", link),
        keeps::<management::CreatedApiKey>("CreatedApiKey", key),
        keeps::<management::Nonce>("Nonce", json!({"nonce": SECRET})),
        keeps::<management::CreateTransactionResponse>(
            "CreateTransactionResponse",
            json!({"transaction_id": SECRET}),
        ),
    ];
    assert_eq!(BTreeSet::from(done), with_secrets("management"));
}

#[test]
fn auth_secrets_stay_out_of_debug() {
    macro_rules! all {
        ($($name:ident),* $(,)?) => {
            [$(keeps::<auth::$name>(stringify!($name), sample("auth", stringify!($name)))),*]
        };
    }
    let done = all![
        ActivateMagicLinkRequest,
        ActivateOneTimePasscodeRequest,
        AddDeviceFinishRequest,
        AuthResult,
        AuthenticateWebAuthnFinishWithTransactionRequest,
        AuthenticateWebAuthnStartWithTransactionRequest,
        AuthenticateWebAuthnStartWithTransactionResponse,
        CredentialAssertionResponseResponse,
        CredentialCreationResponseResponse,
        GetMagicLinkStatusRequest,
        IdTokenRequest,
        LoginWebAuthnFinishRequest,
        MagicLink,
        Nonce,
        RefreshAuthTokenRequest,
        RegisterWebAuthnFinishRequest,
        RegisterWebAuthnFinishWithTransactionRequest,
        RegisterWebAuthnStartWithTransactionRequest,
        RegisterWebAuthnStartWithTransactionResponse,
    ];
    assert_eq!(BTreeSet::from(done), with_secrets("auth"));
}

/// A value of the schema with every member set; where a secret is allowed, strings are `SECRET`.
fn sample(api: &str, name: &str) -> Value {
    let document = effective(api);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    // The generator writes `JWKResponse` as `JwkResponse`.
    let schema = schemas.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    build(&document, schema.unwrap().1, false)
}

fn build(document: &Value, schema: &Value, secret: bool) -> Value {
    let secret = secret || schema["x-passage-secret"] == true;
    let reference = schema["$ref"]
        .as_str()
        .or(schema["allOf"][0]["$ref"].as_str());
    if let Some(reference) = reference {
        let target = document.pointer(reference.trim_start_matches('#')).unwrap();
        return build(document, target, secret);
    }
    match schema["type"].as_str().unwrap() {
        "object" if schema["additionalProperties"] == true => json!({"free": "form"}),
        "object" => {
            let properties = schema["properties"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            properties
                .iter()
                .map(|(name, property)| (name.clone(), build(document, property, secret)))
                .collect()
        }
        "array" => json!([build(document, &schema["items"], secret)]),
        "boolean" => json!(true),
        "integer" => json!(7),
        _ if schema["format"] == "date-time" => json!("2024-05-01T10:00:00Z"),
        _ if secret => json!(SECRET),
        _ => json!("text"),
    }
}

#[test]
fn every_schema_is_read_and_written_without_loss() {
    macro_rules! all {
        ($api:literal, $module:ident: $($name:ident),* $(,)?) => {$(
            let value = sample($api, stringify!($name));
            let parsed: $module::$name = read(value.clone());
            assert_eq!(write(&parsed), value, stringify!($name));
        )*};
    }
    all!("management", management: AppResponse, ListPaginatedUsersResponse, UserResponse,
        ListDevicesResponse, MagicLinkResponse, CreateMagicLinkRequest, CreateApiKeyResponse,
        ListApiKeysResponse, ApiError);
    all!("auth", auth: GetAppResponse, JwkResponse, OpenIdConfiguration, CurrentUserResponse,
        CurrentUserDevices, LoginWebAuthnStartResponse, RegisterWebAuthnStartResponse,
        AddDeviceFinishRequest, LoginWebAuthnFinishRequest, AuthResponse, UserResponse,
        SocialConnectionsResponse, CreatePasskeyReadinessRequest, ApiError);
}
