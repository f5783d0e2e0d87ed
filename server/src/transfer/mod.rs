//! Moving users in and out: a file of JSON Lines, with a header, apps, and users with their passkeys.
//!
//! | Line | Members |
//! |---|---|
//! | the first | `format`: `passage-server`, `version`: 1 |
//! | an app, before its users | `type`: `app`, `id`, `auth_origin`, and what else the app has set |
//! | a user | `type`: `user`, `app`, an `email`, a `phone` or an `external_id`, and what else is known of them |
//!
//! `docs/self-hosting.md` has every member with its default. Members and types that are not known are refused, so that
//! a misspelt one loses nothing. There are no secrets in it: no API key, no key that signs, no token, code or link. The
//! keys of passkeys are public ones.
//!
//! A file can be larger than the memory. An export reads pages of users, in one transaction, so that it is what was
//! there at one moment. An import checks and stores line by line, also in one transaction, which is undone if a line is
//! bad.

mod check;
mod file;
mod format;
mod lines;
mod problem;
mod read;
mod records;
mod show;
mod write;

pub(crate) use self::file::PrivateFile;
pub use self::problem::BadLine;
pub(crate) use self::problem::BadLines;
pub(crate) use self::read::{ImportError, import};
pub(crate) use self::write::{ExportError, export};

/// How much was exported or imported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferCounts {
    /// Apps. Those that were there before an import do not count.
    pub apps: u64,
    /// Users.
    pub users: u64,
    /// Their devices.
    pub devices: u64,
    /// Their accounts at identity providers.
    pub social_connections: u64,
}
