//! Connections that fail, and replies that take too long or are too large.

use passage_identity::ErrorKind;

use crate::faults::calls::{Op, client, fly};
use crate::faults::row::{
    BODY_LIMIT, CONNECTION, Good, IF_SAFE, ONCE, SOCKETS, TIMEOUT, TOO_LARGE, check, row, seconds,
};
use crate::support::fault_replies::{announcing, head, ok, send, then, user};
use crate::support::fault_server::Step;

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
