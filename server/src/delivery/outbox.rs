//! Messages that no provider delivers: what a development server would have mailed or texted.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time;

use super::message::Message;

/// Number of messages kept. Older ones are dropped.
const KEPT: usize = 1000;

/// The messages, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    messages: Mutex<VecDeque<Message>>,
    /// Changes with each new message.
    changes: watch::Sender<u64>,
}

impl Outbox {
    pub(crate) fn put(&self, message: Message) {
        self.with(|messages| {
            if messages.len() == KEPT {
                messages.pop_front();
            }
            messages.push_back(message);
        });
        self.changes
            .send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    /// The messages, or those to an address or number.
    pub(crate) fn list(&self, to: Option<&str>) -> Vec<Message> {
        self.with(|messages| {
            let wanted =
                |message: &&Message| to.is_none_or(|to| message.to.eq_ignore_ascii_case(to));
            messages.iter().filter(wanted).cloned().collect()
        })
    }

    /// The same, as soon as there is at least one, or an empty list after the time limit.
    pub(crate) async fn wait(&self, to: Option<&str>, limit: Duration) -> Vec<Message> {
        // Subscribe before the first look, so that no message is missed.
        let mut changes = self.changes.subscribe();
        let found = async {
            loop {
                let messages = self.list(to);
                if !messages.is_empty() || changes.changed().await.is_err() {
                    return messages;
                }
            }
        };
        time::timeout(limit, found).await.unwrap_or_default()
    }

    pub(crate) fn clear(&self) {
        self.with(VecDeque::clear);
    }

    fn with<T>(&self, work: impl FnOnce(&mut VecDeque<Message>) -> T) -> T {
        work(&mut self.messages.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
