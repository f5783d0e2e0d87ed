//! The export: one line of JSON for each user.

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

use crate::error::{Error, ErrorKind, Result};
use crate::users::{ListCursor, ListUsers, UserStream};

/// Lines are written once there are this many bytes of them.
const CHUNK: usize = 64 * 1024;

/// The progress of an export.
///
/// It never includes more than what is written: if the export stops halfway, truncate the file to
/// [`bytes`](Self::bytes) and continue from [`cursor`](Self::cursor). Then no user is lost or
/// duplicated, within the limits of [`ListUsers::stream`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportProgress {
    /// Users whose lines were written.
    pub users: u64,
    /// The bytes of these lines.
    pub bytes: u64,
    /// The number of users in the whole list, once known, including those before the cursor of a
    /// resumed export.
    pub total: Option<u64>,
    /// The position in the list after these users. `None` until something is written.
    pub cursor: Option<ListCursor>,
}

/// An export to be written. Created by [`Users::export_users`](crate::users::Users::export_users) and
/// [`ListUsers::export`].
///
/// Each line is a [`UserSummary`](crate::users::UserSummary) as JSON. The export holds two pages of
/// users and 64 KiB of lines in memory, regardless of the number of users.
///
/// ```no_run
/// # async fn example(passage: passage_identity::Passage) -> Result<(), Box<dyn std::error::Error>> {
/// let mut file: Vec<u8> = Vec::new();
/// let export = passage.users().export_users();
/// let progress = export.progress();
/// if let Err(error) = export.write_to(&mut file).await {
///     let written = progress.borrow().clone();
///     println!("{error} after {} users; go on from {:?}", written.users, written.cursor);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "an export does nothing until write_to() is called"]
pub struct ExportUsers {
    list: ListUsers,
    from: Option<ListCursor>,
    progress: watch::Sender<ExportProgress>,
}

impl ExportUsers {
    pub(super) fn new(list: ListUsers) -> Self {
        Self {
            list,
            from: None,
            progress: watch::Sender::new(ExportProgress::default()),
        }
    }

    /// Continues another export of the same list. The users and bytes of the progress are those of
    /// this export only.
    pub fn resume(mut self, cursor: ListCursor) -> Self {
        self.from = Some(cursor);
        self
    }

    /// The progress, as a channel that reports every change and closes when the export ends or is
    /// dropped; its last value stays.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<ExportProgress> {
        self.progress.subscribe()
    }

    /// Writes all users. The writer is flushed before the progress includes what was written.
    ///
    /// If the future is dropped during a write, part of a line may have been written beyond the
    /// reported progress.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the writer fails, [`ErrorKind::InvalidInput`] if the cursor is for
    /// another list, and those of [`ListUsers::send`]. In each case everything before the error is
    /// written, as far as the writer accepted it, and [`Error::list_cursor`] returns where to
    /// continue.
    pub async fn write_to<W: AsyncWrite + Unpin>(self, mut writer: W) -> Result<ExportProgress> {
        let mut users = self.users()?;
        let mut lines = Lines::default();
        loop {
            if lines.are_enough() || !users.has_more_at_hand() {
                // What a writer keeps to itself would be lost if the export stopped.
                let written = match writer.write_all(lines.bytes()).await {
                    Ok(()) => writer.flush().await,
                    Err(error) => Err(error),
                };
                written.map_err(|error| self.stopped(error))?;
                self.note(&mut lines, users.total(), users.cursor());
            }
            match users.next().await {
                Some(Ok(user)) => lines.add(&user)?,
                Some(Err(error)) => return Err(error),
                None => return Ok(self.written()),
            }
        }
    }

    pub(crate) fn users(&self) -> Result<UserStream> {
        match &self.from {
            Some(cursor) => self.list.stream_from(cursor),
            None => Ok(self.list.stream()),
        }
    }

    /// Notes that lines are written, up to the place of the cursor.
    pub(crate) fn note(&self, lines: &mut Lines, total: Option<u64>, cursor: ListCursor) {
        if lines.users == 0 {
            return;
        }
        self.progress.send_modify(|progress| {
            progress.users += lines.users;
            progress.bytes += u64::try_from(lines.bytes.len()).unwrap_or_default();
            progress.total = total;
            progress.cursor = Some(cursor);
        });
        lines.users = 0;
        lines.bytes.clear();
    }

    pub(crate) fn written(&self) -> ExportProgress {
        self.progress.borrow().clone()
    }

    /// The writer failed: what it did not take must be exported again.
    pub(crate) fn stopped(&self, error: std::io::Error) -> Error {
        let written = self.progress.borrow().cursor.clone();
        let cursor = written
            .or_else(|| self.from.clone())
            .unwrap_or_else(|| self.list.cursor());
        Error::of(ErrorKind::Io)
            .with_source(error)
            .with_attached(cursor)
    }
}

/// Lines to be written, with how many they are.
#[derive(Default)]
pub(crate) struct Lines {
    bytes: Vec<u8>,
    users: u64,
}

impl Lines {
    /// Whether it is time to write them.
    pub(crate) fn are_enough(&self) -> bool {
        self.bytes.len() >= CHUNK
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn add(&mut self, user: &crate::users::UserSummary) -> Result<()> {
        serde_json::to_writer(&mut self.bytes, user)
            .map_err(|error| Error::of(ErrorKind::Io).with_source(error))?;
        self.bytes.push(b'\n');
        self.users += 1;
        Ok(())
    }
}
