//! What tests of the SDK have in common, in whatever program they are: the server that they run against, a proxy before it
//! ([`holding_proxy`]), and what the services of every web framework are tried with ([`web`]).
//!
//! This is the one place that decides whether it runs in the test's own process or is the `passage-server` binary, a
//! process of its own that is driven over HTTP: `PASSAGE_TEST_SERVER` names the program, and unset means in-process.
//! `cargo xtask binary-test` sets it. [`IN_PROCESS`] lists the tests that do not follow it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what is wrong with a test's server must fail the test"
)]

mod binary;
mod controls;
pub mod holding_proxy;
mod http;
pub mod report;
pub mod web;

use passage_contract::Watch;
use passage_server::{PassageServer, ServerBuilder};

use self::binary::Binary;
pub use self::controls::{Controls, Refused};

/// Names the program to run instead of a server in this process.
pub const SWITCH: &str = "PASSAGE_TEST_SERVER";

/// Files below the root whose tests start a server in their own process whatever the switch says, and why.
pub const IN_PROCESS: [(&str, &str); 2] = [
    (
        "tests/contract/tests/deviations.rs",
        "it tries the observer that checks exchanges, which is in the server's process",
    ),
    (
        "tests/it/quickstart.rs",
        "it runs an example as users run it, and the example starts its own server",
    ),
];

/// A running server with one app. It stops when this is dropped.
#[derive(Debug)]
pub struct TestServer {
    place: Place,
    /// Dropped after the server, so that it sees every exchange.
    _watch: Option<Watch>,
}

#[derive(Debug)]
enum Place {
    InProcess(PassageServer),
    Binary(Binary),
}

impl TestServer {
    /// Starts a server.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start() -> Self {
        Self::start_with(None, false).await
    }

    /// Starts a server whose app has this id and API key.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_as(app_id: &str, api_key: &str) -> Self {
        Self::start_with(Some((app_id, api_key)), false).await
    }

    /// Starts a server, each exchange with which is held to the vendored documents. The binary shows its exchanges to
    /// nobody: of a test, the run in-process is the one that checks them.
    ///
    /// # Panics
    /// If it does not start. When it is dropped, if an exchange broke the documents.
    pub async fn checked() -> Self {
        Self::start_with(None, true).await
    }

    async fn start_with(app: Option<(&str, &str)>, checked: bool) -> Self {
        if let Some(program) = std::env::var_os(SWITCH).filter(|program| !program.is_empty()) {
            let binary = Binary::start(program.as_ref(), app);
            report::started();
            return Self {
                place: Place::Binary(binary),
                _watch: None,
            };
        }
        let mut builder = PassageServer::builder();
        if let Some((id, key)) = app {
            builder = builder.app_id(id).api_key(key);
        }
        let (builder, watch) = watched(builder, checked);
        let server = builder.start().await.expect("the server starts");
        Self {
            place: Place::InProcess(server),
            _watch: watch,
        }
    }

    /// URL of the server.
    #[must_use]
    pub fn url(&self) -> &str {
        match &self.place {
            Place::InProcess(server) => server.url(),
            Place::Binary(binary) => &binary.url,
        }
    }

    /// Id of the app.
    #[must_use]
    pub fn app_id(&self) -> &str {
        match &self.place {
            Place::InProcess(server) => server.app_id(),
            Place::Binary(binary) => &binary.app_id,
        }
    }

    /// API key that the server was started with.
    #[must_use]
    pub fn api_key(&self) -> &str {
        match &self.place {
            Place::InProcess(server) => server.api_key(),
            Place::Binary(binary) => &binary.api_key,
        }
    }

    /// Issuer of the app's tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        match &self.place {
            Place::InProcess(server) => server.issuer(),
            Place::Binary(binary) => &binary.issuer,
        }
    }

    /// Origin of the app's website.
    #[must_use]
    pub fn auth_origin(&self) -> &str {
        match &self.place {
            Place::InProcess(server) => server.auth_origin(),
            Place::Binary(binary) => &binary.auth_origin,
        }
    }

    /// Controls of the server.
    #[must_use]
    pub fn controls(&self) -> Controls {
        match &self.place {
            Place::InProcess(server) => Controls::in_process(server.controls()),
            Place::Binary(binary) => Controls::over_http(binary.address.clone()),
        }
    }

    /// Stops the server in an orderly way.
    ///
    /// # Panics
    /// If the binary does not end well.
    pub async fn shutdown(self) {
        match self.place {
            Place::InProcess(server) => server.shutdown().await,
            Place::Binary(binary) => binary.shutdown(),
        }
    }
}

fn watched(builder: ServerBuilder, checked: bool) -> (ServerBuilder, Option<Watch>) {
    if checked {
        let (builder, watch) = passage_contract::watch(builder);
        (builder, Some(watch))
    } else {
        (builder, None)
    }
}
