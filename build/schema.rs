//! Looking up what an effective document says about a generated type or field.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The component schemas of a document, found by the name of their Rust type.
pub(crate) struct Schemas<'a> {
    by_key: BTreeMap<String, (&'a str, &'a Value)>,
}

impl<'a> Schemas<'a> {
    /// Reads `components.schemas`.
    pub(crate) fn read(document: &'a Value) -> Result<Self, String> {
        let schemas = document
            .pointer("/components/schemas")
            .and_then(Value::as_object)
            .ok_or("the document has no components.schemas")?;
        let mut by_key = BTreeMap::new();
        for (name, schema) in schemas {
            if let Some((other, _)) = by_key.insert(key(name), (name.as_str(), schema)) {
                return Err(format!("{name} and {other} would be the same Rust type"));
            }
        }
        Ok(Self { by_key })
    }

    /// All schemas with their names, in alphabetical order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.by_key.values().copied()
    }

    /// The properties of the schema behind the Rust type `ident`.
    pub(crate) fn properties(&self, ident: &str) -> Option<&'a Map<String, Value>> {
        let (_, schema) = self.by_key.get(&key(ident))?;
        schema.get("properties")?.as_object()
    }

    /// The name of the schema behind the Rust type `ident`.
    pub(crate) fn name(&self, ident: &str) -> Option<&'a str> {
        self.by_key.get(&key(ident)).map(|(name, _)| *name)
    }
}

/// The generator writes `JWKResponse` as `JwkResponse`: case and separators do not count.
fn key(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Whether the boolean extension `name` is set on `schema`.
pub(crate) fn flag(schema: &Value, name: &str) -> bool {
    schema.get(name) == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_type_finds_its_schema_whatever_the_case() {
        let document =
            json!({"components": {"schemas": {"JWKResponse": {"properties": {"keys": {}}}}}});
        let schemas = Schemas::read(&document).unwrap();
        assert_eq!(schemas.name("JwkResponse"), Some("JWKResponse"));
        assert!(
            schemas
                .properties("JwkResponse")
                .unwrap()
                .contains_key("keys")
        );
        assert!(schemas.properties("Jwk").is_none());
    }

    #[test]
    fn two_schemas_for_one_type_are_refused() {
        let document = json!({"components": {"schemas": {"UserInfo": {}, "user_info": {}}}});
        let error = Schemas::read(&document).err().unwrap();
        assert!(error.contains("the same Rust type"), "{error}");
    }
}
