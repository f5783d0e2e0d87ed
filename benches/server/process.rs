//! The server as a process of its own, and what it uses.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use passage_benches::Failure;
use serde_json::Value;

use crate::clients::member;

/// The id of the app.
pub(crate) const APP: &str = "bench";
/// The website of the app.
pub(crate) const ORIGIN: &str = "http://localhost:3000";

/// Builds the server as it is released. `PASSAGE_SERVER` names another binary to measure.
pub(crate) fn binary() -> Result<PathBuf, Failure> {
    if let Some(path) = std::env::var_os("PASSAGE_SERVER") {
        return Ok(path.into());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--package", "passage-server"])
        .arg("--message-format=json")
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("the server cannot be built".into());
    }
    let messages = String::from_utf8(output.stdout)?;
    let executable = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        Some(message.get("executable")?.as_str()?.into())
    });
    executable.ok_or_else(|| "the server was not built".into())
}

/// A server that is set up for production: its configuration, with all limits off that are for one address, and its
/// data file.
pub(crate) struct Site {
    config: PathBuf,
}

impl Site {
    /// Sets a server up in a folder, which is made.
    pub(crate) fn new(folder: PathBuf) -> Result<Self, Failure> {
        std::fs::create_dir_all(&folder)?;
        let mut secret = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(folder.join("encryption.key"))?;
        // Any 32 bytes in base64 are a key.
        secret.write_all(b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")?;
        let config = folder.join("passage.toml");
        let text = format!(
            r#"
            data = "passage.db"
            [listen]
            address = "127.0.0.1:0"
            [keys]
            encryption_key = {{ file = "encryption.key" }}
            [limits]
            messages_per_account_per_minute = 0
            requests_per_address_per_minute = 0
            [[apps]]
            id = "{APP}"
            auth_origin = "{ORIGIN}"
            "#
        );
        std::fs::write(&config, text)?;
        Ok(Self { config })
    }
}

/// A running server, killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: String,
}

impl Server {
    /// Starts a server for development, with its data in memory.
    pub(crate) fn develop(binary: &Path) -> Result<Self, Failure> {
        Self::start(
            Command::new(binary)
                .args(["dev", "--listen", "127.0.0.1:0", "--app-id", APP])
                .args(["--auth-origin", ORIGIN]),
        )
    }

    /// Starts a server as it runs in production. Its log goes nowhere, but is written.
    pub(crate) fn serve(binary: &Path, site: &Site) -> Result<Self, Failure> {
        let log = Stdio::null();
        Self::start(
            Command::new(binary)
                .args(["serve", "--config"])
                .arg(&site.config)
                .stderr(log),
        )
    }

    /// Returns when the server says that it is ready.
    fn start(command: &mut Command) -> Result<Self, Failure> {
        command
            .env_remove("PASSAGE_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)?;
        let url = ready.get("url").and_then(Value::as_str).ok_or("no URL")?;
        Ok(Self {
            child,
            address: url.trim_start_matches("http://").to_owned(),
        })
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// A new API key of the app.
pub(crate) fn api_key(binary: &Path, site: &Site) -> Result<String, Failure> {
    let output = Command::new(binary)
        .args(["app", "api-key", "create", "--app", APP, "--config"])
        .arg(&site.config)
        .stderr(Stdio::inherit())
        .output()?;
    member(str::from_utf8(&output.stdout)?, "/api_key")
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// CPU time that a process has used, in user and in system mode.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration, Failure> {
    // What `/proc` counts in, on every Linux.
    const TICKS_PER_SECOND: u32 = 100;
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name of the program, in parentheses, may hold anything.
    let (_, fields) = text.rsplit_once(')').ok_or("no name")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u32 = ticks.map(str::parse::<u32>).sum::<Result<_, _>>()?;
    Ok(Duration::from_secs(ticks.into()) / TICKS_PER_SECOND)
}

/// Resident memory of a process, in KiB.
pub(crate) fn memory(pid: u32) -> Result<u64, Failure> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("no VmRSS")?.parse()?)
}
