//! The change report and the draft in the changelog.

use serde_json::json;

use crate::bed::Bed;

fn with_description(bed: &Bed, text: &str) -> String {
    let mut document = bed.management();
    document["paths"]["/apps/{app_id}"]["get"]["description"] = json!(text);
    document.to_string()
}

const DRAFT: &str = "<!-- regen: a draft.";

#[test]
fn a_change_is_said_written_and_drafted() {
    let bed = Bed::new();
    bed.import("n.json", &with_description(&bed, "Another text."), None)
        .unwrap();
    assert!(
        bed.world
            .said
            .borrow()
            .iter()
            .any(|text| text.contains("getApp"))
    );
    assert!(bed.read("target/report.md").contains("getApp"));
    let changelog = bed.read("CHANGELOG.md");
    assert_eq!(changelog.matches(DRAFT).count(), 1, "{changelog}");
    assert!(changelog.contains("getApp"), "{changelog}");
}

#[test]
fn the_report_is_about_everything_since_the_commit() {
    let mut bed = Bed::new();
    for name in [
        "openapi/effective/management.json",
        "openapi/effective/auth.json",
        "CHANGELOG.md",
    ] {
        bed.world.committed.insert(name.to_owned(), bed.read(name));
    }
    bed.import("n.json", &with_description(&bed, "Another text."), None)
        .unwrap();
    let (report, changelog) = (bed.read("target/report.md"), bed.read("CHANGELOG.md"));
    // The files are current now; compared with the commit they still differ.
    bed.update().unwrap();
    assert_eq!(bed.read("target/report.md"), report);
    assert_eq!(bed.read("CHANGELOG.md"), changelog);
    assert!(report.contains("getApp"), "{report}");
}

#[test]
fn a_draft_goes_when_its_change_is_taken_back() {
    let mut bed = Bed::new();
    for name in [
        "openapi/effective/management.json",
        "openapi/effective/auth.json",
        "CHANGELOG.md",
    ] {
        bed.world.committed.insert(name.to_owned(), bed.read(name));
    }
    let (old, changelog) = (bed.management().to_string(), bed.read("CHANGELOG.md"));
    bed.import("n.json", &with_description(&bed, "Another text."), None)
        .unwrap();
    assert!(bed.read("CHANGELOG.md").contains(DRAFT));
    bed.import("n.json", &old, None).unwrap();
    assert_eq!(bed.read("CHANGELOG.md"), changelog);
}

#[test]
fn a_draft_that_was_committed_stays() {
    let mut bed = Bed::new();
    bed.import("n.json", &with_description(&bed, "Another text."), None)
        .unwrap();
    for name in [
        "openapi/effective/management.json",
        "openapi/effective/auth.json",
        "CHANGELOG.md",
    ] {
        bed.world.committed.insert(name.to_owned(), bed.read(name));
    }
    let changelog = bed.read("CHANGELOG.md");
    assert!(changelog.contains(DRAFT));
    bed.update().unwrap();
    assert_eq!(bed.read("CHANGELOG.md"), changelog);
}
