//! `cargo xtask regen`: vendored documents + overlay -> effective documents -> snapshots.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

use crate::codegen;
use crate::normalise::normalise;
use crate::overlay::Overlay;
use crate::yaml;

const APIS: [&str; 2] = ["management", "auth"];

/// Makes everything that follows from the vendored documents of the project in `root`.
///
/// # Errors
/// A text for people: what is wrong with which document, or which snapshot could not be updated.
pub fn update(root: &Path) -> Result<(), String> {
    for (name, text) in effective_documents(root)? {
        let path = root.join(&name);
        // An untouched file causes no rebuild.
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            fs::write(&path, text).map_err(|e| format!("{name}: {e}"))?;
            println!("wrote {name}");
        }
    }
    let (passed, output) = snapshot_tests(root, "always")?;
    if passed {
        Ok(())
    } else {
        Err(format!("{output}\nthe snapshots could not be updated"))
    }
}

/// Changes nothing.
///
/// # Errors
/// Names each file that does not follow from the vendored documents.
pub fn check(root: &Path) -> Result<(), String> {
    let mut drifted = Vec::new();
    for (name, text) in effective_documents(root)? {
        if read(&root.join(&name))? != text {
            drifted.push(name);
        }
    }
    let (passed, output) = snapshot_tests(root, "no")?;
    if !passed {
        let snapshots = snapshot_files(&output);
        if snapshots.is_empty() {
            return Err(format!("{output}\nthe snapshot tests did not run"));
        }
        drifted.extend(snapshots);
    }
    if drifted.is_empty() {
        return Ok(());
    }
    Err(format!(
        "out of date, run `cargo xtask regen` and review the difference:\n  {}",
        drifted.join("\n  ")
    ))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// File name and text of each effective document, each one good enough for the generator.
fn effective_documents(root: &Path) -> Result<Vec<(String, String)>, String> {
    let overlay = Overlay::parse(&read(&root.join("openapi/overlay.yaml"))?)?;
    overlay.check_documents(&APIS)?;
    APIS.iter()
        .map(|api| {
            let text = effective(
                &read(&root.join(format!("openapi/{api}.yaml")))?,
                api,
                &overlay,
            )?;
            codegen::generate(&text).map_err(|e| format!("{api}: {e}"))?;
            Ok((format!("openapi/effective/{api}.json"), text))
        })
        .collect()
}

fn effective(vendored: &str, api: &str, overlay: &Overlay) -> Result<String, String> {
    let mut document: Value = yaml::parse(vendored).map_err(|e| format!("{api}.yaml: {e}"))?;
    overlay.apply(api, &mut document)?;
    normalise(&mut document).map_err(|e| format!("{api}.yaml: {e}"))?;
    let mut text = serde_json::to_string_pretty(&document).map_err(|e| e.to_string())?;
    text.push('\n');
    Ok(text)
}

/// Runs the tests that pin shapes, JSON Schemas and code; says whether they passed, and what they printed.
fn snapshot_tests(root: &Path, update: &str) -> Result<(bool, String), String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root)
        .args(["test", "--package", "passage-identity", "--test", "shapes"])
        .env("INSTA_UPDATE", update)
        .env("INSTA_OUTPUT", "summary")
        .output()
        .map_err(|e| format!("cargo test: {e}"))?;
    let text = [output.stdout, output.stderr].concat();
    Ok((
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    ))
}

/// The snapshots that insta names as different.
fn snapshot_files(output: &str) -> Vec<String> {
    let mut files: Vec<String> = output
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Snapshot file: "))
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    files
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::collections::BTreeSet;

    use std::path::PathBuf;

    use super::*;

    /// The folder of the project.
    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn vendored(api: &str) -> Value {
        let path = root().join(format!("openapi/{api}.yaml"));
        yaml::parse(&read(&path).unwrap()).unwrap()
    }

    /// The effective document, made anew.
    fn made(api: &str) -> Value {
        let documents = effective_documents(&root()).unwrap();
        let name = format!("openapi/effective/{api}.json");
        let (_, text) = documents.into_iter().find(|(n, _)| *n == name).unwrap();
        serde_json::from_str(&text).unwrap()
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
    fn the_checked_in_documents_are_current() {
        let root = root();
        for (name, text) in effective_documents(&root).unwrap() {
            let file = read(&root.join(&name)).unwrap();
            assert!(
                file == text,
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
        assert_eq!(operation_ids(&made("management")).len(), 19);
        let (before, after) = (
            operation_ids(&vendored("auth")),
            operation_ids(&made("auth")),
        );
        assert_eq!((before.len(), after.len()), (43, 38));
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

    #[test]
    fn drifted_snapshots_are_named() {
        let output = "x\nSnapshot file: tests/snapshots/b.snap\n  Snapshot file: tests/a.snap\n\
                      Snapshot file: tests/snapshots/b.snap\n";
        assert_eq!(
            snapshot_files(output),
            ["tests/a.snap", "tests/snapshots/b.snap"]
        );
    }
}
