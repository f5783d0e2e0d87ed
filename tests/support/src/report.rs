//! What ran where, for `cargo xtask binary-test`: a line for each server that was started, and for each file whose
//! tests keep to their own process.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::thread;

/// Names the file to write to.
pub const REPORT: &str = "PASSAGE_TEST_SERVER_REPORT";

/// Notes that the current test runs against the binary.
pub(crate) fn started() {
    let program = env::current_exe().unwrap_or_default();
    let program = program.file_stem().unwrap_or_default().to_string_lossy();
    // Cargo adds a hash to the name of the target.
    let target = program.rsplit_once('-').map_or(&*program, |(name, _)| name);
    let thread = thread::current();
    let test = thread.name().unwrap_or_default();
    // A program of many modules reports each by itself, so that one which starts nothing is noticed.
    match (target, test.split_once("::")) {
        ("it", Some((module, test))) => note(&["binary", module, test]),
        _ => note(&["binary", target, test]),
    }
}

/// Adds a line, if somebody wants to know.
///
/// # Panics
/// If the file cannot be written.
pub fn note(line: &[&str]) {
    let Some(file) = env::var_os(REPORT) else {
        return;
    };
    let file = OpenOptions::new().append(true).create(true).open(file);
    // One write, so that lines of other tests do not get into it.
    file.and_then(|mut file| file.write_all(format!("{}\n", line.join("\t")).as_bytes()))
        .expect("the report can be written");
}
