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
    /// Reads an overlay and checks that it is one this module can apply in full.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let overlay: Self = yaml::parse(text).map_err(|e| format!("not an overlay: {e}"))?;
        if !overlay.overlay.starts_with("1.0.") {
            return Err(format!("overlay version {} is not 1.0", overlay.overlay));
        }
        for (index, action) in overlay.actions.iter().enumerate() {
            if action.description.trim().is_empty() {
                return Err(action.fail(index, "says no reason"));
            }
            if action.remove == action.update.is_some() {
                return Err(action.fail(index, "needs either `update` or `remove: true`"));
            }
        }
        Ok(overlay)
    }

    /// Fails if an action is meant for a document that does not exist.
    pub(crate) fn check_documents(&self, known: &[&str]) -> Result<(), String> {
        for (index, action) in self.actions.iter().enumerate() {
            if let Some(name) = action.document.as_deref()
                && !known.contains(&name)
            {
                return Err(action.fail(index, &format!("is for `{name}`, which is no document")));
            }
        }
        Ok(())
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
        if failed.is_empty() {
            Ok(())
        } else {
            Err(failed.join("\n"))
        }
    }
}

impl Action {
    fn fail(&self, index: usize, why: &str) -> String {
        format!("overlay action {} ({}) {why}", index + 1, self.target)
    }

    fn apply(&self, document: &mut Value) -> Result<(), String> {
        let path = JsonPath::parse(&self.target).map_err(|e| format!("is no JSONPath: {e}"))?;
        let mut targets: Vec<String> = path
            .query_located(document)
            .dedup()
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
                None => remove_at(document, target),
            };
        }
        if changed {
            Ok(())
        } else {
            Err("changes nothing".to_owned())
        }
    }
}

fn merge_at(document: &mut Value, target: &str, update: &Value) -> Result<bool, String> {
    let Some(node) = document.pointer_mut(target) else {
        // Only an earlier target of the same action can have replaced it.
        return Ok(false);
    };
    match node {
        Value::Array(list) => {
            list.push(update.clone());
            Ok(true)
        }
        Value::Object(_) if update.is_object() => Ok(merge(node, update)),
        Value::Object(_) => Err(format!("updates the object {target} with something else")),
        _ => Err(format!(
            "updates {target}, which is neither object nor list"
        )),
    }
}

/// Objects merge member by member, lists are joined, anything else is replaced.
fn merge(node: &mut Value, update: &Value) -> bool {
    match (node, update) {
        (Value::Object(members), Value::Object(updates)) => {
            let mut changed = false;
            for (key, value) in updates {
                changed |= match members.get_mut(key) {
                    Some(member) => merge(member, value),
                    None => {
                        members.insert(key.clone(), value.clone());
                        true
                    }
                };
            }
            changed
        }
        (Value::Array(list), Value::Array(more)) => {
            list.extend(more.iter().cloned());
            !more.is_empty()
        }
        (node, update) if node == update => false,
        (node, update) => {
            *node = update.clone();
            true
        }
    }
}

fn remove_at(document: &mut Value, target: &str) -> bool {
    let Some((parent, key)) = target.rsplit_once('/') else {
        return false;
    };
    match document.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            let key = key.replace("~1", "/").replace("~0", "~");
            members.shift_remove(&key).is_some()
        }
        Some(Value::Array(list)) => match key.parse::<usize>() {
            Ok(index) if index < list.len() => {
                list.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn run(actions: &str, document: Value) -> Result<Value, String> {
        let yaml = format!("overlay: 1.0.0\ninfo: {{title: t, version: '1'}}\nactions:\n{actions}");
        let mut document = document;
        Overlay::parse(&yaml)?.apply("a", "a.yaml", &mut document)?;
        Ok(document)
    }

    #[test]
    fn update_merges_objects_appends_to_lists_and_replaces_the_rest() {
        let out = run(
            "- {target: $.o, description: d, update: {a: 2, deep: {y: 1}, list: [2]}}\n\
             - {target: $.l, description: d, update: {new: true}}",
            json!({"o": {"a": 1, "b": 1, "deep": {"x": 1}, "list": [1]}, "l": [1]}),
        );
        let want = json!({
            "o": {"a": 2, "b": 1, "deep": {"x": 1, "y": 1}, "list": [1, 2]},
            "l": [1, {"new": true}],
        });
        assert_eq!(out.unwrap(), want);
    }

    #[test]
    fn remove_takes_every_match_even_neighbours_and_escaped_keys() {
        let out = run(
            "- {target: '$.l[?@ > 1]', description: d, remove: true}\n\
             - {target: '$.p[''/a~b'']', description: d, remove: true}",
            json!({"l": [1, 2, 3, 1, 4], "p": {"/a~b": 1, "/c": 2}}),
        );
        assert_eq!(out.unwrap(), json!({"l": [1, 1], "p": {"/c": 2}}));
    }

    #[test]
    fn an_action_sees_what_the_ones_before_it_did() {
        let out = run(
            "- {target: $, description: d, update: {o: {}}}\n\
             - {target: $.o, description: d, update: {a: 1}}",
            json!({}),
        );
        assert_eq!(out.unwrap(), json!({"o": {"a": 1}}));
    }

    #[test]
    fn an_action_without_effect_is_an_error_that_names_it() {
        let missing = run(
            "- {target: $.gone, description: d, remove: true}",
            json!({}),
        );
        assert_eq!(
            missing.unwrap_err(),
            "overlay action 1 ($.gone) matches nothing in a.yaml"
        );
        let idle = run(
            "- {target: $.o, description: d, update: {a: 1}}",
            json!({"o": {"a": 1}}),
        );
        assert_eq!(
            idle.unwrap_err(),
            "overlay action 1 ($.o) changes nothing in a.yaml"
        );
    }

    #[test]
    fn all_failing_actions_are_named() {
        let failed = run(
            "- {target: $.gone, description: d, remove: true}\n\
             - {target: $.k, description: d, remove: true}\n\
             - {target: $.o.lost, description: d, update: {}}",
            json!({"k": 1}),
        );
        assert_eq!(
            failed.unwrap_err(),
            "overlay action 1 ($.gone) matches nothing in a.yaml\n\
             overlay action 3 ($.o.lost) matches nothing in a.yaml"
        );
    }

    #[test]
    fn an_action_for_another_document_is_left_alone() {
        let action = "- {target: $.gone, description: d, x-document: b, remove: true}";
        assert_eq!(run(action, json!({"k": 1})).unwrap(), json!({"k": 1}));
        let yaml = format!("overlay: 1.0.0\ninfo: {{}}\nactions:\n{action}");
        let overlay = Overlay::parse(&yaml).unwrap();
        assert!(overlay.check_documents(&["a", "b"]).is_ok());
        let error = overlay.check_documents(&["a"]).unwrap_err();
        assert!(error.contains("`b`, which is no document"), "{error}");
    }

    #[test]
    fn malformed_actions_are_refused() {
        for (action, why) in [
            (
                "- {target: $.o, description: ' ', remove: true}",
                "no reason",
            ),
            ("- {target: $.o, description: d}", "either"),
            (
                "- {target: $.o, description: d, remove: true, update: {}}",
                "either",
            ),
            ("- {target: $.o, description: d, copy: $.x}", "copy"),
            (
                "- {target: '$.o[', description: d, remove: true}",
                "JSONPath",
            ),
            (
                "- {target: $.o.a, description: d, update: {b: 1}}",
                "neither",
            ),
            (
                "- {target: $.o, description: d, update: 1}",
                "something else",
            ),
        ] {
            let error = run(action, json!({"o": {"a": 1}})).unwrap_err();
            assert!(error.contains(why), "{action}: {error}");
        }
    }
}
