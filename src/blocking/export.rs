//! Exports of users.

use std::io::Write;

use tokio::sync::watch;

use super::{Runtime, UserIter};
use crate::bulk::{ExportProgress, Lines};
use crate::error::Result;
use crate::users::ListCursor;

/// [`crate::bulk::ExportUsers`] for programs without `async`: an export to be written. Made by
/// [`Users::export_users`](super::Users::export_users) and
/// [`ListUsers::export`](super::ListUsers::export).
///
/// The lines and the memory use are the same. The next page is fetched while the writer works.
///
/// ```no_run
/// use std::fs::File;
///
/// # fn example(passage: passage_identity::blocking::Passage) -> Result<(), Box<dyn std::error::Error>> {
/// let mut file = File::create("users.jsonl")?;
/// let export = passage.users().export_users();
/// let progress = export.progress();
/// if let Err(error) = export.write_to(&mut file) {
///     // What is behind that was perhaps not written whole.
///     file.set_len(progress.borrow().bytes)?;
///     let cursor = error.list_cursor().cloned().ok_or(error)?;
///     passage.users().export_users().resume(cursor).write_to(file)?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "an export does nothing until write_to() is called"]
pub struct ExportUsers {
    export: crate::bulk::ExportUsers,
    runtime: Runtime,
}

impl ExportUsers {
    pub(super) fn new(export: crate::bulk::ExportUsers, runtime: Runtime) -> Self {
        Self { export, runtime }
    }

    /// Continues another export of the same list: as [`crate::bulk::ExportUsers::resume`].
    pub fn resume(mut self, cursor: ListCursor) -> Self {
        self.export = self.export.resume(cursor);
        self
    }

    /// The progress: as [`crate::bulk::ExportUsers::progress`]. Another thread can look at it with
    /// `borrow()`.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<ExportProgress> {
        self.export.progress()
    }

    /// Writes all users: as [`crate::bulk::ExportUsers::write_to`]. The writer is used on this
    /// thread only.
    ///
    /// If the writer panics, part of a line may have been written beyond the reported progress.
    ///
    /// # Errors
    /// The same errors.
    pub fn write_to<W: Write>(self, mut writer: W) -> Result<ExportProgress> {
        let Self { export, runtime } = self;
        let mut users = UserIter::new(export.users()?, runtime);
        let mut lines = Lines::default();
        loop {
            if lines.are_enough() || !users.has_more_at_hand() {
                let written = writer
                    .write_all(lines.bytes())
                    .and_then(|()| writer.flush());
                written.map_err(|error| export.stopped(error))?;
                export.note(&mut lines, users.total(), users.cursor());
            }
            match users.next() {
                Some(Ok(user)) => lines.add(&user)?,
                Some(Err(error)) => return Err(error),
                None => return Ok(export.written()),
            }
        }
    }
}
