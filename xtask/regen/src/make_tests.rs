#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::LazyLock;

use super::*;

/// The folder of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn vendored(api: &str) -> Value {
    let path = root().join(format!("openapi/{api}.yaml"));
    yaml::parse(&read(&path).unwrap()).unwrap()
}

/// What is made of the checked-in documents.
static FILES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let sources = Sources {
        root: root(),
        management: None,
        auth: None,
        from: None,
        date: String::new(),
    };
    make(&sources).unwrap().files
});

/// The effective document, made anew.
fn made(api: &str) -> Value {
    let name = effective_name(api);
    let (_, text) = FILES.iter().find(|(n, _)| *n == name).unwrap();
    serde_json::from_str(text).unwrap()
}

fn operation_ids(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str().map(str::to_owned))
        .collect()
}

fn texts(list: &Value) -> BTreeSet<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect()
}

#[test]
fn the_checked_in_files_are_current() {
    let root = root();
    for (name, text) in FILES.iter() {
        let file = read(&root.join(name)).unwrap();
        assert!(
            file == *text,
            "{name} is out of date, run `cargo xtask regen`"
        );
    }
}

#[test]
fn no_operation_is_lost_but_those_that_only_redirect() {
    assert_eq!(
        operation_ids(&made("management")),
        operation_ids(&vendored("management"))
    );
    let (before, after) = (
        operation_ids(&vendored("auth")),
        operation_ids(&made("auth")),
    );
    let left_out: Vec<_> = before.difference(&after).map(String::as_str).collect();
    assert_eq!(
        left_out,
        [
            "appleOauth2Callback",
            "appleOauth2CallbackDefaultDev",
            "getAuthorize",
            "oauth2Callback",
            "oauth2CallbackDefaultDev",
        ]
    );
}

#[test]
fn no_error_code_is_lost() {
    for api in APIS {
        let vendored = vendored(api);
        let schemas = vendored["components"]["schemas"].as_object().unwrap();
        // What `code` of any error body may be, found without knowing the names of the schemas.
        let codes: BTreeSet<&str> = schemas
            .values()
            .filter(|s| s["properties"]["error"].is_object())
            .filter_map(|s| {
                let code = &s["properties"]["code"];
                code["$ref"].as_str().or(code["allOf"][0]["$ref"].as_str())
            })
            .flat_map(|reference| {
                let name = reference.rsplit('/').next().unwrap();
                texts(&schemas[name]["enum"])
            })
            .collect();
        assert!(codes.len() > 15, "{api}: {codes:?}");
        let made = made(api);
        assert_eq!(
            texts(&made["components"]["schemas"]["ErrorCode"]["enum"]),
            codes
        );
    }
}

#[test]
fn every_operation_has_one_error_type() {
    for api in APIS {
        let made = made(api);
        for item in made["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                let responses = operation["responses"].as_object().unwrap();
                let errors: Vec<_> = responses
                    .iter()
                    .filter(|(status, _)| !status.starts_with('2'))
                    .map(|(status, response)| {
                        let schema = &response["content"]["application/json"]["schema"]["$ref"];
                        (status.as_str(), schema.as_str().unwrap())
                    })
                    .collect();
                let error = "#/components/schemas/ApiError";
                assert_eq!(errors, [("4XX", error), ("5XX", error)], "{operation}");
            }
        }
    }
}

#[test]
fn the_deviations_are_there() {
    let (management, auth) = (made("management"), made("auth"));
    let property = |document: &Value, schema: &str, name: &str| {
        document["components"]["schemas"][schema]["properties"][name].clone()
    };
    let user = property(&auth, "UserResponse", "user");
    assert_eq!(user["x-passage-null"], true);
    let ttl = property(&management, "CreateMagicLinkRequest", "ttl");
    assert_eq!(
        (&ttl["type"], &ttl["minimum"]),
        (&"integer".into(), &Value::Null)
    );
    let send = property(&management, "CreateMagicLinkRequest", "send");
    assert_eq!(send["type"], "boolean");
    let id = property(&auth, "CredentialCreationPublicKeyUser", "id");
    assert_eq!(id["type"], "string");
    let expiry = property(&auth, "AuthResult", "refresh_token_expiration");
    assert_eq!(expiry["format"], "int64");
    let devices = property(&management, "UserInfo", "webauthn_devices");
    assert_eq!(devices["x-passage-null-as-empty"], true);
    let list = &management["paths"]["/apps/{app_id}/users"]["get"]["parameters"];
    for parameter in list.as_array().unwrap() {
        let schema = &parameter["schema"];
        match parameter["name"].as_str() {
            None => {}
            Some("page" | "limit") => assert_eq!(schema["type"], "integer"),
            Some("created_before") => assert_eq!(schema["format"], "int64"),
            Some(name) => assert_eq!(schema["type"], "string", "{name}"),
        }
    }
}

/// The names of all our extensions in `value`.
fn extensions(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name.starts_with("x-") {
                    found.insert(name.clone());
                }
                extensions(value, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| extensions(value, found)),
        _ => {}
    }
}

#[test]
fn only_extensions_that_the_generator_reads_are_left() {
    let mut found = BTreeSet::new();
    for api in APIS {
        extensions(&made(api), &mut found);
    }
    let read = ["null", "null-as-empty", "open", "secret", "variants"];
    let read: Vec<String> = read
        .iter()
        .map(|name| format!("x-passage-{name}"))
        .collect();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), read);
}
