//! What is wrong with the facade, given what it was seen to do. Nothing is called from here.

use std::collections::{BTreeMap, BTreeSet};

use crate::facade_guard::calls::METHODS;
use crate::facade_guard::document::{Document, Place};
use crate::facade_guard::evidence::Evidence;
use crate::facade_guard::facade::{Api, Decision};

/// Each complaint says what is wrong and what mends it.
pub(crate) fn complaints(document: &Document, facade: &Api, evidence: &Evidence) -> Vec<String> {
    let mut found = Found::new(document, facade, evidence);
    found.operations();
    found.contents();
    found.left();
    found.complaints
}

/// Where a part of an operation was looked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Parameter,
    Sent,
    Received,
}

struct Found<'a> {
    document: &'a Document,
    facade: &'a Api,
    evidence: &'a Evidence,
    /// The keys of `left` that something in a covered operation has.
    met: BTreeSet<&'a str>,
    /// Those of them that the facade has nevertheless.
    shown: BTreeSet<&'a str>,
    complaints: Vec<String>,
}

impl<'a> Found<'a> {
    fn new(document: &'a Document, facade: &'a Api, evidence: &'a Evidence) -> Self {
        Self {
            document,
            facade,
            evidence,
            met: BTreeSet::new(),
            shown: BTreeSet::new(),
            complaints: Vec::new(),
        }
    }

    fn complain(&mut self, text: String) {
        self.complaints
            .push(format!("{}: {text}", self.document.api));
    }

    fn operations(&mut self) {
        let described: BTreeSet<&str> = self.document.operations().iter().map(|o| o.id).collect();
        for operation in &described {
            if !self.facade.operations.contains_key(*operation) {
                self.complain(format!(
                    "the operation {operation} is new. Write a method of the facade that calls it and, under \
                     `operations` in openapi/facade.yaml, `{operation}: ['Type::method']`; or there \
                     `{operation}: {{left: <reason>}}`"
                ));
            }
        }
        for (operation, decision) in &self.facade.operations {
            if !described.contains(operation.as_str()) {
                self.complain(format!(
                    "openapi/facade.yaml has the operation {operation}, the document has not. Remove it there"
                ));
                continue;
            }
            match decision {
                Decision::Covered(methods) => self.claims(operation, methods),
                Decision::Left { left } => {
                    if left.trim().is_empty() {
                        self.complain(format!("{operation} is left without a reason. Say why"));
                    }
                    for method in self.evidence.callers(operation) {
                        self.complain(format!(
                            "openapi/facade.yaml leaves {operation}, but {method} calls it. List the method there"
                        ));
                    }
                }
            }
        }
    }

    fn claims(&mut self, operation: &str, methods: &[String]) {
        if methods.is_empty() {
            self.complain(format!(
                "no method is named for {operation} in openapi/facade.yaml. Name one, or write \
                 `{operation}: {{left: <reason>}}`"
            ));
        }
        for method in methods {
            if !METHODS.contains(&method.as_str()) {
                self.complain(format!(
                    "openapi/facade.yaml says that {method} calls {operation}, but tests/it/facade_guard/calls.rs \
                     does not know the method. Add the call there, or take the method out of the file"
                ));
            } else if !self.evidence.calls(method, operation) {
                self.complain(format!(
                    "openapi/facade.yaml says that {method} calls {operation}. It does not. Take it out there"
                ));
            }
        }
    }

    /// Parameters, fields and values of the operations that are covered.
    fn contents(&mut self) {
        let mut missing: BTreeMap<(Part, String), Vec<&str>> = BTreeMap::new();
        let mut values = BTreeSet::new();
        let document = self.document;
        for operation in document.operations() {
            if !self.facade.covers(operation.id) {
                continue;
            }
            for (name, _) in &operation.parameters {
                let key = format!("{}.{name}", operation.id);
                let there = self.evidence.parameters.contains(&key);
                if !self.is_left(&key, there) && !there {
                    missing
                        .entry((Part::Parameter, key))
                        .or_default()
                        .push(operation.id);
                }
            }
            let bodies = [
                (Part::Sent, operation.body),
                (Part::Received, operation.replies[0]),
                (Part::Received, operation.replies[1]),
            ];
            for (part, schema) in bodies {
                for place in schema.iter().flat_map(|schema| document.places(schema)) {
                    if self.is_place_left(&place, part, operation.id) {
                        continue;
                    }
                    let field = place.fields.last().unwrap();
                    if !self.shows(part, operation.id, field) {
                        missing
                            .entry((part, field.clone()))
                            .or_default()
                            .push(operation.id);
                    } else if let Some((name, known)) = document.values(place.schema) {
                        values.extend(known.into_iter().map(|value| (name, value)));
                    }
                }
            }
        }
        for ((part, key), operations) in missing {
            self.complain(describe(part, &key, &operations));
        }
        for (name, value) in values {
            if !self
                .evidence
                .values
                .contains(&(name.to_owned(), value.to_owned()))
            {
                self.complain(format!(
                    "the facade does not know the value {value:?} of {name}. Add it to the facade's own enum"
                ));
            }
        }
    }

    fn shows(&self, part: Part, operation: &str, field: &str) -> bool {
        let key = (operation.to_owned(), field.to_owned());
        match part {
            Part::Parameter => false,
            Part::Sent => self.evidence.sent.contains(&key),
            Part::Received => self.evidence.received.contains(&key),
        }
    }

    /// Whether `left` has a field or a schema on the way to the place.
    fn is_place_left(&mut self, place: &Place<'_>, part: Part, operation: &str) -> bool {
        let innermost = place.fields.last().unwrap();
        let there = self.shows(part, operation, innermost);
        let keys: Vec<&String> = place.fields.iter().chain(&place.schemas).collect();
        keys.into_iter().any(|key| self.is_left(key, there))
    }

    fn is_left(&mut self, key: &str, there: bool) -> bool {
        let Some((key, _)) = self.facade.left.get_key_value(key) else {
            return false;
        };
        self.met.insert(key);
        if there {
            self.shown.insert(key);
        }
        true
    }

    fn left(&mut self) {
        let facade = self.facade;
        for (key, reason) in &facade.left {
            if reason.trim().is_empty() {
                self.complain(format!("{key} is left without a reason. Say why"));
            }
            if self.shown.contains(key.as_str()) {
                self.complain(format!(
                    "openapi/facade.yaml leaves {key}, but the facade has it. Take it out there"
                ));
            }
            if !self.met.contains(key.as_str()) {
                self.complain(format!(
                    "openapi/facade.yaml leaves {key}, which no covered operation has. Take it out there"
                ));
            }
        }
    }
}

fn describe(part: Part, key: &str, operations: &[&str]) -> String {
    let operations = operations.join(", ");
    let leave = format!("or write `{key}: <reason>` under `left` in openapi/facade.yaml");
    match part {
        Part::Parameter => format!(
            "no method of the facade sends the parameter {key}. Add a way to set it, which \
             tests/it/facade_guard/calls.rs uses; {leave}"
        ),
        Part::Sent => format!(
            "no method of the facade sends {key} ({operations}). Add a way to set it, which \
             tests/it/facade_guard/calls.rs uses; {leave}"
        ),
        Part::Received => format!(
            "{key} makes no difference to what the facade gives back ({operations}). Add a field for it, which \
             tests/it/facade_guard/shown.rs shows; {leave}"
        ),
    }
}
