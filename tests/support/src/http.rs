//! The smallest client that will do for `/_dev`. It blocks, so that controls can be used between two lines of a test
//! whether or not it is async; an async client would need the test's runtime, and the server's is elsewhere.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::controls::Refused;

/// Makes a request, and gives the JSON of a good reply: null, if it has no body.
pub(crate) fn call(
    address: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<Value, Refused> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream
        .write_all(request.as_bytes())
        .expect("the server reads");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("it answers");
    let (head, body) = reply.split_once("\r\n\r\n").expect("it speaks HTTP");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let value = match body {
        "" => Value::Null,
        body => serde_json::from_str(body).expect("it answers in JSON"),
    };
    match status {
        Some(200..=299_u16) => Ok(value),
        _ => Err(Refused::from_reply(&value)),
    }
}
