//! From the text of somebody's API description to an OpenAPI 3.0 document.

use roas::{v2, v3_0};
use serde_json::Value;

use crate::validate::{findings, typed, validate};
use crate::yaml;

/// A description that takes the place of a vendored document.
#[derive(Clone, Debug)]
pub struct Import {
    /// The name of the file, for messages and for `openapi/PROVENANCE.md`.
    pub name: String,
    /// OpenAPI 3.0 or Swagger 2.0, as JSON or YAML.
    pub text: String,
}

/// A document that passed every check, and what happened to it on the way.
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) converted: bool,
}

/// Reads and checks a description; errors name `name` and the place in it.
pub(crate) fn read(name: &str, text: &str) -> Result<Document, String> {
    let mut value = parse(text).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let converted = value.get("swagger").is_some();
    if converted {
        value = convert(name, &value)?;
    }
    let version = value.get("openapi").and_then(Value::as_str);
    match version {
        Some(version) if version.starts_with("3.0.") => {}
        Some(version) => {
            return Err(format!(
                "{name} is OpenAPI {version}, and the generator reads 3.0: convert it first, for example with \
                 `npx @apiture/openapi-down-convert --input {name} --output 3.0.yaml`, and look at what it drops"
            ));
        }
        None => {
            return Err(format!(
                "{name} is no API description: neither `openapi` nor `swagger` says a version"
            ));
        }
    }
    validate(name, &value)?;
    Ok(Document { value, converted })
}

/// JSON is YAML, whose parser refuses a member that appears twice. What is wrong with JSON its own parser says best.
fn parse(text: &str) -> Result<Value, String> {
    yaml::parse(text).map_err(|error| match serde_json::from_str::<Value>(text) {
        Err(json) if text.trim_start().starts_with('{') => json.to_string(),
        _ => error.to_string(),
    })
}

/// Swagger 2.0 to OpenAPI 3.0. The Swagger document is checked first, so that errors name places in it.
fn convert(name: &str, swagger: &Value) -> Result<Value, String> {
    let spec: v2::spec::Spec = typed(name, swagger)?;
    findings(name, swagger, &spec)?;
    serde_json::to_value(v3_0::spec::Spec::from(spec))
        .map_err(|error| format!("{name} cannot be converted to OpenAPI 3.0: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    const SWAGGER: &str = include_str!("../tests/cases/swagger.yaml");

    #[test]
    fn swagger_becomes_openapi() {
        let document = read("s.yaml", SWAGGER).unwrap();
        assert!(document.converted);
        crate::cases::snapshot("swagger", &yaml::write(&document.value).unwrap());
    }

    #[test]
    fn swagger_with_mistakes_is_refused_with_their_places() {
        let (before, after) = SWAGGER.rsplit_once("'#/definitions/Thing'").unwrap();
        let error = read("s.yaml", &format!("{before}'#/definitions/No'{after}"))
            .err()
            .unwrap();
        let place = "s.yaml#/paths/~1things~1{id}/put/responses/200/schema";
        assert!(
            error.starts_with(place) && error.contains("#/definitions/No"),
            "{error}"
        );
        let error = read("s.yaml", &SWAGGER.replace("'2.0'", "'1.2'"))
            .err()
            .unwrap();
        assert!(error.starts_with("s.yaml#/swagger"), "{error}");
    }

    #[test]
    fn json_and_yaml_in_braces_are_told_apart() {
        let error = parse("{\"a\": 1, \"a\": 2}").unwrap_err();
        assert!(error.contains("duplicate mapping key: a"), "{error}");
        assert_eq!(parse("{a: 1}").unwrap(), json!({"a": 1}));
        let text =
            r#"{"a": [1, -2, 1.5, 18446744073709551615, true, null, "\ud83d\ude00"], "b": {}}"#;
        let want: Value = serde_json::from_str(text).unwrap();
        assert_eq!(parse(text).unwrap(), want);
        assert!(parse("{} {}").is_err());
    }
}
