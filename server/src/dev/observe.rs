//! Watching all exchanges from inside the process.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

/// A request and its reply, as they went over the wire.
///
/// It contains credentials in the clear. Its `Debug` output omits headers and bodies.
#[derive(Clone)]
#[non_exhaustive]
pub struct Exchange {
    /// Method of the request.
    pub method: Method,
    /// Path of the request as it was sent, with its query.
    pub path: String,
    /// Operation that the path and method address, if any.
    pub operation: Option<&'static str>,
    /// Headers of the request.
    pub request_headers: HeaderMap,
    /// Body of the request. Empty if it was too large to be read.
    pub request_body: Bytes,
    /// Status of the reply.
    pub status: StatusCode,
    /// Headers of the reply, without those that the connection adds, such as `date`.
    pub response_headers: HeaderMap,
    /// Body of the reply.
    pub response_body: Bytes,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("method", &self.method)
            .field("operation", &self.operation)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Called with each exchange.
pub(crate) type Observer = Arc<dyn Fn(&Exchange) + Send + Sync>;
