//! One row, until it is settled.

use std::error::Error as _;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::timeout;

use super::row::ImportUser;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::UserId;
use crate::jitter::jitter;
use crate::transport::Limits;
use crate::users::{CreateUser, UserSummary, Users};

/// The longest wait that a server can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// The result of a row.
#[derive(Debug)]
pub(super) enum Settled {
    Created(UserId),
    Existing,
    Failed(Error),
    Uncertain(Error),
    /// No row would fare better.
    Stop(Error),
}

/// Whose user was found by a row's identifiers.
enum Found {
    Ours(UserId),
    Theirs,
    Nobody,
}

/// What it takes to settle rows.
#[derive(Clone)]
pub(super) struct Settler {
    pub(super) users: Users,
    pub(super) limits: Limits,
    /// How often a row is tried.
    pub(super) tries: u32,
    /// A time by the server's clock before which this import had created nobody.
    pub(super) since: Option<Timestamp>,
    pub(super) cancelled: watch::Receiver<bool>,
}

impl Settler {
    /// Creates the user of a row. If the server may have done so in an attempt whose reply was
    /// lost, now or in an earlier run, the answer that the identifier is taken is not believed:
    /// the user who has it may be the one that was created then.
    pub(super) async fn settle(mut self, row: ImportUser, mut may_be_ours: bool) -> Settled {
        let mut tried = 1;
        let error = loop {
            let error = match self.users.create(row.user.clone()).await {
                Ok(user) => return self.finish(user.id, &row).await,
                Err(error) => error,
            };
            if error.is_conflict() {
                if !may_be_ours {
                    return Settled::Existing;
                }
                return match self.find(&row.user).await {
                    Ok(Found::Ours(id)) => self.finish(id, &row).await,
                    // Somebody has the other identifier.
                    Ok(Found::Theirs | Found::Nobody) => Settled::Existing,
                    Err(_) => Settled::Uncertain(error),
                };
            }
            // What is not found when a user is created is the app.
            if is_about_credential(&error) || error.is_forbidden() || error.is_not_found() {
                return Settled::Stop(error);
            }
            let was_carried_out = may_have_been_carried_out(&error);
            may_be_ours |= was_carried_out;
            if !was_carried_out && !error.is_retryable() && !is_unexplained(&error) {
                return Settled::Failed(error);
            }
            if tried >= self.tries || !self.wait(tried, &error).await {
                break error;
            }
            tried += 1;
        };
        if !may_be_ours {
            return Settled::Failed(error);
        }
        match self.find(&row.user).await {
            Ok(Found::Ours(id)) => self.finish(id, &row).await,
            Ok(Found::Theirs) => Settled::Existing,
            Ok(Found::Nobody) | Err(_) => Settled::Uncertain(error),
        }
    }

    async fn finish(&self, id: UserId, row: &ImportUser) -> Settled {
        let done = match row.active {
            None => return Settled::Created(id),
            Some(true) => self.users.activate(&id).await,
            Some(false) => self.users.deactivate(&id).await,
        };
        match done {
            Ok(_) => Settled::Created(id),
            Err(error) if is_about_credential(&error) => Settled::Stop(error),
            Err(error) => Settled::Failed(error),
        }
    }

    /// Looks for the user that the row would create.
    async fn find(&self, wanted: &CreateUser) -> Result<Found> {
        let (email, phone) = wanted.identifiers();
        let Some(identifier) = email.as_deref().or(phone) else {
            return Ok(Found::Nobody);
        };
        let list = self.users.list().identifier(identifier).limit(1);
        let Some(user) = list.send().await?.items.into_iter().next() else {
            return Ok(Found::Nobody);
        };
        let Some(since) = self.since else {
            return Err(Error::new(
                ErrorKind::UnexpectedResponse,
                "the server does not say what time it is",
            ));
        };
        let is_same = |user: &UserSummary| user.email == email && user.phone.as_deref() == phone;
        Ok(if user.created_at >= since && is_same(&user) {
            Found::Ours(user.id)
        } else {
            Found::Theirs
        })
    }

    /// Waits before another try. Gives false if there must not be one.
    async fn wait(&mut self, tried: u32, error: &Error) -> bool {
        let doubled = 1_u32.checked_shl(tried - 1).unwrap_or(u32::MAX);
        let back_off = self.limits.retry_first.saturating_mul(doubled);
        let wait = error
            .retry_after()
            .unwrap_or_else(|| back_off.min(self.limits.retry_longest).mul_f64(jitter()));
        wait <= LONGEST_WAIT
            && timeout(wait, self.cancelled.wait_for(|cancelled| *cancelled))
                .await
                .is_err()
    }
}

/// Whether no row would fare better.
fn is_about_credential(error: &Error) -> bool {
    error.is_config() || error.is_unauthorized()
}

/// Whether the server may have created the user although the call failed.
fn may_have_been_carried_out(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Timeout | ErrorKind::Decode | ErrorKind::ResponseTooLarge => true,
        ErrorKind::Connection => !was_never_sent(error),
        ErrorKind::Api | ErrorKind::UnexpectedResponse => {
            error.status().is_some_and(|status| status >= 500)
        }
        _ => false,
    }
}

/// Whether the server refused the row and its reason was lost: the connection broke in the middle
/// of the reply, say. The identifier may be taken.
fn is_unexplained(error: &Error) -> bool {
    matches!(error.status(), Some(400 | 409)) && error.code().is_none()
}

/// Without a connection the server knows nothing of the request.
fn was_never_sent(error: &Error) -> bool {
    error
        .source()
        .and_then(|source| source.downcast_ref::<reqwest::Error>())
        .is_some_and(reqwest::Error::is_connect)
}
