//! A document as a tree of the things that a report speaks of, each with what of it can change.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::facade::{Cover, Judged};
use super::names::{method, rust_type, snake, variant};
use super::surface::Surface;
use crate::document::{
    Document, Operation, flag, items, members, schema_name, text, texts, unread,
};

/// What is read of operations, of parameters with their schemas, of bodies and of replies.
const OPERATION: &str = "operationId summary description tags security deprecated parameters requestBody \
                         responses externalDocs";
const PARAMETER: &str = "name in description required schema deprecated example examples";
const BODY: &str = "description required content";
/// The same of schemas, with what nothing is made of. Limits of numbers are in the text already.
const SCHEMA: &str = "$ref type format description deprecated nullable enum items required properties \
                      x-passage-open x-passage-variants x-passage-secret x-passage-null \
                      x-passage-null-as-empty minimum maximum default example examples externalDocs readOnly \
                      writeOnly xml";
/// No tag, or no credential.
const NONE: &str = "none";

/// A thing that is there, changes, or goes.
#[derive(Default)]
pub(super) struct Node {
    /// Among its siblings.
    pub(super) name: String,
    /// As in [`super::Change`].
    pub(super) place: String,
    pub(super) item: String,
    /// What the names of types begin with that the generator makes for this place.
    pub(super) inner: String,
    pub(super) judged: Judged,
    /// If it is new.
    pub(super) judged_new: Judged,
    pub(super) added: Option<(&'static str, String)>,
    pub(super) removed: Option<(&'static str, String)>,
    /// Presence, Rust type and wire type of a field or parameter.
    pub(super) shape: Option<[String; 3]>,
    /// Each with its rule and value; the same ones in the same order for all nodes of a kind.
    pub(super) aspects: Vec<(&'static str, String)>,
    /// Keywords that nothing here reads.
    pub(super) rest: BTreeMap<String, Value>,
    pub(super) children: Vec<Node>,
}

impl Node {
    pub(super) fn new(name: &str, place: String, item: &str, judged: Judged) -> Self {
        let (name, item, judged_new) = (name.to_owned(), item.to_owned(), judged);
        Self {
            name,
            place,
            item,
            judged,
            judged_new,
            ..Self::default()
        }
    }

    fn group(name: &str, children: impl IntoIterator<Item = Self>) -> Self {
        let children = children.into_iter().collect();
        Self {
            name: name.to_owned(),
            children,
            ..Self::default()
        }
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The rules for coming and going, each with what is told.
    fn comes(&mut self, added: (&'static str, String), removed: (&'static str, String)) {
        (self.added, self.removed) = (Some(added), Some(removed));
    }

    /// Something that can change, by the rule for that.
    fn aspect(&mut self, rule: &'static str, value: impl Into<String>) {
        self.aspects.push((rule, value.into()));
    }

    fn described(&mut self, rule: &'static str, raw: &Value) {
        self.aspect(rule, text(raw, "description").unwrap_or_default());
    }

    fn flagged(&mut self, rule: &'static str, raw: &Value, key: &str) {
        self.aspect(rule, flag(raw, key).to_string());
    }
}

/// Makes the trees of a document before and after.
pub(super) struct Trees<'a> {
    pub(super) cover: &'a Cover<'a>,
    /// Operations that have another name now: the old one and the new one.
    pub(super) renamed: &'a [(&'a str, &'a str)],
}

impl Trees<'_> {
    /// The tree of a document and of the code that is generated from it.
    pub(super) fn tree(&self, document: &Document<'_>, code: &Surface) -> Node {
        let alone = |name: &str, place: String| Node::new(name, place, "", Judged::default());
        let whole = |name: &'static str, item: &str| {
            let mut node = Node::new(name, name.to_owned(), item, Judged::default());
            let value = document.root.get(name).unwrap_or(&Value::Null);
            node.aspect(name, value.to_string());
            node
        };
        let named = document.named_operations();
        let operations = named.map(|operation| self.operation(document, &operation, code));
        let schemas = document.components("schemas");
        let types = schemas.map(|(name, schema)| self.schema(name, schema, code));
        let tags = items(document.root, "tags").map(|tag| {
            let name = text(tag, "name").unwrap_or_default();
            let mut node = alone(name, format!("tag {name}"));
            node.comes(("tag added", String::new()), ("tag removed", String::new()));
            node.aspect("description of the tag", tag.to_string());
            node
        });
        // Written once for many operations: reported once, not with each of them.
        let shared = document.components("parameters").map(|(name, parameter)| {
            let mut node = alone(name, format!("parameter {name}"));
            node.described("description of the shared parameter", parameter);
            node
        });
        let children = [
            Node::group("operations", operations),
            Node::group("types", types),
            Node::group("tags", tags),
            Node::group("parameters", shared),
            whole("info", "Client"),
            whole("servers", ""),
        ];
        Node::group("", children)
    }

    fn operation(
        &self,
        document: &Document<'_>,
        operation: &Operation<'_>,
        code: &Surface,
    ) -> Node {
        let (id, raw, item) = (operation.id, operation.raw, method(operation.id));
        let mut pairs = self.renamed.iter();
        let pair = pairs.find(|(old, new)| [*old, *new].contains(&id));
        let &(old, new) = pair.unwrap_or(&(id, id));
        // Of a renamed operation, `facade.yaml` knows one name or the other.
        let known_as = if self.cover.mentions(new) { new } else { old };
        let judged = self.cover.inside(known_as);
        let mut node = Node::new(new, id.to_owned(), &item, judged);
        (node.inner, node.judged_new) = (rust_type(id), self.cover.operation(id));
        let tags = texts(raw, "tags");
        let tagged = if tags.is_empty() { "" } else { ", tag " };
        let tagged = format!("{tagged}{}", tags.join(", "));
        let route = format!("`{}`", operation.route());
        node.comes(
            ("operation added", format!("{route}{tagged}")),
            ("operation removed", route),
        );
        let words = ["summary", "description"].map(|key| text(raw, key).unwrap_or_default());
        node.aspect("operation id", id);
        node.aspect("method and path", operation.route());
        node.aspect("summary or description", words.join("\n"));
        node.aspect("tags", listed(&tags));
        node.aspect("credential", listed(&credentials(document, operation)));
        node.aspect("order of arguments", code.get(&item));
        node.aspect("reply", code.get(&format!("{item} reply")));
        node.aspect("error", code.get(&format!("{item} error")));
        node.flagged("deprecated", raw, "deprecated");
        node.rest = unread(raw, OPERATION);
        let parameters = document.parameters(operation);
        let parameters = parameters.into_iter().map(|(raw, shared)| {
            let name = text(raw, "name").unwrap_or_default();
            let judged = self.cover.parameter(known_as, name);
            let node = Node::new(name, format!("{id}.{name}"), &item, judged);
            let rust = code.get(&format!("{item}({})", snake(name)));
            parameter(node, raw, shared, rust)
        });
        let body = document.body(operation).map(|raw| {
            let rust = code.get(&format!("{item}(body)")).trim_start_matches('&');
            let node = Node::new("", id.to_owned(), &item, judged);
            body(node, raw, rust)
        });
        let replies = document.replies(operation).into_iter();
        let replies = replies.map(|(status, reply)| {
            let mut node = Node::new(status, id.to_owned(), &item, judged);
            node.comes(
                ("status added", String::new()),
                ("status removed", String::new()),
            );
            node.described("description of a reply", reply);
            node.rest = unread(reply, "description content");
            node
        });
        node.children = vec![
            Node::group("parameters", parameters),
            Node::group("body", body),
            Node::group("replies", replies),
        ];
        node
    }

    fn schema(&self, name: &str, schema: &Value, code: &Surface) -> Node {
        let (item, judged) = (rust_type(name), self.cover.schema(name));
        let mut node = Node::new(name, name.to_owned(), &item, judged);
        let kind = match code.get(&item) {
            known @ ("enum" | "struct") => known.to_owned(),
            other => format!("`{other}`"),
        };
        node.comes(("type added", kind.clone()), ("type removed", kind.clone()));
        node.aspect("type", kind);
        let values = texts(schema, "enum");
        node.aspect("order of values", values.join(" "));
        node.described("description of the type", schema);
        node.flagged("deprecated", schema, "deprecated");
        node.rest = unread(schema, SCHEMA);
        node.children = self.fields(
            &Owner {
                schema: name,
                path: name,
                rust: name,
            },
            schema,
            code,
        );
        node.children.extend(values.into_iter().map(|value| {
            let variant = variant(schema, value);
            let item = format!("{item}::{variant}");
            let mut node = Node::new(value, name.to_owned(), &item, judged);
            node.comes(
                ("value added", String::new()),
                ("value removed", String::new()),
            );
            node.aspect("variant", variant);
            node
        }));
        node.inner = item;
        node
    }

    fn fields(&self, owner: &Owner<'_>, schema: &Value, code: &Surface) -> Vec<Node> {
        let required = texts(schema, "required");
        let fields = members(schema, "properties").map(|(name, property)| {
            let presence = match required.contains(&name) {
                true => "required",
                false if flag(property, "x-passage-null") => "nullable",
                false => "optional",
            };
            self.field(owner, name, property, presence, code)
        });
        fields.collect()
    }

    fn field(
        &self,
        owner: &Owner<'_>,
        name: &str,
        property: &Value,
        presence: &str,
        code: &Surface,
    ) -> Node {
        let item = format!("{}::{}", rust_type(owner.rust), snake(name));
        let rust = code.get(&item);
        let place = format!("{}.{name}", owner.path);
        // What is inside a left property is left as well.
        let top = place.split('.').nth(1).unwrap_or(name);
        let judged = self.cover.field(owner.schema, top);
        let mut node = Node::new(name, place.clone(), &item, judged);
        node.inner = rust_type(&format!("{}-{name}", owner.rust));
        let default = format!("{}: Default", rust_type(owner.rust));
        let default = code.0.contains_key(&default);
        let added = match presence {
            "optional" if default => "optional field added, all are optional",
            "optional" => "optional field added",
            _ => "required field added",
        };
        node.comes(
            (added, format!("{presence} field added: `{rust}`")),
            ("field removed", format!("{presence} field removed")),
        );
        node.shape = Some([presence.to_owned(), rust.to_owned(), wire(property)]);
        node.flagged("null as empty", property, "x-passage-null-as-empty");
        node.flagged("secret", property, "x-passage-secret");
        node.described("description of the field", property);
        node.flagged("deprecated", property, "deprecated");
        node.rest = unread(property, SCHEMA);
        // A property, or its items, can be a struct of its own.
        let (mut inside, mut rust) = (property, format!("{}-{name}", owner.rust));
        while let Some(items) = inside.get("items") {
            (inside, rust) = (items, rust + "-item");
        }
        let owner = Owner {
            schema: owner.schema,
            path: &place,
            rust: &rust,
        };
        node.children = self.fields(&owner, inside, code);
        node
    }
}

/// The struct that fields are of.
struct Owner<'a> {
    /// The component.
    schema: &'a str,
    /// The place: the component, or a property inside it that is a struct of its own.
    path: &'a str,
    /// What the generator names the struct after.
    rust: &'a str,
}

fn parameter(mut node: Node, raw: &Value, shared: bool, rust: &str) -> Node {
    let location = text(raw, "in").unwrap_or_default();
    let schema = raw.get("schema").unwrap_or(&Value::Null);
    let (presence, added) = match flag(raw, "required") && !flag(schema, "nullable") {
        true => ("required", "required argument added"),
        false => ("optional", "optional argument added"),
    };
    let told = format!("{presence} {location} parameter added: `{rust}`");
    node.comes(
        (added, told),
        ("argument removed", format!("{presence} parameter removed")),
    );
    node.shape = Some([presence.to_owned(), rust.to_owned(), wire(schema)]);
    node.aspect("location", location);
    let own = if shared { &Value::Null } else { raw };
    node.described("description of the parameter", own);
    // Only the parameter's own text is in the method's docs.
    let limits = text(schema, "description").unwrap_or_default();
    node.aspect("limits or default of the parameter", limits);
    node.flagged("deprecated", raw, "deprecated");
    node.rest = unread(raw, &format!("{PARAMETER} {SCHEMA}"));
    node
}

fn body(mut node: Node, raw: &Value, rust: &str) -> Node {
    let (presence, added) = match flag(raw, "required") {
        true => ("required", "required argument added"),
        false => ("optional", "optional argument added"),
    };
    let media: Vec<&str> = members(raw, "content").map(|(kind, _)| kind).collect();
    node.comes(
        (added, format!("{presence} body added: `{rust}`")),
        ("argument removed", format!("body removed: `{rust}`")),
    );
    node.aspect("body", rust);
    node.aspect("media type", media.join(" or "));
    node.aspect("presence of the body", presence);
    node.described("description of the body", raw);
    node.rest = unread(raw, BODY);
    node
}

/// The type as the document has it.
fn wire(schema: &Value) -> String {
    if let Some(name) = schema_name(schema) {
        return name.to_owned();
    }
    if let [one] = items(schema, "allOf").collect::<Vec<_>>().as_slice() {
        return wire(one);
    }
    let kind = text(schema, "type").unwrap_or("any");
    match (schema.get("items"), text(schema, "format")) {
        (Some(items), _) => format!("{kind} of {}", wire(items)),
        (None, Some(format)) => format!("{kind} ({format})"),
        (None, None) => kind.to_owned(),
    }
}

/// Whether one who was let in by the ways `old` may not be by those of `new`.
pub(super) fn asked(old: &str, new: &str) -> bool {
    let (mut old, new) = (old.split(" or "), new.split(" or ").collect::<Vec<_>>());
    !new.contains(&NONE) && !old.all(|way| new.contains(&way))
}

/// Whether those of the words that are in both lists come in another order.
pub(super) fn reordered(old: &str, new: &str) -> bool {
    let both = |list: &str, other: &str| -> Vec<String> {
        let kept = list
            .split(' ')
            .filter(|word| other.split(' ').any(|other| other == *word));
        kept.map(str::to_owned).collect()
    };
    both(old, new) != both(new, old)
}

fn listed<T: Borrow<str>>(list: &[T]) -> String {
    if list.is_empty() {
        NONE.to_owned()
    } else {
        list.join(" or ")
    }
}

/// The ways to be let in, each as text: `bearerAuth`, or `none` if no credential is needed.
fn credentials(document: &Document<'_>, operation: &Operation<'_>) -> Vec<String> {
    let own = operation.raw.get("security").is_some();
    let ways = items(if own { operation.raw } else { document.root }, "security");
    let schemes = ways.filter_map(Value::as_object).map(|way| way.keys());
    let ways = schemes.map(|schemes| schemes.cloned().collect::<Vec<_>>().join(" with "));
    let mut ways: Vec<String> = ways
        .map(|way| if way.is_empty() { NONE.to_owned() } else { way })
        .collect();
    ways.sort();
    ways
}
