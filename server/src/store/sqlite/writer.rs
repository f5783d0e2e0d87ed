//! The one thread that writes.
//!
//! A durable commit costs a disk flush, whatever its size. So all commands that arrive while a group is being committed
//! form the next group: one transaction, a savepoint for each command, one flush for all, and only then the answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::Connection;
use crate::store::{SqlError, StoreError, Tx};

/// Maximum number of commands in a transaction: this bounds how long the first waits for the last.
const GROUP: usize = 256;
/// Maximum number of queued commands. Further callers wait for a place.
const QUEUE: usize = 1024;

/// A command. It returns whether to keep its writes, and how to answer once that is settled.
type Start = Box<dyn FnOnce(&Connection) -> Done + Send>;

struct Done {
    keep: bool,
    answer: Box<dyn FnOnce(Result<(), StoreError>)>,
}

enum Message {
    Write(Start),
    Read(Start),
    Close(oneshot::Sender<()>),
}

/// A handle to the thread.
#[derive(Clone)]
pub(in crate::store) struct Writer {
    queue: mpsc::Sender<Message>,
    refusing: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the thread. It ends when the last handle is dropped.
    pub(in crate::store) fn start(conn: Connection) -> Result<Self, StoreError> {
        let (queue, messages) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("passage-writer".to_owned())
            .spawn(move || run(conn, messages))
            .map_err(StoreError::Thread)?;
        Ok(Self {
            queue,
            refusing: Arc::default(),
        })
    }

    /// Runs a command in the next group.
    pub(in crate::store) async fn write<T, E, F>(&self, command: F) -> Result<T, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.send(command, Message::Write).await
    }

    /// Runs a command that does not write.
    pub(in crate::store) async fn read<T, E, F>(&self, command: F) -> Result<T, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.send(command, Message::Read).await
    }

    async fn send<T, E, F>(&self, command: F, message: fn(Start) -> Message) -> Result<T, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if self.refusing.load(Ordering::Relaxed) {
            return Err(StoreError::Closed.into());
        }
        let (sender, receiver) = oneshot::channel();
        let start: Start = Box::new(move |conn| {
            let result = guarded(conn, command);
            Done {
                keep: result.is_ok(),
                // The caller may be gone: the command is committed all the same.
                answer: Box::new(move |settled| {
                    drop(sender.send(settled.map_err(E::from).and(result)))
                }),
            }
        });
        self.queue
            .send(message(start))
            .await
            .map_err(|_| StoreError::Closed)?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    /// Accepts no more commands from now on.
    pub(in crate::store) fn refuse(&self) {
        self.refusing.store(true, Ordering::Relaxed);
    }

    /// Accepts no more commands, and returns when the earlier ones are done and the connection is closed.
    pub(in crate::store) async fn close(&self) {
        self.refuse();
        let (sender, receiver) = oneshot::channel();
        if self.queue.send(Message::Close(sender)).await.is_ok() {
            // An error means that the thread has already ended.
            let _closed = receiver.await;
        }
    }
}

/// Runs a command. A panic must not end the thread that all others depend on.
pub(in crate::store) fn guarded<T, E: From<StoreError>>(
    conn: &Connection,
    command: impl FnOnce(&Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    // A command leaves nothing behind when it panics except its writes, and those are rolled back.
    catch_unwind(AssertUnwindSafe(|| command(&Tx::new(conn)))).unwrap_or_else(|_panic| {
        tracing::error!("a command panicked");
        Err(StoreError::Panicked.into())
    })
}

fn complain(error: &SqlError, what: &str) {
    tracing::error!(error = error as &dyn std::error::Error, "{what}");
}

fn run(conn: Connection, mut messages: mpsc::Receiver<Message>) {
    let mut closed = None;
    while closed.is_none() {
        let Some(first) = messages.blocking_recv() else {
            break;
        };
        let mut group = Vec::new();
        let mut waited = false;
        let mut next = Some(first);
        while let Some(message) = next.take() {
            match message {
                Message::Write(start) => group.push((start, true)),
                Message::Read(start) => group.push((start, false)),
                Message::Close(sender) => {
                    closed = Some(sender);
                    break;
                }
            }
            if group.len() < GROUP {
                next = messages.try_recv().ok();
                if next.is_none() && !waited {
                    // Yield once: other threads may have a command for this group.
                    waited = true;
                    thread::yield_now();
                    next = messages.try_recv().ok();
                }
            }
        }
        if let Err(error) = commit(&conn, group) {
            complain(&error, "a group of commands failed");
        }
    }
    if let Err((_, error)) = conn.close() {
        complain(&error.into(), "the database did not close cleanly");
    }
    if let Some(sender) = closed {
        let _gone = sender.send(());
    }
}

/// Runs a group and answers. On an error the unanswered commands are dropped, which their callers notice.
fn commit(conn: &Connection, group: Vec<(Start, bool)>) -> Result<(), SqlError> {
    let writes = group.iter().any(|(_, write)| *write);
    let ran = if writes {
        in_transaction(conn, group)
    } else {
        each(conn, group)
    };
    for done in ran? {
        (done.answer)(Ok(()));
    }
    Ok(())
}

fn in_transaction(conn: &Connection, group: Vec<(Start, bool)>) -> Result<Vec<Done>, SqlError> {
    begin(conn)?;
    let ran = each(conn, group).and_then(|done| Tx::new(conn).run("COMMIT", ()).map(|_| done));
    if ran.is_err() {
        // SQLite may have rolled back by itself; then this fails and changes nothing.
        let _rolled_back = Tx::new(conn).run("ROLLBACK", ());
    }
    ran
}

/// Begins a transaction. Tries once more if another process kept the file locked for the whole timeout.
fn begin(conn: &Connection) -> Result<(), SqlError> {
    let begin = || Tx::new(conn).run("BEGIN IMMEDIATE", ()).map(drop);
    begin().or_else(|error| {
        if error.is_conflict() {
            begin()
        } else {
            Err(error)
        }
    })
}

fn each(conn: &Connection, group: Vec<(Start, bool)>) -> Result<Vec<Done>, SqlError> {
    let mut all = Vec::with_capacity(group.len());
    for (start, write) in group {
        if write {
            Tx::new(conn).run("SAVEPOINT command", ())?;
        }
        let done = start(conn);
        if write && !done.keep {
            Tx::new(conn).run("ROLLBACK TO command", ())?;
        }
        if write {
            Tx::new(conn).run("RELEASE command", ())?;
        }
        all.push(done);
    }
    Ok(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn memory() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        Tx::new(&conn)
            .run("CREATE TABLE t (x INTEGER UNIQUE)", ())
            .unwrap();
        conn
    }

    fn insert(tx: &Tx<'_>, value: i64) -> Result<(), StoreError> {
        tx.run("INSERT INTO t VALUES (?)", (value,))?;
        Ok(())
    }

    fn all(tx: &Tx<'_>) -> Result<String, StoreError> {
        Ok(tx.value("SELECT group_concat(x ORDER BY x) FROM t", ())?)
    }

    fn command(value: i64, sender: oneshot::Sender<bool>) -> (Start, bool) {
        let start: Start = Box::new(move |conn| {
            let result = insert(&Tx::new(conn), value);
            Done {
                keep: result.is_ok(),
                answer: Box::new(move |settled| {
                    sender.send(settled.is_ok() && result.is_ok()).unwrap();
                }),
            }
        });
        (start, true)
    }

    #[tokio::test]
    async fn a_command_that_fails_does_not_take_its_neighbours_along() {
        let conn = memory();
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| oneshot::channel()).unzip();
        let group = [1, 2, 2, 3]
            .into_iter()
            .zip(senders)
            .map(|(value, sender)| command(value, sender))
            .collect();
        commit(&conn, group).unwrap();
        let mut answers = Vec::new();
        for receiver in receivers {
            answers.push(receiver.await.unwrap());
        }
        assert_eq!(answers, [true, true, false, true]);
        assert_eq!(all(&Tx::new(&conn)).unwrap(), "1,2,3");
    }

    #[tokio::test]
    async fn a_command_that_panics_is_undone_and_the_next_one_runs() {
        let writer = Writer::start(memory()).unwrap();
        let add = |value: i64, panics: bool| {
            writer.write(move |tx| {
                insert(tx, value)?;
                assert!(!panics, "this command is broken");
                all(tx)
            })
        };
        // Together, so that they share a transaction.
        let (first, second, third) = tokio::join!(add(1, false), add(2, true), add(3, false));
        assert_eq!(first.unwrap(), "1");
        assert!(matches!(second, Err(StoreError::Panicked)), "{second:?}");
        assert_eq!(third.unwrap(), "1,3");
        let read = writer.read(|_| -> Result<(), StoreError> { panic!("so is this one") });
        assert!(matches!(read.await, Err(StoreError::Panicked)));
        assert_eq!(add(4, false).await.unwrap(), "1,3,4");
    }

    #[tokio::test]
    async fn commands_before_close_are_done_and_later_ones_refused() {
        let writer = Writer::start(memory()).unwrap();
        let add = |value| writer.write(move |tx| insert(tx, value));
        assert!(add(1).await.is_ok());
        assert!(matches!(add(1).await, Err(StoreError::Sql(_))));
        writer.close().await;
        assert!(matches!(add(2).await, Err(StoreError::Closed)));
    }
}
