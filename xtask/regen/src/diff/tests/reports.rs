//! The reports, word for word.

use super::*;
use crate::diff::{Bump, Class};

const CURRENT: &str = "0.1.0";

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn each_fixture() {
    let current = CURRENT.parse().unwrap();
    for fixture in FIXTURES {
        let report = report(fixture);
        let text = format!("{}\n{}", report.to_text(current), report.changelog_draft());
        snapshot(fixture, &text);
    }
}

#[test]
fn a_pull_request() {
    let fixtures = [
        "new_operation",
        "nullable_added",
        "changed_description",
        "auth_api",
    ];
    let together = fixtures
        .into_iter()
        .map(report)
        .reduce(Changes::and)
        .unwrap();
    snapshot("markdown", &together.to_markdown(CURRENT.parse().unwrap()));
    snapshot("markdown_changelog", &together.changelog_draft());
}

#[test]
fn nothing_to_report() {
    let nothing = Changes::default();
    let current = CURRENT.parse().unwrap();
    assert_eq!(nothing.bump(current).bump, Bump::None);
    assert_eq!(nothing.changelog_draft(), "");
    assert!(nothing.to_text(current).ends_with("say the same.\n"));
    assert!(nothing.to_markdown(current).ends_with("Nothing.\n"));
}

#[test]
fn the_version_follows_the_worst_of_both() {
    for (fixture, client, facade, bump, stable) in [
        (
            "new_optional_field",
            Class::Breaking,
            Class::Additive,
            "0.2.0",
            "2.0.0",
        ),
        (
            "new_operation",
            Class::Additive,
            Class::Additive,
            "0.1.1",
            "1.1.0",
        ),
        (
            "changed_description",
            Class::DocsOnly,
            Class::DocsOnly,
            "0.1.1",
            "1.0.1",
        ),
        (
            "removed_operation",
            Class::Breaking,
            Class::Breaking,
            "0.2.0",
            "2.0.0",
        ),
    ] {
        let report = report(fixture);
        assert_eq!(
            (report.generated(), report.facade()),
            (Some(client), Some(facade)),
            "{fixture}"
        );
        for (current, next) in [("0.1.0", bump), ("1.0.0", stable)] {
            let advice = report.bump(current.parse().unwrap());
            assert_eq!(advice.to.to_string(), next, "{fixture}");
        }
    }
}
