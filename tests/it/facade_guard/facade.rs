//! `openapi/facade.yaml`, as it is described there.

use std::collections::BTreeMap;
use std::ops::Index;

use serde::Deserialize;

/// What the facade makes of each API.
#[derive(Clone, Deserialize)]
pub(crate) struct Facade(BTreeMap<String, Api>);

/// What the facade makes of one API.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    pub(crate) operations: BTreeMap<String, Decision>,
    /// What is left out of the operations that are covered, with the reason.
    pub(crate) left: BTreeMap<String, String>,
}

/// What becomes of an operation.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Decision {
    /// These methods call it.
    Covered(Vec<String>),
    /// It is for the generated client.
    Left { left: String },
}

impl Facade {
    pub(crate) fn parse(text: &str) -> Self {
        serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("openapi/facade.yaml: {e}"))
    }

    pub(crate) fn apis(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn get_mut(&mut self, api: &str) -> &mut Api {
        self.0.get_mut(api).unwrap()
    }
}

impl Index<&str> for Facade {
    type Output = Api;

    fn index(&self, api: &str) -> &Api {
        &self.0[api]
    }
}

impl Api {
    /// The methods that call `operation`; none if it is left, or not there.
    pub(crate) fn methods(&self, operation: &str) -> &[String] {
        match self.operations.get(operation) {
            Some(Decision::Covered(methods)) => methods,
            _ => &[],
        }
    }

    pub(crate) fn covers(&self, operation: &str) -> bool {
        matches!(self.operations.get(operation), Some(Decision::Covered(_)))
    }
}

/// For tests that change the file.
impl Api {
    pub(crate) fn cover(&mut self, operation: &str, methods: &[&str]) {
        let methods = methods.iter().map(ToString::to_string).collect();
        self.operations
            .insert(operation.to_owned(), Decision::Covered(methods));
    }

    pub(crate) fn leave_operation(&mut self, operation: &str, reason: &str) {
        let left = reason.to_owned();
        self.operations
            .insert(operation.to_owned(), Decision::Left { left });
    }

    pub(crate) fn leave(&mut self, key: &str, reason: &str) {
        self.left.insert(key.to_owned(), reason.to_owned());
    }
}
