//! Who sends a request, as the events of a user show it.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::{HeaderName, USER_AGENT};
use http::request::Parts;

use crate::core::Core;
use crate::store::events::NewEvent;

/// Bytes that are kept of a header, at most.
const LONGEST: usize = 512;

/// The address at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Who sends a request.
#[derive(Debug)]
pub(crate) struct Client {
    ip_addr: String,
    pub(crate) user_agent: String,
}

impl FromRequestParts<Arc<Core>> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Core>) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>();
        Ok(Self {
            ip_addr: peer.map(|peer| peer.0.to_string()).unwrap_or_default(),
            user_agent: header(&parts.headers, &USER_AGENT),
        })
    }
}

impl Client {
    /// Something that the sender did with a passkey.
    pub(crate) fn event(self, action: &'static str) -> NewEvent {
        NewEvent {
            action,
            kind: "passkey",
            ip_addr: self.ip_addr,
            user_agent: self.user_agent,
        }
    }
}

/// A header, empty if it is missing, and cut if it is long.
pub(crate) fn header(headers: &HeaderMap, name: &HeaderName) -> String {
    let value = headers.get(name).map(|value| value.as_bytes());
    let value = String::from_utf8_lossy(value.unwrap_or_default());
    let end = value.floor_char_boundary(LONGEST);
    value.get(..end).unwrap_or_default().to_owned()
}
