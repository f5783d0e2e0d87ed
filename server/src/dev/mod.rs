//! The tools of a development server: controls, faults, the outbox and the request log.

mod controls;
mod cut;
pub(crate) mod error;
mod fault;
pub(crate) mod intercept;
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

use self::error::ControlError;
pub(crate) use self::fault::{Effect, Faults};
pub(crate) use self::log::{Entry, RequestLog};
use self::observe::Observer;
pub(crate) use self::social::TestProvider;
pub(crate) use crate::delivery::Outbox;
use crate::domain::apps::App;

/// The tools of a development server, and the one app that they are for.
pub(crate) struct DevTools {
    pub(crate) faults: Faults,
    pub(crate) log: RequestLog,
    pub(crate) outbox: Arc<Outbox>,
    /// Simulates the identity providers, unless it was switched off.
    pub(crate) provider: Option<Arc<TestProvider>>,
    pub(crate) observer: Option<Observer>,
    pub(crate) app: Arc<App>,
    /// The API key that the server was started with. A reset keeps it.
    pub(crate) api_key: String,
}

impl DevTools {
    /// The tools, empty at the start.
    pub(crate) fn new(
        outbox: Arc<Outbox>,
        provider: Option<Arc<TestProvider>>,
        observer: Option<Observer>,
        app: Arc<App>,
        api_key: String,
    ) -> Self {
        Self {
            faults: Faults::default(),
            log: RequestLog::default(),
            outbox,
            provider,
            observer,
            app,
            api_key,
        }
    }

    /// The test provider, if it is switched on.
    fn provider(&self) -> Result<&TestProvider, ControlError> {
        let provider = self.provider.as_deref();
        provider.ok_or_else(ControlError::no_test_provider)
    }
}
