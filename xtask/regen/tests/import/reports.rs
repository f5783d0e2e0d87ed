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
fn the_report_is_about_everything_since_the_commit() {
    let mut bed = Bed::new();
    bed.commit();
    let text = with_description(&bed, "Another text.");
    bed.import(&text, None).unwrap();
    let said = bed.world.said.borrow().join("\n");
    let (report, changelog) = (bed.read("target/report.md"), bed.read("CHANGELOG.md"));
    for text in [&said, &report, &changelog] {
        assert!(text.contains("getApp"), "{text}");
    }
    assert_eq!(changelog.matches(DRAFT).count(), 1, "{changelog}");
    // The files are current now; compared with the commit they still differ.
    bed.update().unwrap();
    assert_eq!(bed.read("target/report.md"), report);
    assert_eq!(bed.read("CHANGELOG.md"), changelog);
    // A draft that was committed stays.
    bed.commit();
    bed.update().unwrap();
    assert_eq!(bed.read("CHANGELOG.md"), changelog);
}

#[test]
fn a_draft_goes_when_its_change_is_taken_back() {
    let mut bed = Bed::new();
    bed.commit();
    let (old, changelog) = (bed.management().to_string(), bed.read("CHANGELOG.md"));
    bed.import(&with_description(&bed, "Another text."), None)
        .unwrap();
    assert!(bed.read("CHANGELOG.md").contains(DRAFT));
    bed.import(&old, None).unwrap();
    assert_eq!(bed.read("CHANGELOG.md"), changelog);
}
