//! Clients that are slow, greedy or too many.

mod quiet;
mod slow_readers;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time;

use super::*;
use crate::http::tls::Tls;
use crate::store::Store;

/// Long enough to be a time, and over at once.
const SOON: Duration = Duration::from_millis(20);

async fn start(request_policy: RequestPolicy, connection_limits: ConnectionLimits) -> Running {
    testing::start(
        Store::in_memory().unwrap(),
        request_policy,
        connection_limits,
    )
    .await
}

/// Sends bytes, and returns what comes until the server closes the connection.
fn talk(server: &Running, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address().unwrap()).unwrap();
    stream.write_all(bytes).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_takes_too_long_is_cut_off() {
    let connection_limits = ConnectionLimits {
        head: SOON,
        ..ConnectionLimits::default()
    };
    let server = start(RequestPolicy::default(), connection_limits).await;
    for half in [&b""[..], b"GET", b"GET /healthz HTTP/1.1\r\nhost: a\r\n"] {
        assert_eq!(talk(&server, half), "");
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_takes_too_long_is_refused() {
    let request_policy = RequestPolicy {
        body: SOON,
        ..RequestPolicy::default()
    };
    let server = start(request_policy, ConnectionLimits::default()).await;
    let head = "POST /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n";
    for half in ["", "{"] {
        let reply = talk(&server, format!("{head}{half}").as_bytes());
        assert!(reply.starts_with("HTTP/1.1 408 "), "{reply}");
        assert!(reply.contains("took too long"), "{reply}");
        assert!(reply.contains(r#""code":"invalid_request""#), "{reply}");
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_long_is_refused() {
    let server = start(RequestPolicy::default(), ConnectionLimits::default()).await;
    let reply = |bytes: usize| {
        let name = "x".repeat(bytes);
        let head =
            format!("GET /healthz HTTP/1.1\r\nconnection: close\r\nhost: a\r\nx: {name}\r\n\r\n");
        talk(&server, head.as_bytes())
    };
    let fits = reply(15 * 1024);
    assert!(fits.starts_with("HTTP/1.1 200 "), "{fits}");
    let long = reply(17 * 1024);
    assert!(long.starts_with("HTTP/1.1 431 "), "{long}");
    assert!(long.ends_with("\r\n\r\n"), "without a body: {long}");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_connections_are_taken_at_the_same_time() {
    const WELL: &str = r#"{"status":"ok"}"#;
    let connection_limits = ConnectionLimits {
        connections: 1,
        ..ConnectionLimits::default()
    };
    let server = start(RequestPolicy::default(), connection_limits).await;
    let connect = || TcpStream::connect(server.address().unwrap()).unwrap();
    let mut first = connect();
    let mut ask = || {
        first
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
            .unwrap();
        let (mut reply, mut part) = (Vec::new(), [0; 1024]);
        while !reply.ends_with(WELL.as_bytes()) {
            let length = first.read(&mut part).unwrap();
            assert_ne!(length, 0, "it stays open");
            reply.extend_from_slice(part.get(..length).unwrap());
        }
    };
    ask();
    let mut second = connect();
    second
        .write_all(b"GET /healthz HTTP/1.1\r\nconnection: close\r\nhost: a\r\n\r\n")
        .unwrap();
    // The server has had every chance to answer the second one, too.
    for _ in 0..100 {
        ask();
    }
    second.set_nonblocking(true).unwrap();
    let early = second.read(&mut [0]).unwrap_err();
    assert_eq!(early.kind(), ErrorKind::WouldBlock);
    drop(first);
    second.set_nonblocking(false).unwrap();
    let mut reply = String::new();
    second.read_to_string(&mut reply).unwrap();
    assert!(reply.ends_with(WELL), "{reply}");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_ends_does_not_keep_the_server_from_stopping() {
    let connection_limits = ConnectionLimits {
        drain: SOON,
        ..ConnectionLimits::default()
    };
    let server = start(RequestPolicy::default(), connection_limits).await;
    let mut stuck = TcpStream::connect(server.address().unwrap()).unwrap();
    let head =
        "POST /healthz HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n";
    stuck.write_all(head.as_bytes()).unwrap();
    let mut part = [0; 64];
    let length = stuck.read(&mut part).unwrap();
    let reply = part.get(..length).unwrap();
    assert!(reply.starts_with(b"HTTP/1.1 100 "), "it is under way");
    server.shutdown().await;
    assert_eq!(stuck.read(&mut part).unwrap(), 0, "it was given up");
}
