//! What calls share, and what can be set for each.

use std::time::Duration;

use passage_identity::{CallOptions, ErrorKind, Passage};

use crate::calls::{Op, client, fly};
use crate::replies::{ok, refusal, send};
use crate::server::{FaultServer, Step};

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
