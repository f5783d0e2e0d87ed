//! What a tracing subscriber sees of a call. Alone in its program: which events are wanted is
//! remembered per process, and other tests would decide it first.
#![allow(clippy::unwrap_used)]

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use httpmock::MockServer;
use passage_identity::{CreateUser, Passage};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[derive(Clone, Default)]
struct Log {
    text: Arc<Mutex<String>>,
    ids: Arc<AtomicU64>,
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
        let mut text = self.text.lock().unwrap();
        write!(
            text,
            "\n{} {}",
            span.metadata().level(),
            span.metadata().name()
        )
        .unwrap();
        span.record(&mut Fields(&mut text));
        Id::from_u64(self.ids.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Fields(&mut self.text.lock().unwrap()));
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Fields(&mut self.text.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_call_is_a_span_that_names_operation_and_status_and_no_more() {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.any_request();
            then.status(404)
                .body(r#"{"code":"user_not_found","error":"jane@example.com"}"#);
        })
        .await;
    let url = server.base_url();
    let passage = Passage::builder("app1")
        .server(url)
        .api_key("prefix.hunter2")
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
            .create(CreateUser::email("jane@example.com"))
            .await
            .is_err()
    );
    assert!(passage.users().delete("canary-id").await.is_err());
    drop(guard);
    let text = log.text.lock().unwrap().clone();
    for span in [
        "INFO passage operation=listPaginatedUsers",
        "INFO passage operation=createUser",
        "INFO passage operation=deleteUser",
    ] {
        assert!(text.contains(span), "{span}: {text}");
    }
    assert_eq!(text.matches(" status=404").count(), 3, "{text}");
    assert_eq!(text.matches(" duration_ms=").count(), 3, "{text}");
    for secret in ["hunter2", "jane", "canary-id"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}
