//! `cargo xtask binary-test`: the SDK's tests that need a server, against the server binary.

use std::collections::BTreeSet;
use std::fmt::Write;

use regex::Regex;
use xshell::{Shell, cmd};

use crate::run::{Result, files, server_binary, shell, target};

/// The test programs that start a server, wherever they are in the workspace.
const PROGRAMS: [&str; 3] = ["http", "it", "switch"];

/// Builds the server, runs the suite against it, and reports what ran where.
pub(crate) fn run() -> Result {
    let sh = shell()?;
    let report = target(&sh, "binary-test")?.join("report.txt");
    sh.write_file(&report, "")?;
    let (server, programs) = (server_binary(&sh)?, programs(&sh)?);
    let tests = PROGRAMS.iter().flat_map(|name| ["--test", name]);
    // The whole workspace, so that nothing is compiled with other features than by `cargo test --workspace`.
    cmd!(sh, "cargo test --quiet --workspace {tests...}")
        .env("INSTA_UPDATE", "no")
        .env("PASSAGE_TEST_SERVER", server)
        .env("PASSAGE_TEST_SERVER_REPORT", &report)
        .run()?;
    println!("{}", summary(&programs, &sh.read_file(report)?)?);
    Ok(())
}

/// The test programs with a file that starts a server, wherever they are in the workspace. Those of `tests/it` count as
/// one for each module.
fn programs(sh: &Shell) -> Result<BTreeSet<String>> {
    let mut programs = BTreeSet::new();
    let test = Regex::new(r"^(?:examples/actix/|tests/support/)?tests/(?:it/)?(\w+).*\.rs$")?;
    for file in files(&sh.current_dir())? {
        if let Some((_, [program])) = test.captures(&file).map(|found| found.extract())
            && sh.read_file(&file)?.contains("passage_test_support::")
        {
            programs.insert(program.to_owned());
        }
    }
    Ok(programs)
}

/// How many tests used the binary, and which ones only use servers in their own process. Fails if a program of the
/// suite started no server: it would have passed whatever the binary does.
fn summary(programs: &BTreeSet<String>, report: &str) -> Result<String> {
    let lines = report
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let (binary, others): (Vec<_>, Vec<_>) =
        lines.partition(|cells| cells.first() == Some(&"binary"));
    let reached: BTreeSet<&str> = binary
        .iter()
        .filter_map(|cells| cells.get(1).copied())
        .collect();
    let idle: Vec<_> = programs
        .iter()
        .filter(|name| !reached.contains(name.as_str()))
        .collect();
    if !idle.is_empty() {
        return Err(format!("never started the binary: {idle:?}").into());
    }
    let mut text = format!(
        "{} tests in {} programs ran against the binary, which was started {} times.\n\
         Files whose tests keep to a server in their own process: {}.",
        binary.iter().collect::<BTreeSet<_>>().len(),
        reached.len(),
        binary.len(),
        others.len()
    );
    for cells in others {
        let cells = cells.get(1..).unwrap_or_default().join(": ");
        write!(text, "\n  {cells}")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn programs_are_found_by_what_their_files_say() {
        let programs = programs(&shell().unwrap()).unwrap();
        let names: Vec<&str> = programs.iter().map(String::as_str).collect();
        assert_eq!(
            names.join(" "),
            "blocking bulk http lists management secrets switch verification web"
        );
    }

    #[test]
    fn what_ran_where_is_said_and_an_idle_program_fails() {
        let programs = ["bulk", "lists"].map(str::to_owned).into();
        let lists = "binary\tlists\tone\nbinary\tlists\tone\nbinary\tlists\ttwo\n";
        let report = format!("binary\tbulk\tone\n{lists}in process\ta.rs\tit must\n");
        assert_eq!(
            summary(&programs, &report).unwrap(),
            "3 tests in 2 programs ran against the binary, which was started 4 times.\n\
             Files whose tests keep to a server in their own process: 1.\n  a.rs: it must"
        );
        let idle = summary(&programs, lists).unwrap_err().to_string();
        assert_eq!(idle, "never started the binary: [\"bulk\"]");
    }
}
