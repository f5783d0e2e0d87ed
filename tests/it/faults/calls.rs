//! The calls that are made, and the time that passes meanwhile.

use std::time::Duration;

use passage_identity::users::CreateUser;
use passage_identity::{Passage, PassageBuilder, Result};
use tokio::time::Instant;

pub(crate) const API_KEY: &str = "prefix.hunter2";
const TICK: Duration = Duration::from_millis(1);

/// One operation of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Changes nothing.
    Get,
    /// Must not be repeated once it may have been carried out.
    Create,
    /// A PATCH that may be repeated.
    Activate,
    /// Needs no body in the reply.
    Delete,
}

impl Op {
    pub(crate) const ALL: [Self; 4] = [Self::Get, Self::Create, Self::Activate, Self::Delete];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "getUser",
            Self::Create => "createUser",
            Self::Activate => "activateUser",
            Self::Delete => "deleteUser",
        }
    }

    pub(crate) async fn call(self, passage: &Passage) -> Result<()> {
        let users = passage.users();
        match self {
            Self::Get => users.get("user1").await.map(drop),
            Self::Create => users
                .create(CreateUser::with_email("a@b.c"))
                .await
                .map(drop),
            Self::Activate => users.activate("user1").await.map(drop),
            Self::Delete => users.delete("user1").await,
        }
    }
}

/// A client that waits for no time between attempts, unless the server says so.
pub(crate) fn client(url: &str) -> PassageBuilder {
    Passage::builder("app1")
        .server(url)
        .api_key(API_KEY)
        .retry_wait(Duration::ZERO, Duration::ZERO)
}

/// Awaits a call while virtual time flies. Gives how much of it passed, too.
pub(crate) async fn fly<T>(call: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    tokio::select! {
        biased;
        result = call => (result, start.elapsed()),
        () = async { loop { tokio::time::advance(TICK).await } } => unreachable!(),
    }
}
