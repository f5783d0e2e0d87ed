//! The table: what the server does, and what must become of each kind of call.

use std::time::Duration;

use passage_identity::{ErrorKind, PassageBuilder};

use crate::calls::{API_KEY, Op, client, fly};
use crate::replies::{announcing, gzip_bomb, head, ok, refusal, send, then, user, whole};
use crate::server::{FaultServer, Reply, Step};

/// Attempts at [`Op::ALL`]: every operation is repeated, those that may be, none.
const ALWAYS: [u32; 4] = [3, 3, 3, 3];
const IF_SAFE: [u32; 4] = [3, 1, 3, 3];
const ONCE: [u32; 4] = [1, 1, 1, 1];

const MIB: u64 = 1024 * 1024;
/// What the sockets of both ends may hold: 6 MiB is the most that Linux lets a receiver have.
const SOCKETS: u64 = 7 * MIB;
const BODY_LIMIT: u64 = 8 * MIB;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Good,
    /// With the status that the error carries.
    Bad(ErrorKind, Option<u16>),
}

use Outcome::{Bad, Good};

struct Row {
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
fn row(name: impl Into<String>, reply: Reply, outcome: Outcome, attempts: [u32; 4]) -> Row {
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
    fn after(mut self, first: Vec<Reply>) -> Self {
        self.replies.splice(0..0, first);
        self
    }

    /// A deletion succeeds: no body is expected.
    fn but_deletes(mut self) -> Self {
        self.outcomes[3] = Good;
        self
    }

    fn unread(mut self) -> Self {
        self.unread = true;
        self
    }

    fn with(mut self, settings: fn(PassageBuilder) -> PassageBuilder) -> Self {
        self.settings = settings;
        self
    }

    /// The attempt's time-out ends it.
    fn hasty(self) -> Self {
        self.with(|builder| builder.timeout(seconds(1)))
    }

    fn carries(mut self, least: Duration, most: Duration) -> Self {
        self.retry_after = Some((least, most));
        self
    }

    fn waits(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    fn sends_at_most(mut self, sent: u64) -> Self {
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

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const CONNECTION: Outcome = Bad(ErrorKind::Connection, None);
const TIMEOUT: Outcome = Bad(ErrorKind::Timeout, None);
const DECODE: Outcome = Bad(ErrorKind::Decode, None);
const TOO_LARGE: Outcome = Bad(ErrorKind::ResponseTooLarge, None);

const fn api(status: u16) -> Outcome {
    Bad(ErrorKind::Api, Some(status))
}

async fn check(rows: impl IntoIterator<Item = Row>) {
    for row in rows {
        row.check().await;
    }
}

#[tokio::test(start_paused = true)]
async fn connections_that_fail() {
    let half = &user().to_string()[..100];
    check([
        row("closed at once", vec![Step::Close], CONNECTION, IF_SAFE).unread(),
        row("reset at once", vec![Step::Reset], CONNECTION, IF_SAFE).unread(),
        row(
            "closed instead of a reply",
            vec![Step::Close],
            CONNECTION,
            IF_SAFE,
        ),
        row(
            "reset instead of a reply",
            vec![Step::Reset],
            CONNECTION,
            IF_SAFE,
        ),
        row(
            "closed in the head",
            then(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec(), Step::Close),
            CONNECTION,
            IF_SAFE,
        ),
        row(
            "reset in the body",
            then(
                [&announcing(200, 1000), half.as_bytes()].concat(),
                Step::Reset,
            ),
            CONNECTION,
            IF_SAFE,
        ),
        row(
            "short body",
            then(
                [&announcing(200, 1000), half.as_bytes()].concat(),
                Step::Close,
            ),
            CONNECTION,
            IF_SAFE,
        ),
        row(
            "chunks that break off",
            then(
                [
                    &head(200, &[("transfer-encoding", "chunked")]),
                    &b"5\r\n{\"us"[..],
                ]
                .concat(),
                Step::Close,
            ),
            CONNECTION,
            IF_SAFE,
        ),
        row(
            "chunks that are none",
            send(
                [
                    &head(200, &[("transfer-encoding", "chunked")]),
                    &b"zz\r\n"[..],
                ]
                .concat(),
            ),
            CONNECTION,
            IF_SAFE,
        ),
        row(
            "not HTTP",
            send(b"SSH-2.0-Server\r\n".to_vec()),
            CONNECTION,
            IF_SAFE,
        ),
        row(
            "an impossible length",
            send(announcing(200, "99999999999999999999")),
            CONNECTION,
            IF_SAFE,
        ),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there() {
    // Bound and not listening: nobody else can have the port, and it refuses.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let passage = client(&format!("http://{}", socket.local_addr().unwrap()))
        .build()
        .unwrap();
    for op in Op::ALL {
        let (result, _) = fly(op.call(&passage)).await;
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (ErrorKind::Connection, None)
        );
        assert_eq!(
            error.attempts(),
            3,
            "nothing was sent, so {op:?} may be repeated"
        );
        assert!(error.is_unavailable() && error.is_retryable());
    }
}

#[tokio::test(start_paused = true)]
async fn replies_of_another_shape() {
    let whole_body = user().to_string();
    let mut strange = user();
    strange["user"]["status"] = "asleep".into();
    strange["user"]["shoe_size"] = 44.into();
    strange["user"]["webauthn_types"] = serde_json::json!(["passkey", "hologram"]);
    strange["weather"] = serde_json::json!({"wind": null});
    let mut wrong = user();
    wrong["user"]["login_count"] = "many".into();
    let gzip = [
        ("content-encoding", "gzip"),
        ("content-type", "application/json"),
    ];
    let without_length =
        |body: &str| then([&head(200, &[]), body.as_bytes()].concat(), Step::Close);
    check([
        row("as it should be", send(ok()), Good, ONCE),
        row(
            "until the end of the connection",
            without_length(&whole_body),
            Good,
            ONCE,
        ),
        row(
            "unknown values and members",
            send(whole(200, &[], strange.to_string())),
            Good,
            ONCE,
        ),
        row(
            "another success",
            send(whole(203, &[], &whole_body)),
            Good,
            ONCE,
        ),
        row(
            "truncated JSON",
            send(whole(200, &[], &whole_body[..100])),
            DECODE,
            ONCE,
        )
        .but_deletes(),
        row(
            "truncated JSON without a length",
            without_length(&whole_body[..100]),
            DECODE,
            ONCE,
        )
        .but_deletes(),
        row(
            "wrong type",
            send(whole(200, &[], wrong.to_string())),
            DECODE,
            ONCE,
        )
        .but_deletes(),
        row("wrong shape", send(whole(200, &[], "[]")), DECODE, ONCE).but_deletes(),
        row("null", send(whole(200, &[], "null")), DECODE, ONCE).but_deletes(),
        row(
            "HTML",
            send(whole(200, &[("content-type", "text/html")], "<html>")),
            DECODE,
            ONCE,
        )
        .but_deletes(),
        row("no body", send(whole(200, &[], "")), DECODE, ONCE).but_deletes(),
        row("no content", send(head(204, &[])), DECODE, ONCE).but_deletes(),
        row(
            "deep JSON",
            send(whole(200, &[], "[".repeat(100_000))),
            DECODE,
            ONCE,
        )
        .but_deletes(),
        // Compression is not asked for, so it is not undone: 18 KB stay 18 KB.
        row(
            "gzip bomb",
            send(whole(200, &gzip, gzip_bomb())),
            DECODE,
            ONCE,
        )
        .but_deletes()
        .sends_at_most(20_000),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn refusals() {
    for status in [
        400, 401, 402, 403, 404, 405, 408, 409, 418, 422, 451, 501, 505, 599,
    ] {
        check([row(
            status.to_string(),
            send(refusal(status, &[])),
            api(status),
            ONCE,
        )])
        .await;
    }
    for status in [500, 502, 503, 504] {
        check([row(
            status.to_string(),
            send(refusal(status, &[])),
            api(status),
            IF_SAFE,
        )])
        .await;
    }
    check([
        row("429", send(refusal(429, &[])), api(429), ALWAYS),
        row("503, then well", send(ok()), Good, [2, 1, 2, 2])
            .after(vec![send(refusal(503, &[]))])
            .fails_to_create(api(503)),
        row("429 twice, then well", send(ok()), Good, ALWAYS)
            .after(vec![send(refusal(429, &[])), send(refusal(429, &[]))]),
        row("closed, then well", send(ok()), Good, [2, 1, 2, 2])
            .after(vec![vec![Step::Close]])
            .fails_to_create(CONNECTION),
        row(
            "429, then not found",
            send(refusal(404, &[])),
            api(404),
            [2; 4],
        )
        .after(vec![send(refusal(429, &[]))]),
        row(
            "an unknown status",
            send(refusal(799, &[])),
            Bad(ErrorKind::UnexpectedResponse, Some(799)),
            ONCE,
        ),
    ])
    .await;
}

impl Row {
    fn fails_to_create(mut self, outcome: Outcome) -> Self {
        self.outcomes[1] = outcome;
        self
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_whose_body_is_bad_keep_their_status() {
    let flood = |status| then(head(status, &[]), Step::Flood(vec![b'x'; 64 * 1024]));
    let stalled = |status| then(announcing(status, 1000), Step::Stall);
    check([
        row("no body", send(whole(404, &[], "")), api(404), ONCE),
        row(
            "HTML",
            send(whole(403, &[("content-type", "text/html")], "<html>")),
            api(403),
            ONCE,
        ),
        row(
            "another shape",
            send(whole(409, &[], r#"{"code":1,"error":[]}"#)),
            api(409),
            ONCE,
        ),
        row(
            "members twice",
            send(whole(404, &[], r#"{"code":"a","code":"b","error":""}"#)),
            api(404),
            ONCE,
        ),
        row(
            "short body",
            then(announcing(404, 1000), Step::Close),
            api(404),
            ONCE,
        ),
        row(
            "short body of 503",
            then(announcing(503, 1000), Step::Close),
            api(503),
            IF_SAFE,
        ),
        row(
            "short body of 429",
            then(announcing(429, 1000), Step::Close),
            api(429),
            ALWAYS,
        ),
        row("stalled body", stalled(404), api(404), ONCE).hasty(),
        row("stalled body of 500", stalled(500), api(500), IF_SAFE).hasty(),
        row("endless body", flood(404), api(404), ONCE).sends_at_most(SOCKETS),
        row("endless body of 503", flood(503), api(503), IF_SAFE).sends_at_most(SOCKETS),
        row(
            "gzip",
            send(whole(404, &[("content-encoding", "gzip")], gzip_bomb())),
            api(404),
            ONCE,
        ),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn waits_that_the_server_asks_for() {
    let wait = |status, text: &str| send(refusal(status, &[("retry-after", text)]));
    let in_seconds = |seconds: i64| {
        let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let year = seconds(366 * 24 * 3600);
    check([
        row("seconds", wait(429, "7"), api(429), ALWAYS)
            .waits(seconds(7))
            .carries(seconds(7), seconds(7)),
        row("seconds of 503", wait(503, "7"), api(503), IF_SAFE)
            .waits(seconds(7))
            .carries(seconds(7), seconds(7)),
        row("no seconds", wait(429, "0"), api(429), ALWAYS).carries(seconds(0), seconds(0)),
        // The clock on the wall decides how long it is until a date, and it has run on a little.
        row("a date", wait(429, &in_seconds(14)), api(429), ALWAYS)
            .waits(seconds(5))
            .carries(seconds(5), seconds(14)),
        row(
            "a past date",
            wait(429, "Sun, 06 Nov 1994 08:49:37 GMT"),
            api(429),
            ALWAYS,
        )
        .carries(seconds(0), seconds(0)),
        row("garbage", wait(429, "soon"), api(429), ALWAYS),
        row("a negative number", wait(503, "-1"), api(503), IF_SAFE),
        row("10^20", wait(429, "100000000000000000000"), api(429), ONCE).carries(year, year),
        row("beyond the deadline", wait(429, "31"), api(429), ONCE)
            .carries(seconds(31), seconds(31)),
        row(
            "a date beyond it",
            wait(503, &in_seconds(3600)),
            api(503),
            ONCE,
        )
        .carries(seconds(3000), seconds(3600)),
        row(
            "beyond what is left of it",
            wait(429, "20"),
            api(429),
            [2; 4],
        )
        .waits(seconds(20))
        .carries(seconds(20), seconds(20)),
        row("of no rule", wait(404, "7"), api(404), ONCE).carries(seconds(7), seconds(7)),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn replies_that_take_too_long() {
    let body = [&announcing(200, 100_000), &b"{"[..]].concat();
    check([
        row("no head", vec![Step::Stall], TIMEOUT, IF_SAFE).hasty(),
        row(
            "half a head",
            then(b"HTTP/1.1 200 OK\r\nx".to_vec(), Step::Stall),
            TIMEOUT,
            IF_SAFE,
        )
        .hasty(),
        row(
            "a slow head",
            then(
                b"HTTP/1.1 200 OK\r\nx: ".to_vec(),
                Step::Drip(b"y".to_vec()),
            ),
            TIMEOUT,
            IF_SAFE,
        )
        .hasty(),
        row(
            "no end of interim heads",
            vec![Step::Drip(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())],
            TIMEOUT,
            IF_SAFE,
        )
        .hasty(),
        row(
            "no body",
            then(announcing(200, 1000), Step::Stall),
            TIMEOUT,
            IF_SAFE,
        )
        .hasty(),
        row(
            "half a body",
            then(body.clone(), Step::Stall),
            TIMEOUT,
            IF_SAFE,
        )
        .hasty(),
        row(
            "a slow body",
            then(body, Step::Drip(b" ".to_vec())),
            TIMEOUT,
            IF_SAFE,
        )
        .hasty(),
        row(
            "no time but the deadline's",
            vec![Step::Stall],
            TIMEOUT,
            ONCE,
        )
        .with(|builder| builder.deadline(seconds(1))),
        row(
            "time for one attempt and a half",
            vec![Step::Stall],
            TIMEOUT,
            [2, 1, 2, 2],
        )
        .with(|builder| builder.timeout(seconds(2)).deadline(seconds(3))),
        row("slow, then well", send(ok()), Good, [2, 1, 2, 2])
            .after(vec![vec![Step::Stall]])
            .fails_to_create(TIMEOUT)
            .hasty(),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn replies_that_are_too_large() {
    let spaces = || vec![b' '; 64 * 1024];
    let chunk = [&b"10000\r\n"[..], &spaces(), b"\r\n"].concat();
    let mut many = String::from("HTTP/1.1 200 OK\r\n");
    for index in 0..10_000 {
        many.push_str(&format!("x-{index}: y\r\n"));
    }
    check([
        row(
            "a body without end",
            then(head(200, &[]), Step::Flood(spaces())),
            TOO_LARGE,
            ONCE,
        )
        .but_deletes()
        .sends_at_most(BODY_LIMIT + SOCKETS),
        row(
            "chunks without end",
            then(
                head(200, &[("transfer-encoding", "chunked")]),
                Step::Flood(chunk),
            ),
            TOO_LARGE,
            ONCE,
        )
        .but_deletes()
        .sends_at_most(BODY_LIMIT + SOCKETS),
        // What is announced need not be read.
        row(
            "a terabyte",
            then(announcing(200, 1_u64 << 40), Step::Flood(spaces())),
            TOO_LARGE,
            ONCE,
        )
        .but_deletes()
        .sends_at_most(SOCKETS),
        row(
            "10,000 headers",
            send((many + "\r\n").into_bytes()),
            CONNECTION,
            IF_SAFE,
        ),
        row(
            "a header without end",
            then(
                b"HTTP/1.1 200 OK\r\nx: ".to_vec(),
                Step::Flood(vec![b'y'; 64 * 1024]),
            ),
            CONNECTION,
            IF_SAFE,
        )
        .sends_at_most(SOCKETS),
        row(
            "headers without end",
            then(
                b"HTTP/1.1 200 OK\r\n".to_vec(),
                Step::Flood(b"x: y\r\n".repeat(1000)),
            ),
            CONNECTION,
            IF_SAFE,
        )
        .sends_at_most(SOCKETS),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn redirects_are_not_followed() {
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let elsewhere_url = format!("http://{}/users/user1", elsewhere.local_addr().unwrap());
    for status in [300, 301, 302, 303, 304, 305, 307, 308] {
        for location in [
            "/api/v1/apps/app1/users/user2",
            "//localhost/",
            "?x",
            &elsewhere_url,
        ] {
            let reply = whole(status, &[("location", location)], "");
            let outcome = Bad(ErrorKind::UnexpectedResponse, Some(status));
            check([row(
                format!("{status} to {location}"),
                send(reply),
                outcome,
                ONCE,
            )])
            .await;
        }
    }
    let reply = |body: Step| {
        then(
            head(
                302,
                &[("location", &elsewhere_url), ("content-length", "1000")],
            ),
            body,
        )
    };
    let outcome = Bad(ErrorKind::UnexpectedResponse, Some(302));
    check([
        row("with a short body", reply(Step::Close), outcome, ONCE),
        row("with a stalled body", reply(Step::Stall), outcome, ONCE).hasty(),
    ])
    .await;
    // Whoever had connected would be waiting here.
    let nobody = elsewhere.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}
