//! The sign-in behind an auth token: whether it still stands, and how long ago its user signed in.

use crate::clock::Time;
use crate::domain::error::Refusal;
use crate::domain::settings::AppSettings;
use crate::domain::tokens::AuthToken;
use crate::ids::SignInId;
use crate::store::{self, SqlError, Tx};

/// The sign-in that a verified auth token comes from.
#[derive(Debug, Clone)]
pub(crate) struct Session(AuthToken);

impl Session {
    pub(crate) fn of(token: AuthToken) -> Self {
        Self(token)
    }

    /// The sign-in that the token names.
    pub(crate) fn sign_in(&self) -> Option<&SignInId> {
        self.0.sign_in.as_ref()
    }

    /// Whether the token's sign-in has not ended.
    pub(crate) fn stands(&self, tx: &Tx<'_>) -> Result<bool, SqlError> {
        let AuthToken {
            user_id, issued_at, ..
        } = &self.0;
        match &self.0.sign_in {
            Some(id) => store::sign_ins::exists(tx, id, user_id),
            None => store::sign_ins::accepts_issued(tx, user_id, *issued_at),
        }
    }

    /// Refuses a token whose sign-in has ended. A command that changes an account does this in its own transaction,
    /// because the sign-in may end after the request was let in.
    pub(crate) fn check(&self, tx: &Tx<'_>) -> Result<(), Refusal> {
        self.stands(tx)?
            .then_some(())
            .ok_or_else(|| Refusal::invalid_access_token("auth token: its sign-in has ended."))
    }

    /// Refuses a change that needs a recent sign-in: a stolen token must not become a way in of its own.
    pub(crate) fn check_recent(&self, settings: &AppSettings, now: Time) -> Result<(), Refusal> {
        let Some(limit) = settings.reauthentication_limit() else {
            return Ok(());
        };
        // Tokens have whole seconds.
        let recent = |at: Time| Time::from_second(now.as_second()).since(at) <= limit;
        if self.0.authenticated_at.is_some_and(recent) {
            Ok(())
        } else {
            Err(Refusal::operation_not_allowed(
                "auth token: the sign-in is too old for this change; sign in again.",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_sign_in_is_recent_for_as_long_as_the_app_says() {
        let signed_in = Time::from_second(1000);
        let session = |authenticated_at| {
            Session::of(AuthToken {
                user_id: "user".into(),
                sign_in: None,
                issued_at: signed_in,
                authenticated_at,
            })
        };
        let settings = |seconds| AppSettings {
            reauthentication_seconds: seconds,
            ..AppSettings::default()
        };
        let after = |seconds| signed_in + Duration::from_secs(seconds);
        let recent = |authenticated_at, limit, now| {
            let session: Session = session(authenticated_at);
            session.check_recent(&settings(limit), now).is_ok()
        };
        assert!(recent(Some(signed_in), 600, after(600)));
        let just = after(600) + Duration::from_millis(999);
        assert!(recent(Some(signed_in), 600, just));
        assert!(!recent(Some(signed_in), 600, after(601)));
        assert!(!recent(None, 600, after(0)), "nobody knows when");
        assert!(recent(Some(signed_in), 0, after(100_000)) && recent(None, 0, after(0)));
    }
}
