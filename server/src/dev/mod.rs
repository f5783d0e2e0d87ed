//! The tools of a development server: controls, faults, the outbox and the request log.

mod controls;
pub(crate) mod error;
mod fault;
mod log;
mod mint;
pub(crate) mod observe;
mod outbox_page;
mod redact;
pub(crate) mod routes;
mod seed;
pub(crate) mod social;

use std::sync::Arc;

pub use self::controls::Controls;
pub use self::fault::{Cut, Fault};
pub use self::log::LoggedRequest;
pub use self::mint::MintToken;
pub use self::seed::SeedDevice;
pub use self::social::{IdToken, MintIdToken};

pub(crate) use self::fault::{Effect, Faults};
pub(crate) use self::log::{Entry, RequestLog};
pub(crate) use self::social::{Redemption, TestProvider};
pub(crate) use crate::delivery::Outbox;
use crate::domain::apps::App;

/// The tools of a development server, and the one app that they are for.
pub(crate) struct DevTools {
    pub(crate) faults: Faults,
    pub(crate) log: RequestLog,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) app: Arc<App>,
    /// The API key that the server was started with. A reset keeps it.
    pub(crate) api_key: String,
}

impl DevTools {
    /// The tools, empty at the start.
    pub(crate) fn new(outbox: Arc<Outbox>, app: Arc<App>, api_key: String) -> Self {
        Self {
            faults: Faults::default(),
            log: RequestLog::default(),
            outbox,
            app,
            api_key,
        }
    }
}
