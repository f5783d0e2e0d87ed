//! Tests that need the whole process, since what they collect is there once for all of it.

use std::process::Command;

/// Set in the process in which nothing else runs.
const ALONE: &str = "PASSAGE_TEST_ALONE";

/// Runs `test`, which has this name in the program, in a process of its own: this one starts it,
/// and fails if it fails.
pub(crate) fn in_a_process_of_its_own(name: &str, test: impl Future<Output = ()>) {
    in_a_process_with(name, |_| {}, test);
}

/// The same, started as `prepare` says. Whether this is the process that has started it.
pub(crate) fn in_a_process_with(
    name: &str,
    prepare: impl FnOnce(&mut Command),
    test: impl Future<Output = ()>,
) -> bool {
    if std::env::var_os(ALONE).is_some() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(test);
        return false;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([name, "--exact", "--nocapture"])
        .env(ALONE, "yes");
    prepare(&mut command);
    let alone = command.output().unwrap();
    let shown = String::from_utf8_lossy(&alone.stdout);
    // A name that no test has would pass.
    assert!(
        alone.status.success() && shown.contains("1 passed"),
        "{shown}\n{}",
        String::from_utf8_lossy(&alone.stderr)
    );
    true
}
