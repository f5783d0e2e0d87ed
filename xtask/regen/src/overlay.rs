//! OpenAPI Overlay 1.0.0: an ordered list of actions that change a document.
//!
//! One file serves several documents through the extension `x-document`, see `openapi/overlay.yaml`.

use serde::Deserialize;
use serde_json::Value;
use serde_json_path::{JsonPath, NormalizedPath};

use crate::yaml;

/// A parsed overlay.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Overlay {
    overlay: String,
    #[serde(rename = "info")]
    _info: Value,
    actions: Vec<Action>,
}

/// One change: what it is about, why, and what becomes of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    target: String,
    description: String,
    #[serde(rename = "x-document")]
    document: Option<String>,
    update: Option<Value>,
    #[serde(default)]
    remove: bool,
}

impl Overlay {
    /// Reads an overlay for these documents, and checks that it is one this module can apply in full.
    pub(crate) fn parse(text: &str, documents: &[&str]) -> Result<Self, String> {
        let overlay: Self = yaml::parse(text).map_err(|e| format!("not an overlay: {e}"))?;
        if !overlay.overlay.starts_with("1.0.") {
            return Err(format!("overlay version {} is not 1.0", overlay.overlay));
        }
        for (index, action) in overlay.actions.iter().enumerate() {
            let why = match action.document.as_deref() {
                Some(name) if !documents.contains(&name) => {
                    format!("is for `{name}`, which is no document")
                }
                _ if action.description.trim().is_empty() => "says no reason".to_owned(),
                _ if action.remove == action.update.is_some() => {
                    "needs either `update` or `remove: true`".to_owned()
                }
                _ => continue,
            };
            return Err(action.fail(index, &why));
        }
        Ok(overlay)
    }

    /// Applies the actions for the document `name`, which was read from `file`, in order. Fails with one
    /// line for each action that cannot be applied.
    pub(crate) fn apply(&self, name: &str, file: &str, document: &mut Value) -> Result<(), String> {
        let mut failed = Vec::new();
        for (index, action) in self.actions.iter().enumerate() {
            if action.document.as_deref().is_none_or(|d| d == name)
                && let Err(e) = action.apply(document)
            {
                failed.push(action.fail(index, &format!("{e} in {file}")));
            }
        }
        failed
            .is_empty()
            .then_some(())
            .ok_or_else(|| failed.join("\n"))
    }
}

impl Action {
    fn fail(&self, index: usize, why: &str) -> String {
        format!("overlay action {} ({}) {why}", index + 1, self.target)
    }

    fn apply(&self, document: &mut Value) -> Result<(), String> {
        let path = JsonPath::parse(&self.target).map_err(|e| format!("is no JSONPath: {e}"))?;
        let found = path.query_located(document).dedup();
        let mut targets: Vec<String> = found
            .locations()
            .map(NormalizedPath::to_json_pointer)
            .collect();
        if targets.is_empty() {
            return Err("matches nothing".to_owned());
        }
        if self.remove {
            // From the back, so that an element's removal does not shift one still to be removed.
            targets.reverse();
        }
        let mut changed = false;
        for target in &targets {
            changed |= match &self.update {
                Some(update) => merge_at(document, target, update)?,
                None => remove_at(document, target).is_some(),
            };
        }
        changed
            .then_some(())
            .ok_or_else(|| "changes nothing".to_owned())
    }
}

fn merge_at(document: &mut Value, target: &str, update: &Value) -> Result<bool, String> {
    // Only an earlier target of the same action can have replaced it.
    let Some(node) = document.pointer_mut(target) else {
        return Ok(false);
    };
    let before = node.clone();
    match node {
        Value::Array(list) => list.push(update.clone()),
        Value::Object(_) if update.is_object() => merge(node, update),
        Value::Object(_) => return Err(format!("updates the object {target} with something else")),
        _ => {
            return Err(format!(
                "updates {target}, which is neither object nor list"
            ));
        }
    }
    Ok(*node != before)
}

/// Objects merge member by member, lists are joined, anything else is replaced.
fn merge(node: &mut Value, update: &Value) {
    match (node, update) {
        (Value::Object(members), Value::Object(updates)) => {
            for (key, value) in updates {
                merge(members.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(list), Value::Array(more)) => list.extend(more.iter().cloned()),
        (node, update) => *node = update.clone(),
    }
}

fn remove_at(document: &mut Value, target: &str) -> Option<Value> {
    let (parent, key) = target.rsplit_once('/')?;
    match document.pointer_mut(parent)? {
        Value::Object(members) => members.shift_remove(&key.replace("~1", "/").replace("~0", "~")),
        Value::Array(list) => {
            let index = key.parse().ok().filter(|index| *index < list.len());
            index.map(|index| list.remove(index))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn overlays_are_applied_in_full_or_refused() {
        for case in crate::cases::read("overlay") {
            let yaml = format!("overlay: 1.0.0\ninfo: {{}}\nactions: {}", case["actions"]);
            let mut document = case["in"].clone();
            let done = Overlay::parse(&yaml, &["a", "b"])
                .and_then(|overlay| overlay.apply("a", "a.yaml", &mut document));
            let error = done.err().unwrap_or_default();
            match &case["fails"] {
                Value::Array(lines) => assert!(
                    error.lines().eq(lines.iter().filter_map(Value::as_str)),
                    "{error}"
                ),
                Value::String(part) => assert!(error.contains(part), "{part}: {error}"),
                _ => assert_eq!(document, case["out"], "{}: {error}", case["name"]),
            }
        }
    }
}
