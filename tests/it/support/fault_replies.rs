//! Replies, good and bad.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::fault_server::{Reply, Step};

/// A user as the API sends one, fit for every operation of the tests.
pub(crate) fn user() -> Value {
    json!({ "user": {
        "id": "user1", "email": "jane@example.com", "phone": "", "status": "active", "email_verified": true,
        "phone_verified": false, "created_at": "2024-05-01T10:00:00Z", "updated_at": "2024-05-01T10:00:00Z",
        "last_login_at": "0001-01-01T00:00:00Z", "login_count": 0, "webauthn": false, "webauthn_types": [],
        "webauthn_devices": [], "recent_events": [], "social_connections": {}, "user_metadata": null,
        "external_id": "",
    }})
}

/// A head without a length.
pub(crate) fn head(status: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Some Words\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    (head + "\r\n").into_bytes()
}

/// A head that announces so many bytes, whatever follows.
pub(crate) fn announcing(status: u16, length: impl ToString) -> Vec<u8> {
    head(status, &[("content-length", &length.to_string())])
}

/// A whole reply.
pub(crate) fn whole(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let length = body.as_ref().len().to_string();
    let mut headers = headers.to_vec();
    headers.push(("content-length", &length));
    [&head(status, &headers), body.as_ref()].concat()
}

pub(crate) fn ok() -> Vec<u8> {
    whole(200, &[], user().to_string())
}

/// An error of the API.
pub(crate) fn refusal(status: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let body = json!({"code": "some_code", "error": "some words"});
    whole(status, headers, body.to_string())
}

/// The one reply, and the connection stays open.
pub(crate) fn send(bytes: Vec<u8>) -> Reply {
    vec![Step::Send(bytes)]
}

/// These bytes, and then something else.
pub(crate) fn then(bytes: Vec<u8>, step: Step) -> Reply {
    vec![Step::Send(bytes), step]
}

/// 17 MiB of spaces, which JSON allows anywhere, in as many gzip members of 1,052 bytes.
pub(crate) fn gzip_bomb() -> Vec<u8> {
    const HEAD: [u8; 27] = *b"\x1f\x8b\x08\0\0\0\0\0\x02\xff\xed\xc1\x31\x01\0\0\0\xc2\xa0\x2a\xeb\x9f\xd2\x10\xbe\x40\x01";
    const TAIL: [u8; 10] = *b"\x7c\x06\xa7\x02\x03\xf1\0\0\x10\0";
    [&HEAD[..], &[0; 1015], &TAIL].concat().repeat(17)
}
