//! What is wrong with a JSON body, in JSON terms.

use serde_json::Error;

use crate::domain::error::Refusal;
use crate::json_problem::JsonProblem;

/// The reply to a body that cannot be parsed. It names the member and what is expected there.
pub(super) fn unreadable(error: serde_path_to_error::Error<Error>) -> Refusal {
    let path = match error.path().to_string() {
        path if path == "." => String::new(),
        path => format!("{path}: "),
    };
    Refusal::invalid_request(format!("body: {path}{}.", problem(error.inner())))
}

/// What is wrong, worded as the end of a sentence.
pub(super) fn problem(error: &Error) -> String {
    match JsonProblem::of(error) {
        JsonProblem::Syntax { .. } => error.to_string(),
        JsonProblem::Missing { name } => format!("{name} is needed"),
        JsonProblem::Twice { name } => format!("{name} is there twice"),
        JsonProblem::Unknown { name, expected } => {
            format!("unknown field `{name}`, expected {expected}")
        }
        JsonProblem::Value { expected, found } => {
            let needed = needed(&expected);
            match found {
                // A number of the wrong size is still a number.
                Some("a number") if needed.ends_with("in range") => format!("{needed} is needed"),
                Some(found) => format!("{needed} is needed, not {found}"),
                None => format!("{needed} is needed"),
            }
        }
        JsonProblem::Other(text) => text,
    }
}

/// The expected type in JSON terms.
fn needed(expected: &str) -> &str {
    if expected.contains('`') {
        // One of a few names.
        return expected;
    }
    let word = expected.split(' ').find(|word| !["a", "an"].contains(word));
    match word.unwrap_or_default() {
        "string" | "borrowed" | "str" | "character" => "a string",
        "boolean" => "true or false",
        "sequence" | "array" | "tuple" => "an array",
        "struct" | "map" | "object" => "an object",
        "f32" | "f64" | "float" => "a number",
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" | "integer"
        | "nonzero" => "a whole number in range",
        _ => "another value",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use passage_identity::generated::auth::types::{
        CreatePasskeyReadinessRequest, LoginWebAuthnFinishRequest, RegisterWebAuthnFinishRequest,
    };
    use passage_identity::generated::management::types::CreateMagicLinkRequest;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    fn text<T: DeserializeOwned>(body: &Value) -> String {
        let body = body.to_string();
        let mut reader = serde_json::Deserializer::from_str(&body);
        let read = serde_path_to_error::deserialize::<_, T>(&mut reader);
        unreadable(read.err().unwrap()).message.into_owned()
    }

    #[test]
    fn the_member_and_the_json_that_it_needs_are_named() {
        let finish = |response: Value| json!({"handshake_id": "h", "handshake_response": response});
        for (body, problem) in [
            (json!({"handshake_id": "h"}), "handshake_response is needed"),
            (
                json!({"handshake_id": 7}),
                "handshake_id: a string is needed, not a number",
            ),
            (
                finish(json!("x")),
                "handshake_response: an object is needed, not a string",
            ),
            (
                finish(json!(null)),
                "handshake_response: an object is needed, not null",
            ),
            (
                finish(json!({"response": []})),
                "handshake_response.response: an object is needed, not an array",
            ),
            (
                finish(json!({"response": 1.5})),
                "handshake_response.response: an object is needed, not a number",
            ),
            (
                finish(json!({"response": {"signature": true}})),
                "handshake_response.response.signature: a string is needed, not a boolean",
            ),
            (
                finish(json!({"clientExtensionResults": "x"})),
                "handshake_response.clientExtensionResults: an object is needed, not a string",
            ),
        ] {
            let text = text::<LoginWebAuthnFinishRequest>(&body);
            assert_eq!(text, format!("body: {problem}."), "{body}");
        }
        let body = finish(json!({"response": {"transports": {"usb": true}}}));
        assert_eq!(
            text::<RegisterWebAuthnFinishRequest>(&body),
            "body: handshake_response.response.transports: an array is needed, not an object."
        );
        let body = json!({"device_id": "d", "security_key": "yes"});
        assert_eq!(
            text::<CreatePasskeyReadinessRequest>(&body),
            "body: security_key: true or false is needed, not a string."
        );
        for (ttl, not) in [
            (json!("soon"), ", not a string"),
            (json!([1]), ", not an array"),
            (json!(1.5), ""),
            (json!(u64::MAX), ""),
        ] {
            let text = text::<CreateMagicLinkRequest>(&json!({"ttl": ttl}));
            let expected = format!("body: ttl: a whole number in range is needed{not}.");
            assert_eq!(text, expected, "{ttl}");
        }
    }

    #[test]
    fn values_are_not_repeated_whatever_they_are() {
        let secret = "ml.secret, expected struct X at line 1";
        let body = json!({"handshake_response": secret});
        let text = text::<LoginWebAuthnFinishRequest>(&body);
        assert_eq!(
            text,
            "body: handshake_response: an object is needed, not a string."
        );
    }

    #[test]
    fn what_is_no_json_keeps_its_place() {
        let error = serde_json::from_str::<Value>("{\"a\":\n").unwrap_err();
        assert_eq!(
            problem(&error),
            "EOF while parsing a value at line 2 column 0"
        );
        let twice = serde_json::from_str::<LoginWebAuthnFinishRequest>(
            r#"{"handshake_id": "a", "handshake_id": "b"}"#,
        );
        assert_eq!(
            problem(&twice.err().unwrap()),
            "handshake_id is there twice"
        );
    }
}
