//! On whose behalf commands run: what the audit log says about who did something.
//!
//! Who it is belongs to the task that serves a request. So each command knows it, and no use case can forget to pass it
//! on.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task_local;

use crate::clock::{Clock, Time};
use crate::ids::UserId;

task_local! {
    static ACTING: Arc<Acting>;
}

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Actor {
    /// A client that has not proved who it is.
    Client,
    /// A user, by their auth token or by signing in.
    User(UserId),
    /// The app's backend, by the API key with this id.
    Backend(String),
    /// Somebody at the command line.
    Operator,
    /// The server itself, such as when it rotates keys.
    Server,
}

/// Who acts, from where, and when.
#[derive(Debug)]
pub(crate) struct Acting {
    at: Option<Time>,
    address: Option<IpAddr>,
    agent: String,
    known: Mutex<Known>,
}

/// What turns out while a request is served.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) actor: Actor,
    /// The user whom the request is about.
    pub(crate) user: Option<UserId>,
}

impl Acting {
    /// A client that sends a request.
    pub(crate) fn client(address: IpAddr, agent: String, at: Time) -> Self {
        Self {
            at: Some(at),
            address: Some(address.to_canonical()),
            agent,
            known: Mutex::new(Known {
                actor: Actor::Client,
                user: None,
            }),
        }
    }

    /// Whoever acts without a request: the server, or an operator.
    pub(super) fn without_request(actor: Actor) -> Self {
        Self {
            at: None,
            address: None,
            agent: String::new(),
            known: Mutex::new(Known { actor, user: None }),
        }
    }

    /// The time of the request.
    pub(crate) fn at(&self) -> Time {
        self.at.unwrap_or_else(|| Clock::default().now())
    }

    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    pub(crate) fn agent(&self) -> &str {
        &self.agent
    }

    pub(crate) fn known(&self) -> Known {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    fn learn(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Notes the user whom the request turned out to be about.
    pub(crate) fn concerns(&self, user: &UserId) {
        self.learn(|known| known.user = Some(user.clone()));
    }
}

/// Serves a request on behalf of a client.
pub(crate) async fn scope<T>(acting: Arc<Acting>, work: impl Future<Output = T>) -> T {
    ACTING.scope(acting, work).await
}

/// Who acts in this task. `None` outside of requests.
pub(super) fn current() -> Option<Arc<Acting>> {
    ACTING.try_with(Arc::clone).ok()
}

/// Notes who sends the request, once they proved it.
pub(crate) fn is(actor: Actor) {
    if let Some(acting) = current() {
        acting.learn(|known| known.actor = actor);
    }
}

/// Notes the user whom the request is about.
pub(crate) fn concerns(user: &UserId) {
    if let Some(acting) = current() {
        acting.concerns(user);
    }
}
