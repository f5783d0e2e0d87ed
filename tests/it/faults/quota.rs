//! What calls share, and what can be set for each.

use std::time::Duration;

use passage_identity::{CallOptions, ErrorKind, Passage};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::faults::calls::{Op, client, fly};
use crate::support::fault_replies::{ok, refusal, send};
use crate::support::fault_server::{FaultServer, Step};

const CALLS: usize = 120;

fn busy() -> FaultServer {
    FaultServer::start(vec![send(refusal(503, &[]))], false)
}

/// Makes failing calls by these clients in turn. Gives how often a call was repeated.
async fn storm(clients: &[Passage], server: &mut FaultServer) -> usize {
    let mut attempts = 0;
    for passage in clients.iter().cycle().take(CALLS) {
        let (result, _) = fly(Op::Get.call(passage)).await;
        attempts += result.unwrap_err().attempts();
    }
    let seen = server.settle().await.requests.len();
    assert_eq!(attempts as usize, seen);
    seen - CALLS
}

#[tokio::test(start_paused = true)]
async fn clones_and_handles_with_options_share_the_quota() {
    let mut server = busy();
    let passage = client(&server.url()).build().unwrap();
    let options = CallOptions::new().timeout(Duration::from_secs(1));
    let clients = [
        passage.clone(),
        passage.with_options(options).unwrap(),
        passage,
    ];
    assert_eq!(storm(&clients, &mut server).await, 500 / 5);
    let (result, _) = fly(Op::Delete.call(&clients[0])).await;
    assert_eq!(result.unwrap_err().attempts(), 1, "nothing is left");

    // Ten replies pay for two repeats.
    server.answer(vec![send(ok()); 10]);
    for _ in 0..10 {
        fly(Op::Get.call(&clients[1])).await.0.unwrap();
    }
    server.settle().await;
    assert_eq!(storm(&clients, &mut server).await, 2);

    // Another client has its own.
    let other = client(&server.url()).build().unwrap();
    assert_eq!(storm(&[other], &mut server).await, 500 / 5);
}

#[tokio::test(start_paused = true)]
async fn time_outs_cost_twice_as_much() {
    let mut server = FaultServer::start(vec![vec![Step::Stall]], false);
    let passage = client(&server.url())
        .timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    assert_eq!(storm(&[passage], &mut server).await, 500 / 10);
}

#[tokio::test(start_paused = true)]
async fn options_are_for_the_calls_of_their_handle() {
    let mut server = busy();
    let passage = client(&server.url()).build().unwrap();
    let once = passage
        .with_options(CallOptions::new().max_attempts(1))
        .unwrap();
    let five = once
        .with_options(CallOptions::new().max_attempts(5))
        .unwrap();
    for (passage, attempts) in [(&once, 1), (&five, 5), (&passage, 3)] {
        let (result, _) = fly(Op::Get.call(passage)).await;
        assert_eq!(result.unwrap_err().attempts(), attempts);
        assert_eq!(server.settle().await.requests.len(), attempts as usize);
    }
}

#[tokio::test(start_paused = true)]
async fn a_calls_deadline_wins_over_the_wait_and_the_time_out() {
    let wait = Duration::from_secs(7);
    let mut server = FaultServer::start(vec![send(refusal(429, &[("retry-after", "7")]))], false);
    let passage = client(&server.url()).build().unwrap();
    for (deadline, attempts, least) in [(7, 1, 0), (8, 2, 7), (15, 3, 14)] {
        let options = CallOptions::new().deadline(Duration::from_secs(deadline));
        let handle = passage.with_options(options).unwrap();
        let (result, took) = fly(Op::Create.call(&handle)).await;
        let error = result.unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Some(429), attempts));
        assert_eq!(error.retry_after(), Some(wait));
        assert!(took >= Duration::from_secs(least) && took < Duration::from_secs(deadline));
    }
    server.settle().await;

    server.answer(vec![vec![Step::Stall]; 9]);
    let options = CallOptions::new()
        .deadline(Duration::from_secs(2))
        .timeout(Duration::from_secs(5));
    let handle = passage.with_options(options).unwrap();
    let (result, took) = fly(Op::Get.call(&handle)).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
    assert!(took <= Duration::from_millis(2_002), "{took:?}");
}

/// A listener whose queue is full: to connect takes for ever.
async fn full() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let (Ok(stream), _) =
        fly(timeout(Duration::from_secs(1), TcpStream::connect(address))).await
    {
        waiting.push(stream.unwrap());
    }
    (listener, waiting)
}

#[tokio::test(start_paused = true)]
async fn connecting_has_its_own_time_per_client_and_per_call() {
    let (listener, _waiting) = full().await;
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seconds = Duration::from_secs;
    let passage = client(&url).max_attempts(1).connect_timeout(seconds(2));
    let passage = passage.build().unwrap();
    let longer = CallOptions::new().connect_timeout(seconds(5));
    let shorter = CallOptions::new().deadline(seconds(1));
    for (handle, expected) in [
        (passage.clone(), 2),
        (passage.with_options(longer).unwrap(), 5),
        (passage.with_options(shorter).unwrap(), 1),
    ] {
        let (result, took) = fly(Op::Create.call(&handle)).await;
        let error = result.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        let slack = Duration::from_millis(10);
        assert!(
            took >= seconds(expected) && took < seconds(expected) + slack,
            "{took:?}"
        );
    }
    let none = CallOptions::new().connect_timeout(Duration::ZERO);
    assert_eq!(
        passage.with_options(none).unwrap_err().kind(),
        ErrorKind::Config
    );
}

#[tokio::test(start_paused = true)]
async fn the_wait_between_attempts_can_be_set_per_call() {
    let mut server = FaultServer::start(vec![send(refusal(503, &[])); 9], false);
    let passage = client(&server.url()).build().unwrap();
    let (result, took) = fly(Op::Get.call(&passage)).await;
    assert_eq!(result.unwrap_err().attempts(), 3);
    assert!(took < Duration::from_millis(100), "{took:?}");
    // Chance picks from zero up to these, so that nearly all of nine waits take a while.
    let mut waited = 0;
    for _ in 0..9 {
        let wait = Duration::from_secs(10);
        let options = CallOptions::new().retry_wait(wait, wait).max_attempts(2);
        let handle = passage.with_options(options).unwrap();
        server.answer(vec![send(refusal(503, &[])); 2]);
        let (result, took) = fly(Op::Get.call(&handle)).await;
        assert_eq!(result.unwrap_err().attempts(), 2);
        waited += u32::from(took > Duration::from_millis(200));
    }
    assert!(waited >= 5, "{waited}");
    server.settle().await;
}
