//! The thread that runs the calls of a client.

use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tracing::Instrument;
use tracing::instrument::WithSubscriber;

use crate::error::{Error, ErrorKind, Result};

/// Linux shows 15 characters.
const THREAD_NAME: &str = "passage-runtime";

/// Starts its thread on first use, and ends it when its last clone is dropped.
#[derive(Clone, Default)]
pub(super) struct Runtime(Arc<Inner>);

#[derive(Default)]
struct Inner {
    thread: OnceLock<RuntimeThread>,
    starting: Mutex<()>,
}

struct RuntimeThread {
    handle: Handle,
    id: ThreadId,
    /// The thread ends when this is dropped.
    _running: oneshot::Sender<()>,
}

impl Runtime {
    /// Runs a future on the thread, waits for it, and returns its result.
    pub(super) fn run<T>(&self, future: impl Future<Output = T> + Send + 'static) -> Result<T>
    where
        T: Send + 'static,
    {
        self.start(future)?.wait()
    }

    /// Starts a future on the thread.
    pub(super) fn start<T>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<Running<T>>
    where
        T: Send + 'static,
    {
        let thread = self.thread()?;
        if thread.id == thread::current().id() {
            return Err(Error::new(
                ErrorKind::Config,
                "a blocking call on the runtime thread of its own client would wait for itself",
            ));
        }
        let (tell, told) = mpsc::sync_channel(1);
        let answer = async move {
            // The waiting caller holds the other end.
            let _ = tell.send(future.await);
        };
        // The caller decides where logs go, not the thread.
        let task = thread
            .handle
            .spawn(answer.in_current_span().with_current_subscriber());
        Ok(Running {
            told,
            task: task.abort_handle(),
        })
    }

    /// As [`run`](Self::run), for fallible futures.
    pub(super) fn call<T>(
        &self,
        future: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T>
    where
        T: Send + 'static,
    {
        self.run(future)?
    }

    /// Polls a future once, on the thread of the caller; `None` if it is not ready at once. What
    /// it spawns runs on the runtime thread.
    pub(super) fn poll_once<T>(&self, future: impl Future<Output = T>) -> Result<Option<T>> {
        let _entered = self.thread()?.handle.enter();
        let mut context = Context::from_waker(Waker::noop());
        Ok(match pin!(future).poll(&mut context) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        })
    }

    fn thread(&self) -> Result<&RuntimeThread> {
        if let Some(thread) = self.0.thread.get() {
            return Ok(thread);
        }
        let starting = self.0.starting.lock();
        let _starting = starting.unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = self.0.thread.get() {
            return Ok(thread);
        }
        let thread = RuntimeThread::start().map_err(|error| {
            Error::new(
                ErrorKind::Connection,
                "the runtime thread of the client cannot be started",
            )
            .with_source(error)
        })?;
        Ok(self.0.thread.get_or_init(|| thread))
    }
}

/// A future that was started. Dropping this ends it.
pub(super) struct Running<T> {
    told: mpsc::Receiver<T>,
    task: AbortHandle,
}

impl<T> Running<T> {
    pub(super) fn wait(self) -> Result<T> {
        // A task that panics, and one whose runtime ends, is dropped and the sender with it.
        self.told.recv().map_err(|error| {
            Error::new(
                ErrorKind::Connection,
                "the call was cut off: it panicked, or the runtime thread of the client has ended",
            )
            .with_source(error)
        })
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl RuntimeThread {
    fn start() -> io::Result<Self> {
        let (tell, told) = mpsc::sync_channel(1);
        let (running, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new()
            .name(THREAD_NAME.to_owned())
            .spawn(move || {
                // Made and dropped on this thread: where async tasks run, dropping it would panic.
                let runtime = match Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(error) => {
                        let _ = tell.send(Err(error));
                        return;
                    }
                };
                let _ = tell.send(Ok(runtime.handle().clone()));
                let _ = runtime.block_on(stopped);
                // A pending host name lookup is not waited for.
                runtime.shutdown_background();
            })?;
        let handle = told.recv().map_err(io::Error::other)??;
        Ok(Self {
            handle,
            id: thread.thread().id(),
            _running: running,
        })
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("is_started", &self.0.thread.get().is_some())
            .finish()
    }
}

#[cfg(test)]
pub(super) mod tests;
