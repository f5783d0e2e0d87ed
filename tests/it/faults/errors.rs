//! What errors say of calls that were not made, and of replies that cannot be read.

use std::error::Error as _;
use std::time::Duration;

use passage_identity::{ErrorCode, ErrorKind, Passage};

use crate::faults::calls::{Op, client, fly};
use crate::support::fault_replies::{head, ok, refusal, send, user, whole};
use crate::support::fault_server::FaultServer;

#[tokio::test(start_paused = true)]
async fn without_an_api_key_nobody_is_asked() {
    let mut server = FaultServer::start(vec![send(ok())], false);
    let passage = Passage::builder("app1")
        .server(server.url())
        .build()
        .unwrap();
    for op in Op::ALL {
        let error = fly(op.call(&passage)).await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MissingApiKey);
        assert_eq!((error.operation(), error.attempts()), (Some(op.name()), 0));
        assert!(error.is_config() && !error.is_retryable() && !error.is_unavailable());
    }
    assert_eq!(server.settle().await.connections, 0);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_all_that_the_server_said() {
    let headers = [("x-request-id", "r-1"), ("retry-after", "60")];
    let server = FaultServer::start(vec![send(refusal(503, &headers))], false);
    let passage = client(&server.url()).build().unwrap();
    for op in Op::ALL {
        let error = fly(op.call(&passage)).await.0.unwrap_err();
        assert_eq!(error.status(), Some(503));
        assert_eq!(error.code(), Some(&ErrorCode::Unknown("some_code".into())));
        assert_eq!(error.server_message(), Some("some words"));
        assert_eq!(error.request_id(), Some("r-1"));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
        assert_eq!(
            error.to_string(),
            format!(
                "{}: the server failed (some_code, 503, request r-1)",
                op.name()
            )
        );
    }
}

#[tokio::test(start_paused = true)]
async fn so_does_a_status_that_nobody_expects() {
    let headers = [("cf-ray", "r-2"), ("location", "/secret-place")];
    let server = FaultServer::start(vec![send(head(302, &headers))], false);
    let passage = client(&server.url()).build().unwrap();
    for op in Op::ALL {
        let error = fly(op.call(&passage)).await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
        let shown = "the server answered in an unexpected way (302, request r-2)";
        assert_eq!(error.to_string(), format!("{}: {shown}", op.name()));
        assert!(!format!("{error:?}").contains("secret-place"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_decode_error_names_the_member_and_nothing_of_the_reply() {
    let mut wrong = user();
    wrong["user"]["login_count"] = "hunter2".into();
    let headers = [("content-type", "application/json")];
    let server = FaultServer::start(vec![send(whole(200, &headers, wrong.to_string()))], false);
    let passage = client(&server.url()).build().unwrap();
    for op in [Op::Get, Op::Create, Op::Activate] {
        let error = fly(op.call(&passage)).await.0.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Decode, 1));
        let cause = error.source().unwrap().to_string();
        assert!(
            cause.starts_with("unexpected value at `user.login_count` (line 1, "),
            "{cause}"
        );
        assert!(!format!("{error} {error:?} {cause}").contains("hunter2"));
    }
}
