//! Keeping credentials out of the request log.

use http::HeaderMap;
use serde_json::{Map, Value};

const HIDDEN: &str = "[redacted]";

/// Headers whose values are credentials.
const HEADERS: [&str; 4] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
];

/// Members of queries and bodies whose values are credentials.
const MEMBERS: [&str; 22] = [
    "access_token",
    "api_key",
    "auth_token",
    "client_secret",
    "code",
    "code_verifier",
    "handshake_response",
    "id_token",
    "id_token_hint",
    "magic_link",
    "nonce",
    "otp",
    "otp_id",
    "password",
    "psg_auth_token",
    "psg_magic_link",
    "psg_refresh_token",
    "refresh_token",
    "secret",
    "state",
    "token",
    "verifier",
];

fn is_secret(name: &str) -> bool {
    MEMBERS.contains(&name)
}

/// The headers by name, repeated ones joined by commas.
pub(super) fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut map = Map::new();
    for name in headers.keys() {
        let values = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        let text = values.collect::<Vec<_>>().join(", ");
        let shown = match name.as_str() {
            // The address of the page that a magic link opened contains the link's secret.
            "referer" => path(&text),
            hidden if HEADERS.contains(&hidden) => HIDDEN.to_owned(),
            _ => text,
        };
        map.insert(name.to_string(), shown.into());
    }
    map
}

/// A path with its query.
pub(super) fn path(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else {
        return path.to_owned();
    };
    let member = |member: &str| {
        let (name, _) = form_urlencoded::parse(member.as_bytes())
            .next()
            .unwrap_or_default();
        if is_secret(&name) {
            format!("{name}={HIDDEN}")
        } else {
            member.to_owned()
        }
    };
    let members: Vec<String> = query.split('&').map(member).collect();
    format!("{path}?{}", members.join("&"))
}

/// A body, if it is JSON. Any other body is hidden, as it could contain anything.
pub(super) fn body(body: &[u8], operation: Option<&str>) -> Value {
    let mut value = serde_json::from_slice(body).unwrap_or_default();
    hide(&mut value);
    // Anyone who has the id of a link gets tokens once it is opened.
    if operation == Some("magicLinkStatus")
        && let Some(id) = value.get_mut("id")
    {
        *id = HIDDEN.into();
    }
    value
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if is_secret(name) {
                    *value = HIDDEN.into();
                } else {
                    hide(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        // A magic link in an unexpected place.
        Value::String(text) if text.starts_with("ml.") => *value = HIDDEN.into(),
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_are_hidden_and_the_rest_is_not() {
        let mut map = HeaderMap::new();
        map.insert("authorization", HeaderValue::from_static("Bearer key"));
        map.insert("cookie", HeaderValue::from_static("psg_auth_token=t"));
        map.insert(
            "referer",
            HeaderValue::from_static("http://app.example/?psg_magic_link=ml&a=b"),
        );
        map.append("accept", HeaderValue::from_static("a"));
        map.append("accept", HeaderValue::from_static("b"));
        let shown = Value::Object(headers(&map));
        assert_eq!(
            shown,
            json!({
                "authorization": HIDDEN,
                "cookie": HIDDEN,
                "referer": "http://app.example/?psg_magic_link=[redacted]&a=b",
                "accept": "a, b",
            })
        );

        assert_eq!(path("/a/b"), "/a/b");
        assert_eq!(
            path("/a?page=1&refresh_token=x&refresh%5Ftoken=y&c"),
            "/a?page=1&refresh_token=[redacted]&refresh_token=[redacted]&c"
        );

        let text = br#"{"email":"a@b.c","refresh_token":"x","deep":[{"otp":{"a":1},"b":2}]}"#;
        let shown = body(text, None);
        assert_eq!(
            shown,
            json!({"email": "a@b.c", "refresh_token": HIDDEN, "deep": [{"otp": HIDDEN, "b": 2}]})
        );
        assert_eq!(body(b"", None), Value::Null);
        assert_eq!(body(b"refresh_token=x", None), Value::Null);

        let id = br#"{"id":"x"}"#;
        assert_eq!(body(id, Some("magicLinkStatus")), json!({"id": HIDDEN}));
        assert_eq!(body(id, Some("createUser")), json!({"id": "x"}));
        let misplaced = br#"{"link":["ml.a.b.c","x"]}"#;
        assert_eq!(body(misplaced, None), json!({"link": [HIDDEN, "x"]}));
        let both = br#"{"otp":"012345","otp_id":"x"}"#;
        let shown = body(both, Some("activateOneTimePasscode"));
        assert_eq!(shown, json!({"otp": HIDDEN, "otp_id": HIDDEN}));
    }
}
