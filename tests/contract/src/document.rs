//! The vendored documents, compiled for checking.

use std::{error::Error, fs, path::Path};

use http::header;
use jsonschema::Validator;
use passage_server::Exchange;
use serde_json::{Map, Value, json};

use crate::schema::to_json_schema;

/// Query parameters that carry text although the document types them otherwise:
/// the description of `login_count` itself allows `<gt:3>`.
const TEXT_PARAMETERS: &[(&str, &str)] = &[("listPaginatedUsers", "login_count")];

/// Statuses that the server gives although the document does not declare them: an app that does
/// not exist is `app_not_found` here as everywhere else, and a signed-in user is asked for and may be gone or inactive
/// in the same way for all of `/currentuser`. `docs/fidelity.md` has the reasons for the others.
const UNDECLARED: &[(&str, u16)] = &[
    ("getOpenIdConfiguration", 404),
    ("loginWebauthnFinish", 403),
    ("createUser", 403),
    ("postCurrentuserAddDeviceFinish", 400),
    ("registerWebauthnFinish", 404),
    ("updateCurrentuserDevice", 400),
    ("getAuthorize", 404),
    ("exchangeSocialToken", 404),
    ("exchangeSocialIdToken", 404),
    ("oauth2Callback", 404),
    ("appleOauth2Callback", 404),
    ("getCurrentuserSocialConnections", 403),
    ("getCurrentuserSocialConnections", 404),
    ("currentuserSocialLinkAccount", 401),
    ("currentuserSocialLinkAccount", 404),
];

/// Properties that are typed as objects although the document's own text says that they are strings.
const STRINGS: &[&str] =
    &["/components/schemas/CredentialCreationPublicKeyUser/properties/id/type"];

/// Replies that the document does not allow although clients have met them and rely on them:
/// a look-up of an identifier that nobody has.
const MET: &[(&str, u16, &str)] = &[("checkUserIdentifier", 200, r#"{"user":null}"#)];

/// The two vendored API documents, ready to check exchanges against.
#[derive(Debug)]
pub struct Contract {
    operations: Vec<Operation>,
}

#[derive(Debug)]
struct Operation {
    id: String,
    method: String,
    /// Path template with the API's prefix on passage-server, split at `/`.
    path: Vec<String>,
    secured: bool,
    parameters: Vec<Parameter>,
    body: Option<Body>,
    replies: Vec<(u16, Option<Validator>)>,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    required: bool,
    integer: bool,
}

#[derive(Debug)]
struct Body {
    required: bool,
    validator: Validator,
}

type Failure = Box<dyn Error + Send + Sync>;

impl Contract {
    /// Reads `openapi/management.yaml` and `openapi/auth.yaml`.
    ///
    /// # Errors
    ///
    /// Fails if a document cannot be read or one of its schemas does not compile.
    pub fn vendored() -> Result<Self, Failure> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi");
        let mut operations = Vec::new();
        for (file, prefix) in [("management.yaml", "/api/v1"), ("auth.yaml", "/auth/v1")] {
            let text = fs::read_to_string(folder.join(file))?;
            let mut document: Value = serde_saphyr::from_str(&text)?;
            for pointer in STRINGS {
                if let Some(kind) = document.pointer_mut(pointer) {
                    *kind = json!("string");
                }
            }
            operations.extend(read(&document, prefix)?);
        }
        Ok(Self { operations })
    }

    /// Every way in which `exchange` breaks the documents; empty if it keeps them.
    ///
    /// Requests are only held to them if they succeeded: tests send bad ones on purpose.
    /// The server's own endpoints (`/_dev`) and paths that no document knows are left out.
    #[must_use]
    pub fn check(&self, exchange: &Exchange) -> Vec<String> {
        self.inspect(exchange, |operation| {
            let mut violations = operation.check_reply(exchange);
            if exchange.status.is_success() {
                violations.extend(operation.check_request(exchange));
            }
            violations
        })
    }

    /// As [`check`](Self::check), but for the reply alone.
    #[must_use]
    pub fn check_reply(&self, exchange: &Exchange) -> Vec<String> {
        self.inspect(exchange, |operation| operation.check_reply(exchange))
    }

    fn inspect(
        &self,
        exchange: &Exchange,
        check: impl FnOnce(&Operation) -> Vec<String>,
    ) -> Vec<String> {
        let (path, _) = split(&exchange.path);
        let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let method = exchange.method.as_str();
        let found = self
            .operations
            .iter()
            .find(|operation| operation.method == method && operation.takes(&segments));
        let Some(operation) = found else {
            return Vec::new();
        };
        check(operation)
            .iter()
            .map(|violation| format!("{} ({method} {path}): {violation}", operation.id))
            .collect()
    }
}

/// Path and query.
fn split(path: &str) -> (&str, &str) {
    path.split_once('?').unwrap_or((path, ""))
}

impl Operation {
    fn takes(&self, segments: &[&str]) -> bool {
        self.path.len() == segments.len()
            && self
                .path
                .iter()
                .zip(segments)
                .all(|(template, segment)| template.starts_with('{') || template == segment)
    }

    fn check_reply(&self, exchange: &Exchange) -> Vec<String> {
        let status = exchange.status.as_u16();
        if UNDECLARED.contains(&(&self.id, status)) {
            return Vec::new();
        }
        if MET.contains(&(
            &self.id,
            status,
            &String::from_utf8_lossy(&exchange.response_body),
        )) {
            return Vec::new();
        }
        match self
            .replies
            .iter()
            .find(|(declared, _)| *declared == status)
        {
            None => vec![format!("status {status} is not declared")],
            Some((_, None)) if exchange.response_body.is_empty() => Vec::new(),
            Some((_, None)) => vec![format!(
                "the reply to {status} has a body, none is declared"
            )],
            Some((_, Some(validator))) => match serde_json::from_slice(&exchange.response_body) {
                Ok(reply) => describe("reply", validator, &reply),
                Err(error) => vec![format!("the reply to {status} is not JSON: {error}")],
            },
        }
    }

    fn check_request(&self, exchange: &Exchange) -> Vec<String> {
        let mut violations = self.check_query(split(&exchange.path).1);
        violations.extend(self.check_body(exchange));
        let credentials = [header::AUTHORIZATION.as_str(), "x-api-key"];
        if self.secured
            && !credentials
                .iter()
                .any(|name| exchange.request_headers.contains_key(*name))
        {
            violations.push("answered without a credential".to_owned());
        }
        violations
    }

    fn check_query(&self, query: &str) -> Vec<String> {
        let sent: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let mut violations = Vec::new();
        for (name, value) in &sent {
            match self.parameters.iter().find(|known| known.name == *name) {
                None => violations.push(format!("query parameter `{name}` is not declared")),
                Some(known)
                    if known.integer
                        && value.parse::<i64>().is_err()
                        && !TEXT_PARAMETERS.contains(&(&self.id, &known.name)) =>
                {
                    violations.push(format!("query parameter `{name}` is not an integer"));
                }
                Some(_) => {}
            }
        }
        for known in self.parameters.iter().filter(|known| known.required) {
            if !sent.iter().any(|(name, _)| *name == known.name) {
                violations.push(format!("query parameter `{}` is missing", known.name));
            }
        }
        violations
    }

    fn check_body(&self, exchange: &Exchange) -> Vec<String> {
        match &self.body {
            None if exchange.request_body.is_empty() => Vec::new(),
            None => vec!["the request has a body, none is declared".to_owned()],
            Some(body) if exchange.request_body.is_empty() => {
                if body.required {
                    vec!["the request has no body".to_owned()]
                } else {
                    Vec::new()
                }
            }
            Some(body) => match serde_json::from_slice(&exchange.request_body) {
                Ok(request) => describe("request", &body.validator, &request),
                Err(error) => vec![format!("the request is not JSON: {error}")],
            },
        }
    }
}

fn describe(side: &str, validator: &Validator, instance: &Value) -> Vec<String> {
    validator
        .iter_errors(instance)
        .map(|error| format!("{side} at `{}`: {error}", error.instance_path()))
        .collect()
}

fn read(document: &Value, prefix: &str) -> Result<Vec<Operation>, Failure> {
    let mut components = document.get("components").cloned().unwrap_or_default();
    if let Some(Value::Object(schemas)) = components.get_mut("schemas") {
        schemas.values_mut().for_each(to_json_schema);
    }
    let compile = |schema: &Value| -> Result<Validator, Failure> {
        let mut schema = schema.clone();
        to_json_schema(&mut schema);
        let root = json!({ "allOf": [schema], "components": components });
        Ok(jsonschema::draft7::options()
            .should_validate_formats(true)
            .build(&root)?)
    };
    let mut operations = Vec::new();
    for (path, item) in members(document.get("paths")) {
        for (method, operation) in members(Some(item)) {
            let Some(id) = operation.get("operationId").and_then(Value::as_str) else {
                continue;
            };
            let mut replies = Vec::new();
            for (status, reply) in members(operation.get("responses")) {
                let validator = content_schema(reply).map(&compile).transpose()?;
                replies.push((status.parse()?, validator));
            }
            let body = operation.get("requestBody");
            let body = match body.and_then(content_schema) {
                None => None,
                Some(schema) => Some(Body {
                    required: flag(body, "required"),
                    validator: compile(schema)?,
                }),
            };
            operations.push(Operation {
                id: id.to_owned(),
                method: method.to_uppercase(),
                path: format!("{prefix}{path}")
                    .split('/')
                    .map(str::to_owned)
                    .collect(),
                secured: operation
                    .get("security")
                    .and_then(Value::as_array)
                    .is_some_and(|schemes| !schemes.is_empty()),
                parameters: query_parameters(document, operation),
                body,
                replies,
            });
        }
    }
    Ok(operations)
}

fn query_parameters(document: &Value, operation: &Value) -> Vec<Parameter> {
    let listed = operation.get("parameters").and_then(Value::as_array);
    listed
        .into_iter()
        .flatten()
        .map(|parameter| resolve(document, parameter))
        .filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some("query"))
        .map(|parameter| Parameter {
            name: text(parameter.get("name")).to_owned(),
            required: flag(Some(parameter), "required"),
            integer: parameter
                .get("schema")
                .is_some_and(|schema| text(schema.get("type")) == "integer"),
        })
        .collect()
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| document.pointer(reference.trim_start_matches('#')))
        .unwrap_or(value)
}

fn content_schema(holder: &Value) -> Option<&Value> {
    holder
        .get("content")?
        .as_object()?
        .values()
        .next()?
        .get("schema")
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

fn flag(value: Option<&Value>, name: &str) -> bool {
    value.and_then(|value| value.get(name)) == Some(&Value::Bool(true))
}
