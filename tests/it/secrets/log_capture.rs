//! Hears everything that is logged and every panic, whoever in the process it comes from.

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[derive(Clone, Default)]
pub(crate) struct LogCapture(Arc<Heard>);

#[derive(Default)]
struct Heard {
    text: Mutex<String>,
    spans: AtomicU64,
}

impl LogCapture {
    /// Listens from now on, as the process's only listener.
    pub(crate) fn open() -> Self {
        let logs = Self::default();
        tracing::subscriber::set_global_default(logs.clone()).unwrap();
        log::set_logger(Box::leak(Box::new(logs.clone()))).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        let (listener, shown) = (logs.clone(), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |panic| {
            listener.note(|text| write!(text, "panic {panic}").unwrap());
            shown(panic);
        }));
        logs
    }

    /// What was heard since the last time.
    pub(crate) fn take(&self) -> String {
        let mut text = self.0.text.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut text)
    }

    fn note(&self, write: impl FnOnce(&mut String)) {
        let mut text = self.0.text.lock().unwrap_or_else(PoisonError::into_inner);
        text.push('\n');
        write(&mut text);
    }
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        write!(self.0, " {}={value} {value:?}", field.name()).unwrap();
    }
}

impl Subscriber for LogCapture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let about = span.metadata();
        self.note(|text| {
            write!(text, "span {} {}", about.target(), about.name()).unwrap();
            span.record(&mut Fields(text));
        });
        Id::from_u64(self.0.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.note(|text| values.record(&mut Fields(text)));
    }

    fn event(&self, event: &Event<'_>) {
        self.note(|text| {
            write!(text, "event {}", event.metadata().target()).unwrap();
            event.record(&mut Fields(text));
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl log::Log for LogCapture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.note(|text| write!(text, "log {} {}", record.target(), record.args()).unwrap());
    }

    fn flush(&self) {}
}
