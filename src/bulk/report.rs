//! The result of an import, during and after the run.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::position::ImportPosition;
use crate::error::Error;
use crate::ids::UserId;

/// The outcome of one row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ImportOutcome {
    /// The user was created, and activated or deactivated if the row says so.
    Created(UserId),
    /// The identifier is taken, so nothing was changed: that user stays as before.
    Existing,
    /// The row was not imported. If the user was created and could then not be activated or
    /// deactivated, the error's operation is `activateUser` or `deactivateUser`.
    Failed(Arc<Error>),
    /// It is unknown whether the user was created: the connection broke or the server failed, and
    /// the user does not exist, or could not be looked up, and might still appear.
    Uncertain(Arc<Error>),
}

/// The number of rows by outcome so far.
///
/// ```
/// let progress = passage_identity::bulk::ImportProgress::default();
/// assert_eq!((progress.done(), progress.total), (0, None));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportProgress {
    /// Users who were created.
    pub created: u64,
    /// Rows whose identifier was taken already.
    pub existing: u64,
    /// Rows that were not imported.
    pub failed: u64,
    /// Rows for which it is unknown whether the user was created.
    pub uncertain: u64,
    /// Rows that an earlier run settled.
    pub skipped: u64,
    /// The number of rows, if known.
    pub total: Option<u64>,
}

impl ImportProgress {
    /// The rows that are finished, whatever their outcome.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.created + self.existing + self.failed + self.uncertain + self.skipped
    }

    /// The rows that failed or are uncertain.
    #[must_use]
    pub fn not_imported(&self) -> u64 {
        self.failed + self.uncertain
    }
}

/// A row that failed or may have failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImportFailure {
    /// The row's number, or that of its line; the first is 1.
    pub line: u64,
    /// Why. It never repeats the row.
    pub error: Arc<Error>,
    /// Whether the user may have been created all the same.
    pub uncertain: bool,
}

impl ImportFailure {
    /// Whether importing the row again may succeed. If so, [`resume`](super::ImportUsers::resume)
    /// tries it again.
    #[must_use]
    pub fn may_succeed_later(&self) -> bool {
        self.uncertain || self.error.is_retryable()
    }
}

/// Why an import ended.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum ImportEnd {
    /// It has not ended: it is still running, or it was dropped.
    #[default]
    NotYet,
    /// Every row was read and is in the report.
    Finished,
    /// [`ImportHandle::cancel`] was called.
    Cancelled,
    /// The limit of failed rows was reached.
    TooManyFailures,
    /// Continuing would be pointless: the credential was refused, the server is unreachable, or the
    /// input could not be read.
    Stopped(Arc<Error>),
}

/// The result of an import.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "it says which rows were not imported"]
pub struct ImportReport {
    /// Why it ended.
    pub end: ImportEnd,
    /// The number of rows by outcome.
    pub progress: ImportProgress,
    /// The rows that failed or are uncertain, in the order in which they did.
    pub failures: Vec<ImportFailure>,
    /// Where to resume; see [`ImportUsers::resume`](super::ImportUsers::resume).
    pub position: ImportPosition,
}

impl ImportReport {
    /// Whether every row was imported or its user exists.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self.end, ImportEnd::Finished) && self.failures.is_empty()
    }
}

/// Observes an import and can stop it. Created by
/// [`ImportUsers::handle`](super::ImportUsers::handle); it stays valid when the import is dropped.
///
/// ```no_run
/// # async fn example(passage: passage_identity::Passage, lines: &[u8]) {
/// let import = passage.users().import_json_lines(lines);
/// let handle = import.handle();
/// let limit = std::time::Duration::from_secs(60);
/// let report = match tokio::time::timeout(limit, import.run()).await {
///     Ok(report) => report,
///     // Dropped in the middle; the handle knows how far it came.
///     Err(_) => handle.report(),
/// };
/// println!("{} rows are done; go on from {}", report.progress.done(), report.position);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ImportHandle {
    pub(super) state: Shared,
    pub(super) progress: watch::Receiver<ImportProgress>,
    pub(super) cancel: Arc<watch::Sender<bool>>,
}

impl ImportHandle {
    /// The progress, as a channel that reports every change and closes when the import ends or is
    /// dropped.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, lines: Vec<u8>) {
    /// let import = passage.users().import_json_lines(&lines[..]);
    /// let mut progress = import.handle().progress();
    /// let show = async move {
    ///     while progress.changed().await.is_ok() {
    ///         println!("{} rows are done", progress.borrow_and_update().done());
    ///     }
    /// };
    /// let (report, ()) = tokio::join!(import.run(), show);
    /// # drop(report);
    /// # }
    /// ```
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<ImportProgress> {
        self.progress.clone()
    }

    /// Makes the import start no more rows and retry none. Running rows are finished; then
    /// [`run`](super::ImportUsers::run) returns its report.
    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }

    /// The current report. While the import runs, or if it was dropped, interrupted rows count as
    /// unsettled.
    pub fn report(&self) -> ImportReport {
        self.state.with(|state| ImportReport {
            end: state.end.clone(),
            progress: *self.progress.borrow(),
            failures: state.failures.clone(),
            position: state.position.clone(),
        })
    }
}

#[cfg(feature = "blocking")]
impl ImportHandle {
    /// Whether the import takes no more rows although there may be some.
    pub(crate) fn is_cancelled(&self) -> bool {
        *self.cancel.borrow()
    }

    /// The report of an import that could not be run to its end.
    pub(crate) fn stop(&self, error: Error) -> ImportReport {
        self.state
            .with(|state| state.end = ImportEnd::Stopped(Arc::new(error)));
        self.report()
    }
}

/// What both the import and its handles know.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) end: ImportEnd,
    pub(super) failures: Vec<ImportFailure>,
    pub(super) position: ImportPosition,
}

impl Shared {
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
