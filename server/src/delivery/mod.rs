//! How codes and links reach their users.
//!
//! Messages go to the outbox of a development server, or to the configured providers: mail over SMTP, text messages by
//! a request to an HTTP hook. Providers can be slow and fail, so they work in the background ([`queue`]), and response
//! times do not tell whether a message was sent.

mod check;
mod error;
pub(crate) mod harmless;
mod hook;
mod language;
mod message;
mod notice;
mod outbox;
mod queue;
mod smtp;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
pub(crate) mod tests;
mod texts;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::error::{DeliveryError, NoProvider};
pub use self::hook::TextHook;
#[cfg(test)]
pub(crate) use self::language::LANGUAGES;
pub(crate) use self::language::Language;
pub use self::message::{Channel, Message};
pub(crate) use self::message::{Content, NewMessage};
pub(crate) use self::notice::{NewNotice, Notice, Requester, UNDO_LIFETIME, Undo};
pub(crate) use self::outbox::Outbox;
use self::queue::{DeliveryQueue, Transport};
pub use self::smtp::{Smtp, SmtpSecurity};
use crate::identifier::Identifier;

/// Providers that deliver messages. Messages without a provider stay in the outbox of the development server.
///
/// ```
/// use passage_server::{Delivery, PassageServer, Smtp, SmtpSecurity, TextHook};
///
/// let mail = Smtp::new("127.0.0.1", "Example <no-reply@example.com>")
///     .security(SmtpSecurity::None)
///     .port(1025);
/// let texts = TextHook::new("https://texts.example.com/send", "the hook's secret");
/// let builder = PassageServer::builder().delivery(Delivery::new().mail(mail).texts(texts));
/// # let _ = builder;
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Delivery {
    mail: Option<Smtp>,
    texts: Option<TextHook>,
}

impl Delivery {
    /// No providers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends mail through this server.
    pub fn mail(mut self, server: Smtp) -> Self {
        self.mail = Some(server);
        self
    }

    /// Sends text messages through this hook.
    pub fn texts(mut self, hook: TextHook) -> Self {
        self.texts = Some(hook);
        self
    }

    /// Starts the queues. Messages without a provider go to the outbox, if there is one.
    pub(crate) fn start(self, outbox: Option<Arc<Outbox>>) -> Result<Sender, DeliveryError> {
        let mail = self.mail.map(Smtp::connect).transpose()?;
        let texts = self.texts.map(TextHook::connect).transpose()?;
        Ok(Sender {
            mail: mail.map(|carrier| DeliveryQueue::start(Transport::Smtp(carrier))),
            texts: texts.map(|carrier| DeliveryQueue::start(Transport::Hook(carrier))),
            outbox,
        })
    }
}

/// Where messages go.
pub(crate) struct Sender {
    mail: Option<DeliveryQueue>,
    texts: Option<DeliveryQueue>,
    /// Only in a development server.
    outbox: Option<Arc<Outbox>>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl Sender {
    /// Queues a message. This does not wait for its delivery.
    pub(crate) fn send(&self, message: Message) {
        match (self.queue(message.channel), &self.outbox) {
            (Some(queue), _) => queue.take(message),
            (None, Some(outbox)) => outbox.put(message),
            (None, None) => tracing::error!("a message was lost: it has no provider"),
        }
    }

    /// Whether messages of this kind can be delivered.
    pub(crate) fn reaches(&self, channel: Channel) -> bool {
        self.outbox.is_some() || self.queue(channel).is_some()
    }

    /// Checks that a message to the identifier would not be lost.
    pub(crate) fn check(&self, receiver: &Identifier) -> Result<(), NoProvider> {
        match Channel::of(receiver) {
            channel if self.reaches(channel) => Ok(()),
            channel => Err(NoProvider(channel)),
        }
    }

    fn queue(&self, channel: Channel) -> Option<&DeliveryQueue> {
        match channel {
            Channel::Email => self.mail.as_ref(),
            Channel::Phone => self.texts.as_ref(),
        }
    }

    /// Accepts no more messages, and gives those in progress some time.
    pub(crate) async fn close(&self, patience: Duration) {
        tokio::join!(
            close(self.mail.as_ref(), patience),
            close(self.texts.as_ref(), patience)
        );
    }
}

async fn close(queue: Option<&DeliveryQueue>, patience: Duration) {
    if let Some(queue) = queue {
        queue.close(patience).await;
    }
}
