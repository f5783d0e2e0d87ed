//! What a change of an API description means for Rust callers: the change report of `cargo xtask regen`.
//!
//! [`compare`] makes a tree of either effective document, asks the code that is generated from it for the Rust types,
//! and walks both trees. Everything here is pure: documents in, [`Changes`] out.
//!
//! Each change is classed twice, for callers of the **generated client** and for callers of the **facade**, as
//! **breaking**, **additive**, **docs only** or **no change**. Both are judged as if the server were the one
//! that the new document describes.
//!
//! - *Generated client*: what the change does to the generated code. Breaking is what may stop code of a caller
//!   from compiling, and a call or a reply that worked and no longer does. What differs in the code and no rule
//!   explains counts as breaking.
//! - *Facade*: the most that its callers get once `src/` has followed the change. The facade's types are its
//!   own, so what it does not cover changes nothing, and what is new changes nothing until somebody adds it.
//!   **`src/` has to follow** marks what does not compile, or is no longer true, before somebody edits `src/`.
//!
//! The table of all rules, each with its reasons, is in `rules.md`. A renamed enum value, field or type is one
//! removed and one added: nothing in a document says that two names mean the same. An operation counts as
//! renamed if method and path stayed.

mod changes;
mod facade;
mod names;
mod render;
mod rules;
mod surface;
mod tree;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::codegen;
use crate::document::{Document, Operation};

pub(crate) use changes::{Change, Changes, Class};
pub(crate) use facade::Facade;

use facade::Judged;
use rules::{Rule, rule};
use surface::Surface;
use tree::{Node, Trees, asked, reordered};

/// Compares two effective documents of the API `api` (`management` or `auth`).
///
/// `facade` says what the facade covers, as [`Facade::parse`] reads it from `openapi/facade.yaml`. The file may
/// have decisions on what is new already, but has to have those on what is removed still.
///
/// # Errors
/// If the generator cannot read one of them.
pub(crate) fn compare(
    api: &str,
    old: &Value,
    new: &Value,
    facade: &Facade,
) -> Result<Changes, String> {
    if old == new {
        return Ok(Changes::default());
    }
    let code = |document: &Value| {
        let code = codegen::generate(&document.to_string());
        code.map_err(|error| format!("the generator cannot read {api}: {error}"))
    };
    compare_code(api, [old, new], [&code(old)?, &code(new)?], facade)
}

/// The same with the code that is generated from either document.
fn compare_code(
    api: &str,
    [old, new]: [&Value; 2],
    [code_before, code_after]: [&str; 2],
    facade: &Facade,
) -> Result<Changes, String> {
    let (code_before, code_after) = (Surface::of(code_before)?, Surface::of(code_after)?);
    let (old, new) = (Document { root: old }, Document { root: new });
    let renamed = renamed(&old, &new);
    let cover = facade.cover(api, &old, &new);
    let trees = Trees {
        cover: &cover,
        renamed: &renamed,
    };
    let mut found = Found {
        api,
        changes: Vec::new(),
        explained: BTreeSet::new(),
    };
    found.walk(
        &trees.tree(&old, &code_before),
        &trees.tree(&new, &code_after),
    );
    found.unexplained(&code_before, &code_after);
    Ok(Changes::new(found.changes))
}

/// The old and the new name of each operation that only its name tells from one before.
fn renamed<'a>(old: &Document<'a>, new: &Document<'a>) -> Vec<(&'a str, &'a str)> {
    let has = |document: &Document<'_>, id: &str| document.operations().any(|o| o.id == id);
    let gone = old.operations().filter(|before| !has(new, before.id));
    let pairs = gone.filter_map(|before| {
        let same = |after: &Operation<'_>| after.route() == before.route();
        let after = new.operations().find(same)?;
        (!has(old, after.id)).then_some((before.id, after.id))
    });
    pairs.collect()
}

/// The changes found so far, each judged as it is found.
struct Found<'a> {
    api: &'a str,
    changes: Vec<Change>,
    /// Items of the generated code that a change speaks of; or how their names begin.
    explained: BTreeSet<(String, bool)>,
}

impl Found<'_> {
    fn walk(&mut self, old: &Node, new: &Node) {
        if let (Some(from), Some(to)) = (&old.shape, &new.shape)
            && from != to
        {
            let label = if new.item.starts_with("Client::") {
                "parameter: "
            } else {
                ""
            };
            let words = format!("{label}{}", reshaped(from, to));
            self.push(
                rules::retyped(&from[1], &to[1]),
                [old, new],
                ["", "", &words],
            );
        }
        for ((key, before), (_, after)) in old.aspects.iter().zip(&new.aspects) {
            let rule = match *key {
                _ if before == after => continue,
                "order of arguments" | "order of values" if !reordered(before, after) => continue,
                "credential" if asked(before, after) => rule("credential asked"),
                key if after == "false" => rule(&format!("{key} no more")),
                key => rule(key),
            };
            self.push(rule, [old, new], [&new.name, before, after]);
            if *key == "type" {
                return;
            }
        }
        let keywords: BTreeSet<&String> = old.rest.keys().chain(new.rest.keys()).collect();
        for keyword in keywords {
            if old.rest.get(keyword) != new.rest.get(keyword) {
                self.push(rule("unread"), [old, new], [keyword, "", ""]);
            }
        }
        for before in &old.children {
            if let Some(after) = new.child(&before.name) {
                self.walk(before, after);
            } else if let Some((key, told)) = &before.removed {
                self.push(rule(key), [before, before], [&before.name, told, ""]);
            }
        }
        for after in &new.children {
            if let (None, Some((key, told))) = (old.child(&after.name), &after.added) {
                let in_range = |other: &Node| is_range_of(&other.name, &after.name);
                let read = *key == "status added" && old.children.iter().any(in_range);
                let key = if read { "status in a range added" } else { key };
                let judged = after.judged_new;
                self.judge(rule(key), judged, [after, after], [&after.name, "", told]);
            }
        }
    }

    /// Adds a change of a node, with its name, what was before, and what is now.
    fn push(&mut self, rule: &Rule, nodes: [&Node; 2], words: [&str; 3]) {
        self.judge(rule, nodes[1].judged, nodes, words);
    }

    fn judge(&mut self, rule: &Rule, judged: Judged, nodes: [&Node; 2], words: [&str; 3]) {
        let ([old, new], [name, from, to]) = (nodes, words);
        if rule.generated.class >= Class::Additive {
            for node in [old, new] {
                let names = [(node.item.clone(), false), (node.inner.clone(), true)];
                self.explained.extend(names);
            }
        }
        let item = match rule.key {
            // A variant that has another name is the one of old.
            "variant" => old.item.clone(),
            "order of values" => format!("{}::KNOWN", new.item),
            _ => new.item.clone(),
        };
        self.changes.push(Change {
            api: self.api.to_owned(),
            place: new.place.clone(),
            item: Some(item).filter(|item| !item.is_empty()),
            heading: rule.heading(),
            words: rule.said(name, from, to),
            generated: rule.generated,
            facade: rule.facade(judged),
        });
    }

    /// Adds what differs in the generated code without a change that explains it.
    fn unexplained(&mut self, old: &Surface, new: &Surface) {
        let items: BTreeSet<&String> = old.0.keys().chain(new.0.keys()).collect();
        for item in items {
            let owner = item.strip_suffix(": Default");
            let explained = |(known, begins): &(String, bool)| {
                let rest = item
                    .strip_prefix(known.as_str())
                    .filter(|_| !known.is_empty());
                let inside =
                    |rest: &str| *begins || rest.is_empty() || rest.starts_with([':', '(', ' ']);
                rest.is_some_and(inside) || owner.is_some_and(|owner| known.starts_with(owner))
            };
            if old.0.get(item) != new.0.get(item) && !self.explained.iter().any(explained) {
                let node = Node::new("", item.clone(), item, Judged::default());
                self.push(rule("unread"), [&node, &node], [item, "", ""]);
            }
        }
    }
}

/// What is different of two shapes.
fn reshaped([old, from, from_wire]: &[String; 3], [new, to, to_wire]: &[String; 3]) -> String {
    let mut parts = Vec::new();
    if old != new {
        parts.push(format!("{old} → {new}"));
    }
    if from != to {
        parts.push(format!("`{from}` → `{to}`"));
    } else if from_wire != to_wire {
        parts.push(format!("{from_wire} → {to_wire}, still `{to}`"));
    }
    parts.join(", ")
}

/// Whether `range`, as `4XX` or `default`, has `status` in it.
fn is_range_of(range: &str, status: &str) -> bool {
    let class = range.strip_suffix("XX");
    range == "default" || class.is_some_and(|class| status.starts_with(class))
}

#[cfg(test)]
mod tests;
