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
    let ordered = grown(&Bed::new());
    let mut shuffled = ordered.clone();
    shuffled.sort_all_objects();
    let yaml = serde_saphyr::to_string(&shuffled).unwrap();
    for text in [
        ordered.to_string(),
        format!("{shuffled:#}"),
        format!("# a comment\n{yaml}"),
    ] {
        let bed = Bed::new();
        let before = bed.files();
        bed.import(&text, None).unwrap();
        let lines = [
            ("openapi/PROVENANCE.md", 1),
            ("openapi/counts.json", 2),
            ("openapi/effective/management.json", 4),
            ("openapi/management.yaml", 3),
        ];
        let changed = bed.changed_since(&before);
        let files = [&["CHANGELOG.md"], &lines.map(|(name, _)| name)[..]].concat();
        assert_eq!(changed, files);
        for (name, count) in lines {
            let new = bed.read(name);
            assert_eq!(new_lines(&before[name], &new).len(), count, "{name}");
        }
        // Without a source, the name of the file counts.
        let page = bed.read("openapi/PROVENANCE.md");
        assert!(page.contains("` | 1 | 2027-02-03 | n.json |\n"), "{page}");
        let effective = bed.read("openapi/effective/management.json");
        results.push(serde_json::from_str::<Value>(&effective).unwrap());
    }
    // Where the new member stands is up to the file that was imported.
    assert!(results.iter().all(|value| *value == results[0]));
}

#[test]
fn the_same_document_again_changes_nothing() {
    let bed = Bed::new();
    let text = grown(&bed).to_string();
    bed.import(&text, Some("somewhere")).unwrap();
    let before = bed.files();
    bed.world.said.borrow_mut().clear();
    // The vendored document itself is such a document too.
    for text in [text, bed.read("openapi/management.yaml")] {
        bed.import(&text, Some("somewhere")).unwrap();
        let changed = bed.changed_since(&before);
        let draft = changed.iter().all(|name| name == "CHANGELOG.md");
        assert!(draft, "{changed:?}");
        let said = bed.world.said.borrow().join("\n");
        assert!(!said.contains("wrote openapi"), "{said}");
    }
}

#[test]
fn provenance_and_counts_follow() {
    let bed = Bed::new();
    let before = bed.files();
    let mut document = grown(&bed);
    document["info"]["version"] = json!("1.7");
    let mut item = document["paths"]["/apps/{app_id}"].clone();
    item["get"]["operationId"] = json!("getAppAgain");
    document["paths"]["/apps/{app_id}/again"] = item;
    bed.import(&document.to_string(), Some("https://specs.test/7"))
        .unwrap();

    let page = bed.read("openapi/PROVENANCE.md");
    let lines = new_lines(&before["openapi/PROVENANCE.md"], &page);
    let [document, heading, operation] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    let end = "` | 1.7 | 2027-02-03 | https://specs.test/7 |";
    assert!(
        document.starts_with("| `management.yaml` | `") && document.ends_with(end),
        "{document}"
    );
    assert_eq!(*heading, "### Management API, 20 operations");
    let row = "| `getAppAgain` | https://specs.test/7 | documented |";
    assert_eq!(*operation, row);

    let counts = bed.read("openapi/counts.json");
    let lines = new_lines(&before["openapi/counts.json"], &counts);
    for start in [
        "    \"totals\": {\"operations\":20,",
        r#"      "getAppAgain": {"method":"GET","path":"/apps/{app_id}/again","#,
        r#"      "UserInfo": {"properties":"#,
    ] {
        let found = lines.iter().any(|line| line.starts_with(start));
        assert!(found, "{start}: {lines:?}");
    }
    // The row before the new one has a comma now.
    assert!(lines.len() <= 4, "{lines:?}");
}

#[test]
fn an_edit_in_place_is_brought_into_form_and_recorded() {
    let bed = Bed::new();
    let before = bed.files();
    let old = &before["openapi/management.yaml"];
    let edit = "# A comment.\n  x-trial: \"1\"\n  description: ";
    let edited = old.replacen("description: ", edit, 1);
    bed.write("openapi/management.yaml", &edited);
    let error = bed.check().unwrap_err();
    for name in [
        "management.yaml",
        "effective/management.json",
        "PROVENANCE.md",
    ] {
        assert!(error.contains(&format!("\n  openapi/{name}")), "{error}");
    }
    bed.update().unwrap();
    let new = bed.read("openapi/management.yaml");
    assert_eq!(new_lines(old, &new), ["  x-trial: \"1\""]);
    let page = bed.read("openapi/PROVENANCE.md");
    let lines = new_lines(&before["openapi/PROVENANCE.md"], &page);
    let [row] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    assert!(
        row.contains("| 2027-02-03 |") && row.ends_with(", edited since |"),
        "{row}"
    );
    let counts = bed.read("openapi/counts.json");
    assert_eq!(counts, before["openapi/counts.json"]);
    bed.check().unwrap();
}
