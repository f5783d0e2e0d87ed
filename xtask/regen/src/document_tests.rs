//! What the documents have to say, beyond what every import checks. What somebody's description leaves out, the
//! overlay can add.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::cases;
use crate::document::{Document, items, texts};
use crate::make::{APIS, effective_name};

/// The vendored and the effective document of each API.
static DOCUMENTS: LazyLock<[[Value; 2]; 2]> = LazyLock::new(|| {
    APIS.map(|api| {
        let effective = cases::file(&effective_name(api));
        [
            cases::vendored(api),
            serde_json::from_str(&effective).unwrap(),
        ]
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
            let ways = items(operation.raw, "security");
            for (scheme, _) in ways.flat_map(|way| way.as_object().unwrap()) {
                let mut known = vendored.components("securitySchemes");
                let known = known.any(|(name, _)| name == scheme);
                assert!(known, "{place} has an unknown scheme {scheme}");
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

/// What lacks a text where people look for one.
const SILENT: [&str; 10] = [
    r"$[?@.title && !search(@.description, '\\S')]",
    r"$.tags[?!search(@.description, '\\S')]",
    r"$.paths.*[?@.responses && !search(@.summary, '\\S')]",
    r"$.paths.*[?@.responses && !search(@.description, '\\S')]",
    r"$.paths..parameters[?!@['$ref'] && !search(@.description, '\\S')]",
    r"$.paths.*.*[?@.content && !search(@.description, '\\S')]",
    r"$.paths.*.*.responses[?!@['$ref'] && !search(@.description, '\\S')]",
    r"$.components['parameters', 'requestBodies', 'responses'][?!search(@.description, '\\S')]",
    r"$.components.schemas[?!search(@.description, '\\S')]",
    r"$.components.schemas.*.properties[?!@['$ref'] && !search(@.description, '\\S')]",
];

#[test]
fn everything_is_described_and_tags_are_declared() {
    for (api, _, document) in documents() {
        for path in SILENT {
            let found = JsonPath::parse(path).unwrap().query_located(document.root);
            let places: Vec<_> = found.locations().map(ToString::to_string).collect();
            let what = "describe these in openapi/overlay.yaml";
            assert_eq!(places, [""; 0], "{api}, {path}: {what}");
        }
        let tags = |path| JsonPath::parse(path).unwrap().query(document.root).all();
        let known = tags("$.tags[*].name");
        for tag in tags("$.paths.*.*.tags[*]") {
            assert!(known.contains(&tag), "{api}: the tag {tag} is unknown");
        }
    }
}

/// Each of these paths leads somewhere: without any text it finds something.
#[test]
fn what_is_not_described_is_found() {
    let (_, _, document) = documents().next().unwrap();
    for path in SILENT {
        let everything = path.replace("!search(@.description", "!search(@.gone");
        let everything = everything.replace("!search(@.summary", "!search(@.gone");
        let found = JsonPath::parse(&everything).unwrap().query(document.root);
        assert!(!found.is_empty(), "{path}");
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
        let codes = errors.map(|(_, schema)| &schema["properties"]["code"]);
        let codes = codes.map(|code| code.get("allOf").map_or(code, |all| &all[0]));
        let codes: BTreeSet<&str> = codes
            .flat_map(|code| texts(vendored.resolve(code), "enum"))
            .collect();
        assert!(codes.len() > 15, "{api}: {codes:?}");
        let united = texts(effective.schema("ErrorCode").unwrap(), "enum");
        assert_eq!(united.into_iter().collect::<BTreeSet<_>>(), codes, "{api}");
        for operation in effective.operations() {
            let mut errors = effective.replies(&operation);
            errors.retain(|(status, _)| !status.starts_with('2'));
            let schema =
                |reply: &Value| reply["content"]["application/json"]["schema"]["$ref"].clone();
            let errors: Vec<_> = errors
                .iter()
                .map(|(status, reply)| (*status, schema(reply)))
                .collect();
            let error = || Value::from("#/components/schemas/ApiError");
            let route = operation.route();
            assert_eq!(errors, [("4XX", error()), ("5XX", error())], "{route}");
        }
    }
}

#[test]
fn only_extensions_that_the_generator_reads_are_left() {
    let all: String = documents()
        .map(|(_, _, effective)| effective.root.to_string())
        .collect();
    let extensions = all
        .split("\"x-")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let extensions: BTreeSet<&str> = extensions.collect();
    let known = "passage-null passage-null-as-empty passage-open passage-secret passage-variants";
    assert!(extensions.into_iter().eq(known.split(' ')));
}
