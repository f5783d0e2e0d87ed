//! What becomes of snapshots that differ, and of those that no test asks for.

use std::path::PathBuf;

use regen::Mode;

use crate::bed::Bed;

const KEPT: &str = "tests/shapes/snapshots/kept.snap";
const GONE: &str = "tests/shapes/snapshots/deep/gone.snap";

/// Two snapshots, of which the tests ask for one.
fn with_an_orphan() -> Bed {
    let mut bed = Bed::new();
    bed.write(KEPT, "body\n");
    bed.write(GONE, "body\n");
    bed.write("tests/shapes/snapshots/no_snapshot.txt", "body\n");
    bed.world.run.referenced = vec![
        bed.path("tests/shapes/../shapes/snapshots/kept.snap"),
        bed.path("no.snap"),
    ];
    bed
}

#[test]
fn accept_deletes_what_no_test_asks_for() {
    let bed = with_an_orphan();
    let before = bed.files();
    bed.accept().unwrap();
    assert_eq!(*bed.world.modes.borrow(), [Mode::Accept]);
    assert_eq!(bed.changed_since(&before), [GONE]);
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
    let said = bed.world.said.borrow().join("\n");
    for line in [
        format!("{KEPT} differs"),
        format!("{GONE} is asked for by no test any more"),
        "2 snapshots to review: `cargo insta review`".to_owned(),
    ] {
        assert!(said.contains(&line), "{said}");
    }
}

#[test]
fn check_names_everything_that_is_out_of_date_and_changes_nothing() {
    let current = Bed::new();
    current.check().unwrap();
    assert!(current.world.said.borrow().is_empty());
    let mut bed = with_an_orphan();
    bed.world.run.differing = vec![KEPT.to_owned()];
    let effective = bed.read("openapi/effective/auth.json");
    let effective = effective.replacen("  ", " ", 1);
    bed.write("openapi/effective/auth.json", &effective);
    let before = bed.files();
    assert_eq!(
        bed.check().unwrap_err(),
        format!(
            "out of date, run `cargo xtask regen --accept` and review the difference:\n  \
             openapi/effective/auth.json\n  {KEPT}\n  {GONE} (no test asks for it)"
        )
    );
    assert_eq!(*bed.world.modes.borrow(), [Mode::Look]);
    assert_eq!(bed.changed_since(&before), [""; 0]);
}

#[test]
fn tests_that_do_not_run_are_an_error_and_no_reason_to_delete() {
    let mut bed = with_an_orphan();
    bed.world.fails = Some("error[E0609]: no field".to_owned());
    bed.world.run.referenced = vec![PathBuf::from("x")];
    for error in [bed.accept(), bed.update(), bed.check()] {
        let error = error.unwrap_err();
        assert!(error.starts_with("error[E0609]: no field\n"), "{error}");
        assert!(error.contains("could not be compared"), "{error}");
    }
    assert!(bed.path(GONE).exists());
}
