//! What the documents have to say, beyond what every import checks. What somebody's description leaves out, the
//! overlay can add.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use serde_json::Value;

use crate::document::{Document, items, members, text, texts};
use crate::make::APIS;
use crate::yaml;

/// The vendored and the effective document of each API.
static DOCUMENTS: LazyLock<[[Value; 2]; 2]> = LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi");
    APIS.map(|api| {
        let names = [
            format!("{folder}/{api}.yaml"),
            format!("{folder}/effective/{api}.json"),
        ];
        names.map(|name| yaml::parse(&fs::read_to_string(name).unwrap()).unwrap())
    })
});

fn documents() -> impl Iterator<Item = (&'static str, Document<'static>, Document<'static>)> {
    let pairs = APIS.into_iter().zip(DOCUMENTS.iter());
    pairs.map(|(api, [vendored, effective])| {
        (
            api,
            Document { root: vendored },
            Document { root: effective },
        )
    })
}

#[test]
fn every_operation_of_the_vendored_documents_says_how_it_fails_and_who_may_call_it() {
    for (api, vendored, _) in documents() {
        for operation in vendored.operations() {
            let place = format!("{api} {}", operation.route());
            for (status, reply) in vendored.replies(&operation) {
                let schema = &reply["content"]["application/json"]["schema"]["$ref"];
                let error = format!("#/components/schemas/Model{status}Error");
                let is_error = status.starts_with(['4', '5']);
                assert_eq!(*schema == error.as_str(), is_error, "{place} {status}");
            }
            assert!(
                operation.raw["security"].is_array(),
                "{place} says nothing of security"
            );
            for scheme in items(operation.raw, "security").flat_map(|way| way.as_object().unwrap())
            {
                let known = vendored
                    .components("securitySchemes")
                    .any(|(name, _)| name == scheme.0);
                assert!(known, "{place} has an unknown scheme {}", scheme.0);
            }
        }
    }
}

#[test]
fn required_members_are_properties_and_enum_values_are_distinct() {
    for (api, vendored, _) in documents() {
        for (name, schema) in vendored.components("schemas") {
            for member in texts(schema, "required") {
                assert!(
                    schema["properties"].get(member).is_some(),
                    "{api}: {name} requires {member}"
                );
            }
            let values = texts(schema, "enum");
            let distinct: BTreeSet<&str> = values.iter().copied().collect();
            assert_eq!(distinct.len(), values.len(), "{api}: {name}");
        }
    }
}

#[test]
fn everything_is_described_and_tags_are_declared() {
    for (api, _, effective) in documents() {
        let mut silent = Vec::new();
        let mut described = |place: String, value: &Value, member: &str| {
            if text(value, member).unwrap_or_default().trim().is_empty() {
                silent.push(format!("{place} has no {member}"));
            }
        };
        described("info".to_owned(), &effective.root["info"], "description");
        for tag in items(effective.root, "tags") {
            described(format!("tag {tag}"), tag, "description");
        }
        let tags: Vec<_> = items(effective.root, "tags")
            .map(|tag| &tag["name"])
            .collect();
        for operation in effective.operations() {
            let place = operation.route();
            described(place.clone(), operation.raw, "summary");
            described(place.clone(), operation.raw, "description");
            for (parameter, _) in effective.parameters(&operation) {
                described(format!("{place} {parameter}"), parameter, "description");
            }
            if let Some(body) = operation.raw.get("requestBody") {
                described(
                    format!("{place} body"),
                    effective.resolve(body),
                    "description",
                );
            }
            for (status, reply) in effective.replies(&operation) {
                described(format!("{place} {status}"), reply, "description");
            }
            for tag in items(operation.raw, "tags") {
                assert!(
                    tags.contains(&tag),
                    "{api}: {place} has the unknown tag {tag}"
                );
            }
        }
        for (name, schema) in effective.components("schemas") {
            described(name.to_owned(), schema, "description");
            for (property, shape) in members(schema, "properties") {
                described(
                    format!("{name}.{property}"),
                    effective.resolve(shape),
                    "description",
                );
            }
        }
        let list = silent.join("\n");
        assert!(
            silent.is_empty(),
            "{api}: describe these in openapi/overlay.yaml\n{list}"
        );
    }
}

#[test]
fn no_operation_is_lost_but_those_that_only_redirect() {
    let mut left_out = Vec::new();
    for (_, vendored, effective) in documents() {
        let gone = vendored.operations().map(|before| before.id);
        left_out.extend(gone.filter(|id| !effective.operations().any(|after| after.id == *id)));
    }
    let redirect = |id: &&str| id.contains("auth2Callback") || *id == "getAuthorize";
    assert!(
        left_out.len() == 5 && left_out.iter().all(redirect),
        "{left_out:?}"
    );
}

#[test]
fn no_error_code_is_lost_and_every_operation_has_one_error_type() {
    for (api, vendored, effective) in documents() {
        // What `code` of any error body may be, found without knowing the names of the schemas.
        let errors = vendored.components("schemas");
        let errors = errors.filter(|(_, schema)| schema["properties"]["error"].is_object());
        let codes: BTreeSet<&str> = errors
            .map(|(_, schema)| &schema["properties"]["code"])
            .flat_map(|code| {
                texts(
                    vendored.resolve(code.get("allOf").map_or(code, |all| &all[0])),
                    "enum",
                )
            })
            .collect();
        assert!(codes.len() > 15, "{api}: {codes:?}");
        let united = texts(effective.schema("ErrorCode").unwrap(), "enum");
        assert_eq!(united.into_iter().collect::<BTreeSet<_>>(), codes, "{api}");
        for operation in effective.operations() {
            let errors = effective.replies(&operation).into_iter();
            let errors: Vec<_> = errors
                .filter(|(status, _)| !status.starts_with('2'))
                .map(|(status, reply)| {
                    (
                        status,
                        &reply["content"]["application/json"]["schema"]["$ref"],
                    )
                })
                .collect();
            let error = &Value::from("#/components/schemas/ApiError");
            assert_eq!(
                errors,
                [("4XX", error), ("5XX", error)],
                "{}",
                operation.route()
            );
        }
    }
}

#[test]
fn only_extensions_that_the_generator_reads_are_left() {
    let all: String = documents()
        .map(|(_, _, effective)| effective.root.to_string())
        .collect();
    let extensions = all
        .split("\"x-passage-")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let extensions: BTreeSet<&str> = extensions.collect();
    assert!(
        extensions
            .iter()
            .eq(&["null", "null-as-empty", "open", "secret", "variants"])
    );
    assert_eq!(
        all.matches("\"x-").count(),
        all.matches("\"x-passage-").count()
    );
}
