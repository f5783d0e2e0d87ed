//! What becomes of a new document.

use serde_json::{Value, json};

use crate::bed::{Bed, new_lines};

/// A Management API with one more optional member.
fn grown(bed: &Bed) -> Value {
    let mut document = bed.management();
    let properties = &mut document["components"]["schemas"]["UserInfo"]["properties"];
    properties["moon_of_trial"] = json!({"type": "string", "description": "What friends say."});
    document
}

#[test]
fn a_new_document_changes_a_few_lines_whatever_its_form() {
    let mut results = Vec::new();
    let bed = Bed::new();
    let ordered = grown(&bed);
    let mut shuffled = ordered.clone();
    shuffled.sort_all_objects();
    let yaml = serde_saphyr::to_string(&shuffled).unwrap();
    for (name, text) in [
        ("n.json", ordered.to_string()),
        ("n.json", format!("{shuffled:#}")),
        ("n.json", format!("# a comment\n{yaml}")),
    ] {
        let bed = Bed::new();
        let before = bed.files();
        bed.import(name, &text, None).unwrap();
        let changed = [
            "CHANGELOG.md",
            "openapi/PROVENANCE.md",
            "openapi/counts.json",
            "openapi/effective/management.json",
            "openapi/management.yaml",
        ];
        assert_eq!(bed.changed_since(&before), changed);
        let lines = |name: &str| new_lines(&before[name], &bed.read(name)).len();
        assert_eq!(lines("openapi/management.yaml"), 3);
        assert_eq!(lines("openapi/effective/management.json"), 4);
        assert_eq!(lines("openapi/counts.json"), 2);
        assert_eq!(lines("openapi/PROVENANCE.md"), 1);
        results.push(bed.read("openapi/effective/management.json"));
    }
    // Where the new member stands is up to the file that was imported.
    let values: Vec<Value> = results
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    assert!(values.iter().all(|value| *value == values[0]));
}

#[test]
fn the_same_document_again_changes_nothing() {
    let bed = Bed::new();
    let text = grown(&bed).to_string();
    bed.import("n.json", &text, Some("somewhere")).unwrap();
    let before = bed.files();
    bed.world.said.borrow_mut().clear();
    bed.import("n.json", &text, Some("somewhere")).unwrap();
    let now = bed.files();
    for name in before.keys().filter(|name| *name != "CHANGELOG.md") {
        assert!(before[name] == now[name], "{name}");
    }
    assert!(
        !bed.world
            .said
            .borrow()
            .iter()
            .any(|line| line.contains("wrote openapi"))
    );
    // The vendored document itself is such a document too.
    let text = bed.read("openapi/management.yaml");
    bed.import("management.yaml", &text, Some("somewhere"))
        .unwrap();
    assert_eq!(bed.read("openapi/management.yaml"), text);
}

#[test]
fn provenance_and_counts_follow() {
    let bed = Bed::new();
    let mut document = grown(&bed);
    document["info"]["version"] = json!("1.7");
    let paths = document["paths"].as_object_mut().unwrap();
    let mut item = paths["/apps/{app_id}"].clone();
    item["get"]["operationId"] = json!("getAppAgain");
    paths.insert("/apps/{app_id}/again".to_owned(), item);
    let (page, counts) = (
        bed.read("openapi/PROVENANCE.md"),
        bed.read("openapi/counts.json"),
    );
    bed.import(
        "n.json",
        &document.to_string(),
        Some("https://specs.test/7"),
    )
    .unwrap();

    let new_page = bed.read("openapi/PROVENANCE.md");
    let lines = new_lines(&page, &new_page);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].starts_with("| `management.yaml` | `"),
        "{}",
        lines[0]
    );
    assert!(
        lines[0].ends_with("` | 1.7 | 2027-02-03 | https://specs.test/7 |"),
        "{}",
        lines[0]
    );
    let document = bed.management();
    let items = document["paths"].as_object().unwrap().values();
    let count: usize = items.map(|item| item.as_object().unwrap().len()).sum();
    assert_eq!(lines[1], format!("### Management API, {count} operations"));
    assert_eq!(
        lines[2],
        "| `getAppAgain` | https://specs.test/7 | documented |"
    );

    let new_counts = bed.read("openapi/counts.json");
    let lines = new_lines(&counts, &new_counts);
    let starts = [
        "    \"totals\": {".to_owned(),
        r#"      "getAppAgain": {"method": "GET", "path": "/apps/{app_id}/again", "#.to_owned(),
        r#"      "UserInfo": {"properties": "#.to_owned(),
    ];
    for start in &starts {
        assert!(
            lines.iter().any(|line| line.starts_with(start)),
            "{start}: {lines:?}"
        );
    }
    // The row before the new one has a comma now.
    assert!(lines.len() <= starts.len() + 1, "{lines:?}");
}

#[test]
fn without_from_the_name_of_the_file_counts() {
    let bed = Bed::new();
    bed.import("n.json", &grown(&bed).to_string(), None)
        .unwrap();
    assert!(
        bed.read("openapi/PROVENANCE.md")
            .contains("` | 1 | 2027-02-03 | n.json |\n")
    );
}

#[test]
fn an_edit_in_place_is_brought_into_form_and_recorded() {
    let bed = Bed::new();
    let old = bed.read("openapi/management.yaml");
    let edited = old.replacen(
        "description: ",
        "# A comment.
  x-trial: \"1\"
  description: ",
        1,
    );
    assert_ne!(edited, old);
    bed.write("openapi/management.yaml", &edited);
    let error = bed.check().unwrap_err();
    for name in [
        "management.yaml",
        "effective/management.json",
        "PROVENANCE.md",
    ] {
        assert!(error.contains(&format!("\n  openapi/{name}")), "{error}");
    }
    let counts = bed.read("openapi/counts.json");
    bed.update().unwrap();
    let new = bed.read("openapi/management.yaml");
    assert_eq!(new_lines(&old, &new), ["  x-trial: '1'"]);
    let page = bed.read("openapi/PROVENANCE.md");
    let row = page
        .lines()
        .find(|line| line.starts_with("| `management.yaml` |"));
    assert!(row.unwrap().ends_with(", edited since |"), "{row:?}");
    assert!(row.unwrap().contains("| 2027-02-03 |"), "{row:?}");
    assert_eq!(bed.read("openapi/counts.json"), counts);
    bed.check().unwrap();
}
