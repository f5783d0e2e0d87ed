//! What a tracing subscriber sees of a call. In a process of its own: which events are wanted is
//! remembered per process, and other tests would decide it first.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use httpmock::MockServer;
use passage_identity::Passage;
use passage_identity::users::CreateUser;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::in_a_process_of_its_own;

/// A line for each span, with what is recorded later at its end, and one for each event.
#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Log {
    fn add(&self, about: &Metadata<'_>, fields: impl FnOnce(&mut Fields<'_>)) -> usize {
        let mut lines = self.lines.lock().unwrap();
        let mut line = format!("{} {}", about.level(), about.name());
        fields(&mut Fields(&mut line));
        lines.push(line);
        lines.len()
    }
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let line = self.add(span.metadata(), |fields| span.record(fields));
        Id::from_u64(line as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let line = usize::try_from(id.into_u64()).unwrap() - 1;
        values.record(&mut Fields(&mut self.lines.lock().unwrap()[line]));
    }

    fn event(&self, event: &Event<'_>) {
        self.add(event.metadata(), |fields| event.record(fields));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_call_is_a_span_that_names_operation_attempts_and_status_and_no_more() {
    in_a_process_of_its_own(
        "spans::a_call_is_a_span_that_names_operation_attempts_and_status_and_no_more",
        async {
            let text = what_calls_log().await;
            spans_name_operation_attempts_and_status(&text);
            assert_eq!(text.matches("trying again").count(), 2, "{text}");
            for secret in ["hunter2", "jane", "canary-id"] {
                assert!(!text.contains(secret), "{secret}: {text}");
            }
        },
    );
}

/// All that is logged by four calls, one of which is made three times.
async fn what_calls_log() -> String {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.path_excludes("busy");
            then.status(404)
                .body(r#"{"code":"user_not_found","error":"jane@example.com"}"#);
        })
        .await;
    server
        .mock_async(|when, then| {
            when.path_includes("busy");
            then.status(503).body("jane@example.com");
        })
        .await;
    let url = server.base_url();
    let passage = Passage::builder("app1")
        .server(url)
        .api_key("prefix.hunter2")
        .retry_wait(Duration::ZERO, Duration::ZERO)
        .build()
        .unwrap();
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    assert!(
        passage
            .users()
            .get_by_identifier("jane@example.com")
            .await
            .is_err()
    );
    assert!(
        passage
            .users()
            .create(CreateUser::with_email("jane@example.com"))
            .await
            .is_err()
    );
    assert!(passage.users().delete("canary-id").await.is_err());
    assert!(passage.users().activate("busy-canary-id").await.is_err());
    drop(guard);
    log.lines.lock().unwrap().join("\n")
}

/// One span for each call, however often it was tried, and nothing else at its level.
fn spans_name_operation_attempts_and_status(text: &str) {
    let spans: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("INFO"))
        .collect();
    let expected = [
        ("listPaginatedUsers", 1, 404),
        ("createUser", 1, 404),
        ("deleteUser", 1, 404),
        ("activateUser", 3, 503),
    ];
    assert_eq!(spans.len(), expected.len(), "{text}");
    for (span, (operation, attempts, status)) in spans.iter().zip(expected) {
        let all = format!("INFO passage operation={operation} attempts={attempts} duration_ms=");
        let (took, seen) = span.strip_prefix(&all).unwrap().split_once(' ').unwrap();
        took.parse::<u64>().unwrap();
        assert_eq!(seen, format!("status={status}"), "{span}");
    }
}
