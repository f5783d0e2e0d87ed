//! Checks every exchange between a client and passage-server against the
//! vendored API documents, so that the two cannot drift apart unseen.
//!
//! A test starts its server with [`checked`]; when the guard goes out of scope,
//! every exchange that broke the documents fails the test.
#![allow(
    clippy::expect_used,
    reason = "a broken document or a poisoned lock must fail the test that meets it"
)]

mod document;
mod schema;

use std::sync::{Arc, Mutex};

use passage_server::{Exchange, PassageServer, ServerBuilder};

pub use document::Contract;

/// A server whose exchanges are all checked; see [`checked`].
#[derive(Debug)]
pub struct CheckedServer {
    server: PassageServer,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    exchanges: usize,
    violations: Vec<String>,
}

/// Starts the server that `builder` describes and checks each exchange with it.
///
/// # Panics
///
/// Panics if the server does not start. The guard panics when it is dropped
/// if an exchange broke the vendored documents, or if there was none to check.
pub async fn checked(builder: ServerBuilder) -> CheckedServer {
    let contract = Contract::vendored().expect("the vendored documents are read");
    let seen = Arc::new(Mutex::new(Seen::default()));
    let sink = Arc::clone(&seen);
    let server = builder
        .observe(move |exchange: &Exchange| {
            let violations = contract.check(exchange);
            let mut seen = sink.lock().expect("no check panicked");
            seen.exchanges += 1;
            seen.violations.extend(violations);
        })
        .start()
        .await
        .expect("the server starts");
    CheckedServer { server, seen }
}

impl std::ops::Deref for CheckedServer {
    type Target = PassageServer;

    fn deref(&self) -> &PassageServer {
        &self.server
    }
}

impl Drop for CheckedServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let seen = self.seen.lock().expect("no check panicked");
        assert!(
            seen.violations.is_empty(),
            "{} of {} exchanges break the vendored documents:\n{}",
            seen.violations.len(),
            seen.exchanges,
            seen.violations.join("\n")
        );
        assert!(
            seen.exchanges > 0,
            "a checked server saw no exchange at all"
        );
    }
}
