//! Who can complete a magic link: settings whose values are words.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Which client gets tokens by waiting for a magic link, after the link was opened. Whoever opens it is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MagicLinkWaiting {
    /// The one that requested it, if the link was opened there too: all have the same network address (for IPv6, the
    /// same /64) and user agent.
    SameClient,
    /// Any that has the id of the link. Anyone can request a link for anyone, so this signs in whoever requested it.
    Any,
    /// None.
    Never,
}

/// Whose opening of its link makes a change of e-mail address or phone number take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeConfirmedBy {
    /// That of the user who requested the change: with their auth token, or on the client that requested it. After
    /// anyone else opened the link, the user confirms by asking for its status with their auth token.
    Asker,
    /// Anyone's. Whoever opens it is signed in as that user.
    Anybody,
}
