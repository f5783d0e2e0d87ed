//! Faults on demand.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::http::operations::{OPERATIONS, Operation};

/// Maximum number of faults that can be set over HTTP.
const MOST: usize = 1000;

/// Where to cut the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cut {
    /// Before the request is handled: it has no effect and no reply.
    Before,
    /// After the request was handled: it took effect, but there is no reply.
    After,
    /// In the middle of the reply's body: the request took effect, and half of the reply is lost.
    Mid,
}

/// A fault: which requests it matches, and what happens to them.
///
/// ```
/// use std::time::Duration;
/// use passage_server::Fault;
///
/// let busy = Fault::operation("getUser").status(429).retry_after(Duration::from_secs(1)).times(2);
/// let slow = Fault::path("/auth/v1/").delay(Duration::from_millis(200));
/// # let _ = (busy, slow);
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct Fault {
    operation: Option<String>,
    path: Option<String>,
    status: Option<u16>,
    code: Option<String>,
    error: Option<String>,
    body: Option<String>,
    content_type: Option<String>,
    delay_ms: Option<u64>,
    cut: Option<Cut>,
    /// Seconds.
    retry_after: Option<u64>,
    times: Option<u32>,
}

impl Fault {
    /// A fault that matches every request to the two APIs. It does nothing until an effect is set.
    pub fn any() -> Self {
        Self::default()
    }

    /// A fault that matches the operation with this id. `getApp` and `createUser` are in both APIs: `management.getApp`
    /// or `auth.getApp` means one of them, the id alone means either.
    pub fn operation(id: impl Into<String>) -> Self {
        Self {
            operation: Some(id.into()),
            ..Self::default()
        }
    }

    /// A fault that matches requests whose path begins like this, with the prefix `/api/v1` or `/auth/v1`.
    pub fn path(prefix: impl Into<String>) -> Self {
        Self {
            path: Some(prefix.into()),
            ..Self::default()
        }
    }

    /// Matches only requests whose path begins like this, in addition to the other conditions.
    pub fn under(mut self, prefix: impl Into<String>) -> Self {
        self.path = Some(prefix.into());
        self
    }

    /// Answers with this status and does not handle the request. The body is an error of the API.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Code of the error in the body. Requires [`status`](Self::status), which also gives it a default.
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Text of the error in the body. Requires [`status`](Self::status).
    pub fn error(mut self, text: impl Into<String>) -> Self {
        self.error = Some(text.into());
        self
    }

    /// A body other than an error of the API, such as the page of a proxy. Requires [`status`](Self::status).
    pub fn body(mut self, content_type: impl Into<String>, body: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self.body = Some(body.into());
        self
    }

    /// Waits before anything else happens. On its own, it delays an otherwise normal reply.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay_ms = Some(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Cuts the connection.
    pub fn cut(mut self, cut: Cut) -> Self {
        self.cut = Some(cut);
        self
    }

    /// Adds a `Retry-After` header, in whole seconds.
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay.as_secs());
        self
    }

    /// Matches this many requests and then no more. By default it matches until it is cleared.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    pub(crate) fn effect(self) -> Effect {
        Effect {
            status: self.status,
            code: self.code,
            error: self.error,
            body: self.body.map(|body| {
                (
                    self.content_type.unwrap_or_else(|| "text/plain".to_owned()),
                    body,
                )
            }),
            delay: self.delay_ms.map(Duration::from_millis),
            cut: self.cut,
            retry_after: self.retry_after,
        }
    }

    /// What is wrong with the fault, if anything.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let does = self.status.is_some()
            || self.delay_ms.is_some()
            || self.cut.is_some()
            || self.retry_after.is_some();
        if !does {
            return Some("a fault needs a status, a delay, a cut or a retry_after.");
        }
        let known = |name: &str| OPERATIONS.iter().any(|operation| operation.is_named(name));
        if self.operation.as_deref().is_some_and(|name| !known(name)) {
            return Some(
                "operation: there is none of this name, so that the fault would hit nothing.",
            );
        }
        self.status
            .filter(|status| !(200..=599).contains(status))
            .map(|_| "status: must be from 200 to 599.")
    }

    fn hits(&self, operation: Option<&Operation>, path: &str) -> bool {
        let names = |wanted: &str| operation.is_some_and(|operation| operation.is_named(wanted));
        self.operation.as_deref().is_none_or(names)
            && self
                .path
                .as_deref()
                .is_none_or(|prefix| path.starts_with(prefix))
    }
}

/// What happens to a request that a fault matches.
#[derive(Debug)]
pub(crate) struct Effect {
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) error: Option<String>,
    /// Content type and text.
    pub(crate) body: Option<(String, String)>,
    pub(crate) delay: Option<Duration>,
    pub(crate) cut: Option<Cut>,
    pub(crate) retry_after: Option<u64>,
}

/// The current faults, in the order in which they were set.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        self.with(|faults| faults.push(fault));
    }

    /// Whether the maximum number of faults has been set from outside.
    pub(crate) fn is_full(&self) -> bool {
        self.with(|faults| {
            faults.retain(|fault| fault.times != Some(0));
            faults.len() >= MOST
        })
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.with(|faults| faults.clone())
    }

    pub(crate) fn clear(&self) {
        self.with(Vec::clear);
    }

    /// The first fault that matches the request. This counts as one of its times.
    pub(crate) fn take(&self, operation: Option<&Operation>, path: &str) -> Option<Effect> {
        self.with(|faults| {
            faults.retain(|fault| fault.times != Some(0));
            let fault = faults
                .iter_mut()
                .find(|fault| fault.hits(operation, path))?;
            if let Some(times) = &mut fault.times {
                *times -= 1;
            }
            Some(fault.clone().effect())
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<Fault>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::http::operations::find;

    const USER: &str = "/api/v1/apps/a/users/b";
    const APP: &str = "/api/v1/apps/a";
    const PUBLIC_APP: &str = "/auth/v1/apps/a";

    fn take(faults: &Faults, path: &str) -> Option<u16> {
        faults.take(find(&Method::GET, path), path)?.status
    }

    #[test]
    fn the_first_fault_that_hits_counts_down() {
        let faults = Faults::default();
        faults.add(Fault::operation("getUser").status(500).times(1));
        faults.add(Fault::path("/api/").status(502).times(2));
        assert_eq!(take(&faults, PUBLIC_APP), None);
        assert_eq!(take(&faults, USER), Some(500));
        assert_eq!(take(&faults, USER), Some(502));
        assert_eq!(take(&faults, "/api/nothing"), Some(502));
        assert_eq!(take(&faults, "/api/nothing"), None);
    }

    #[test]
    fn an_operation_can_say_its_api_and_a_path_narrows_it() {
        for (fault, management, auth) in [
            (Fault::operation("getApp"), true, true),
            (Fault::operation("management.getApp"), true, false),
            (Fault::operation("auth.getApp"), false, true),
            (Fault::operation("getApp").under("/auth/v1"), false, true),
            (Fault::operation("other.getApp"), false, false),
            (Fault::operation("getUser"), false, false),
        ] {
            let faults = Faults::default();
            faults.add(fault.status(500));
            assert_eq!(take(&faults, APP).is_some(), management);
            assert_eq!(take(&faults, PUBLIC_APP).is_some(), auth);
        }
    }
}
