//! The requests that were made, without the credentials they carried.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::redact;

/// Requests that are kept. Older ones are forgotten.
const KEPT: usize = 1000;

/// A request to one of the two APIs. Credentials in it are replaced by `[redacted]`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// When it arrived, by the server's clock.
    pub at: Timestamp,
    /// Its method.
    pub method: String,
    /// Its path as sent, with its query.
    pub path: String,
    /// The operation it names, if any.
    pub operation: Option<&'static str>,
    /// Its headers by lower-case name.
    pub headers: Map<String, Value>,
    /// Its body, if it is JSON, and null otherwise.
    pub body: Value,
    /// Status of the reply. `None` if the connection was cut without one.
    pub status: Option<u16>,
}

/// The log, oldest first.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<VecDeque<LoggedRequest>>);

/// A request to log.
pub(crate) struct Entry<'a> {
    pub(crate) at: Timestamp,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) operation: Option<&'static str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) status: Option<StatusCode>,
}

impl RequestLog {
    pub(crate) fn add(&self, entry: &Entry<'_>) {
        let request = LoggedRequest {
            at: entry.at,
            method: entry.method.to_string(),
            path: redact::path(entry.path),
            operation: entry.operation,
            headers: redact::headers(entry.headers),
            body: redact::body(entry.body),
            status: entry.status.map(|status| status.as_u16()),
        };
        self.with(|requests| {
            if requests.len() == KEPT {
                requests.pop_front();
            }
            requests.push_back(request);
        });
    }

    pub(crate) fn list(&self) -> Vec<LoggedRequest> {
        self.with(|requests| requests.iter().cloned().collect())
    }

    pub(crate) fn clear(&self) {
        self.with(VecDeque::clear);
    }

    fn with<T>(&self, work: impl FnOnce(&mut VecDeque<LoggedRequest>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
