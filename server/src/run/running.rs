//! What development and production servers have in common: running, and an orderly shutdown.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::dev::intercept::Intercept;
use crate::dev::{Controls, DevTools, routes};
use crate::domain::state::AppState;
use crate::http::entry::{AccessLog, RequestPolicy, entry};
use crate::http::router::router;
use crate::http::serve::{Answer, ConnectionLimits, serve};
use crate::run::audit::{self, AuditTask};

/// The minimum left for messages when requests have used up the time.
const LEAST: Duration = Duration::from_millis(500);

/// A production server: its routes, and a log of its requests.
pub(crate) fn for_production(state: &Arc<AppState>, policy: &RequestPolicy) -> Router {
    let routes = router(Arc::clone(state), Router::new());
    entry(routes, policy, AccessLog::On)
}

/// A development server: its routes and those of the controls, with the tools around them.
pub(crate) fn for_development(state: &Arc<AppState>, tools: &Arc<DevTools>) -> Intercept {
    let policy = RequestPolicy::default();
    let controls = Controls::new(Arc::clone(state), Arc::clone(tools));
    let routes = router(Arc::clone(state), routes::routes(controls));
    let server = entry(routes, &policy, AccessLog::Off);
    Intercept::new(server, Arc::clone(state), Arc::clone(tools), policy)
}

/// A running server. It stops when this is dropped.
pub(crate) struct Running {
    pub(crate) state: Arc<AppState>,
    /// `None` for a server that is nested in another service.
    listening: Option<Listening>,
    _audit: AuditTask,
}

/// A listener, and its connections.
struct Listening {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    drain: Duration,
}

impl Running {
    pub(crate) fn start(
        state: Arc<AppState>,
        listener: TcpListener,
        address: SocketAddr,
        server: impl Answer,
        connection_limits: ConnectionLimits,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let drain = connection_limits.drain;
        let task = tokio::spawn(serve(listener, server, connection_limits, stopped));
        Self {
            _audit: AuditTask::start(Arc::clone(&state)),
            state,
            listening: Some(Listening {
                address,
                stop,
                task,
                drain,
            }),
        }
    }

    pub(crate) fn without_listener(state: Arc<AppState>) -> Self {
        Self {
            _audit: AuditTask::start(Arc::clone(&state)),
            state,
            listening: None,
        }
    }

    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.listening.as_ref().map(|listening| listening.address)
    }

    /// Accepts no more requests, gives running requests and pending messages up to five seconds in total to finish, and
    /// closes the data file.
    pub(crate) async fn shutdown(mut self) {
        let began = Instant::now();
        let drain = match &mut self.listening {
            Some(listening) => {
                listening.stop.send_replace(true);
                // It ends by itself; an error means that it failed before.
                let _ended = (&mut listening.task).await;
                listening.drain
            }
            None => ConnectionLimits::default().drain,
        };
        let rest = drain.saturating_sub(began.elapsed());
        self.state.sender.close(rest.max(LEAST)).await;
        audit::round(&self.state, true).await;
        self.state.store.close().await;
    }
}

impl Drop for Running {
    /// Drops all connections and releases the data file. This needs no runtime.
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.task.abort();
        }
        self.state.store.release();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod testing {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::domain::state::testing::state;
    use crate::http::serve::bind;
    use crate::store::Store;

    /// A server with no apps, no development tools, no providers and no limits.
    pub(crate) async fn start(
        store: Store,
        request_policy: RequestPolicy,
        connection_limits: ConnectionLimits,
    ) -> Running {
        let (listener, address) = bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let state = Arc::new(state(format!("http://{address}"), store));
        let server = for_production(&state, &request_policy);
        Running::start(state, listener, address, server, connection_limits)
    }
}
