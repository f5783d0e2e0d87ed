//! The one task that writes.
//!
//! A durable commit costs a disk flush, whatever it holds. So whatever commands have arrived while the last group
//! was being committed form the next group: one transaction, a savepoint for each command, one flush for all, and
//! only then the answers.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use sqlx::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{Conn, StoreError, Work};

/// Commands in one transaction, at most: a bound on how long the first must wait for the last.
const GROUP: usize = 256;
/// Commands that may wait. More have to wait for a place.
const QUEUE: usize = 1024;

/// Starts a command. It yields whether to keep what was written, and how to answer once that is settled.
type Start = Box<dyn for<'c> FnOnce(&'c mut Conn) -> Work<'c, Done> + Send>;

struct Done {
    keep: bool,
    answer: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
}

enum Message {
    Write(Start),
    Read(Start),
    Close(oneshot::Sender<()>),
}

/// A handle to the task.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    refusing: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the task. It ends with the last handle.
    pub(super) fn start(conn: Conn) -> Self {
        let (queue, messages) = mpsc::channel(QUEUE);
        tokio::spawn(run(conn, messages));
        Self {
            queue,
            refusing: Arc::default(),
        }
    }

    /// Runs a command in the next group.
    pub(super) async fn write<T, E, F>(&self, command: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> Work<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.send(command, Message::Write).await
    }

    /// Runs a command that does not write.
    pub(super) async fn read<T, E, F>(&self, command: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> Work<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.send(command, Message::Read).await
    }

    async fn send<T, E, F>(&self, command: F, message: fn(Start) -> Message) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> Work<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if self.refusing.load(Ordering::Relaxed) {
            return Err(StoreError::Closed.into());
        }
        let (sender, receiver) = oneshot::channel();
        let start: Start = Box::new(move |conn| {
            Box::pin(async move {
                // One broken command must not end the task that all others depend on.
                let run = AssertUnwindSafe(async move { command(conn).await });
                let result = run.catch_unwind().await.unwrap_or_else(|_panic| {
                    tracing::error!("a command panicked");
                    Err(StoreError::Panicked.into())
                });
                Done {
                    keep: result.is_ok(),
                    // The caller may have gone away: the command stands all the same.
                    answer: Box::new(move |settled| {
                        drop(sender.send(settled.map_err(E::from).and(result)))
                    }),
                }
            })
        });
        self.queue
            .send(message(start))
            .await
            .map_err(|_| StoreError::Closed)?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    /// Takes no more commands from now on.
    pub(super) fn refuse(&self) {
        self.refusing.store(true, Ordering::Relaxed);
    }

    /// Takes no more commands, and returns when those that came before are done and the connection is closed.
    pub(super) async fn close(&self) {
        self.refuse();
        let (sender, receiver) = oneshot::channel();
        if self.queue.send(Message::Close(sender)).await.is_ok() {
            // An error means that the task is gone already.
            let _closed = receiver.await;
        }
    }
}

async fn run(mut conn: Conn, mut messages: mpsc::Receiver<Message>) {
    let mut closed = None;
    while closed.is_none()
        && let Some(first) = messages.recv().await
    {
        let mut group = Vec::new();
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
            }
        }
        if let Err(error) = commit(&mut conn, group).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a group of commands failed"
            );
        }
    }
    if let Err(error) = conn.close().await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the database did not close cleanly"
        );
    }
    if let Some(sender) = closed {
        let _gone = sender.send(());
    }
}

/// Runs a group and answers. On an error the commands without an answer are dropped, which their callers see.
async fn commit(conn: &mut Conn, group: Vec<(Start, bool)>) -> Result<(), sqlx::Error> {
    let writes = group.iter().any(|(_, write)| *write);
    if writes {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *conn).await?;
    }
    let ran = each(conn, group).await;
    let settled = match (ran, writes) {
        (Ok(done), false) => Ok(done),
        (Ok(done), true) => sqlx::query("COMMIT")
            .execute(&mut *conn)
            .await
            .map(|_| done),
        (Err(error), _) => Err(error),
    };
    match settled {
        Ok(done) => {
            for done in done {
                (done.answer)(Ok(()));
            }
            Ok(())
        }
        Err(error) => {
            if writes {
                // SQLite may have rolled back by itself, in which case this fails and changes nothing.
                let _rolled_back = sqlx::query("ROLLBACK").execute(&mut *conn).await;
            }
            Err(error)
        }
    }
}

async fn each(conn: &mut Conn, group: Vec<(Start, bool)>) -> Result<Vec<Done>, sqlx::Error> {
    let mut all = Vec::with_capacity(group.len());
    for (start, write) in group {
        if write {
            sqlx::query("SAVEPOINT command").execute(&mut *conn).await?;
        }
        let done = start(&mut *conn).await;
        if write && !done.keep {
            sqlx::query("ROLLBACK TO command")
                .execute(&mut *conn)
                .await?;
        }
        if write {
            sqlx::query("RELEASE command").execute(&mut *conn).await?;
        }
        all.push(done);
    }
    Ok(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions, Row};

    use super::*;

    async fn memory() -> Conn {
        let mut conn = SqliteConnectOptions::new().connect().await.unwrap();
        sqlx::query("CREATE TABLE t (x INTEGER UNIQUE)")
            .execute(&mut conn)
            .await
            .unwrap();
        conn
    }

    fn insert(value: i64, sender: oneshot::Sender<bool>) -> (Start, bool) {
        let start: Start = Box::new(move |conn| {
            Box::pin(async move {
                let result = sqlx::query("INSERT INTO t VALUES (?)")
                    .bind(value)
                    .execute(conn)
                    .await;
                Done {
                    keep: result.is_ok(),
                    answer: Box::new(move |settled| {
                        sender.send(settled.is_ok() && result.is_ok()).unwrap();
                    }),
                }
            })
        });
        (start, true)
    }

    #[tokio::test]
    async fn a_command_that_fails_does_not_take_its_neighbours_along() {
        let mut conn = memory().await;
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| oneshot::channel()).unzip();
        let group = [1, 2, 2, 3]
            .into_iter()
            .zip(senders)
            .map(|(value, sender)| insert(value, sender))
            .collect();
        commit(&mut conn, group).await.unwrap();
        let mut answers = Vec::new();
        for receiver in receivers {
            answers.push(receiver.await.unwrap());
        }
        assert_eq!(answers, [true, true, false, true]);
        let count: i64 = sqlx::query("SELECT count(*) FROM t")
            .fetch_one(&mut conn)
            .await
            .unwrap()
            .get(0);
        assert_eq!(count, 3);
    }

    #[tokio::test]
    async fn a_command_that_panics_is_undone_and_the_next_one_runs() {
        let writer = Writer::start(memory().await);
        let add = |value: i64, panics: bool| {
            writer.write(move |conn| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO t VALUES (?)")
                        .bind(value)
                        .execute(&mut *conn)
                        .await?;
                    assert!(!panics, "this command is broken");
                    let all = sqlx::query_scalar("SELECT x FROM t ORDER BY x");
                    Ok::<Vec<i64>, StoreError>(all.fetch_all(conn).await?)
                })
            })
        };
        // Together, so that they share a transaction.
        let (first, second, third) = tokio::join!(add(1, false), add(2, true), add(3, false));
        assert_eq!(first.unwrap(), [1]);
        assert!(matches!(second, Err(StoreError::Panicked)), "{second:?}");
        assert_eq!(third.unwrap(), [1, 3]);
        // Before its first await as well.
        let read =
            writer.read(|_| -> Work<'_, Result<(), StoreError>> { panic!("so is this one") });
        assert!(matches!(read.await, Err(StoreError::Panicked)));
        assert_eq!(add(4, false).await.unwrap(), [1, 3, 4]);
    }

    #[tokio::test]
    async fn commands_before_close_are_done_and_later_ones_refused() {
        let writer = Writer::start(memory().await);
        let add = |value: i64| {
            writer.write(move |conn| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO t VALUES (?)")
                        .bind(value)
                        .execute(conn)
                        .await?;
                    Ok::<_, StoreError>(())
                })
            })
        };
        assert!(add(1).await.is_ok());
        assert!(matches!(add(1).await, Err(StoreError::Sql(_))));
        writer.close().await;
        assert!(matches!(add(2).await, Err(StoreError::Closed)));
    }
}
