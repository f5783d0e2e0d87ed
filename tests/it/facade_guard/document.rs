//! An effective document: its operations, and every place where one of their bodies has a value.

use serde_json::{Map, Value, json};

/// The text of every text that has no other form, and that of one that was changed.
pub(crate) const TEXTS: [&str; 2] = ["some", "other"];

/// An effective document.
pub(crate) struct Document {
    pub(crate) api: String,
    root: Value,
}

/// One operation.
pub(crate) struct Operation<'a> {
    pub(crate) id: &'a str,
    /// Such as `GET`.
    pub(crate) method: String,
    /// Such as `/apps/{app_id}`.
    pub(crate) path: &'a str,
    /// Names with the place, such as `query`.
    pub(crate) parameters: Vec<(&'a str, &'a str)>,
    pub(crate) body: Option<&'a Value>,
    /// The schema of a reply that is a success, and that of any other.
    pub(crate) replies: [Option<&'a Value>; 2],
    /// The status of a success.
    pub(crate) status: u16,
}

/// A place in a body that holds a value of its own.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    /// The fields that lead there, from the outside in, such as `UserInfo.email`.
    pub(crate) fields: Vec<String>,
    /// The schemas that lead there.
    pub(crate) schemas: Vec<String>,
    /// Where it is in a body in which every list has one item.
    pub(crate) pointer: String,
    pub(crate) schema: &'a Value,
}

impl Document {
    pub(crate) fn parse(api: &str, text: &str) -> Self {
        Self {
            api: api.to_owned(),
            root: serde_json::from_str(text).unwrap(),
        }
    }

    /// Changes what is at `pointer`.
    pub(crate) fn edit(&mut self, pointer: &str, change: impl FnOnce(&mut Value)) {
        change(self.root.pointer_mut(pointer).unwrap());
    }

    pub(crate) fn operations(&self) -> Vec<Operation<'_>> {
        let paths = self.root["paths"].as_object().unwrap().iter();
        let all = paths.flat_map(|(path, item)| {
            let item = item.as_object().unwrap().iter();
            item.map(move |(method, operation)| (path, method, operation))
        });
        let all = all.filter_map(|(path, method, operation)| {
            let responses = operation["responses"].as_object()?;
            let reply = |success: bool| {
                let mut found = responses.iter();
                found.find(|(status, _)| status.starts_with('2') == success)
            };
            let status = reply(true).and_then(|(status, _)| status.parse().ok());
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let parameters = parameters.map(|parameter| {
                let parameter = self.follow(parameter);
                let text = |name: &str| parameter[name].as_str().unwrap();
                (text("name"), text("in"))
            });
            Some(Operation {
                id: operation["operationId"].as_str()?,
                method: method.to_uppercase(),
                path,
                parameters: parameters.collect(),
                body: content(&operation["requestBody"]),
                replies: [true, false].map(|success| content(reply(success)?.1)),
                status: status.unwrap_or(200),
            })
        });
        let mut all: Vec<_> = all.collect();
        // Whether or not some crate switches on serde_json's `preserve_order`.
        all.sort_by_key(|operation| operation.id);
        all
    }

    /// What a `$ref`, or an `allOf` of one, stands for.
    fn follow<'a>(&'a self, value: &'a Value) -> &'a Value {
        let value = value.pointer("/allOf/0").unwrap_or(value);
        let pointer = value["$ref"].as_str().and_then(|r| r.strip_prefix('#'));
        pointer.map_or(value, |pointer| {
            self.follow(self.root.pointer(pointer).unwrap())
        })
    }

    /// The name of the schema that `value` refers to.
    pub(crate) fn name<'a>(&self, value: &'a Value) -> Option<&'a str> {
        let value = value.pointer("/allOf/0").unwrap_or(value);
        value["$ref"]
            .as_str()?
            .strip_prefix("#/components/schemas/")
    }

    fn properties<'a>(&'a self, schema: &'a Value) -> Option<&'a Map<String, Value>> {
        self.follow(schema)["properties"].as_object()
    }

    fn items<'a>(&'a self, schema: &'a Value) -> Option<&'a Value> {
        self.follow(schema).get("items")
    }

    /// The values of an enum with the name of its schema.
    pub(crate) fn values<'a>(&'a self, schema: &'a Value) -> Option<(&'a str, Vec<&'a str>)> {
        let values = self.follow(schema)["enum"].as_array()?;
        let name = self.name(schema)?;
        Some((name, values.iter().filter_map(Value::as_str).collect()))
    }

    /// The values of the enum `name`, if there is one.
    pub(crate) fn known(&self, name: &str) -> Vec<&str> {
        let values = self.root["components"]["schemas"][name]["enum"].as_array();
        values
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// All places in a body of this schema.
    pub(crate) fn places<'a>(&'a self, schema: &'a Value) -> Vec<Place<'a>> {
        let mut found = Vec::new();
        let start = Place {
            fields: Vec::new(),
            schemas: Vec::new(),
            pointer: String::new(),
            schema,
        };
        self.walk(start, &mut found);
        found
    }

    fn walk<'a>(&'a self, at: Place<'a>, found: &mut Vec<Place<'a>>) {
        let owner = match self.name(at.schema) {
            Some(name) => name.to_owned(),
            // A schema that is written in place goes by the field that it is the schema of.
            None => at.fields.last().cloned().unwrap_or_default(),
        };
        assert!(
            self.name(at.schema).is_none() || !at.schemas.contains(&owner),
            "{owner} has itself inside: this walk would not end"
        );
        let schemas = [at.schemas.as_slice(), std::slice::from_ref(&owner)].concat();
        if let Some(items) = self.items(at.schema) {
            self.walk(
                Place {
                    pointer: at.pointer + "/0",
                    schema: items,
                    ..at
                },
                found,
            );
        } else if let Some(properties) = self.properties(at.schema) {
            for (name, schema) in properties {
                let inner = Place {
                    fields: [at.fields.as_slice(), &[format!("{owner}.{name}")]].concat(),
                    schemas: schemas.clone(),
                    pointer: format!("{}/{name}", at.pointer),
                    schema,
                };
                self.walk(inner, found);
            }
        } else {
            found.push(Place { schemas, ..at });
        }
    }

    /// A body with every member.
    pub(crate) fn full(&self, schema: &Value) -> Value {
        if let Some(items) = self.items(schema) {
            return json!([self.full(items)]);
        }
        if let Some(properties) = self.properties(schema) {
            let members = properties
                .iter()
                .map(|(name, schema)| (name.clone(), self.full(schema)));
            return Value::Object(members.collect());
        }
        let [value, _] = self.pair(schema);
        value
    }

    /// Two values of a schema that has nothing inside.
    pub(crate) fn pair(&self, schema: &Value) -> [Value; 2] {
        if let Some((_, values)) = self.values(schema) {
            return [json!(values[0]), json!(values.get(1))];
        }
        let schema = self.follow(schema);
        match (schema["type"].as_str(), schema["format"].as_str()) {
            (Some("boolean"), _) => [json!(true), json!(false)],
            (Some("integer" | "number"), _) => [json!(3), json!(4)],
            (Some("object"), _) => TEXTS.map(|text| json!({"member": text})),
            (_, Some("date-time")) => {
                ["2024-05-01T10:00:00Z", "2025-06-02T11:00:00Z"].map(Value::from)
            }
            _ => TEXTS.map(Value::from),
        }
    }
}

/// The schema of a request's or a reply's body.
fn content(of: &Value) -> Option<&Value> {
    let (_, content) = of["content"].as_object()?.iter().next()?;
    content.get("schema")
}
