//! How long a fetch may take.

use std::future::Future;

use tokio::sync::Semaphore;

use super::super::super::{UnverifiedToken, Verifier};
use super::super::*;
use super::site::{Answer, head};
use super::{fixture, old, verifier};

/// Keeps Tokio's time still for as long as it lives, so that a socket never loses a race against
/// a time-out: a runtime whose time is paused would move it on whenever it is idle, unless a
/// blocking task runs.
struct Still(#[allow(dead_code)] std::sync::mpsc::Sender<()>);

impl Still {
    fn new() -> Self {
        let (hold, held) = std::sync::mpsc::channel();
        tokio::task::spawn_blocking(move || {
            let _ = held.recv();
        });
        Self(hold)
    }
}

/// Lets tasks and sockets go on, without moving time.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// A caller who waits for keys that do not come must be told so after `limit`, and no sooner.
async fn expect_timeout(
    verifier: &Arc<Verifier>,
    ready: impl Future<Output = ()>,
    limit: Duration,
) {
    let waiting = tokio::spawn({
        let verifier = Arc::clone(verifier);
        async move {
            verifier
                .verify(&UnverifiedToken::from(&*old()))
                .await
                .map(|_| ())
        }
    });
    settle().await;
    ready.await;
    tokio::time::advance(limit - Duration::from_millis(10)).await;
    settle().await;
    assert!(!waiting.is_finished());
    tokio::time::advance(Duration::from_millis(20)).await;
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JwksUnavailable);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "the key set did not arrive in time");
}

const TOTAL: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn slow_headers_are_given_up() {
    for part in ["", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let _still = Still::new();
        let fixture = fixture(Answer::Hang(part.into())).await;
        expect_timeout(&fixture.verifier, fixture.site.asked(), TOTAL).await;
        fixture.site.left().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_given_up() {
    let _still = Still::new();
    let part = [
        head("200 OK", &["content-length: 400"]),
        b"{\"keys\":[".to_vec(),
    ]
    .concat();
    let fixture = fixture(Answer::Hang(part)).await;
    expect_timeout(&fixture.verifier, fixture.site.asked(), TOTAL).await;
    fixture.site.left().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_in_is_given_up_all_the_same() {
    let _still = Still::new();
    let fixture = fixture(Answer::Repeat(
        head("200 OK", &["content-length: 400"]),
        b" ".to_vec(),
    ))
    .await;
    let trickle = async {
        fixture.site.asked().await;
        for _ in 0..4 {
            tokio::time::advance(Duration::from_secs(1)).await;
            fixture.site.step(1);
            settle().await;
        }
    };
    expect_timeout(&fixture.verifier, trickle, TOTAL - Duration::from_secs(4)).await;
    fixture.site.step(Semaphore::MAX_PERMITS / 2);
    fixture.site.left().await;
}

// Other systems let more connections wait, or refuse them.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_come_about_is_given_up() {
    use std::net::Ipv4Addr;

    use tokio::net::TcpSocket;

    let _still = Still::new();
    // A queue for one connection that nobody takes out holds two, and others get no answer.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let _queued = [
        std::net::TcpStream::connect(address).unwrap(),
        std::net::TcpStream::connect(address).unwrap(),
    ];
    let (verifier, _) = verifier(format!("http://{address}/").parse().unwrap());
    expect_timeout(&verifier, async {}, Duration::from_secs(2)).await;
}
