//! The client for programs without `async`: what it can do, where it may be called, and that it
//! has all that the async one has.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod places;
mod surface;
mod twins;

use http::HeaderMap;
use passage_contract::{CheckedServer, checked};
use passage_identity::{Passage, PassageBuilder, blocking, test_util};
use passage_server::{ControlError, MintToken, PassageServer};
use tokio::runtime::Runtime;

/// A server on a runtime of its own, for tests that are not async.
struct Stage {
    server: CheckedServer,
    runtime: Runtime,
}

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(checked(PassageServer::builder()));
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

    fn mint(&self, token: MintToken) -> String {
        self.control(self.server.controls().mint_token(token))
    }

    fn control<T>(&self, call: impl Future<Output = Result<T, ControlError>>) -> T {
        self.runtime.block_on(call).unwrap()
    }

    fn headers(&self, user_id: &str) -> HeaderMap {
        test_util::cookie(self.mint(MintToken::new(user_id))).unwrap()
    }
}
