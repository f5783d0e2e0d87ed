//! Import and export of users: a file of JSON Lines, with a header, apps, and users with their passkeys.
//!
//! | Line | Members |
//! |---|---|
//! | the first | `format`: `passage-server`, `version`: 1 |
//! | an app, before its users | `type`: `app`, `id`, `auth_origin`, and what else the app has set |
//! | a user | `type`: `user`, `app`, an `email`, a `phone` or an `external_id`, and what else is known of them |
//!
//! `docs/self-hosting.md` lists all members with their defaults. Unknown members and types are refused, so that a typo
//! does not lose data. The file contains no secrets: no API keys, signing keys, tokens, codes or links. The keys of
//! passkeys are public keys.
//!
//! A file can be larger than memory. An export reads users page by page in one transaction, so it is a consistent
//! snapshot. An import checks and stores line by line, also in one transaction, which is rolled back if a line is
//! invalid.

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

/// How to import.
///
/// ```
/// use passage_server::ImportOptions;
///
/// let options = ImportOptions::new().trust_identifiers(true);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct ImportOptions {
    pub(crate) trust_identifiers: bool,
    pub(crate) dry_run: bool,
}

impl ImportOptions {
    /// Imports what the lines say.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether every e-mail address and phone number counts as verified, whatever its line says. Only for lines from a
    /// system that has verified them: users keep their passkeys when they first sign in with a code or a link, and so
    /// would a stranger who had registered in somebody else's name.
    pub fn trust_identifiers(mut self, trust: bool) -> Self {
        self.trust_identifiers = trust;
        self
    }

    /// Whether to change nothing, and only report problems, or what would be imported.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }
}

/// How much was exported or imported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferCounts {
    /// Apps. In an import, apps that existed before do not count.
    pub apps: u64,
    /// Users.
    pub users: u64,
    /// Their devices.
    pub devices: u64,
    /// Their accounts at identity providers.
    pub social_connections: u64,
    /// Users who have passkeys, and no verified e-mail address or phone number. Their first code or link removes the
    /// passkeys, since nothing tells whose they are. 0 in an export.
    pub users_with_unproved_passkeys: u64,
}
