//! Connections without traffic: before the first request, between two requests, and during a TLS handshake.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use super::*;
use crate::http::tls::tests::{Folder, make, over_tls};

/// Never, as far as a test is concerned.
pub(super) const NEVER: Duration = Duration::from_secs(600);
/// Makes a test fail rather than hang.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// Connects with little room for replies.
pub(super) async fn connect(server: &Running) -> tokio::net::TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.connect(server.address().unwrap()).await.unwrap()
}

/// Calls the health endpoint, and reads its reply.
pub(super) async fn get_well(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let request = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut reply = Vec::new();
    while !reply.ends_with(b"}") {
        reply.push(stream.read_u8().await.unwrap());
    }
    assert!(reply.starts_with(b"HTTP/1.1 200 "));
}

/// Reads the rest. A connection that was cut may end in an error.
pub(super) async fn rest_of(mut stream: impl AsyncRead + Unpin) -> usize {
    let mut rest = Vec::new();
    let reading = stream.read_to_end(&mut rest);
    let _cut = time::timeout(DEADLINE, reading).await.unwrap();
    rest.len()
}

fn with_tls() -> (crate::http::tls::tests::Made, ConnectionLimits) {
    let made = make();
    let tls = Folder::with(&made).load().unwrap();
    let connection_limits = ConnectionLimits {
        tls: Some(tls),
        ..ConnectionLimits::default()
    };
    (made, connection_limits)
}

#[tokio::test]
async fn a_connection_is_quiet_between_requests_for_as_long_as_a_head_may_take() {
    let head = Duration::from_millis(300);
    let connection_limits = ConnectionLimits {
        head,
        // It has no part in this.
        reply: SOON,
        ..ConnectionLimits::default()
    };
    let server = start(RequestPolicy::default(), connection_limits).await;
    let mut stream = connect(&server).await;
    get_well(&mut stream).await;
    let quiet = time::Instant::now();
    get_well(&mut stream).await;
    assert_eq!(rest_of(stream).await, 0);
    assert!(quiet.elapsed() >= head, "{:?}", quiet.elapsed());
    server.shutdown().await;
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_cut_off() {
    let (_made, connection_limits) = with_tls();
    let connection_limits = ConnectionLimits {
        head: SOON,
        ..connection_limits
    };
    let server = start(RequestPolicy::default(), connection_limits).await;
    for half in [&b""[..], b"\x16\x03\x01"] {
        let mut stream = connect(&server).await;
        stream.write_all(half).await.unwrap();
        assert_eq!(rest_of(stream).await, 0);
    }
    server.shutdown().await;
}

/// Stops a server that would wait for requests.
async fn stop(server: Running) {
    let stopped = time::timeout(DEADLINE, server.shutdown()).await;
    assert!(stopped.is_ok(), "it waits for quiet connections");
}

fn patient(connection_limits: ConnectionLimits) -> ConnectionLimits {
    ConnectionLimits {
        head: NEVER,
        drain: NEVER,
        ..connection_limits
    }
}

#[tokio::test]
async fn quiet_connections_do_not_keep_the_server_from_stopping() {
    let server = start(
        RequestPolicy::default(),
        patient(ConnectionLimits::default()),
    )
    .await;
    let silent = connect(&server).await;
    // Connections are accepted in order: when this one has its reply, the other has been accepted.
    let mut idle = connect(&server).await;
    get_well(&mut idle).await;
    stop(server).await;
    assert_eq!((rest_of(silent).await, rest_of(idle).await), (0, 0));
}

#[tokio::test]
async fn nor_do_handshakes_that_are_not_over() {
    let (made, connection_limits) = with_tls();
    let server = start(RequestPolicy::default(), patient(connection_limits)).await;
    let silent = connect(&server).await;
    let mut half = connect(&server).await;
    half.write_all(b"\x16\x03\x01").await.unwrap();
    let mut idle = over_tls(connect(&server).await, &[&made]).await;
    get_well(&mut idle).await;
    stop(server).await;
    assert_eq!((rest_of(silent).await, rest_of(half).await), (0, 0));
}
