//! The request log, without credentials.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::redact;

/// Number of requests kept. Older ones are dropped.
const KEPT: usize = 1000;

/// Bytes of the requests kept, as they were sent: far more than a thousand usual ones need.
const KEPT_BYTES: usize = 4 * 1024 * 1024;

/// A request to one of the two APIs. Credentials in it are replaced by `[redacted]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// When it arrived, by the server's clock.
    pub at: Timestamp,
    /// Its method.
    pub method: String,
    /// Its path as sent, with its query.
    pub path: String,
    /// The operation that it addresses, if any.
    pub operation: Option<String>,
    /// Its headers by lower-case name.
    pub headers: Map<String, Value>,
    /// Its body, if it is JSON, and null otherwise.
    pub body: Value,
    /// Status of the reply. `None` if the connection was cut without one.
    pub status: Option<u16>,
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Oldest first, each with its bytes.
    requests: VecDeque<(LoggedRequest, usize)>,
    /// The sum of their bytes.
    bytes: usize,
}

impl Kept {
    fn push(&mut self, request: LoggedRequest, bytes: usize) {
        self.requests.push_back((request, bytes));
        self.bytes += bytes;
        while (self.requests.len() > KEPT || self.bytes > KEPT_BYTES)
            && let Some((_, bytes)) = self.requests.pop_front()
        {
            self.bytes -= bytes;
        }
    }
}

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
            operation: entry.operation.map(str::to_owned),
            headers: redact::headers(entry.headers),
            body: redact::body(entry.body, entry.operation),
            status: entry.status.map(|status| status.as_u16()),
        };
        let headers = entry.headers.iter();
        let headers: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        let bytes = entry.path.len() + headers + entry.body.len();
        self.with(|kept| kept.push(request, bytes));
    }

    pub(crate) fn list(&self) -> Vec<LoggedRequest> {
        self.with(|kept| {
            let requests = kept.requests.iter();
            requests.map(|(request, _)| request.clone()).collect()
        })
    }

    pub(crate) fn clear(&self) {
        self.with(|kept| *kept = Kept::default());
    }

    fn with<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn add(log: &RequestLog, path: &str, body: &[u8]) {
        log.add(&Entry {
            at: Timestamp::UNIX_EPOCH,
            method: &Method::POST,
            path,
            operation: None,
            headers: &HeaderMap::new(),
            body,
            status: None,
        });
    }

    #[test]
    fn the_oldest_requests_give_way() {
        let log = RequestLog::default();
        for number in 0..=KEPT {
            add(&log, &format!("/{number}"), b"");
        }
        let kept = log.list();
        assert_eq!((kept.len(), kept[0].path.as_str()), (KEPT, "/1"));

        let large = vec![b' '; KEPT_BYTES / 4];
        for number in 0..4 {
            add(&log, &format!("/large/{number}"), &large);
        }
        let paths: Vec<String> = log.list().into_iter().map(|request| request.path).collect();
        assert_eq!(paths, ["/large/1", "/large/2", "/large/3"]);

        log.clear();
        add(&log, "/again", b"");
        assert_eq!(log.list().len(), 1);
    }
}
