//! Imports and exports against the real server: how much at a time, what becomes of every kind of
//! row, faults in the middle, and stopping and going on.
use passage_examples::bulk as example;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use http::Method;
use indicatif::ProgressBar;
use passage_identity::bulk::{ImportEnd, ImportOutcome, ImportPosition, ImportReport, ImportUser};
use passage_identity::users::{CreateUser, ListCursor, Order, SortBy, User, UserStatus};
use passage_identity::{ErrorKind, Passage};
use passage_server::{Cut, Fault};
use passage_test_support::TestServer;
use passage_test_support::holding_proxy::{HoldingProxy, let_others_work, until};
use serde_json::{Value, json};
use tokio::io::AsyncWrite;

fn client(server: &TestServer, url: &str) -> Passage {
    Passage::builder(server.app_id())
        .server(url)
        .api_key(server.api_key())
        .retry_wait(Duration::from_millis(1), Duration::from_millis(1))
        // Longer than any test waits: no call may end by itself.
        .timeout(Duration::from_secs(600))
        .deadline(Duration::from_secs(600))
        .build()
        .unwrap()
}

async fn setup() -> (TestServer, Passage) {
    let server = TestServer::start().await;
    let passage = client(&server, server.url());
    (server, passage)
}

fn row(number: usize) -> CreateUser {
    CreateUser::with_email(format!("user{number}@example.com"))
}

fn rows(numbers: std::ops::Range<usize>) -> impl futures_util::Stream<Item = CreateUser> + Send {
    stream::iter(numbers.map(row))
}

/// How often each address is there.
async fn everybody(passage: &Passage) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let mut users = passage.users().list().limit(500).stream();
    while let Some(user) = users.next().await {
        *found.entry(user.unwrap().email.unwrap()).or_default() += 1;
    }
    found
}

fn failed_lines(report: &ImportReport) -> Vec<u64> {
    let mut lines: Vec<_> = report.failures.iter().map(|failure| failure.line).collect();
    lines.sort_unstable();
    lines
}

fn finished(report: &ImportReport) -> bool {
    matches!(report.end, ImportEnd::Finished)
}

fn is_create(request: &axum::extract::Request) -> bool {
    *request.method() == Method::POST
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_rows_eight_at_a_time_through_faults() {
    const ROWS: usize = 10_000;
    let (server, passage) = setup().await;
    let create = || Fault::operation("management.createUser");
    for fault in [
        create().status(429).times(40),
        create().status(503).times(20),
        create().cut(Cut::Before).times(20),
        create().cut(Cut::After).times(20),
        create().cut(Cut::Mid).times(20),
    ] {
        server.controls().fault(fault);
    }
    let (taken, settled, most) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let rows = stream::iter(0..ROWS).map(|number| {
        let taken = taken.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(taken - settled.load(Ordering::SeqCst), Ordering::SeqCst);
        row(number)
    });
    let import = passage.users().import_users(rows).each(|_, _| {
        settled.fetch_add(1, Ordering::SeqCst);
    });
    let mut progress = import.handle().progress();
    assert_eq!(progress.borrow().total, Some(ROWS as u64));
    let report = import.tries(10).run().await;

    assert!(
        report.is_complete(),
        "{:?} {:?}",
        report.end,
        report.failures.first()
    );
    assert_eq!(report.progress.created, ROWS as u64);
    assert_eq!(*progress.borrow_and_update(), report.progress);
    assert!(progress.changed().await.is_err(), "the channel is closed");
    assert_eq!(most.load(Ordering::SeqCst), 8);
    assert_eq!(report.position.line(), ROWS as u64 + 1);
    assert!(server.controls().faults().is_empty(), "all faults have hit");
    let found = everybody(&passage).await;
    assert_eq!((found.len(), found.values().max()), (ROWS, Some(&1)));
}

#[tokio::test]
async fn so_many_calls_are_under_way_and_no_more() {
    for concurrency in [1, 3, 8] {
        let (server, _) = setup().await;
        let proxy = HoldingProxy::before(server.url(), is_create).await;
        let passage = client(&server, proxy.url());
        let users = passage.users();
        let import = users.import_users(rows(0..40)).concurrency(concurrency);
        let (report, ()) = tokio::join!(import.run(), async {
            until("as many as may be", || proxy.here() == concurrency).await;
            let_others_work().await;
            assert_eq!(proxy.here(), concurrency);
            proxy.open();
        });
        assert_eq!((proxy.most(), report.progress.created), (concurrency, 40));
    }
}

/// A row of every kind; the third line is blank.
const ROWS: &str = r#"{"email":"new@example.com","metadata":{"plan":"pro"}}
{"email":"USER0@example.com","metadata":{"n":2},"active":true}

{"phone":"+15005550006","active":true}
{"email":"off@example.com","phone":"+15005550007","active":false}
not json
{"email":"no address"}
{"email":"typo@example.com","metdata":{}}
{"email":"bad@example.com","metadata":{"n":[1]}}
{"email":"new@example.com"}
{"email":"last@example.com"}"#;

/// Imports them one after the other, where `user0@example.com` is there.
async fn import_rows(passage: &Passage) -> (User, ImportReport, BTreeMap<u64, ImportOutcome>) {
    let users = passage.users();
    let there = row(0).metadata(json!({"n": 1}));
    let there = users.create(there).await.unwrap();
    let outcomes = Mutex::new(BTreeMap::new());
    let report = users
        .import_json_lines(ROWS.as_bytes())
        .concurrency(1)
        .total(10)
        .each(|line, outcome| {
            outcomes.lock().unwrap().insert(line, outcome.clone());
        })
        .run()
        .await;
    (there, report, outcomes.into_inner().unwrap())
}

#[tokio::test]
async fn the_report_counts_rows_and_names_the_lines_that_failed() {
    let (_server, passage) = setup().await;
    let (_, report, outcomes) = import_rows(&passage).await;
    assert!(finished(&report) && !report.is_complete());
    let progress = report.progress;
    assert_eq!(
        (progress.created, progress.existing, progress.failed),
        (4, 2, 4)
    );
    assert_eq!((progress.done(), progress.total), (10, Some(10)));
    assert_eq!(failed_lines(&report), [6, 7, 8, 9]);
    assert!(
        report
            .failures
            .iter()
            .all(|failure| !failure.may_succeed_later())
    );
    assert_eq!(report.position.line(), 12, "nothing is left to try again");
    let text = format!("{report:?}");
    assert!(
        !text.contains("example.com") && !text.contains("no address"),
        "{text}"
    );
    assert_eq!(
        outcomes.keys().copied().collect::<Vec<_>>(),
        [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]
    );
}

#[tokio::test]
async fn every_row_comes_to_its_outcome() {
    let (_server, passage) = setup().await;
    let users = passage.users();
    let (there, _, outcomes) = import_rows(&passage).await;
    let id = |line: u64| match &outcomes[&line] {
        ImportOutcome::Created(id) => id.clone(),
        other => panic!("line {line}: {other:?}"),
    };
    let user = users.get(id(1)).await.unwrap();
    assert_eq!(
        (
            user.email.as_deref(),
            user.status,
            json!(user.user_metadata)
        ),
        (
            Some("new@example.com"),
            UserStatus::Pending,
            json!({"plan": "pro"})
        )
    );
    assert_eq!(users.get(id(4)).await.unwrap().status, UserStatus::Active);
    let user = users.get(id(5)).await.unwrap();
    assert_eq!(
        (user.status, user.phone.as_deref()),
        (UserStatus::Inactive, Some("+15005550007"))
    );
    assert_eq!(
        users.get(&there.id).await.unwrap(),
        there,
        "whoever exists stays as is"
    );
}

#[tokio::test]
async fn a_reply_that_was_lost_neither_loses_nor_doubles_anybody() {
    for cut in [Cut::Before, Cut::After, Cut::Mid] {
        let (server, passage) = setup().await;
        let users = passage.users();
        // Created long before the import, with the identifiers of a row.
        users.create(row(2)).await.unwrap();
        server.controls().advance(Duration::from_secs(3600));
        server
            .controls()
            .fault(Fault::operation("management.createUser").cut(cut).times(5));
        let rows = stream::iter(0..5).map(|number| ImportUser::from(row(number)).active(true));
        let report = users.import_users(rows).concurrency(5).run().await;
        assert!(report.is_complete(), "{report:?}");
        let progress = report.progress;
        assert_eq!((progress.created, progress.existing), (4, 1), "{cut:?}");
        for number in 0..5 {
            let user = users
                .get_by_identifier(&format!("user{number}@example.com"))
                .await
                .unwrap();
            assert_eq!(user.is_active(), number != 2, "{number}");
        }
        assert_eq!(everybody(&passage).await.len(), 5);
    }
}

#[tokio::test]
async fn what_nobody_knows_is_uncertain_and_settled_by_the_next_run() {
    let (server, passage) = setup().await;
    let users = passage.users();
    let create = || Fault::operation("management.createUser");
    // The first row is created at its last try, and then nobody can be asked.
    server.controls().fault(create().cut(Cut::Before).times(1));
    server.controls().fault(create().cut(Cut::After).times(1));
    server.controls().fault(
        Fault::operation("listPaginatedUsers")
            .delay(Duration::ZERO)
            .times(1),
    );
    server
        .controls()
        .fault(Fault::operation("listPaginatedUsers").status(500).times(3));
    let import = |numbers| users.import_users(rows(numbers)).concurrency(1).tries(2);
    let report = import(0..3).run().await;
    assert!(finished(&report));
    assert_eq!((report.progress.created, report.progress.uncertain), (2, 1));
    assert_eq!(failed_lines(&report), [1]);
    assert!(report.failures[0].uncertain && report.failures[0].may_succeed_later());
    assert_eq!(report.failures[0].error.kind(), ErrorKind::Connection);
    assert_eq!(report.position.unsettled().collect::<Vec<_>>(), [1]);
    assert_eq!(
        (report.position.line(), report.position.next_line()),
        (1, 4)
    );

    let stored = report.position.to_string();
    let position: ImportPosition = stored.parse().unwrap();
    let report = import(0..3).resume(position).run().await;
    assert!(report.is_complete());
    let progress = report.progress;
    // It was created by the first run, so it does not count as somebody else.
    assert_eq!(
        (progress.created, progress.existing, progress.skipped),
        (1, 0, 2)
    );
    assert_eq!(everybody(&passage).await.len(), 3);
}

#[tokio::test]
async fn a_user_who_could_not_be_activated_is_taken_up_again() {
    let (server, passage) = setup().await;
    let rows = || stream::iter(0..2).map(|number| ImportUser::from(row(number)).active(true));
    server
        .controls()
        .fault(Fault::operation("activateUser").status(500).times(3));
    let report = passage
        .users()
        .import_users(rows())
        .concurrency(1)
        .run()
        .await;
    assert_eq!(
        (report.progress.created, failed_lines(&report)),
        (1, vec![1])
    );
    assert_eq!(report.failures[0].error.operation(), Some("activateUser"));
    let report = passage
        .users()
        .import_users(rows())
        .resume(report.position)
        .run()
        .await;
    assert!(report.is_complete() && report.progress.created == 1);
    let active = passage.users().list().status(UserStatus::Active);
    assert_eq!(active.send().await.unwrap().total, 2);
}

#[tokio::test]
async fn cancelling_lets_rows_under_way_end_and_the_next_run_does_the_rest() {
    let (server, _) = setup().await;
    let proxy = HoldingProxy::before(server.url(), is_create).await;
    let passage = client(&server, proxy.url());
    let users = passage.users();
    let import = users.import_users(rows(0..50)).concurrency(4);
    let handle = import.handle();
    let (report, ()) = tokio::join!(import.run(), async {
        until("four rows are under way", || proxy.here() == 4).await;
        handle.cancel();
        proxy.open();
    });
    assert!(matches!(report.end, ImportEnd::Cancelled));
    assert_eq!((report.progress.created, report.position.line()), (4, 5));
    assert!((1..=4).all(|line| report.position.is_settled(line)));

    let report = users
        .import_users(rows(0..50))
        .resume(report.position)
        .run()
        .await;
    assert!(report.is_complete());
    assert_eq!((report.progress.created, report.progress.skipped), (46, 4));
    assert_eq!(everybody(&passage).await.len(), 50);
}

#[tokio::test]
async fn dropping_the_import_ends_its_calls_and_the_handle_knows_the_rest() {
    let (server, _) = setup().await;
    // The first rows pass; the fourth and those after it do not.
    let proxy = HoldingProxy::before(server.url(), |request| {
        static CREATED: AtomicUsize = AtomicUsize::new(0);
        is_create(request) && CREATED.fetch_add(1, Ordering::SeqCst) >= 3
    })
    .await;
    let passage = client(&server, proxy.url());
    let users = passage.users();
    let import = users.import_users(rows(0..20)).concurrency(4);
    let handle = import.handle();
    let mut progress = handle.progress();
    {
        let mut run = Box::pin(import.run());
        until("four rows are held, three are done", || {
            assert!(futures_util::FutureExt::now_or_never(&mut run).is_none());
            proxy.here() == 4 && handle.report().progress.created == 3
        })
        .await;
    }
    until("the calls are given up", || proxy.given_up() == 4).await;
    assert_eq!(proxy.here(), 0);
    progress.borrow_and_update();
    assert!(progress.changed().await.is_err(), "the channel is closed");

    let report = handle.report();
    assert!(matches!(report.end, ImportEnd::NotYet));
    assert_eq!(
        (report.progress.created, report.position.next_line()),
        (3, 8)
    );
    assert_eq!(report.position.unsettled().count(), 4);
    proxy.open();
    let report = users
        .import_users(rows(0..20))
        .resume(report.position)
        .run()
        .await;
    assert!(report.is_complete());
    assert_eq!((report.progress.created, report.progress.skipped), (17, 3));
    assert_eq!(everybody(&passage).await.len(), 20);
}

#[tokio::test]
async fn a_row_that_was_created_when_the_import_was_dropped_is_not_somebody_else() {
    let (server, passage) = setup().await;
    let users = passage.users();
    server.controls().fault(
        Fault::operation("management.createUser")
            .cut(Cut::After)
            .times(3),
    );
    let import = users.import_users(rows(0..3)).tries(1);
    let handle = import.handle();
    // The lookups that would settle them are not answered.
    server.controls().fault(
        Fault::operation("listPaginatedUsers")
            .delay(Duration::ZERO)
            .times(1),
    );
    server
        .controls()
        .fault(Fault::operation("listPaginatedUsers").delay(Duration::from_secs(3600)));
    {
        let mut run = Box::pin(import.run());
        until("all three are created", || {
            assert!(futures_util::FutureExt::now_or_never(&mut run).is_none());
            let requests = server.controls().requests();
            let created = requests
                .iter()
                .filter(|request| request.operation.as_deref() == Some("createUser"));
            created.count() == 3
        })
        .await;
    }
    server.controls().clear_faults();
    let report = handle.report();
    assert_eq!((report.progress.done(), report.position.line()), (0, 1));
    let report = users
        .import_users(rows(0..3))
        .resume(report.position)
        .run()
        .await;
    assert_eq!((report.progress.created, report.progress.existing), (3, 0));
}

#[tokio::test]
async fn a_limit_of_failures_stops_it() {
    let lines = "{\"email\":\"a@example.com\"}\nbad\nworse\n{\"email\":\"b@example.com\"}\n";
    for (limit, created, failed) in [(1, 1, 1), (2, 1, 2), (3, 2, 2)] {
        let (_server, passage) = setup().await;
        let import = passage
            .users()
            .import_json_lines(lines.as_bytes())
            .concurrency(1);
        let import = if limit == 1 {
            import.fail_fast()
        } else {
            import.stop_after_failures(limit)
        };
        let report = import.run().await;
        assert_eq!(matches!(report.end, ImportEnd::TooManyFailures), limit < 3);
        assert_eq!(
            (report.progress.created, report.progress.failed),
            (created, failed)
        );
        let rest = passage.users().import_json_lines(lines.as_bytes());
        let report = rest.resume(report.position).run().await;
        assert!(finished(&report));
        assert_eq!(everybody(&passage).await.len(), 2);
        assert_eq!(
            report.progress.failed + failed,
            2,
            "bad lines are reported once"
        );
    }
}

#[tokio::test]
async fn nothing_is_tried_with_a_wrong_key_or_none() {
    let (server, _) = setup().await;
    let wrong = Passage::builder(server.app_id())
        .server(server.url())
        .api_key("wrong")
        .build()
        .unwrap();
    let report = wrong.users().import_users(rows(0..100)).run().await;
    let ImportEnd::Stopped(error) = &report.end else {
        panic!("{report:?}");
    };
    assert!(error.is_unauthorized());
    assert_eq!((report.progress.done(), report.position.line()), (0, 1));
    assert_eq!(server.controls().requests().len(), 1);
    let without = Passage::builder(server.app_id())
        .server(server.url())
        .build()
        .unwrap();
    let report = without.users().import_users(rows(0..100)).run().await;
    assert!(
        matches!(report.end, ImportEnd::Stopped(error) if error.kind() == ErrorKind::MissingApiKey)
    );
}

#[tokio::test]
async fn it_stops_when_the_key_is_revoked_and_goes_on_from_there() {
    let (server, passage) = setup().await;
    let create = || Fault::operation("management.createUser");
    server
        .controls()
        .fault(create().delay(Duration::ZERO).times(30));
    server
        .controls()
        .fault(create().status(401).code("invalid_access_token"));
    let report = passage.users().import_users(rows(0..100)).run().await;
    assert!(matches!(&report.end, ImportEnd::Stopped(error) if error.is_unauthorized()));
    assert_eq!((report.progress.created, report.progress.done()), (30, 30));
    server.controls().clear_faults();

    let import = passage.users().import_users(rows(0..100));
    let report = import.resume(report.position).run().await;
    assert!(report.is_complete());
    assert_eq!((report.progress.created, report.progress.skipped), (70, 30));
    assert_eq!(everybody(&passage).await.len(), 100);
}

/// Others would be reported one by one for nothing.
#[tokio::test]
async fn it_stops_when_the_server_fails_from_now_on() {
    let (server, passage) = setup().await;
    let report = passage.users().import_users(rows(0..30)).run().await;
    assert!(report.is_complete());
    let create = Fault::operation("management.createUser");
    server.controls().fault(create.status(503));
    let import = passage.users().import_users(rows(0..100)).tries(2);
    let report = import.resume(report.position).run().await;
    assert!(matches!(&report.end, ImportEnd::Stopped(error) if error.is_unavailable()));
    assert_eq!((report.progress.created, report.progress.skipped), (0, 30));
    assert!(
        (8..16).contains(&report.progress.not_imported()),
        "{:?}",
        report.progress
    );
    assert!(
        report
            .failures
            .iter()
            .all(|failure| failure.may_succeed_later())
    );
    server.controls().clear_faults();

    let report = passage
        .users()
        .import_users(rows(0..100))
        .resume(report.position)
        .run()
        .await;
    assert!(report.is_complete());
    assert_eq!((report.progress.created, report.progress.skipped), (70, 30));
    assert_eq!(everybody(&passage).await.len(), 100);
}

#[tokio::test]
async fn a_server_that_is_gone_leaves_rows_that_failed_and_not_uncertain_ones() {
    let (server, passage) = setup().await;
    let shut = Mutex::new(Some(server));
    // It goes down after the import has begun.
    let rows = stream::iter(0..3).then(|number| {
        let server = shut.lock().unwrap().take();
        async move {
            if let Some(server) = server {
                server.shutdown().await;
                // Until the client has seen that its connections are closed: a call that goes out on one of them
                // is uncertain indeed.
                let_others_work().await;
            }
            row(number)
        }
    });
    let report = passage.users().import_users(rows).tries(1).run().await;
    assert_eq!(
        (report.progress.failed, report.progress.uncertain),
        (3, 0),
        "{report:?}"
    );
    assert_eq!(report.position.unsettled().count(), 3);
}

#[tokio::test]
async fn an_input_that_breaks_is_told_apart_from_its_end() {
    struct Torn(&'static [u8]);
    impl tokio::io::AsyncRead for Torn {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut tokio::io::ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            if self.0.is_empty() {
                return Poll::Ready(Err(std::io::Error::other("torn")));
            }
            buffer.put_slice(self.0);
            self.0 = &[];
            Poll::Ready(Ok(()))
        }
    }
    let (_server, passage) = setup().await;
    let input = Torn(b"{\"email\":\"a@example.com\"}\n{\"email\":\"b@exa");
    let lines = tokio::io::BufReader::new(input);
    let report = passage.users().import_json_lines(lines).run().await;
    assert!(matches!(&report.end, ImportEnd::Stopped(error) if error.kind() == ErrorKind::Io));
    assert_eq!(
        (report.progress.created, report.position.next_line()),
        (1, 2)
    );
}

/// A writer that fails, or waits for ever, when it has taken so many bytes.
struct Full {
    taken: Arc<Mutex<Vec<u8>>>,
    room: usize,
    waits: bool,
}

impl AsyncWrite for Full {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let mut taken = self.taken.lock().unwrap();
        let room = self.room - taken.len();
        if room == 0 {
            return if self.waits {
                Poll::Pending
            } else {
                Poll::Ready(Err(std::io::ErrorKind::StorageFull.into()))
            };
        }
        let part = &bytes[..bytes.len().min(room).min(1000)];
        taken.extend_from_slice(part);
        Poll::Ready(Ok(part.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

async fn fill(passage: &Passage, users: usize) {
    let report = passage.users().import_users(rows(0..users)).run().await;
    assert!(report.is_complete());
}

/// The addresses of an export.
fn exported(bytes: &[u8]) -> Vec<String> {
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let emails = lines.map(|line| {
        let user: Value = serde_json::from_slice(line).unwrap();
        user["email"].as_str().unwrap().to_owned()
    });
    emails.collect()
}

#[tokio::test]
async fn an_export_has_everybody_and_can_be_imported_elsewhere() {
    let (_server, passage) = setup().await;
    let users = passage.users();
    fill(&passage, 1_100).await;
    let first = users.get_by_identifier("user0@example.com").await.unwrap();
    users.activate(&first.id).await.unwrap();
    let both = CreateUser::with_phone("+15005550006").metadata(json!({"plan": "pro"}));
    users.create(both).await.unwrap();

    let mut file = Vec::new();
    let export = users.export_users();
    let progress = export.progress();
    let written = export.write_to(&mut file).await.unwrap();
    assert_eq!((written.users, written.total), (1_101, Some(1_101)));
    assert_eq!(
        (written.bytes, &written),
        (file.len() as u64, &*progress.borrow())
    );
    let lines: Vec<Value> = file
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let in_order: Vec<_> = users
        .list()
        .order_by(SortBy::CreatedAt, Order::Asc)
        .limit(500)
        .stream()
        .map_ok(|user| json!(user))
        .try_collect()
        .await
        .unwrap();
    assert_eq!(lines, in_order);

    let (_elsewhere, other) = setup().await;
    let report = other.users().import_json_lines(&file[..]).run().await;
    assert!(report.is_complete(), "{:?}", report.failures.first());
    let user = other
        .users()
        .get_by_identifier("+15005550006")
        .await
        .unwrap();
    assert_eq!(json!(user.user_metadata), json!({"plan": "pro"}));
    let active = other.users().list().status(UserStatus::Active).export();
    let mut file = Vec::new();
    assert_eq!(active.write_to(&mut file).await.unwrap().users, 1);
    assert_eq!(exported(&file), ["user0@example.com"]);
}

#[tokio::test]
async fn an_export_goes_on_where_its_writer_failed_or_it_was_dropped() {
    let (_server, passage) = setup().await;
    fill(&passage, 700).await;
    let mut whole = Vec::new();
    let list = || {
        let list = passage.users().list();
        list.order_by(SortBy::CreatedAt, Order::Asc).limit(50)
    };
    list().export().write_to(&mut whole).await.unwrap();

    for waits in [false, true] {
        for room in [0, 1, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let taken = Arc::new(Mutex::new(Vec::new()));
            let export = list().export();
            let progress = export.progress();
            let writer = Full {
                taken: Arc::clone(&taken),
                room,
                waits,
            };
            let cursor: Option<ListCursor> = {
                let mut run = Box::pin(export.write_to(writer));
                if waits {
                    until("the writer is full", || {
                        assert!(futures_util::FutureExt::now_or_never(&mut run).is_none());
                        taken.lock().unwrap().len() == room
                    })
                    .await;
                    progress.borrow().cursor.clone()
                } else {
                    let error = run.await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Io);
                    error.list_cursor().cloned()
                }
            };
            let written = progress.borrow().clone();
            let mut file = std::mem::take(&mut *taken.lock().unwrap());
            assert!(written.bytes as usize <= file.len());
            file.truncate(written.bytes as usize);
            assert_eq!(exported(&file).len() as u64, written.users);
            let rest = match cursor {
                Some(cursor) => list().export().resume(cursor),
                None => list().export(),
            };
            rest.write_to(&mut file).await.unwrap();
            assert_eq!(exported(&file), exported(&whole), "{waits} {room}");
        }
    }
}

#[tokio::test]
async fn an_export_writes_what_came_before_an_error() {
    let (server, passage) = setup().await;
    fill(&passage, 100).await;
    let fault = || Fault::operation("listPaginatedUsers");
    server
        .controls()
        .fault(fault().delay(Duration::ZERO).times(4));
    server.controls().fault(fault().status(500));
    let list = passage
        .users()
        .list()
        .order_by(SortBy::CreatedAt, Order::Asc);
    let list = list.limit(10);
    let mut file = Vec::new();
    let export = list.export();
    let progress = export.progress();
    let error = export.write_to(&mut file).await.unwrap_err();
    assert_eq!((error.status(), exported(&file).len()), (Some(500), 40));
    assert_eq!(progress.borrow().cursor.as_ref(), error.list_cursor());
    server.controls().clear_faults();
    let rest = list.export().resume(error.list_cursor().unwrap().clone());
    assert_eq!(rest.write_to(&mut file).await.unwrap().users, 60);
    let distinct: BTreeSet<_> = exported(&file).into_iter().collect();
    assert_eq!(distinct.len(), 100);

    let other = passage.users().export_users();
    let error = other.resume(error.list_cursor().unwrap().clone());
    assert!(error.write_to(&mut file).await.is_ok(), "the same list");
    let other = passage.users().list().status(UserStatus::Active).export();
    let cursor = list.stream().cursor();
    let error = other.resume(cursor).write_to(&mut file).await.unwrap_err();
    assert!(error.is_invalid_input());
}

#[tokio::test]
async fn what_the_progress_of_an_export_says_has_left_every_buffer() {
    let (server, passage) = setup().await;
    fill(&passage, 600).await;
    let list = || Fault::operation("listPaginatedUsers");
    server
        .controls()
        .fault(list().delay(Duration::ZERO).times(1));
    server.controls().fault(list().status(403));
    let taken = Arc::new(Mutex::new(Vec::new()));
    let writer = Full {
        taken: Arc::clone(&taken),
        room: usize::MAX,
        waits: false,
    };
    let export = passage.users().export_users();
    let progress = export.progress();
    let buffer = tokio::io::BufWriter::with_capacity(1 << 20, writer);
    export.write_to(buffer).await.unwrap_err();
    let written = progress.borrow().clone();
    assert_eq!(written.users, 500);
    assert_eq!(written.bytes as usize, taken.lock().unwrap().len());
}

#[tokio::test]
async fn the_example_moves_everybody_and_goes_on_after_a_stop() {
    let (server, passage) = setup().await;
    let folder = std::env::temp_dir().join(format!("passage-bulk-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str| folder.join(name);
    let hidden = ProgressBar::hidden();
    example::generate(&file("in"), 1_200).unwrap();

    let create = || Fault::operation("management.createUser");
    server
        .controls()
        .fault(create().delay(Duration::ZERO).times(500));
    server.controls().fault(create().status(403));
    let report = example::import(&passage, &file("in"), &file("at"), &hidden)
        .await
        .unwrap();
    assert!(matches!(report.end, ImportEnd::Stopped(_)));
    assert_eq!(report.progress.created, 500);
    server.controls().clear_faults();
    let report = example::import(&passage, &file("in"), &file("at"), &hidden)
        .await
        .unwrap();
    assert!(report.is_complete(), "{:?}", report.failures.first());
    assert_eq!(
        (report.progress.created, report.progress.skipped),
        (700, 500)
    );
    assert!(!file("at").exists());
    assert_eq!(hidden.position(), 1_200);

    let list = || Fault::operation("listPaginatedUsers");
    server
        .controls()
        .fault(list().delay(Duration::ZERO).times(2));
    server.controls().fault(list().status(403));
    assert!(
        example::export(&passage, &file("out"), &file("at"), &hidden)
            .await
            .is_err()
    );
    assert!(file("at").exists());
    server.controls().clear_faults();
    let written = example::export(&passage, &file("out"), &file("at"), &hidden)
        .await
        .unwrap();
    assert_eq!((written.users, written.total), (200, Some(1_200)));
    let addresses = exported(&std::fs::read(file("out")).unwrap());
    let distinct: BTreeSet<_> = addresses.iter().collect();
    assert_eq!((addresses.len(), distinct.len()), (1_200, 1_200));
    std::fs::remove_dir_all(&folder).unwrap();
}
