//! The binary, as a process of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use serde_json::Value;

/// The binary with these arguments, and nothing from our environment.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passage-server"));
    for variable in [
        "PASSAGE_APP_ID",
        "PASSAGE_API_KEY",
        "PASSAGE_CONFIG",
        "PASSAGE_LOG",
    ] {
        command.env_remove(variable);
    }
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it to its end.
pub fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// What it says when it refuses to run.
#[track_caller]
pub fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success(), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}: nothing is ready");
    String::from_utf8(output.stderr).unwrap()
}

/// A running server, ended when it goes away.
pub struct Process {
    pub child: Child,
    /// The line that says that it is ready.
    pub ready: Value,
}

impl Process {
    /// Starts a server, and waits until it says that it is ready.
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        child.stdout = Some(output.into_inner());
        let mut server = Self {
            child,
            ready: Value::Null,
        };
        if line.is_empty() {
            panic!("the server did not start: {}", server.rest());
        }
        server.ready = serde_json::from_str(&line).unwrap();
        server
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end. Returns what else it printed, its log included.
    pub fn ended(mut self) -> (ExitStatus, String) {
        let rest = self.rest();
        (self.child.wait().unwrap(), rest)
    }

    /// Sends a signal and waits for the end.
    pub fn stop(self, name: &str) -> (ExitStatus, String) {
        self.signal(name);
        self.ended()
    }

    fn rest(&mut self) -> String {
        let mut rest = String::new();
        let (output, log) = (self.child.stdout.take(), self.child.stderr.take());
        output.unwrap().read_to_string(&mut rest).unwrap();
        log.unwrap().read_to_string(&mut rest).unwrap();
        rest
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
