//! The binary, as a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

use crate::http;

/// A running binary. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Binary {
    child: Child,
    pub(crate) url: String,
    /// The URL's host and port.
    pub(crate) address: String,
    pub(crate) app_id: String,
    pub(crate) api_key: String,
    pub(crate) issuer: String,
    pub(crate) auth_origin: String,
}

/// The line that says that it is ready.
#[derive(Deserialize)]
struct Ready {
    url: String,
    app_id: String,
    api_key: String,
}

impl Binary {
    pub(crate) fn start(program: &Path, app: Option<(&str, &str)>) -> Self {
        let mut command = Command::new(program);
        command.args(["dev", "--listen", "127.0.0.1:0"]);
        for variable in ["PASSAGE_APP_ID", "PASSAGE_API_KEY", "PASSAGE_LOG"] {
            command.env_remove(variable);
        }
        if let Some((id, key)) = app {
            command.args(["--app-id", id, "--api-key", key]);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let output = child.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(output)
            .read_line(&mut line)
            .expect("its output can be read");
        let ready = serde_json::from_str(&line);
        let Ready {
            url,
            app_id,
            api_key,
        } = ready.unwrap_or_else(|_| panic!("{} did not start: {line:?}", program.display()));
        let address = url.trim_start_matches("http://").to_owned();
        let health = http::call(&address, "GET", "/_dev/health", None);
        let health = health.expect("it is well");
        let member = |name: &str| {
            let member = health.get(name).and_then(Value::as_str);
            member.expect("it says who it is").to_owned()
        };
        Self {
            issuer: member("issuer"),
            auth_origin: member("auth_origin"),
            child,
            url,
            address,
            app_id,
            api_key,
        }
    }

    /// Ends it as a user would, and waits until it is gone.
    pub(crate) fn shutdown(mut self) {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(told.expect("there is `kill`").success());
        let ended = self.child.wait().expect("it ends");
        assert!(ended.success(), "it ended with {ended}");
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
