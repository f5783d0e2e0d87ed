//! What would have been mailed or texted.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

/// Messages that are kept. Older ones are forgotten.
const KEPT: usize = 1000;

/// How a message would have been delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Channel {
    /// By e-mail.
    Email,
    /// As a text message.
    Phone,
}

/// A message that would have been delivered. Its `Debug` does not show the link, which signs its bearer in.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// Id of the message.
    pub id: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// How it would have been delivered.
    pub channel: Channel,
    /// The e-mail address or phone number it goes to.
    pub to: String,
    /// What it is for: `login` or `verify_identifier`.
    pub purpose: String,
    /// Two-letter code of its language.
    pub language: String,
    /// Id of the user it goes to.
    pub user_id: String,
    /// Id of the magic link.
    pub magic_link_id: String,
    /// The link itself.
    pub url: String,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("channel", &self.channel)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// The messages, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Mutex<VecDeque<Message>>);

impl Outbox {
    pub(crate) fn put(&self, message: Message) {
        self.with(|messages| {
            if messages.len() == KEPT {
                messages.pop_front();
            }
            messages.push_back(message);
        });
    }

    pub(crate) fn list(&self) -> Vec<Message> {
        self.with(|messages| messages.iter().cloned().collect())
    }

    pub(crate) fn clear(&self) {
        self.with(VecDeque::clear);
    }

    fn with<T>(&self, work: impl FnOnce(&mut VecDeque<Message>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
