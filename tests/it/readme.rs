//! The README's table names every operation of the Management API, those of CONTRIBUTING.md every gate.
use serde_json::Value;

#[test]
fn every_operation_is_in_the_table() {
    let readme = include_str!("../../README.md");
    let document = include_str!("../../openapi/effective/management.json");
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

#[test]
fn every_gate_is_a_command() {
    let contributing = include_str!("../../CONTRIBUTING.md");
    let (_, section) = contributing.split_once("\n## What must hold\n").unwrap();
    let rows: Vec<_> = section
        .lines()
        .filter(|line| line.starts_with("| "))
        .collect();
    for gate in [
        "`cargo test --workspace`",
        "`cargo xtask binary-test`",
        "`cargo xtask browser-test --required`",
        "`cargo xtask client-test --required`",
        "`cargo xtask contract-test --required`",
        "`cargo test --package passage-server --test it crash::`",
        "`cargo test --release -p passage-server --test it crash:: -- --ignored --nocapture --test-threads 1`",
        "`cargo xtask fuzz --seconds 60 --required`",
        "`cargo xtask ci --only deny --only advisories`",
        "`cargo xtask ci --only msrv --only features`",
        "`cargo xtask ci --only powerset --only minimal-versions`",
        "`cargo xtask regen --check`",
        "`cargo xtask tidy`",
        "`cargo bench --bench server`",
        "`cargo bench --bench verify`",
    ] {
        let row = rows.iter().find(|row| row.contains(gate));
        let row = row.unwrap_or_else(|| panic!("no row has {gate}"));
        let what = row.split(" | ").next().unwrap();
        assert!(what.len() > 20, "{gate} does not say what it is for");
    }
}
