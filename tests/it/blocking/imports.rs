//! Imports: what rows come to, who reads them, and stopping and going on.

use std::cell::{Cell, OnceCell, RefCell};
use std::io::{self, BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use http::Method;
use passage_identity::ErrorKind;
use passage_identity::bulk::{
    ImportEnd, ImportHandle, ImportOutcome, ImportPosition, ImportReport, ImportUser,
};
use passage_identity::users::{CreateUser, UserStatus};
use passage_server::Fault;

use crate::blocking::{Fixture, addresses, ends, everybody, row};
use passage_test_support::holding_proxy::{HoldingProxy, until};

/// As many rows as an import reads ahead.
const AHEAD: usize = 32;

const LINES: &str = r#"{"email":"new@example.com","metadata":{"plan":"pro"}}
{"email":"USER0@example.com","active":true}

{"phone":"+15005550006","active":true}
not json
{"email":"no address"}
{"email":"typo@example.com","metdata":{}}
{"email":"new@example.com"}
{"email":"last@example.com"}"#;

fn create() -> Fault {
    Fault::operation("management.createUser")
}

fn is_create(request: &axum::extract::Request) -> bool {
    *request.method() == Method::POST
}

fn stopped_by(report: &ImportReport) -> Option<ErrorKind> {
    match &report.end {
        ImportEnd::Stopped(error) => Some(error.kind()),
        _ => None,
    }
}

fn panics(work: impl FnOnce() -> ImportReport) {
    let panic = catch_unwind(AssertUnwindSafe(work)).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
}

/// All of a report that is not by chance, and what became of each row.
fn told(report: &ImportReport, outcomes: &[(u64, ImportOutcome)]) -> String {
    let outcomes: Vec<_> = outcomes
        .iter()
        .map(|(line, outcome)| match outcome {
            ImportOutcome::Created(_) => format!("{line} created"),
            ImportOutcome::Failed(error) => format!("{line} failed: {error}"),
            other => format!("{line} {other:?}"),
        })
        .collect();
    let failures: Vec<_> = report
        .failures
        .iter()
        .map(|failure| (failure.line, failure.error.to_string(), failure.uncertain))
        .collect();
    let (at, next) = (report.position.line(), report.position.next_line());
    let (end, progress) = (&report.end, &report.progress);
    format!("{end:?} {progress:?} {failures:?} {at} {next} {outcomes:#?}")
}

#[test]
fn it_comes_to_what_the_async_one_comes_to() {
    let (here, there) = (Fixture::new(), Fixture::new());
    let mut outcomes = Vec::new();
    let passage = here.passage();
    passage.users().create(row(0)).unwrap();
    let import = passage.users().import_json_lines(LINES.as_bytes());
    let import = import.concurrency(1).total(8);
    let report = import
        .each(|line, outcome| outcomes.push((line, outcome.clone())))
        .run();
    assert!(matches!(report.end, ImportEnd::Finished) && !report.is_complete());
    let progress = report.progress;
    assert_eq!(
        (progress.created, progress.existing, progress.failed),
        (3, 2, 3)
    );
    assert_eq!((progress.done(), progress.total), (8, Some(8)));
    let active = passage.users().list().status(UserStatus::Active);
    assert_eq!(active.send().unwrap().total, 1);

    let mut expected = Vec::new();
    let users = there.builder().build().unwrap().users();
    let expected_report = there.runtime.block_on(async {
        users.create(row(0)).await.unwrap();
        let import = users.import_json_lines(LINES.as_bytes());
        let import = import.concurrency(1).total(8);
        import
            .each(|line, outcome| expected.push((line, outcome.clone())))
            .run()
            .await
    });
    assert_eq!(told(&report, &outcomes), told(&expected_report, &expected));
}

#[test]
fn rows_and_outcomes_stay_on_the_thread_that_waits() {
    let fixture = Fixture::new();
    let passage = fixture.passage();
    let here = thread::current().id();
    // Neither can be sent to another thread.
    let taken = Rc::new(Cell::new(0));
    let settled = Rc::new(RefCell::new(Vec::new()));
    let most = Cell::new(0);
    let rows = (0..1_000).map(|number| {
        assert_eq!(thread::current().id(), here);
        taken.set(taken.get() + 1);
        most.set(most.get().max(taken.get() - settled.borrow().len()));
        row(number)
    });
    let import = passage.users().import_users(rows).each(|line, outcome| {
        assert_eq!(thread::current().id(), here);
        settled.borrow_mut().push(line);
        // Calls of the same client can be made here.
        let ImportOutcome::Created(id) = outcome else {
            panic!("{outcome:?}");
        };
        if line % 100 == 0 {
            assert_eq!(&passage.users().get(id).unwrap().id, id);
        }
    });
    let handle = import.handle();
    assert_eq!(handle.report().progress.total, Some(1_000));
    let report = import.run();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.progress, handle.report().progress);
    assert_eq!(report.position.line(), 1_001);
    assert_eq!(everybody(&passage), addresses(1_000));
    let mut lines = settled.take();
    lines.sort_unstable();
    assert_eq!(lines, (1..=1_000).collect::<Vec<_>>());
    assert!((9..=AHEAD + 8).contains(&most.get()), "{}", most.get());
}

#[test]
fn rows_of_other_shapes() {
    let fixture = Fixture::new();
    let users = fixture.passage().users();
    assert!(
        users
            .import_users(Vec::<CreateUser>::new())
            .run()
            .is_complete()
    );
    let active = [ImportUser::from(row(0)).active(true)];
    assert!(users.import_users(active).run().is_complete());
    let from_another_list = users.list().iter().map(|user| {
        let email = user.unwrap().email.unwrap();
        CreateUser::with_email(format!("again-{email}"))
    });
    assert!(users.import_users(from_another_list).run().is_complete());
    assert_eq!(
        everybody(&fixture.passage()),
        ["again-user0@example.com", "user0@example.com"]
    );
}

#[test]
fn a_slow_reader_holds_up_no_call() {
    ends(|| {
        let fixture = Fixture::new();
        let passage = fixture.passage();
        let handle = OnceCell::<ImportHandle>::new();
        // Each row comes when the one before it is settled.
        let rows = (0..5).map(|number| {
            let mut progress = handle.get().unwrap().progress();
            let before = progress.wait_for(|progress| progress.created == number);
            fixture.runtime.block_on(before).unwrap();
            row(number as usize)
        });
        let import = passage.users().import_users(rows);
        handle.set(import.handle()).unwrap();
        assert!(import.run().is_complete());
    });
}

#[test]
fn cancelling_from_another_thread_and_going_on() {
    let fixture = Fixture::new();
    let proxy = HoldingProxy::before(fixture.server.url(), is_create);
    let proxy = fixture.runtime.block_on(proxy);
    let passage = fixture.patient(proxy.url());
    let users = passage.users();
    let taken = Cell::new(0);
    // Rows without end.
    let rows = (0..).map(|number| {
        taken.set(taken.get() + 1);
        row(number)
    });
    let import = users.import_users(rows).concurrency(4);
    let handle = import.handle();
    let report = thread::scope(|scope| {
        scope.spawn(|| {
            let under_way = until("four rows are under way", || proxy.here() == 4);
            fixture.runtime.block_on(under_way);
            handle.cancel();
            proxy.open();
        });
        import.run()
    });
    assert!(matches!(report.end, ImportEnd::Cancelled));
    assert_eq!((report.progress.created, report.position.line()), (4, 5));
    assert!(taken.get() <= AHEAD + 4, "{} rows were read", taken.get());

    let stored = report.position.to_string();
    let position: ImportPosition = stored.parse().unwrap();
    let report = users.import_users((0..50).map(row)).resume(position).run();
    assert!(report.is_complete());
    assert_eq!((report.progress.created, report.progress.skipped), (46, 4));
    assert_eq!(everybody(&passage), addresses(50));
}

#[test]
fn the_row_that_cancels_is_the_last_one_that_is_read() {
    let fixture = Fixture::new();
    let proxy = HoldingProxy::before(fixture.server.url(), is_create);
    let proxy = fixture.runtime.block_on(proxy);
    let passage = fixture.patient(proxy.url());
    let handle = OnceCell::<ImportHandle>::new();
    let taken = Cell::new(0);
    let rows = (0..).map(|number| {
        taken.set(number + 1);
        if number == 5 {
            let under_way = until("three rows are under way", || proxy.here() == 3);
            fixture.runtime.block_on(under_way);
            handle.get().unwrap().cancel();
            proxy.open();
        }
        row(number)
    });
    let import = passage.users().import_users(rows).concurrency(3);
    handle.set(import.handle()).unwrap();
    let report = import.run();
    assert!(matches!(report.end, ImportEnd::Cancelled));
    assert_eq!((taken.get(), report.progress.created), (6, 3));
}

#[test]
fn nothing_more_is_read_when_the_import_ends_before_its_rows() {
    let fixture = Fixture::new();
    let unread = || std::iter::from_fn(|| -> Option<CreateUser> { panic!("nobody reads this") });
    let wrong = fixture.builder().api_key("wrong").build_blocking().unwrap();
    let report = wrong.users().import_users(unread()).run();
    let ImportEnd::Stopped(error) = &report.end else {
        panic!("{report:?}");
    };
    assert!(error.is_unauthorized());
    let keyless = passage_identity::Passage::builder(fixture.server.app_id());
    let keyless = keyless
        .server(fixture.server.url())
        .build_blocking()
        .unwrap();
    let report = keyless.users().import_users(unread()).run();
    assert_eq!(stopped_by(&report), Some(ErrorKind::MissingApiKey));

    // The key is revoked in the middle of rows without end.
    let controls = fixture.server.controls();
    controls.fault(create().delay(Duration::ZERO).times(100));
    controls.fault(create().status(401).code("invalid_access_token"));
    let users = fixture.patient(fixture.server.url()).users();
    let mut taken = 0;
    let rows = (0..).map(|number| {
        taken += 1;
        row(number)
    });
    let report = users.import_users(rows).run();
    assert_eq!(stopped_by(&report), Some(ErrorKind::Api));
    assert_eq!(report.progress.created, 100);
    assert!(taken <= 100 + 8 + AHEAD, "{taken} rows were read");
}

#[test]
fn a_limit_of_failures_stops_it() {
    let lines = "{\"email\":\"a@example.com\"}\nbad\nworse\n{\"email\":\"b@example.com\"}\n";
    for (limit, created, failed) in [(1, 1, 1), (2, 1, 2), (3, 2, 2)] {
        let fixture = Fixture::new();
        let users = fixture.passage().users();
        let import = || users.import_json_lines(lines.as_bytes()).concurrency(1);
        let report = match limit {
            1 => import().fail_fast().run(),
            _ => import().stop_after_failures(limit).run(),
        };
        assert_eq!(matches!(report.end, ImportEnd::TooManyFailures), limit < 3);
        assert_eq!(
            (report.progress.created, report.progress.failed),
            (created, failed)
        );
        let report = import().resume(report.position).run();
        assert!(matches!(report.end, ImportEnd::Finished));
        assert_eq!(report.progress.failed + failed, 2, "each is told once");
        assert_eq!(everybody(&fixture.passage()).len(), 2);
    }
}

#[test]
fn so_many_tries_and_no_more() {
    let fixture = Fixture::new();
    let at_once = Duration::from_millis(1);
    let passage = fixture
        .builder()
        .max_attempts(1)
        .retry_wait(at_once, at_once);
    let users = passage.build_blocking().unwrap().users();
    for tries in [1, 2] {
        fixture
            .server
            .controls()
            .fault(create().status(500).times(1));
        let report = users.import_users([row(0)]).tries(tries).run();
        assert_eq!(report.is_complete(), tries == 2, "{report:?}");
    }
}

#[test]
fn a_reader_that_fails_is_told_apart_from_the_end() {
    struct Torn<'a>(&'static [u8], &'a Cell<usize>);
    impl Read for Torn<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                self.1.set(self.1.get() + 1);
                return Err(io::Error::other("torn"));
            }
            self.0.read(buffer)
        }
    }
    let fixture = Fixture::new();
    let users = fixture.passage().users();
    let failures = Cell::new(0);
    let start = b"{\"email\":\"user0@example.com\"}\n\n{\"email\":\"user1@exa";
    let lines = BufReader::with_capacity(7, Torn(start, &failures));
    let report = users.import_json_lines(lines).run();
    let ImportEnd::Stopped(error) = &report.end else {
        panic!("{report:?}");
    };
    assert_eq!(error.kind(), ErrorKind::Io);
    let source = std::error::Error::source(&**error).unwrap();
    assert_eq!(source.to_string(), "torn");
    assert_eq!(failures.get(), 1, "it is not read again");
    assert_eq!(
        (report.progress.created, report.position.next_line()),
        (1, 2)
    );

    let whole = "{\"email\":\"user0@example.com\"}\n\n{\"email\":\"user1@example.com\"}";
    let rest = users.import_json_lines(whole.as_bytes());
    let report = rest.resume(report.position).run();
    assert!(report.is_complete());
    assert_eq!((report.progress.created, report.progress.skipped), (1, 1));
    assert_eq!(everybody(&fixture.passage()), addresses(2));
}

#[test]
fn rows_that_panic_end_the_import_and_its_calls() {
    let fixture = Fixture::new();
    let proxy = HoldingProxy::before(fixture.server.url(), is_create);
    let proxy = fixture.runtime.block_on(proxy);
    let passage = fixture.patient(proxy.url());
    let users = passage.users();
    let rows = (0..20).map(|number| {
        if number == 10 {
            let under_way = until("three rows are under way", || proxy.here() == 3);
            fixture.runtime.block_on(under_way);
            std::panic::panic_any("on purpose");
        }
        row(number)
    });
    let import = users.import_users(rows).concurrency(3);
    let handle = import.handle();
    panics(|| import.run());
    let given_up = until("the calls are given up", || proxy.given_up() == 3);
    fixture.runtime.block_on(given_up);
    let report = handle.report();
    assert!(matches!(report.end, ImportEnd::NotYet), "{report:?}");
    assert_eq!((report.progress.done(), report.position.line()), (0, 1));

    proxy.open();
    let rest = users.import_users((0..20).map(row));
    let report = rest.resume(report.position).run();
    assert!(report.is_complete());
    assert_eq!(report.progress.created, 20);
    assert_eq!(everybody(&passage), addresses(20));
}

#[test]
fn a_panic_over_an_outcome_is_that_of_the_caller() {
    let fixture = Fixture::new();
    let users = fixture.passage().users();
    let import = users.import_users((0..).map(row));
    let handle = import.handle();
    let import = import.each(|_, _| std::panic::panic_any("on purpose"));
    panics(|| import.run());
    let report = handle.report();
    assert!(matches!(report.end, ImportEnd::NotYet), "{report:?}");
    let rest = users.import_users((0..100).map(row));
    let report = rest.resume(report.position).run();
    assert!(report.is_complete(), "{report:?}");
}
