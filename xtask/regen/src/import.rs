//! From the text of somebody's API description to an OpenAPI 3.0 document.

use roas::{v2, v3_0};
use serde_json::Value;

use crate::validate::{self, pointer_of, validate};
use crate::{json, yaml};

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

fn parse(text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('{') {
        // A mapping of YAML in one pair of braces starts like this too.
        match json::parse(text) {
            Err(error) if error.is_syntax() => yaml::parse(text).map_err(|_| error.to_string()),
            other => other.map_err(|error| error.to_string()),
        }
    } else {
        yaml::parse(text).map_err(|error| error.to_string())
    }
}

/// Swagger 2.0 to OpenAPI 3.0. The Swagger document is checked first, so that errors name places in it.
fn convert(name: &str, swagger: &Value) -> Result<Value, String> {
    let spec: v2::spec::Spec = serde_path_to_error::deserialize(swagger)
        .map_err(|error| format!("{name}#{}: {}", pointer_of(error.path()), error.inner()))?;
    validate::findings(name, swagger, &spec)?;
    serde_json::to_value(v3_0::spec::Spec::from(spec))
        .map_err(|error| format!("{name} cannot be converted to OpenAPI 3.0: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use serde_json::json;

    use super::*;

    const SWAGGER: &str = r##"
swagger: '2.0'
info: {title: T, version: '3'}
host: api.example.test
basePath: /v1
schemes: [https]
consumes: [application/json]
produces: [application/json]
securityDefinitions:
  key: {type: apiKey, name: Authorization, in: header}
parameters:
  id: {name: id, in: path, required: true, type: string, description: Which one.}
paths:
  /things/{id}:
    put:
      operationId: putThing
      security: [{key: []}]
      parameters:
        - $ref: '#/parameters/id'
        - {name: tag, in: query, type: array, items: {type: string}, collectionFormat: multi}
        - {name: thing, in: body, required: true, schema: {$ref: '#/definitions/Thing'}}
      responses:
        '200': {description: Done., schema: {$ref: '#/definitions/Thing'}}
definitions:
  Thing:
    type: object
    required: [name]
    properties:
      name: {type: string, description: A name., x-nullable: true}
"##;

    #[test]
    fn swagger_becomes_openapi() {
        let document = read("s.yaml", SWAGGER).unwrap();
        assert!(document.converted);
        let value = document.value;
        let version = value["openapi"].as_str().unwrap();
        assert!(version.starts_with("3.0."), "{version}");
        assert_eq!(value["info"]["version"], "3");
        assert_eq!(
            value["servers"],
            json!([{"url": "https://api.example.test/v1"}])
        );
        let put = &value["paths"]["/things/{id}"]["put"];
        let reference = json!({"$ref": "#/components/schemas/Thing"});
        let body =
            json!({"required": true, "content": {"application/json": {"schema": reference}}});
        assert_eq!(put["requestBody"], body);
        assert_eq!(put["responses"]["200"]["content"], body["content"]);
        assert_eq!(
            put["parameters"][0],
            json!({"$ref": "#/components/parameters/id"})
        );
        assert_eq!(put["parameters"][1]["explode"], true);
        let name = json!({"type": "string", "description": "A name.", "nullable": true});
        assert_eq!(
            value["components"]["schemas"]["Thing"]["properties"]["name"],
            name
        );
        assert_eq!(
            value["components"]["securitySchemes"]["key"]["type"],
            "apiKey"
        );
    }

    #[test]
    fn swagger_with_mistakes_is_refused_with_their_places() {
        let dangling = SWAGGER.replace(
            "schema: {$ref: '#/definitions/Thing'}}\ndef",
            "schema: {$ref: '#/definitions/No'}}\ndef",
        );
        let error = read("s.yaml", &dangling).err().unwrap();
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
        assert!(error.contains("`a` appears twice"), "{error}");
        assert_eq!(parse("{a: 1}").unwrap(), json!({"a": 1}));
        assert_eq!(
            parse("\n {\"a\": \"\\ud83d\\ude00\"}").unwrap(),
            json!({"a": "\u{1f600}"})
        );
        let error = parse("a: 1\na: 2").unwrap_err();
        assert!(error.contains("duplicate"), "{error}");
    }
}
