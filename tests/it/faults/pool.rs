//! Connections that are used again.

use passage_identity::{ErrorKind, Passage};

use crate::faults::calls::{Op, client, fly};
use crate::support::fault_replies::{ok, send, then, user, whole};
use crate::support::fault_server::{FaultServer, Step};

fn setup(first: crate::support::fault_server::Reply) -> (FaultServer, Passage) {
    let server = FaultServer::start(vec![first, send(ok())], false);
    let passage = client(&server.url()).build().unwrap();
    (server, passage)
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_used_again() {
    let (mut server, passage) = setup(send(ok()));
    for op in Op::ALL {
        fly(op.call(&passage)).await.0.unwrap();
    }
    let seen = server.settle().await;
    assert_eq!((seen.connections, seen.requests.len()), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn one_that_was_closed_while_idle_costs_nobody_anything() {
    for op in Op::ALL {
        let (mut server, passage) = setup(then(ok(), Step::Close));
        fly(Op::Get.call(&passage)).await.0.unwrap();
        server.settle().await;
        // The client gets to see the end of the connection.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        fly(op.call(&passage)).await.0.unwrap();
        let seen = server.settle().await;
        assert_eq!((seen.connections, seen.requests.len()), (1, 1), "{op:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_closed_when_the_request_comes_is_a_failure_as_any() {
    for op in Op::ALL {
        let (mut server, passage) = setup(send(ok()));
        fly(Op::Get.call(&passage)).await.0.unwrap();
        server.settle().await;
        server.answer(vec![vec![Step::Close]]);
        let (result, _) = fly(op.call(&passage)).await;
        let seen = server.settle().await;
        if op == Op::Create {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connection, 1));
            assert_eq!(seen.requests.len(), 1, "the server may have carried it out");
        } else {
            result.unwrap();
            assert_eq!(seen.requests.len(), 2, "{op:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_too_many_is_nobodys() {
    let mut stale = user();
    stale["user"]["id"] = "somebody-else".into();
    let twice = [ok(), whole(200, &[], stale.to_string())].concat();
    let (mut server, passage) = setup(send(twice));
    for _ in 0..2 {
        let (user, _) = fly(passage.users().get("user1")).await;
        assert_eq!(user.unwrap().id, "user1");
    }
    let seen = server.settle().await;
    assert_eq!((seen.connections, seen.requests.len()), (2, 2));
}
