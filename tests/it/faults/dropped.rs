//! Calls that are dropped before they are done.

use std::pin::pin;
use std::task::Poll;

use passage_identity::Passage;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::faults::calls::{Op, client};
use crate::support::fault_replies::{ok, refusal, send, then};
use crate::support::fault_server::{FaultServer, Reply, Step};

/// Polls a future so many times at most and then drops it.
async fn poll_times<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// A server in a thread and a runtime of its own, so that its tasks are not counted.
fn elsewhere(replies: Vec<Reply>) -> (Runtime, FaultServer) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let guard = runtime.enter();
    let server = FaultServer::start(replies, false);
    drop(guard);
    (runtime, server)
}

/// Drops a call after each number of polls until it gets to its end, which is after `attempts`
/// each time it is not dropped.
async fn drop_everywhere(op: Op, passage: &Passage, server: &FaultServer, replies: &[Reply]) {
    for times in 0.. {
        assert!(times < 100, "{op:?} ends at some time");
        server.answer(replies.to_vec());
        let ended = poll_times(op.call(passage), times).await;
        // Whatever was dropped, the next call gets its own reply.
        server.answer(vec![]);
        let user = passage.users().get("user1").await.unwrap();
        assert_eq!(user.id, "user1");
        if let Some(result) = ended {
            assert!(times > 1, "a call waits at least once");
            return result.unwrap();
        }
    }
}

#[test]
fn nothing_is_left_of_them() {
    let slow_body = {
        let ok = ok();
        let (head, body) = ok.split_at(ok.len() - 100);
        vec![Step::Send(head.to_vec()), Step::Send(body.to_vec())]
    };
    let replies = [
        send(refusal(429, &[])),
        // Said beforehand, so that the next attempt does not take the connection while it closes.
        then(refusal(429, &[("connection", "close")]), Step::Close),
        slow_body,
    ];
    let (_runtime, server) = elsewhere(vec![send(ok())]);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let passage = client(&server.url()).build().unwrap();
        for op in Op::ALL {
            drop_everywhere(op, &passage, &server, &replies).await;
        }
        drop(passage);
        // The tasks of pooled connections end with the client.
        let metrics = Handle::current().metrics();
        for _ in 0..10_000 {
            if metrics.num_alive_tasks() == 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
        assert_eq!(metrics.num_alive_tasks(), 0);
    });
}

#[test]
fn the_quota_is_what_it_was() {
    let (_runtime, server) = elsewhere(vec![send(ok())]);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let passage = client(&server.url()).build().unwrap();
        for op in Op::ALL {
            drop_everywhere(op, &passage, &server, &[]).await;
        }
        server.answer(vec![send(refusal(503, &[])); 1_000]);
        let mut repeats = 0;
        for _ in 0..120 {
            repeats += Op::Get.call(&passage).await.unwrap_err().attempts() - 1;
        }
        assert_eq!(repeats, 500 / 5);
    });
}
