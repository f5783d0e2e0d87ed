//! The README's table of methods names every operation of the Management API.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::Value;

#[test]
fn every_operation_is_in_the_table() {
    let readme = include_str!("../README.md");
    let document = include_str!("../openapi/effective/management.json");
    let document: Value = serde_json::from_str(document).unwrap();
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let place = path.strip_prefix("/apps/{app_id}").unwrap();
            let endpoint = format!("{} {place}", method.to_uppercase());
            let (operation, endpoint) = (format!("`{id}`"), format!("`{}`", endpoint.trim()));
            assert!(
                readme
                    .lines()
                    .any(|row| row.contains(&operation) && row.contains(&endpoint)),
                "no row has {operation} and {endpoint}"
            );
            operations += 1;
        }
    }
    assert_eq!(operations, 19);
}
