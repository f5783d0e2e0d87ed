//! Delivery in the background: a bounded queue, a few messages at a time, retries where they may help.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time;

use super::hook::HookCarrier;
use super::message::Message;
use super::smtp::SmtpCarrier;

/// Messages that may be queued.
const QUEUE: usize = 1024;
/// Messages that are delivered concurrently.
const AT_ONCE: usize = 8;
/// Delays before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// How messages get to a provider.
pub(super) enum Transport {
    Smtp(SmtpCarrier),
    Hook(HookCarrier),
}

impl Transport {
    async fn carry(&self, message: &Message) -> Result<(), Failure> {
        match self {
            Self::Smtp(carrier) => carrier.carry(message).await,
            Self::Hook(carrier) => carrier.carry(message).await,
        }
    }
}

/// Why a message was not delivered. The provider's own text is omitted: it often repeats the recipient.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Whether another try may help.
    pub(super) temporary: bool,
    pub(super) reason: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// A queue of messages, and the task that processes it.
pub(super) struct DeliveryQueue {
    /// `None` once it is closed.
    queue: Mutex<Option<mpsc::Sender<Message>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl DeliveryQueue {
    pub(super) fn start(carrier: Transport) -> Self {
        Self::with_pauses(carrier, &PAUSES)
    }

    pub(super) fn with_pauses(carrier: Transport, pauses: &'static [Duration]) -> Self {
        let (queue, messages) = mpsc::channel(QUEUE);
        let task = tokio::spawn(work(Arc::new(carrier), messages, pauses));
        Self {
            queue: Mutex::new(Some(queue)),
            task: Mutex::new(Some(task)),
        }
    }

    /// Queues a message. If the queue is full, the message is dropped and this is logged; the user will ask again.
    pub(super) fn take(&self, message: Message) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = match &*queue {
            Some(queue) => queue.try_send(message).is_ok(),
            None => false,
        };
        drop(queue);
        if !sent {
            tracing::error!("a message was lost: too many wait, or the server stops");
        }
    }

    /// Accepts no more messages, and waits a while for those it has.
    pub(super) async fn close(&self, patience: Duration) {
        let queue = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(queue);
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut task) = task
            && time::timeout(patience, &mut task).await.is_err()
        {
            task.abort();
            tracing::error!("some messages were lost: they took too long to deliver");
        }
    }
}

async fn work(
    carrier: Arc<Transport>,
    mut messages: mpsc::Receiver<Message>,
    pauses: &'static [Duration],
) {
    let mut under_way = JoinSet::new();
    loop {
        if under_way.len() == AT_ONCE {
            under_way.join_next().await;
        }
        let Some(message) = messages.recv().await else {
            break;
        };
        under_way.spawn(deliver(Arc::clone(&carrier), message, pauses));
        // Free the memory of those that have finished.
        while under_way.try_join_next().is_some() {}
    }
    while under_way.join_next().await.is_some() {}
}

async fn deliver(carrier: Arc<Transport>, message: Message, pauses: &'static [Duration]) {
    let mut pauses = pauses.iter();
    loop {
        let Err(failure) = carrier.carry(&message).await else {
            tracing::debug!(message = message.id, "a message was delivered");
            return;
        };
        match pauses.next() {
            Some(pause) if failure.temporary => {
                tracing::warn!(message = message.id, %failure, "a message is tried again");
                time::sleep(*pause).await;
            }
            _ => {
                tracing::error!(message = message.id, %failure, "a message was not delivered");
                return;
            }
        }
    }
}
