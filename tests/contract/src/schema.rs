//! OpenAPI 3.0 schemas as JSON Schema: `nullable` becomes a null type, and an
//! object with named properties takes no others, so that a misspelt member shows.

use serde_json::{Map, Value, json};

/// Rewrites `schema` and everything below it.
pub(crate) fn to_json_schema(schema: &mut Value) {
    let Value::Object(object) = schema else {
        return;
    };
    for (keyword, value) in object.iter_mut() {
        match keyword.as_str() {
            "properties" => {
                if let Value::Object(properties) = value {
                    properties.values_mut().for_each(to_json_schema);
                }
            }
            "items" | "additionalProperties" | "not" => to_json_schema(value),
            "allOf" | "anyOf" | "oneOf" => {
                if let Value::Array(members) = value {
                    members.iter_mut().for_each(to_json_schema);
                }
            }
            _ => {}
        }
    }
    if object.get("properties").is_some_and(has_members)
        && !object.contains_key("additionalProperties")
    {
        object.insert("additionalProperties".into(), json!(false));
    }
    if object.remove("nullable") == Some(json!(true)) {
        let inner = Value::Object(std::mem::take(object));
        *object = Map::from_iter([("anyOf".to_owned(), json!([inner, { "type": "null" }]))]);
    }
}

fn has_members(properties: &Value) -> bool {
    properties.as_object().is_some_and(|map| !map.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nullable_becomes_a_null_type() {
        let mut schema = json!({ "type": "string", "nullable": true });
        to_json_schema(&mut schema);
        assert_eq!(
            schema,
            json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] })
        );
    }

    #[test]
    fn named_properties_close_an_object_and_free_form_ones_do_not() {
        let mut closed = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
        to_json_schema(&mut closed);
        assert_eq!(closed.get("additionalProperties"), Some(&json!(false)));

        let mut free = json!({ "type": "object", "additionalProperties": true });
        to_json_schema(&mut free);
        assert_eq!(free.get("additionalProperties"), Some(&json!(true)));
    }
}
