//! What is wrong with a JSON body, in words of JSON. The library that reads it names Rust types, and repeats values
//! that may be secrets.

use serde_json::Error;
use serde_json::error::Category;

use crate::domain::error::Refusal;

/// The reply to a body that cannot be read. It names the member and what is needed there.
pub(super) fn unreadable(error: serde_path_to_error::Error<Error>) -> Refusal {
    let path = match error.path().to_string() {
        path if path == "." => String::new(),
        path => format!("{path}: "),
    };
    Refusal::invalid_request(format!("body: {path}{}.", problem(error.inner())))
}

/// What is wrong, as the end of a sentence.
pub(super) fn problem(error: &Error) -> String {
    let text = error.to_string();
    if error.classify() != Category::Data {
        return text;
    }
    let text = without_place(&text);
    if let Some(name) = text.strip_prefix("missing field ") {
        return format!("{} is needed", bare(name));
    }
    if let Some(name) = text.strip_prefix("duplicate field ") {
        return format!("{} is there twice", bare(name));
    }
    for wrong in ["invalid type: ", "invalid value: ", "invalid length "] {
        // What was found may hold these words too; what was expected does not.
        if let Some((found, expected)) = text
            .strip_prefix(wrong)
            .and_then(|rest| rest.rsplit_once(", expected "))
        {
            let needed = needed(expected);
            return match kind(found) {
                // A number of the wrong size is still a number.
                Some("a number") if needed.ends_with("in range") => format!("{needed} is needed"),
                Some(found) => format!("{needed} is needed, not {found}"),
                None => format!("{needed} is needed"),
            };
        }
    }
    text.to_owned()
}

/// Bodies have one line, or as good as one.
fn without_place(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(text, _)| text)
}

fn bare(name: &str) -> &str {
    name.trim_matches('`')
}

/// What the reader wanted, as JSON calls it.
fn needed(expected: &str) -> &'static str {
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

/// What was found, without its value.
fn kind(found: &str) -> Option<&'static str> {
    let word = found.split([' ', ',']).next().unwrap_or_default();
    match word {
        "null" => Some("null"),
        "string" | "character" => Some("a string"),
        "boolean" => Some("a boolean"),
        "integer" | "floating" => Some("a number"),
        "sequence" => Some("an array"),
        "map" => Some("an object"),
        // A length. Only arrays have a wrong one.
        word if word.parse::<usize>().is_ok() => Some("an array"),
        _ => None,
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
