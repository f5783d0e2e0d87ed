//! What the API descriptions say about an operation, beside what its Rust function does.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::code::Function;

/// The vendored and the effective document of one API.
pub(crate) struct Documents {
    vendored: Value,
    effective: Value,
}

impl Documents {
    /// Reads both from `openapi/`.
    pub(crate) fn read(api: &str) -> Self {
        let folder = Path::new(super::CRATE).join("openapi");
        let text = |name: String| fs::read_to_string(folder.join(name)).unwrap();
        Self {
            vendored: serde_saphyr::from_str(&text(format!("{api}.yaml"))).unwrap(),
            effective: serde_json::from_str(&text(format!("effective/{api}.json"))).unwrap(),
        }
    }

    /// The `operationId` and the pin of the operation that `function` calls.
    ///
    /// The statuses are those of the vendored document too: in the effective one errors are united,
    /// as the generator wants one type of them.
    pub(crate) fn pin(&self, function: &Function) -> (String, String) {
        let operation = operation(&self.effective, &function.route);
        let mut out = format!("{}\nClient::{}\n", function.route, function.name);
        writeln!(out, "credential: {}\n", credential(operation)).unwrap();
        for (name, of) in &function.arguments {
            let place = if name == "body" {
                body(operation)
            } else {
                self.parameter(operation, name)
            };
            writeln!(out, "{name}: {of}, {place}").unwrap();
        }
        let (reply, error) = (&function.reply, &function.error);
        writeln!(out, "-> Result<{reply}, {error}>\n").unwrap();
        for (status, response) in members(&operation["responses"]) {
            writeln!(out, "{status}: {}", content(response)).unwrap();
        }
        out.push_str("\nas published\n");
        let published = self::operation(&self.vendored, &function.route);
        for (status, response) in members(&published["responses"]) {
            writeln!(out, "{status}: {}", content(response)).unwrap();
        }
        let id = operation["operationId"].as_str().unwrap();
        (id.to_owned(), out)
    }

    /// How many operations there are.
    pub(crate) fn operations(&self) -> usize {
        let paths = self.effective["paths"].as_object().unwrap();
        let items = paths.values().flat_map(|item| item.as_object().unwrap());
        items.filter(|(_, o)| o["operationId"].is_string()).count()
    }

    fn parameter(&self, operation: &Value, argument: &str) -> String {
        let parameters = operation["parameters"].as_array().unwrap();
        let found = parameters
            .iter()
            .map(|parameter| follow(&self.effective, parameter))
            .find(|parameter| rust_name(parameter["name"].as_str().unwrap()) == argument)
            .unwrap_or_else(|| panic!("{argument} is in no document"));
        let (name, place) = (
            found["name"].as_str().unwrap(),
            found["in"].as_str().unwrap(),
        );
        match name == argument {
            true => format!("in {place}"),
            false => format!("in {place} as {name}"),
        }
    }

    /// The codes of each published type of errors, one on a line.
    pub(crate) fn errors(&self) -> String {
        let mut out = String::new();
        for (name, schema) in members(&self.vendored["components"]["schemas"]) {
            let properties = &schema["properties"];
            if !properties["code"].is_object() || !properties["error"].is_object() {
                continue;
            }
            let code = &properties["code"];
            let code = follow(
                &self.vendored,
                code.get("allOf").map_or(code, |all| &all[0]),
            );
            writeln!(out, "{name}").unwrap();
            for value in code["enum"].as_array().into_iter().flatten() {
                writeln!(out, "    {}", value.as_str().unwrap()).unwrap();
            }
        }
        out
    }
}

/// The operation of a route such as `GET /apps/{app_id}`.
fn operation<'a>(document: &'a Value, route: &str) -> &'a Value {
    let (method, path) = route.split_once(' ').unwrap();
    let found = &document["paths"][path][method.to_lowercase()];
    assert!(found.is_object(), "{route} is in no document");
    found
}

fn credential(operation: &Value) -> String {
    let schemes = operation["security"].as_array().into_iter().flatten();
    let names: Vec<&str> = schemes.flat_map(members).map(|(name, _)| name).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(" or "),
    }
}

fn body(operation: &Value) -> String {
    let body = &operation["requestBody"];
    let types: Vec<&str> = members(&body["content"]).map(|(name, _)| name).collect();
    let required = match body["required"].as_bool() {
        Some(true) => "required",
        _ => "optional",
    };
    format!("{} {required}", types.join(" | "))
}

/// The name of the schema of a response, or what else it carries.
fn content(response: &Value) -> String {
    let schema = schema(response);
    match schema["$ref"].as_str() {
        Some(reference) => reference.rsplit('/').next().unwrap_or_default().to_owned(),
        None if schema.is_null() => "nothing".to_owned(),
        None => schema["type"].as_str().unwrap_or("anything").to_owned(),
    }
}

fn schema(response: &Value) -> &Value {
    let first = members(&response["content"]).next();
    first.map_or(&Value::Null, |(_, content)| &content["schema"])
}

/// By name, whether or not some crate switches on serde_json's `preserve_order`.
fn members(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = object.as_object().into_iter().flatten();
    let sorted: BTreeMap<&str, &Value> = members.map(|(n, v)| (n.as_str(), v)).collect();
    sorted.into_iter()
}

/// What a `$ref` stands for; anything else stands for itself.
fn follow<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|r| r.strip_prefix('#'));
    pointer.map_or(value, |pointer| document.pointer(pointer).unwrap())
}

/// `X-API-KEY` is the argument `x_api_key`.
fn rust_name(name: &str) -> String {
    let name = name.to_lowercase().replace('-', "_");
    match syn::parse_str::<syn::Ident>(&name) {
        Ok(_) => name,
        Err(_) => format!("{name}_"),
    }
}
