//! The client for programs without `async`: what it can do, where it may be called, and that it
//! has all that the async one has.
mod exports;
mod imports;
mod parity;
mod places;
mod surface;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use http::HeaderMap;
use passage_identity::users::CreateUser;
use passage_identity::{Passage, PassageBuilder, blocking, test_util};
use passage_server::MintToken;
use passage_test_support::{Refused, TestServer};
use tokio::runtime::{Builder, Runtime};

/// A server on a runtime of its own, for tests that are not async.
struct Fixture {
    server: TestServer,
    runtime: Runtime,
}

impl Fixture {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(TestServer::checked());
        Self { server, runtime }
    }

    fn builder(&self) -> PassageBuilder {
        Passage::builder(self.server.app_id())
            .server(self.server.url())
            .api_key(self.server.api_key())
    }

    fn passage(&self) -> blocking::Passage {
        self.builder().build_blocking().unwrap()
    }

    /// A client that repeats at once, and whose calls do not end before they are answered.
    fn patient(&self, url: &str) -> blocking::Passage {
        let (at_once, long) = (Duration::from_millis(1), Duration::from_secs(600));
        let builder = self.builder().server(url).retry_wait(at_once, at_once);
        let builder = builder.timeout(long).deadline(long);
        builder.build_blocking().unwrap()
    }

    fn mint(&self, token: MintToken) -> String {
        self.control(self.server.controls().mint_token(token))
    }

    fn control<T>(&self, call: impl Future<Output = Result<T, Refused>>) -> T {
        self.runtime.block_on(call).unwrap()
    }

    fn headers(&self, user_id: &str) -> HeaderMap {
        test_util::cookie(self.mint(MintToken::new(user_id))).unwrap()
    }
}

fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().enable_all().build().unwrap(),
        Runtime::new().unwrap(),
    ]
}

/// Gives what `work` comes to, and fails if it does not come to an end.
fn ends<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(work()));
    told.recv_timeout(Duration::from_secs(60))
        .expect("it ends, and without a panic")
}

fn row(number: usize) -> CreateUser {
    CreateUser::with_email(format!("user{number}@example.com"))
}

/// The addresses of all users, in order.
fn everybody(passage: &blocking::Passage) -> Vec<String> {
    let users = passage.users().list().limit(500).iter();
    let mut found: Vec<_> = users.map(|user| user.unwrap().email.unwrap()).collect();
    found.sort_unstable();
    found
}

/// Those of users who were imported as [`row`]s.
fn addresses(users: usize) -> Vec<String> {
    let mut all: Vec<_> = (0..users)
        .map(|number| format!("user{number}@example.com"))
        .collect();
    all.sort_unstable();
    all
}
