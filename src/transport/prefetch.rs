//! Calls that go on while nobody waits for them, and say when their reply is there but not read
//! yet, so that the caller can ask for the next one before it spends time on this one.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use reqwest::{Request, Response};
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::body::lost;
use super::{HttpClient, Transport};

tokio::task_local! {
    /// Set in a call that goes on by itself: whether its reply is there.
    static ARRIVED: Arc<AtomicBool>;
}

/// A call of the facade that exchanges request and reply in a task of its own, from its first poll
/// on. The poller reads the reply. Dropping it aborts the exchange.
pub(crate) struct Prefetch<T> {
    /// Never locked: it makes the whole `Sync`, which a stream should be.
    call: Mutex<Pin<Box<dyn Future<Output = T> + Send>>>,
    arrived: Arc<AtomicBool>,
}

impl<T> Prefetch<T> {
    pub(crate) fn new(call: impl Future<Output = T> + Send + 'static) -> Self {
        let arrived = Arc::new(AtomicBool::new(false));
        Self {
            call: Mutex::new(Box::pin(ARRIVED.scope(Arc::clone(&arrived), call))),
            arrived,
        }
    }

    /// Once, right before the poll that reads the reply.
    pub(crate) fn has_arrived(&self) -> bool {
        self.arrived.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let call = self.call.get_mut().unwrap_or_else(PoisonError::into_inner);
        call.as_mut().poll(cx)
    }
}

/// Makes the call: in a task of its own within [`Prefetch`], here and now elsewhere.
pub(crate) async fn execute(
    transport: &Transport,
    client: &HttpClient,
    request: Request,
    operation: &'static str,
) -> (reqwest::Result<Response>, u32) {
    let Ok(arrived) = ARRIVED.try_with(Arc::clone) else {
        // In a box, so that the future of every call is small and cheap to move.
        return Box::pin(transport.execute(client, request, operation)).await;
    };
    let (transport, client) = (transport.clone(), client.clone());
    let exchange = async move { transport.execute(&client, request, operation).await };
    let mut task = AbortOnDrop(tokio::spawn(exchange.in_current_span()));
    let result = match (&mut task.0).await {
        Ok(result) => result,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime was shut down during the call.
            Err(cancelled) => (Ok(lost(cancelled)), 1),
        },
    };
    arrived.store(true, Ordering::Relaxed);
    tokio::task::yield_now().await;
    result
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
