//! Checks every exchange between a client and passage-server against the
//! vendored API documents, so that the two cannot drift apart unseen.
//!
//! A test has [`watch`] look at the server that it is about to start; when the guard goes out
//! of scope, every exchange that broke the documents fails the test.
#![allow(
    clippy::expect_used,
    reason = "a broken document or a poisoned lock must fail the test that meets it"
)]

mod document;
mod schema;

use std::sync::{Arc, LazyLock, Mutex};

use passage_server::{Exchange, ServerBuilder};

pub use document::Contract;

static CONTRACT: LazyLock<Contract> =
    LazyLock::new(|| Contract::vendored().expect("the vendored documents are read"));

/// The violations that were seen; dropping it fails the test if there are any.
#[derive(Debug)]
pub struct Watch(Arc<Mutex<Vec<String>>>);

/// Has every exchange of the server checked. Keep the [`Watch`] as long as the server.
pub fn watch(builder: ServerBuilder) -> (ServerBuilder, Watch) {
    observe(builder, Contract::check)
}

/// As [`watch`], for tests whose requests leave the documents on purpose, as old clients do.
pub fn watch_replies(builder: ServerBuilder) -> (ServerBuilder, Watch) {
    observe(builder, Contract::check_reply)
}

fn observe(
    builder: ServerBuilder,
    check: impl Fn(&Contract, &Exchange) -> Vec<String> + Send + Sync + 'static,
) -> (ServerBuilder, Watch) {
    let violations = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&violations);
    let builder = builder.observe(move |exchange: &Exchange| {
        let found = check(&CONTRACT, exchange);
        sink.lock().expect("no check panicked").extend(found);
    });
    (builder, Watch(violations))
}

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let violations = self.0.lock().expect("no check panicked");
        assert!(
            violations.is_empty(),
            "exchanges break the vendored documents:\n{}",
            violations.join("\n")
        );
    }
}
