//! Why messages cannot be delivered.

use std::fmt;

use super::message::Channel;

/// A provider with invalid settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeliveryError {
    /// The kind of provider, such as `mail server`.
    pub(crate) provider: &'static str,
    /// What is wrong with it, worded to follow its name.
    pub(crate) problem: &'static str,
}

impl DeliveryError {
    pub(super) const fn new(provider: &'static str, problem: &'static str) -> Self {
        Self { provider, problem }
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.provider, self.problem)
    }
}

impl std::error::Error for DeliveryError {}

/// There is no provider for this kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoProvider(pub(crate) Channel);
