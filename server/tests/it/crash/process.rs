//! The binary as a process of its own, on a data file.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub const APP: &str = "crash";
pub const KEY: &str = "abcdefghij.secret";
/// Fixed, so that a token is good after a restart on another port.
const ISSUER: &str = "https://auth.passage.test/v1/apps/crash";

/// A running server, killed when it goes away.
pub struct Server {
    child: Child,
    url: String,
    /// From the start of the process to the line that says that it is ready.
    pub ready_after: Duration,
    /// CPU time that the process had used by then.
    pub ready_cpu: Option<Duration>,
}

fn spawn(data: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passage-server"));
    command
        .env_remove("PASSAGE_LOG")
        .args(["dev", "--listen", "127.0.0.1:0"])
        .args(["--app-id", APP, "--api-key", KEY, "--issuer", ISSUER])
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command.spawn().unwrap()
}

impl Server {
    /// Starts a server, and returns when it says that it is ready.
    pub fn start(data: &Path) -> Self {
        let begun = Instant::now();
        let mut child = spawn(data);
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let (ready_after, ready_cpu) = (begun.elapsed(), cpu_time(child.id()));
        assert!(!line.is_empty(), "the server did not start");
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self {
            child,
            url: ready["url"].as_str().unwrap().to_owned(),
            ready_after,
            ready_cpu,
        }
    }

    /// Starts a server and kills it so soon after that it may not have become ready.
    pub async fn start_and_kill(data: &Path, after: Duration) {
        let mut child = spawn(data);
        // Not to wait for anything: this is the random moment.
        tokio::time::sleep(after).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// URL of the app on the Management API.
    pub fn api(&self) -> String {
        format!("{}/api/v1/apps/{APP}", self.url)
    }

    /// URL of the app on the Auth API.
    pub fn auth(&self) -> String {
        format!("{}/auth/v1/apps/{APP}", self.url)
    }

    /// URL of the controls.
    pub fn dev(&self) -> String {
        format!("{}/_dev", self.url)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// CPU time of a process so far, in user and in system mode. Unlike the time on the clock it does not depend on what
/// else the machine does. `None` where there is no `/proc`.
fn cpu_time(pid: u32) -> Option<Duration> {
    const TICKS_PER_SECOND: u32 = 100;
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program, in parentheses, may hold anything.
    let (_, fields) = text.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11);
    let user: u32 = ticks.next()?.parse().ok()?;
    let system: u32 = ticks.next()?.parse().ok()?;
    Some(Duration::from_secs(u64::from(user + system)) / TICKS_PER_SECOND)
}
