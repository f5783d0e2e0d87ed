//! The names and types that a report gives are those that the generator makes.

use super::surface::Surface;
use super::*;
use crate::diff::document::{Document, members, texts};
use crate::diff::rust_type::{bare, field, is_struct, pascal, snake, variant};
use crate::diff::{operations, replies};

/// What the report would say of the generated code.
fn expected(document: &Document<'_>) -> Surface {
    let mut surface = Surface::default();
    let mut put = |item: String, what: &str| {
        surface.0.insert(item, what.to_owned());
    };
    for operation in document.operations() {
        let signature = replies::signature(document, &operation);
        put(operations::method(operation.id), &signature);
    }
    for (name, schema) in document.schemas() {
        let rust = format!("types::{}", pascal(name));
        if schema.get("enum").is_some() {
            put(rust.clone(), "enum");
            for value in texts(schema, "enum") {
                put(format!("{rust}::{}", variant(schema, value)), "");
            }
            put(format!("{rust}::Unknown"), "(String)");
        } else if is_struct(schema) {
            put(rust.clone(), "struct");
            if texts(schema, "required").is_empty() {
                put(format!("{rust}: Default"), "");
            }
            for (property, shape) in members(schema, "properties") {
                let shape = field(name, schema, property, shape);
                put(format!("{rust}::{}", snake(property)), &shape.rust);
            }
        } else {
            put(rust, &bare(schema, name));
        }
    }
    surface
}

/// Returns the items of the generated code.
fn check(api: &str, document: &Value) -> BTreeMap<String, String> {
    let generated = Surface::of(&code(document)).0;
    let blanks = |text: &String| text.replace(", ", ",");
    for (item, what) in expected(&Document::new(document)).0 {
        let found = generated.get(&item).map(blanks);
        assert_eq!(found.as_ref(), Some(&blanks(&what)), "{api} {item}");
    }
    generated
}

#[test]
fn every_method_type_field_and_variant_is_as_the_report_says() {
    let mut items = 0;
    for api in APIS {
        let document = effective(api, None);
        let generated = check(api, &document);
        let expected = expected(&Document::new(&document)).0;
        let names =
            |surface: &BTreeMap<String, String>| surface.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&generated), names(&expected), "{api}");
        items += generated.len();
    }
    assert!(items > 700, "{items}");
}

/// Types that neither document has today.
#[test]
fn types_that_may_come() {
    let generated = check("management", &effective("management", Some("conventions")));
    // Made for one place, not for a component.
    for (item, what) in [
        ("types::ProbeReplyInner::a", "String"),
        ("types::ProbeReplyManyItem::b", "Option<i64>"),
        ("types::ProbeReplyShort", "String"),
    ] {
        assert_eq!(
            generated.get(item).map(String::as_str),
            Some(what),
            "{item}"
        );
    }
}
