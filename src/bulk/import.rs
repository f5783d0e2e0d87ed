//! The import: a number of rows at a time, until there are no more.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument;

use super::input::{Input, Row};
use super::position::ImportPosition;
use super::report::{
    ImportEnd, ImportFailure, ImportHandle, ImportOutcome, ImportProgress, ImportReport, Shared,
};
use super::row::ImportUser;
use super::settle::{Settled, Settler};
use crate::error::{Error, Result};
use crate::users::Users;

const CONCURRENCY: usize = 8;
const TRIES: u32 = 4;

/// This many consecutive rows that fail because of the server mean that it is unreachable.
const PATIENCE: usize = 8;

/// This many rows are read before other tasks get their turn, if reading does not block.
const BREATH: u64 = 256;

/// A second that the server's time may be rounded down to, and one by which it says it is later.
const ROUNDING: Duration = Duration::from_secs(2);

/// An import to be run. Created by [`Users::import_users`] and [`Users::import_json_lines`].
///
/// # The outcome of a row
///
/// Its user is created, and then activated or deactivated if the row says so. Each row results in
/// one [`ImportOutcome`]:
///
/// - If the identifier is taken, the row is `Existing`, which is not a failure. The user who has it
///   stays unchanged. This also holds for the second of two rows with the same identifier.
/// - If the call fails in a way that may be temporary, the row is tried again, up to 4 times in
///   all, after a wait as described in [`retries`](crate::retries). This is in addition to the
///   retries of each call.
/// - `createUser` must not be repeated blindly, since a lost reply leaves open whether the user was
///   created. It is repeated here because the identifier tells: if it is taken then, the user is
///   looked up, and if it has exactly the identifiers of the row and was created since the import
///   began, by the server's clock, it counts as `Created`. If no try gets an answer, and the user
///   does not exist or cannot be looked up, the row is `Uncertain`.
/// - Everything else is `Failed`: a line that cannot be parsed, an invalid e-mail address or phone
///   number, a row that the server refuses.
///
/// # Stopping and resuming
///
/// The import stops when the rows end, at once when the credential is refused or missing, when 8
/// consecutive rows (or the number of concurrent rows, if that is higher) fail because of the
/// server, and when the input cannot be read. It can be stopped by [`ImportHandle::cancel`], by a
/// [limit of failures](Self::stop_after_failures), or by dropping the future.
///
/// In each case the [`ImportPosition`] records which rows are settled, and an import that
/// [resumes](Self::resume) there processes all others: those that were not started, those that were
/// interrupted, and those that failed in a way that may be temporary. Nothing is lost, and no user
/// is created twice, since an identifier can be taken only once.
///
/// Rows are not kept in memory: besides the running ones, the import holds only the failures.
///
/// ```no_run
/// # async fn example(passage: passage_identity::Passage, lines: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
/// let report = passage.users().import_json_lines(lines).concurrency(16).run().await;
/// for failure in &report.failures {
///     println!("line {}: {}", failure.line, failure.error);
/// }
/// if !report.is_complete() {
///     std::fs::write("import.position", report.position.to_string())?;
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "an import does nothing until run() is called"]
pub struct ImportUsers<'a> {
    users: Users,
    rows: Input<'a>,
    concurrency: usize,
    tries: u32,
    most_failures: Option<u64>,
    each: Option<Each<'a>>,
    state: Shared,
    progress: watch::Sender<ImportProgress>,
    cancel: Arc<watch::Sender<bool>>,
}

type Each<'a> = Box<dyn FnMut(u64, &ImportOutcome) + Send + 'a>;

impl fmt::Debug for ImportUsers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportUsers")
            .field("concurrency", &self.concurrency)
            .field("tries", &self.tries)
            .field("most_failures", &self.most_failures)
            .field("progress", &*self.progress.borrow())
            .finish_non_exhaustive()
    }
}

impl<'a> ImportUsers<'a> {
    pub(crate) fn new(
        users: Users,
        rows: impl futures_core::Stream<Item = Row> + Send + 'a,
    ) -> Self {
        let total = match rows.size_hint() {
            (least, Some(most)) if least == most => u64::try_from(most).ok(),
            _ => None,
        };
        let progress = ImportProgress {
            total,
            ..ImportProgress::default()
        };
        Self {
            users,
            rows: Box::pin(rows),
            concurrency: CONCURRENCY,
            tries: TRIES,
            most_failures: None,
            each: None,
            state: Shared::default(),
            progress: watch::Sender::new(progress),
            cancel: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Maximum number of concurrent rows. Defaults to 8; at least 1.
    pub fn concurrency(mut self, rows: usize) -> Self {
        self.concurrency = rows.max(1);
        self
    }

    /// How often a row that fails in a way that may be temporary is tried. Defaults to 4; at least
    /// 1.
    pub fn tries(mut self, tries: u32) -> Self {
        self.tries = tries.max(1);
        self
    }

    /// Stops when this many rows have failed or are uncertain. Running rows are finished, so a few
    /// more may fail. By default failures are reported and do not stop the import.
    pub fn stop_after_failures(mut self, failures: u64) -> Self {
        self.most_failures = Some(failures.max(1));
        self
    }

    /// Stops at the first failure: [`stop_after_failures`](Self::stop_after_failures) of 1.
    pub fn fail_fast(self) -> Self {
        self.stop_after_failures(1)
    }

    /// The number of rows, for the progress, if you know it and the stream does not.
    pub fn total(self, rows: u64) -> Self {
        self.progress
            .send_modify(|progress| progress.total = Some(rows));
        self
    }

    /// Continues where an import of the same rows stopped: the input must be the same from its
    /// beginning, and settled rows are skipped.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, lines: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    /// let position = std::fs::read_to_string("import.position")?.parse()?;
    /// let report = passage.users().import_json_lines(lines).resume(position).run().await;
    /// println!("{} rows were settled before", report.progress.skipped);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume(self, position: ImportPosition) -> Self {
        self.state.with(|state| state.position = position);
        self
    }

    /// Calls a function with the number and the outcome of each row, as soon as it is known, in any
    /// order.
    ///
    /// ```no_run
    /// use passage_identity::bulk::ImportOutcome;
    ///
    /// # async fn example(passage: passage_identity::Passage, lines: &[u8]) {
    /// let mut ids = Vec::new();
    /// let import = passage.users().import_json_lines(lines).each(|line, outcome| {
    ///     if let ImportOutcome::Created(id) = outcome {
    ///         ids.push((line, id.clone()));
    ///     }
    /// });
    /// let report = import.run().await;
    /// # drop(report);
    /// # }
    /// ```
    pub fn each(mut self, each: impl FnMut(u64, &ImportOutcome) + Send + 'a) -> Self {
        self.each = Some(Box::new(each));
        self
    }

    /// A handle that observes the import and can stop it.
    #[must_use]
    pub fn handle(&self) -> ImportHandle {
        ImportHandle {
            state: self.state.clone(),
            progress: self.progress.subscribe(),
            cancel: Arc::clone(&self.cancel),
        }
    }

    /// Runs the import until it ends, in a Tokio runtime. The report contains everything that
    /// happened.
    ///
    /// It begins by listing one user (`listPaginatedUsers`), to learn the server's time. Dropping
    /// the future aborts the running calls; [`ImportHandle::report`] has what was settled until
    /// then.
    pub async fn run(mut self) -> ImportReport {
        let handle = self.handle();
        let end = match self.run_rows().await {
            Ok(end) => end,
            Err(error) => ImportEnd::Stopped(Arc::new(error)),
        };
        self.state.with(|state| state.end = end);
        handle.report()
    }

    async fn run_rows(&mut self) -> Result<ImportEnd> {
        let settler = self.prepare().await?;
        let mut cancelled = settler.cancelled.clone();
        let mut cancelled = pin!(cancelled.wait_for(|cancelled| *cancelled));
        let mut tasks: JoinSet<(u64, Settled)> = JoinSet::new();
        let mut end = None;
        // Rows in a row that failed because of the server.
        let mut streak = 0;
        loop {
            let may_take = end.is_none() && tasks.len() < self.concurrency;
            if end.is_some() && tasks.is_empty() {
                return end.unwrap_or(Ok(ImportEnd::Finished));
            }
            let event = poll_fn(|cx| {
                if end.is_none() && cancelled.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Event::Cancelled);
                }
                if let Poll::Ready(Some(task)) = tasks.poll_join_next(cx) {
                    return Poll::Ready(Event::Settled(task));
                }
                if may_take && let Poll::Ready(row) = self.rows.as_mut().poll_next(cx) {
                    return Poll::Ready(Event::Row(row));
                }
                Poll::Pending
            })
            .await;
            match event {
                Event::Cancelled => end = Some(Ok(ImportEnd::Cancelled)),
                Event::Row(None) => end = Some(Ok(ImportEnd::Finished)),
                Event::Row(Some(Row::Broken(error))) => end = Some(Err(error)),
                Event::Row(Some(Row::User(line, row))) => {
                    if self.state.with(|state| state.position.is_settled(line)) {
                        self.count(|progress| progress.skipped += 1);
                    } else {
                        let again = self.state.with(|state| state.position.begin(line));
                        match row {
                            Ok(row) => start(&mut tasks, &settler, line, row, again),
                            Err(error) => self.note(line, ImportOutcome::Failed(Arc::new(error))),
                        }
                    }
                    if line.is_multiple_of(BREATH) {
                        tokio::task::yield_now().await;
                    }
                }
                Event::Settled(task) => {
                    let (line, settled) = task.unwrap_or_else(|failure| {
                        // Only the import ends its tasks, so this one panicked.
                        std::panic::resume_unwind(failure.into_panic())
                    });
                    let outcome = match settled {
                        Settled::Created(id) => ImportOutcome::Created(id),
                        Settled::Existing => ImportOutcome::Existing,
                        Settled::Failed(error) => ImportOutcome::Failed(Arc::new(error)),
                        Settled::Uncertain(error) => ImportOutcome::Uncertain(Arc::new(error)),
                        Settled::Stop(error) => {
                            end = Some(Err(error));
                            self.cancel.send_replace(true);
                            continue;
                        }
                    };
                    streak = match &outcome {
                        ImportOutcome::Failed(error) | ImportOutcome::Uncertain(error)
                            if error.is_unavailable() =>
                        {
                            streak + 1
                        }
                        _ => 0,
                    };
                    if streak >= self.concurrency.max(PATIENCE)
                        && end.is_none()
                        && let ImportOutcome::Failed(error) | ImportOutcome::Uncertain(error) =
                            &outcome
                    {
                        end = Some(Ok(ImportEnd::Stopped(Arc::clone(error))));
                    }
                    self.note(line, outcome);
                }
            }
            let failures = self.progress.borrow().not_imported();
            if end.is_none() && self.most_failures.is_some_and(|most| failures >= most) {
                end = Some(Ok(ImportEnd::TooManyFailures));
            }
            if !matches!(end, None | Some(Ok(ImportEnd::Finished))) {
                // Running rows are not retried.
                self.cancel.send_replace(true);
            }
        }
    }

    // By `&mut`, so that the future can be sent: rows need not be shared between threads.
    async fn prepare(&mut self) -> Result<Settler> {
        let known = self.state.with(|state| state.position.since);
        let since = match known {
            Some(since) => Some(since),
            None => {
                let page = self.users.list().limit(1).send().await?;
                let now = page.created_before;
                now.and_then(|now| now.checked_sub(ROUNDING).ok())
            }
        };
        self.state.with(|state| state.position.since = since);
        Ok(Settler {
            limits: self.users.limits(),
            users: self.users.clone(),
            tries: self.tries,
            since,
            cancelled: self.cancel.subscribe(),
        })
    }

    fn note(&mut self, line: u64, outcome: ImportOutcome) {
        if let Some(each) = &mut self.each {
            each(line, &outcome);
        }
        let failure = |error: &Arc<Error>, uncertain| ImportFailure {
            line,
            error: Arc::clone(error),
            uncertain,
        };
        let failure = match &outcome {
            ImportOutcome::Created(_) | ImportOutcome::Existing => None,
            ImportOutcome::Failed(error) => Some(failure(error, false)),
            ImportOutcome::Uncertain(error) => Some(failure(error, true)),
        };
        self.state.with(|state| {
            if !failure
                .as_ref()
                .is_some_and(ImportFailure::may_succeed_later)
            {
                state.position.settle(line);
            }
            state.failures.extend(failure);
        });
        self.count(|progress| match outcome {
            ImportOutcome::Created(_) => progress.created += 1,
            ImportOutcome::Existing => progress.existing += 1,
            ImportOutcome::Failed(_) => progress.failed += 1,
            ImportOutcome::Uncertain(_) => progress.uncertain += 1,
        });
    }

    fn count(&self, count: impl FnOnce(&mut ImportProgress)) {
        self.progress.send_modify(count);
    }
}

/// What the import waits for.
enum Event {
    Cancelled,
    Row(Option<Row>),
    Settled(std::result::Result<(u64, Settled), tokio::task::JoinError>),
}

/// Dropping the set ends its tasks, so no call outlives the import.
fn start(
    tasks: &mut JoinSet<(u64, Settled)>,
    settler: &Settler,
    line: u64,
    row: ImportUser,
    again: bool,
) {
    let settled = settler.clone().settle(row, again);
    tasks.spawn(async move { (line, settled.await) }.in_current_span());
}
