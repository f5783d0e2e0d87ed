//! Where it may be called and dropped: on any thread, and among async tasks.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use passage_identity::bulk::ImportEnd;
use passage_identity::keys::JwksEvent;
use passage_identity::test_util::{self, TestIssuer, TestToken};
use passage_identity::users::CreateUser;
use passage_identity::{ErrorKind, Passage, blocking};
use tokio::runtime::Builder;

use crate::blocking::{Fixture, ends, row, runtimes};

#[test]
fn many_threads_at_once() {
    let fixture = Fixture::new();
    let passage = fixture.passage();
    let headers = fixture.headers("ada");
    thread::scope(|scope| {
        for thread in 0..16 {
            let (passage, headers) = (&passage, &headers);
            scope.spawn(move || {
                let email = format!("user{thread}@example.com");
                let user = passage
                    .users()
                    .create(CreateUser::with_email(&email))
                    .unwrap();
                for _ in 0..10 {
                    assert_eq!(passage.authenticate(headers).unwrap(), "ada");
                    let got = passage.users().get(&user.id).unwrap();
                    assert_eq!(got.email.as_deref(), Some(email.as_str()));
                }
            });
        }
    });
    assert_eq!(passage.users().list().iter().count(), 16);
    let requests = fixture.server.controls().requests();
    let fetches = requests.iter().filter(|r| r.path.ends_with("jwks.json"));
    assert_eq!(fetches.count(), 1, "they share the keys");
}

#[test]
fn among_async_tasks() {
    let fixture = Fixture::new();
    let headers = fixture.headers("ada");
    for runtime in runtimes() {
        // Each first call starts the thread and fetches keys.
        let (passage, copied) = (fixture.passage(), headers.clone());
        ends(move || {
            runtime.block_on(async move {
                assert_eq!(passage.authenticate(&copied).unwrap(), "ada");
                assert!(passage.app().is_ok());
                let task = tokio::spawn(async move {
                    assert_eq!(passage.users().list().iter().count(), 0);
                    // The last one is dropped here, with a connection and keys.
                });
                task.await.unwrap();
            });
        });
    }
}

/// A fetch of keys that waits for the very thread that a call blocks must not be waited for.
#[test]
fn nothing_of_another_runtime_is_waited_for() {
    let fixture = Fixture::new();
    let headers = fixture.headers("ada");
    let passage = fixture.builder().build().unwrap();
    let of_threads = blocking::Passage::new(&passage).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    ends(move || {
        runtime.block_on(async move {
            let same = passage.clone();
            let fetch = tokio::spawn(async move { same.warm_up().await });
            tokio::task::yield_now().await;
            assert!(!fetch.is_finished());
            assert_eq!(of_threads.authenticate(&headers).unwrap(), "ada");
            fetch.await.unwrap().unwrap();

            // Nor is a connection that stands still with its runtime.
            passage.app().await.unwrap();
            assert!(of_threads.app().is_ok());
        });
    });
}

#[test]
fn known_keys_need_no_runtime_thread() {
    let issuer = TestIssuer::new().unwrap();
    let passage = issuer.builder().build_blocking().unwrap();
    let token = issuer.mint("ada").unwrap();
    let headers = test_util::cookie(&token).unwrap();

    // Meanwhile the thread is busy.
    let (begin, begun) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let busy = passage.clone();
    let blocker = thread::spawn(move || {
        busy.block_on(async move {
            begin.send(()).unwrap();
            ended.recv()
        })
    });
    begun.recv().unwrap();
    let verifying = passage.clone();
    let answer = ends(move || {
        assert!(verifying.verify_token(&token).is_ok());
        verifying.authenticate(&headers)
    });
    assert_eq!(answer.unwrap(), "ada");
    end.send(()).unwrap();
    assert_eq!(blocker.join().unwrap().unwrap(), Ok(()));

    // The clock and the keys are those of the client that it was made of.
    let copy = blocking::Passage::new(&issuer.passage().unwrap()).unwrap();
    let expired = issuer.mint(TestToken::new("ada")).unwrap();
    assert!(copy.verify_token(&expired).is_ok());
    issuer.clock().advance(Duration::from_secs(2 * 3600));
    let error = copy.verify_token(&expired).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Expired);
}

/// Answers one request with 404, when it is told to.
fn slow_server() -> (String, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (arrive, arrived) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.is_empty()));
        arrive.send(()).unwrap();
        answers.recv().unwrap();
        let body = r#"{"code":"user_not_found","error":""}"#;
        let length = body.len();
        let head = "HTTP/1.1 404 Not Found\r\ncontent-type: application/json";
        write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
    });
    (url, arrived, answer)
}

#[test]
fn a_client_may_be_dropped_while_calls_run() {
    let (url, arrived, answer) = slow_server();
    let builder = Passage::builder("app").server(url).api_key("key");
    let passage = builder.build_blocking().unwrap();
    let users = passage.users();
    let call = thread::spawn(move || users.get("ada"));
    arrived.recv().unwrap();
    drop(passage);
    answer.send(()).unwrap();
    let error = ends(move || call.join().unwrap()).unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[test]
fn all_of_it_may_be_dropped_among_async_tasks() {
    let fixture = Fixture::new();
    for runtime in runtimes() {
        let passage = fixture.passage();
        passage.app().unwrap();
        let users = passage.users();
        let iter = users.list().iter();
        ends(move || runtime.block_on(async move { drop((passage, users, iter)) }));
    }
}

#[test]
fn a_panic_is_an_error_and_the_next_call_works() {
    let fixture = Fixture::new();
    let passage = fixture.passage();
    let error = passage
        .block_on(async {
            panic!("on purpose");
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(passage.app().is_ok());
}

#[test]
fn a_listener_that_calls_its_own_client_gets_an_error() {
    let fixture = Fixture::new();
    let client = Arc::new(OnceLock::<blocking::Passage>::new());
    let (tell, told) = mpsc::channel();
    let same = Arc::clone(&client);
    let passage = fixture.builder().on_jwks_event(move |event| {
        assert!(matches!(event, JwksEvent::Fetched { .. }));
        let called = same.get().unwrap().app().map(|_| ());
        tell.send(called).unwrap();
    });
    let passage = passage.build_blocking().unwrap();
    client.set(passage.clone()).unwrap();
    passage.warm_up().unwrap();
    let called = told.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(called.unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn imports_and_exports_among_async_tasks() {
    let fixture = Fixture::new();
    for (round, runtime) in runtimes().into_iter().enumerate() {
        let passage = fixture.passage();
        let written = ends(move || {
            runtime.block_on(async move {
                let task = tokio::spawn(async move {
                    let rows = (round * 50..round * 50 + 50).map(row);
                    assert!(passage.users().import_users(rows).run().is_complete());
                    let export = passage.users().export_users();
                    export.write_to(std::io::sink()).unwrap().users
                });
                task.await.unwrap()
            })
        });
        assert_eq!(written, round as u64 * 50 + 50);
    }
}

#[test]
fn imports_and_exports_on_the_thread_of_their_client_are_refused() {
    let fixture = Fixture::new();
    let passage = fixture.passage();
    let same = passage.clone();
    let (report, exported) = ends(move || {
        let both = same.clone();
        let both = async move {
            let users = both.users();
            let unread = std::iter::from_fn(|| -> Option<CreateUser> { unreachable!() });
            let report = users.import_users(unread).run();
            (report, users.export_users().write_to(Vec::new()))
        };
        same.block_on(both).unwrap()
    });
    let ImportEnd::Stopped(error) = &report.end else {
        panic!("{report:?}");
    };
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(report.position.line(), 1);
    let error = exported.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let cursor = error.list_cursor().unwrap().clone();
    let export = passage.users().export_users().resume(cursor);
    assert_eq!(export.write_to(std::io::sink()).unwrap().users, 0);
}

#[test]
fn it_can_be_shared_and_sent() {
    fn sent<T: Send + 'static>() {}
    sent::<blocking::UserIter>();
    sent::<blocking::ExportUsers>();
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<blocking::Passage>();
    shared::<blocking::Users>();
    shared::<blocking::ListUsers>();
    shared::<blocking::MagicLinks>();
    shared::<blocking::ApiKeys>();
    shared::<blocking::Flex>();
}
