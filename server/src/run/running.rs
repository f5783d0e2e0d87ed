//! What a development server and a production server have in common: they run, and stop in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::domain::apps::AppState;
use crate::http::entry::{Entry, RequestPolicy};
use crate::http::router::router;
use crate::http::serve::{ConnectionLimits, serve};

/// What remains for messages at least, when requests took up the time.
const LEAST: Duration = Duration::from_millis(500);

/// A running server. It stops when this is dropped.
pub(crate) struct Running {
    pub(crate) state: Arc<AppState>,
    pub(crate) address: SocketAddr,
    stop: watch::Sender<bool>,
    drain: Duration,
    task: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(
        state: Arc<AppState>,
        listener: TcpListener,
        address: SocketAddr,
        request_policy: RequestPolicy,
        connection_limits: ConnectionLimits,
    ) -> Self {
        let router = router(Arc::clone(&state));
        let entry = Arc::new(Entry::new(Arc::clone(&state), router, request_policy));
        let (stop, stopped) = watch::channel(false);
        let drain = connection_limits.drain;
        let task = tokio::spawn(serve(listener, entry, connection_limits, stopped));
        Self {
            state,
            address,
            stop,
            drain,
            task: Some(task),
        }
    }

    /// Takes no more requests, lets those under way finish for up to five seconds together with the messages that
    /// are being delivered, and closes the data file.
    pub(crate) async fn shutdown(mut self) {
        let deadline = Instant::now() + self.drain;
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            // It ends by itself; an error means that it had failed before.
            let _ended = task.await;
        }
        let rest = deadline.saturating_duration_since(Instant::now());
        self.state.sender.close(rest.max(LEAST)).await;
        self.state.store.close().await;
    }
}

impl Drop for Running {
    /// Drops every connection and gives up the data file. This needs no runtime.
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
        self.state.store.release();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod testing {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::clock::Clock;
    use crate::delivery::Delivery;
    use crate::domain::apps::Apps;
    use crate::domain::rate_limits::RateLimits;
    use crate::http::serve::bind;
    use crate::store::Store;

    /// A server with no apps, no development tools, no providers and no limits.
    pub(crate) async fn start(
        store: Store,
        request_policy: RequestPolicy,
        connection_limits: ConnectionLimits,
    ) -> Running {
        let (listener, address) = bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let state = AppState {
            url: format!("http://{address}"),
            store,
            clock: Clock::default(),
            dev: None,
            provider: None,
            sender: Delivery::new().start(None).unwrap(),
            observer: None,
            apps: Apps::default(),
            limits: RateLimits::default(),
        };
        Running::start(
            Arc::new(state),
            listener,
            address,
            request_policy,
            connection_limits,
        )
    }
}
