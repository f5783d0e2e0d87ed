//! What becomes of snapshots that differ, and of those that no test asks for.

use std::path::PathBuf;

use regen::{Mode, Run};

use crate::bed::Bed;

const KEPT: &str = "tests/snapshots/kept.snap";
const GONE: &str = "tests/snapshots/gone.snap";
const TEXT: &str = "---\nsource: tests/shapes.rs\n---\nbody\n";

/// Two snapshots, of which the tests ask for one.
fn with_an_orphan() -> Bed {
    let mut bed = Bed::new();
    bed.write("tests/shapes.rs", "");
    bed.write(KEPT, TEXT);
    bed.write(GONE, TEXT);
    bed.world.run.referenced = vec![bed.path(KEPT)];
    bed
}

#[test]
fn accept_deletes_what_no_test_asks_for() {
    let bed = with_an_orphan();
    bed.accept().unwrap();
    assert_eq!(*bed.world.modes.borrow(), [Mode::Accept]);
    assert!(bed.path(KEPT).exists() && !bed.path(GONE).exists());
    let said = bed.world.said.borrow();
    let deleted = format!("deleted {GONE}, which no test asks for any more");
    assert!(said.contains(&deleted), "{said:?}");
}

#[test]
fn without_accept_snapshots_are_left_for_review() {
    let mut bed = with_an_orphan();
    bed.world.run.differing = vec![KEPT.to_owned()];
    let before = bed.files();
    bed.update().unwrap();
    assert_eq!(*bed.world.modes.borrow(), [Mode::Leave]);
    assert_eq!(bed.changed_since(&before), [""; 0]);
    let said = bed.world.said.borrow();
    assert!(said.contains(&format!("{KEPT} differs")), "{said:?}");
    assert!(
        said.contains(&format!("{GONE} is asked for by no test any more")),
        "{said:?}"
    );
    assert!(
        said.last()
            .unwrap()
            .starts_with("2 snapshots to review: `cargo insta review`")
    );
}

#[test]
fn check_names_everything_that_is_out_of_date_and_changes_nothing() {
    let mut bed = with_an_orphan();
    bed.world.run.differing = vec![KEPT.to_owned()];
    let effective = bed.read("openapi/effective/auth.json");
    bed.write(
        "openapi/effective/auth.json",
        &effective.replacen("  ", " ", 1),
    );
    let before = bed.files();
    let error = bed.check().unwrap_err();
    assert_eq!(
        error,
        format!(
            "out of date, run `cargo xtask regen --accept` and review the difference:\n  \
             openapi/effective/auth.json\n  {KEPT}\n  {GONE} (no test asks for it)"
        )
    );
    assert_eq!(*bed.world.modes.borrow(), [Mode::Look]);
    assert_eq!(bed.changed_since(&before), [""; 0]);
}

#[test]
fn check_is_content_with_what_is_current() {
    let bed = Bed::new();
    bed.check().unwrap();
    assert!(bed.world.said.borrow().is_empty());
}

#[test]
fn tests_that_do_not_run_are_an_error_and_no_reason_to_delete() {
    let mut bed = with_an_orphan();
    bed.world.run = Run {
        passed: false,
        output: "error[E0609]: no field".to_owned(),
        referenced: vec![PathBuf::from("x")],
        differing: Vec::new(),
    };
    for error in [bed.accept(), bed.update(), bed.check()] {
        let error = error.unwrap_err();
        assert!(error.starts_with("error[E0609]: no field\n"), "{error}");
        assert!(error.contains("could not be compared"), "{error}");
    }
    assert!(bed.path(GONE).exists());
}
