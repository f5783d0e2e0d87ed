//! Tests that need the whole process, since what they collect is there once for all of it.

use std::process::Command;

/// Set in the process in which nothing else runs.
const ALONE: &str = "PASSAGE_TEST_ALONE";

/// Runs `test`, which has this name in the program, in a process of its own: this one starts it,
/// and fails if it fails.
pub(crate) fn in_a_process_of_its_own(name: &str, test: impl Future<Output = ()>) {
    if std::env::var_os(ALONE).is_some() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        return runtime.enable_all().build().unwrap().block_on(test);
    }
    let alone = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(ALONE, "yes")
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&alone.stdout);
    // A name that no test has would pass.
    assert!(
        alone.status.success() && shown.contains("1 passed"),
        "{shown}\n{}",
        String::from_utf8_lossy(&alone.stderr)
    );
}
