//! The controls of a running server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use passage_identity::generated::auth::types::AuthResult;

use super::{DevTools, Fault, IdToken, LoggedRequest, MintIdToken, MintToken, SeedDevice};
use crate::delivery::Message;
use crate::dev::error::ControlError;
use crate::domain::api_keys;
use crate::domain::audit::{self, AuditEntry};
use crate::domain::error::Refusal;
use crate::domain::flex::complete::{self, Simulation};
use crate::domain::sign_ins;
use crate::domain::state::AppState;
use crate::ids::{self, UserId};
use crate::store::audit::Filter;
use crate::store::events::{Action, NewEvent};
use crate::store::{self, StoreError};

/// Controls of a running server: what tests and demos need beyond the API. The binary offers the same controls under
/// `/_dev`.
///
/// Clones control the same server. Controls do not keep it running.
#[derive(Clone)]
pub struct Controls {
    pub(super) state: Arc<AppState>,
    pub(super) dev: Arc<DevTools>,
}

impl fmt::Debug for Controls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controls")
            .field("url", &self.state.url)
            .finish_non_exhaustive()
    }
}

impl Controls {
    pub(crate) fn new(state: Arc<AppState>, dev: Arc<DevTools>) -> Self {
        Self { state, dev }
    }

    /// Mints an auth token.
    ///
    /// # Errors
    /// If the server has no signing key.
    pub async fn mint_token(&self, token: MintToken) -> Result<String, ControlError> {
        if let Some(problem) = token.problem() {
            return Err(Refusal::invalid_request(problem).into());
        }
        Ok(token.mint(&self.state, &self.dev.app).await?)
    }

    /// Signs in at the test provider without a browser, as a provider's SDK on a device does for
    /// `exchangeSocialIdToken`.
    ///
    /// # Errors
    /// `invalid_request` if the address is invalid.
    pub async fn mint_id_token(&self, token: MintIdToken) -> Result<IdToken, ControlError> {
        let provider = self.dev.provider()?;
        Ok(token.mint(&self.state, provider, &self.dev.app).await?)
    }

    /// Signs a user in, as if with a passkey: counts the login, activates a pending user, records an event, and returns
    /// an auth token with a refresh token.
    ///
    /// # Errors
    /// `user_not_found`, or `user_not_active` for a user who was deactivated.
    pub async fn sign_in(&self, user_id: impl AsRef<str>) -> Result<AuthResult, ControlError> {
        let event = NewEvent::by_control(Action::Login);
        Ok(sign_ins::sign_in(&self.state, &self.dev.app, &user_id.as_ref().into(), event).await?)
    }

    /// Gives a user a passkey, and returns its device id.
    ///
    /// # Errors
    /// `user_not_found`, or `invalid_request` for an unknown kind or a credential id that is taken.
    pub async fn seed_device(
        &self,
        user_id: impl AsRef<str>,
        device: SeedDevice,
    ) -> Result<String, ControlError> {
        let row = device.into_row(self.state.clock.now())?;
        let (app_id, user_id) = (self.dev.app.id.clone(), UserId::from(user_id.as_ref()));
        let insert = self.state.store.write(move |tx| {
            store::users::get(tx, &app_id, &user_id)?.ok_or_else(Refusal::user_not_found)?;
            match store::devices::insert(tx, &user_id, &row) {
                Err(error) if error.is_taken() => {
                    Err(Refusal::invalid_request("cred_id: already exists."))
                }
                other => Ok(other.map(|()| row.id.clone())?),
            }
        });
        Ok(insert.await?.into())
    }

    /// Completes a Flex transaction, as if its ceremony had taken place, and returns the nonce for the backend. A
    /// registration creates the user if needed, and gives them a passkey.
    ///
    /// # Errors
    /// `transaction_not_found`, or the current state of the user: `user_has_no_passkeys`, `operation_not_allowed`.
    pub async fn complete_transaction(
        &self,
        transaction_id: impl AsRef<str>,
    ) -> Result<String, ControlError> {
        let simulation = Simulation {
            transaction_id: transaction_id.as_ref().to_owned(),
            device: SeedDevice::new().into_row(self.state.clock.now())?,
            registered: NewEvent::by_control(Action::Register),
            logged_in: NewEvent::by_control(Action::Login),
        };
        Ok(complete::simulate(&self.state, &self.dev.app, simulation).await?)
    }

    /// The audit log, oldest entry first: who signed in, who changed what, and who was refused.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn audit(&self) -> Result<Vec<AuditEntry>, ControlError> {
        audit::round(&self.state, false).await?;
        Ok(audit::read(&self.state.store, Filter::default(), 0, i64::MAX).await?)
    }

    /// Starts signing with a new key, and returns its id. Tokens signed with the old keys stay valid.
    ///
    /// # Errors
    /// If the key cannot be generated or stored.
    pub async fn rotate_keys(&self) -> Result<String, ControlError> {
        let lifetime = self.dev.app.settings.session_lifetime();
        let key = self
            .dev
            .app
            .keys
            .rotate(lifetime, self.state.clock.now())
            .await?;
        Ok(key.kid().to_owned())
    }

    /// Resets everything to the start: users and their data, transactions, outbox, request log, faults and clock. The
    /// app and its signing keys stay, and so does the API key that the server was started with, even if it has been
    /// deleted.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn reset(&self) -> Result<(), ControlError> {
        let state = &self.state;
        state.clock.reset();
        let (app_id, keep) = (self.dev.app.id.clone(), ids::hash(&self.dev.api_key));
        let key = api_keys::development(&self.dev.api_key, state.clock.now());
        let clear = state.store.write(move |tx| {
            store::clear(tx, &keep)?;
            Ok::<_, StoreError>(store::api_keys::insert(tx, &app_id, &key, &keep)?)
        });
        clear.await?;
        self.dev.outbox.clear();
        self.dev.log.clear();
        self.dev.faults.clear();
        if let Some(provider) = &self.dev.provider {
            provider.clear();
        }
        Ok(())
    }

    /// Messages that would have been mailed or texted and have no provider, oldest first: the last 1,000.
    #[must_use]
    pub fn outbox(&self) -> Vec<Message> {
        self.dev.outbox.list(None)
    }

    /// Empties the outbox.
    pub fn clear_outbox(&self) {
        self.dev.outbox.clear();
    }

    /// Advances the server's clock.
    pub fn advance(&self, by: Duration) {
        self.state.clock.advance(by);
    }

    /// Stops the server's clock: from now on only [`Controls::advance`] moves it. A reset restarts it.
    pub fn stop_clock(&self) {
        self.state.clock.stop();
    }

    /// The current time of the server's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.state.clock.now().timestamp()
    }

    /// Adds a fault. If several match a request, the one that was added first applies.
    pub fn fault(&self, fault: Fault) {
        self.dev.faults.add(fault);
    }

    /// The current faults, with the number of times that remain.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.dev.faults.list()
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.dev.faults.clear();
    }

    /// The requests that were made to the two APIs, oldest first: the last 1,000.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.dev.log.list()
    }

    /// Clears the request log.
    pub fn clear_requests(&self) {
        self.dev.log.clear();
    }
}
