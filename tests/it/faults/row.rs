//! A row of the table: what the server does, and what must become of each kind of call.

use std::time::Duration;

use passage_identity::{ErrorKind, PassageBuilder};

use crate::faults::calls::{API_KEY, Op, client, fly};
use crate::support::fault_server::{FaultServer, Reply};

/// Attempts at [`Op::ALL`]: every operation is repeated, those that may be, none.
pub(crate) const ALWAYS: [u32; 4] = [3, 3, 3, 3];
pub(crate) const IF_SAFE: [u32; 4] = [3, 1, 3, 3];
pub(crate) const ONCE: [u32; 4] = [1, 1, 1, 1];

pub(crate) const MIB: u64 = 1024 * 1024;
/// What the sockets of both ends may hold: 6 MiB is the most that Linux lets a receiver have.
pub(crate) const SOCKETS: u64 = 7 * MIB;
pub(crate) const BODY_LIMIT: u64 = 8 * MIB;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Outcome {
    Good,
    /// With the status that the error carries.
    Bad(ErrorKind, Option<u16>),
}

pub(crate) use Outcome::{Bad, Good};

pub(crate) struct Row {
    name: String,
    replies: Vec<Reply>,
    outcomes: [Outcome; 4],
    attempts: [u32; 4],
    settings: fn(PassageBuilder) -> PassageBuilder,
    /// The server acts before it reads a request, so connections are counted.
    unread: bool,
    /// The wait that the error carries, from and to.
    retry_after: Option<(Duration, Duration)>,
    /// What must pass between two attempts.
    wait: Duration,
    /// The most that the server can get rid of in one attempt.
    sent: u64,
}

/// A row whose reply is always the same.
pub(crate) fn row(
    name: impl Into<String>,
    reply: Reply,
    outcome: Outcome,
    attempts: [u32; 4],
) -> Row {
    Row {
        name: name.into(),
        replies: vec![reply],
        outcomes: [outcome; 4],
        attempts,
        settings: |builder| builder,
        unread: false,
        retry_after: None,
        wait: Duration::ZERO,
        sent: MIB,
    }
}

impl Row {
    /// The first reply is another one.
    pub(crate) fn after(mut self, first: Vec<Reply>) -> Self {
        self.replies.splice(0..0, first);
        self
    }

    /// A deletion succeeds: no body is expected.
    pub(crate) fn but_deletes(mut self) -> Self {
        self.outcomes[3] = Good;
        self
    }

    /// Another one for creations, which are not repeated.
    pub(crate) fn fails_to_create(mut self, outcome: Outcome) -> Self {
        self.outcomes[1] = outcome;
        self
    }

    pub(crate) fn unread(mut self) -> Self {
        self.unread = true;
        self
    }

    pub(crate) fn with(mut self, settings: fn(PassageBuilder) -> PassageBuilder) -> Self {
        self.settings = settings;
        self
    }

    /// The attempt's time-out ends it.
    pub(crate) fn hasty(self) -> Self {
        self.with(|builder| builder.timeout(seconds(1)))
    }

    pub(crate) fn carries(mut self, least: Duration, most: Duration) -> Self {
        self.retry_after = Some((least, most));
        self
    }

    pub(crate) fn waits(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    pub(crate) fn sends_at_most(mut self, sent: u64) -> Self {
        self.sent = sent;
        self
    }

    async fn check(self) {
        let mut server = FaultServer::start(self.replies.clone(), self.unread);
        let passage = (self.settings)(client(&server.url())).build().unwrap();
        for (index, op) in Op::ALL.into_iter().enumerate() {
            let name = format!("{}, {op:?}", self.name);
            server.answer(self.replies.clone());
            let (result, took) = fly(op.call(&passage)).await;
            let seen = server.settle().await;

            let attempts = self.attempts[index];
            let tries = if self.unread {
                seen.connections
            } else {
                u32::try_from(seen.requests.len()).unwrap()
            };
            assert_eq!(
                tries, attempts,
                "{name}: tries that the server saw, {result:?}"
            );
            match (&result, self.outcomes[index]) {
                (Ok(()), Good) => {}
                (Err(error), Bad(kind, status)) => {
                    assert_eq!((error.kind(), error.status()), (kind, status), "{name}");
                    assert_eq!(error.attempts(), attempts, "{name}");
                    assert_eq!(error.operation(), Some(op.name()), "{name}");
                    match (error.retry_after(), self.retry_after) {
                        (None, None) => {}
                        (Some(wait), Some((least, most))) => {
                            assert!((least..=most).contains(&wait), "{name}: {wait:?}");
                        }
                        other => panic!("{name}: {other:?}"),
                    }
                }
                (result, expected) => panic!("{name}: {result:?}, not {expected:?}"),
            }
            // Each attempt is the same request, body and credential included.
            for request in &seen.requests {
                assert_eq!(request, &seen.requests[0], "{name}");
                let text = String::from_utf8_lossy(request);
                assert!(text.contains(&format!("authorization: Bearer {API_KEY}\r\n")));
                assert_eq!(text.ends_with(r#"{"email":"a@b.c"}"#), op == Op::Create);
            }
            let sent = self.sent * u64::from(attempts);
            assert!(seen.sent <= sent, "{name}: {} bytes were read", seen.sent);
            assert!(took >= self.wait * (attempts - 1), "{name}: {took:?}");
            assert!(took <= DEADLINE, "{name}: {took:?}");
        }
    }
}

/// A tick more than the deadline of the client.
const DEADLINE: Duration = Duration::from_millis(30_001);

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const CONNECTION: Outcome = Bad(ErrorKind::Connection, None);
pub(crate) const TIMEOUT: Outcome = Bad(ErrorKind::Timeout, None);
pub(crate) const DECODE: Outcome = Bad(ErrorKind::Decode, None);
pub(crate) const TOO_LARGE: Outcome = Bad(ErrorKind::ResponseTooLarge, None);

pub(crate) const fn api(status: u16) -> Outcome {
    Bad(ErrorKind::Api, Some(status))
}

pub(crate) async fn check(rows: impl IntoIterator<Item = Row>) {
    for row in rows {
        row.check().await;
    }
}
