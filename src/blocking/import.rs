//! Imports of users: the thread that waits for an import reads its rows in the meantime.

use std::fmt;
use std::io::BufRead;
use std::pin::Pin;
use std::sync::mpsc::{self, TryRecvError};
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Runtime;
use crate::bulk::{
    ImportHandle, ImportOutcome, ImportPosition, ImportReport, ImportUser, JsonLines, Row,
};
use crate::users::Users;

/// This many rows are read ahead of the running ones.
const AHEAD: usize = 32;

/// [`crate::bulk::ImportUsers`] for programs without `async`: an import to be run. Made by
/// [`Users::import_users`](super::Users::import_users) and
/// [`Users::import_json_lines`](super::Users::import_json_lines).
///
/// The outcome of a row, when the import stops, and how to resume are the same. The calls are made
/// on the background thread. The thread that calls [`run`](Self::run) reads the rows in the
/// meantime, up to 32 ahead, so a slow reader does not delay calls. If the import ends before its
/// rows do, it stops reading; but a blocked read is not interrupted, so `run` returns only when
/// that read does.
///
/// ```no_run
/// use std::fs::File;
/// use std::io::BufReader;
///
/// # fn example(passage: passage_identity::blocking::Passage) -> Result<(), Box<dyn std::error::Error>> {
/// let file = BufReader::new(File::open("users.jsonl")?);
/// let mut import = passage.users().import_json_lines(file).concurrency(16).tries(6);
/// if let Ok(stored) = std::fs::read_to_string("import.position") {
///     import = import.resume(stored.parse()?);
/// }
/// let report = import.stop_after_failures(100).run();
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
    import: crate::bulk::ImportUsers<'static>,
    rows: Box<dyn Iterator<Item = Row> + 'a>,
    each: Each<'a>,
    feed: UnboundedSender<Option<Row>>,
    events: mpsc::Receiver<Event>,
    runtime: Runtime,
}

type Each<'a> = Box<dyn FnMut(u64, &ImportOutcome) + 'a>;

/// A message from the import to the reading thread. There is none after the end.
enum Event {
    /// Read this many more rows.
    Room(usize),
    /// The outcome of a row.
    Settled(u64, ImportOutcome),
}

impl fmt::Debug for ImportUsers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.import.fmt(f)
    }
}

impl<'a> ImportUsers<'a> {
    pub(super) fn of_users<R>(users: Users, runtime: Runtime, rows: R) -> Self
    where
        R: Iterator<Item: Into<ImportUser>> + 'a,
    {
        let rows = (1..)
            .zip(rows)
            .map(|(number, row)| Row::User(number, Ok(row.into())));
        Self::new(users, runtime, rows)
    }

    pub(super) fn of_lines(users: Users, runtime: Runtime, lines: impl BufRead + 'a) -> Self {
        Self::new(users, runtime, JsonLines::new(lines))
    }

    fn new(users: Users, runtime: Runtime, rows: impl Iterator<Item = Row> + 'a) -> Self {
        let (feed, fed) = unbounded_channel();
        let (tell, events) = mpsc::channel();
        let feed_of_import = Feed {
            rows: fed,
            tell: tell.clone(),
            hint: rows.size_hint(),
            is_begun: false,
        };
        let import =
            crate::bulk::ImportUsers::new(users, feed_of_import).each(move |line, outcome| {
                let _ = tell.send(Event::Settled(line, outcome.clone()));
            });
        Self {
            import,
            rows: Box::new(rows),
            each: Box::new(|_, _| {}),
            feed,
            events,
            runtime,
        }
    }

    /// As [`crate::bulk::ImportUsers::concurrency`].
    pub fn concurrency(mut self, rows: usize) -> Self {
        self.import = self.import.concurrency(rows);
        self
    }

    /// As [`crate::bulk::ImportUsers::tries`].
    pub fn tries(mut self, tries: u32) -> Self {
        self.import = self.import.tries(tries);
        self
    }

    /// As [`crate::bulk::ImportUsers::stop_after_failures`].
    pub fn stop_after_failures(mut self, failures: u64) -> Self {
        self.import = self.import.stop_after_failures(failures);
        self
    }

    /// As [`crate::bulk::ImportUsers::fail_fast`].
    pub fn fail_fast(mut self) -> Self {
        self.import = self.import.fail_fast();
        self
    }

    /// The number of rows, for the progress, if you know it and the iterator does not.
    pub fn total(mut self, rows: u64) -> Self {
        self.import = self.import.total(rows);
        self
    }

    /// As [`crate::bulk::ImportUsers::resume`]: continues where an import of the same rows stopped.
    pub fn resume(mut self, position: ImportPosition) -> Self {
        self.import = self.import.resume(position);
        self
    }

    /// Calls a function with the number and the outcome of each row: as
    /// [`crate::bulk::ImportUsers::each`], but on the thread that calls [`run`](Self::run), so it
    /// may borrow local values, and make calls of its own. It is not called while a row is being
    /// read; the [handle](Self::handle) is always up to date.
    ///
    /// ```no_run
    /// use passage_identity::bulk::ImportOutcome;
    ///
    /// # fn example(passage: passage_identity::blocking::Passage, lines: &[u8]) {
    /// let mut ids = Vec::new();
    /// let import = passage.users().import_json_lines(lines).each(|line, outcome| {
    ///     if let ImportOutcome::Created(id) = outcome {
    ///         ids.push((line, id.clone()));
    ///     }
    /// });
    /// let report = import.run();
    /// # drop(report);
    /// # }
    /// ```
    pub fn each(mut self, each: impl FnMut(u64, &ImportOutcome) + 'a) -> Self {
        self.each = Box::new(each);
        self
    }

    /// A handle that follows the import and can stop it, from any thread.
    ///
    /// ```no_run
    /// # fn example(passage: passage_identity::blocking::Passage, lines: &[u8], stop: std::sync::mpsc::Receiver<()>) {
    /// let import = passage.users().import_json_lines(lines);
    /// let handle = import.handle();
    /// let report = std::thread::scope(|scope| {
    ///     let watched = handle.clone();
    ///     scope.spawn(move || {
    ///         if stop.recv().is_ok() {
    ///             println!("stopping after {} rows", watched.report().progress.done());
    ///             watched.cancel();
    ///         }
    ///     });
    ///     import.run()
    /// });
    /// # drop(report);
    /// # }
    /// ```
    #[must_use]
    pub fn handle(&self) -> ImportHandle {
        self.import.handle()
    }

    /// Runs the import until it ends: as [`crate::bulk::ImportUsers::run`]. The report contains
    /// everything that happened, including errors of
    /// [`Passage::block_on`](super::Passage::block_on): they
    /// [stop](crate::bulk::ImportEnd::Stopped) the import, and its position is valid all the same.
    ///
    /// If the rows or [`each`](Self::each) panic, so does this. Running calls are then aborted, and
    /// [`ImportHandle::report`] has what was settled until then.
    pub fn run(self) -> ImportReport {
        let Self {
            import,
            mut rows,
            mut each,
            feed,
            events,
            runtime,
        } = self;
        let handle = import.handle();
        let running = match runtime.start(import.run()) {
            Ok(running) => running,
            Err(error) => return handle.stop(error),
        };
        let mut room = 0;
        let mut is_over = false;
        loop {
            // Reading may block, so events are handled first.
            let event = if room == 0 || is_over || handle.is_cancelled() {
                events.recv().map_err(|_| TryRecvError::Disconnected)
            } else {
                events.try_recv()
            };
            match event {
                Ok(Event::Room(more)) => room += more,
                Ok(Event::Settled(line, outcome)) => each(line, &outcome),
                Err(TryRecvError::Disconnected) => break,
                Err(TryRecvError::Empty) => {
                    let row = rows.next();
                    room -= 1;
                    is_over = row.is_none();
                    // An import that has ended in the meantime reports it next.
                    let _ = feed.send(row);
                }
            }
        }
        running.wait().unwrap_or_else(|error| handle.stop(error))
    }
}

/// The rows on the import's side. `None` follows the last one: if the channel closes without it,
/// the reading thread panics, and the import ends.
struct Feed {
    rows: UnboundedReceiver<Option<Row>>,
    tell: mpsc::Sender<Event>,
    hint: (usize, Option<usize>),
    is_begun: bool,
}

impl Feed {
    fn ask_for(&self, rows: usize) {
        let _ = self.tell.send(Event::Room(rows));
    }
}

impl Stream for Feed {
    type Item = Row;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Row>> {
        if !std::mem::replace(&mut self.is_begun, true) {
            self.ask_for(AHEAD);
        }
        match ready!(self.rows.poll_recv(cx)) {
            Some(Some(row)) => {
                self.ask_for(1);
                Poll::Ready(Some(row))
            }
            Some(None) => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.hint
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::task::Waker;
    use std::thread;

    use super::super::runtime::tests::mortal;
    use super::*;
    use crate::bulk::ImportEnd;
    use crate::error::ErrorKind;
    use crate::users::CreateUser;

    #[test]
    fn rows_that_are_cut_off_are_not_over() {
        let next = |feed: &mut Feed| {
            let mut cx = Context::from_waker(Waker::noop());
            Pin::new(feed).poll_next(&mut cx)
        };
        for last in [None, Some(None)] {
            let (send, rows) = unbounded_channel();
            let (tell, events) = mpsc::channel();
            let mut feed = Feed {
                rows,
                tell,
                hint: (0, None),
                is_begun: false,
            };
            let is_complete = last.is_some();
            let user = Ok(CreateUser::with_email("a@example.com").into());
            send.send(Some(Row::User(1, user))).unwrap();
            if let Some(last) = last {
                send.send(last).unwrap();
            }
            drop(send);
            assert!(matches!(
                next(&mut feed),
                Poll::Ready(Some(Row::User(1, Ok(_))))
            ));
            let end = next(&mut feed);
            assert_eq!(matches!(end, Poll::Ready(None)), is_complete);
            assert_eq!(end.is_pending(), !is_complete);
            drop(feed);
            let room: Vec<_> = events.iter().collect();
            assert!(matches!(room[..], [Event::Room(AHEAD), Event::Room(1)]));
        }
    }

    #[test]
    fn an_import_whose_thread_ends_is_stopped() {
        // Takes a connection and answers nothing.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let passage = crate::Passage::builder("app").server(url).api_key("key");
        let (runtime, end) = mortal();
        let users = super::super::Users::new(passage.build().unwrap().users(), runtime);
        let waiting = users.clone();
        let run = thread::spawn(move || {
            let rows = [CreateUser::with_email("a@example.com")];
            waiting.import_users(rows).run()
        });
        let connection = listener.accept().unwrap();
        drop(end);
        let report = run.join().unwrap();
        drop(connection);
        let stopped_by = |report: &crate::bulk::ImportReport| match &report.end {
            ImportEnd::Stopped(error) => Some(error.kind()),
            _ => None,
        };
        assert_eq!(stopped_by(&report), Some(ErrorKind::Connection));
        assert_eq!(report.position.line(), 1);

        // So is one that was never begun, and its handle knows.
        let import = users.import_users(std::iter::repeat_with(|| CreateUser::with_email("no")));
        let handle = import.handle();
        assert_eq!(stopped_by(&import.run()), Some(ErrorKind::Connection));
        assert_eq!(stopped_by(&handle.report()), Some(ErrorKind::Connection));
    }
}
