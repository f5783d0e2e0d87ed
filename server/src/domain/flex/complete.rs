//! Completing a transaction: the user gets a passkey or signs in, the event is recorded, and a nonce proves it.

use std::time::Duration;

use super::{active_user, transactions, user_with_passkey};
use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::passkeys::{self, Credential};
use crate::domain::state::AppState;
use crate::ids::{self, AppId, UserId};
use crate::store;
use crate::store::Tx;
use crate::store::ceremonies::CeremonyRow;
use crate::store::devices::DeviceRow;
use crate::store::events::NewEvent;
use crate::store::transactions::{Kind, TransactionRow};
use crate::store::users::{MadeBy, NewUser, UserRow};

/// Lifetime of a nonce.
const NONCE_LIFETIME: Duration = Duration::from_secs(300);
/// Characters of a nonce: 285 random bits.
const NONCE_LENGTH: usize = 48;

/// What all completions need.
pub(super) struct Completion {
    pub(super) app_id: AppId,
    nonce_hash: Vec<u8>,
    /// The id of a user who is created.
    new_id: UserId,
    pub(super) now: Time,
}

/// The passkey that a registration gives to its user.
pub(super) enum NewPasskey<'a> {
    /// A ceremony created it.
    Made {
        ceremony: &'a CeremonyRow,
        device: &'a DeviceRow,
        credential: &'a Credential,
    },
    /// No ceremony created it, so it cannot sign.
    Simulated(&'a DeviceRow),
}

impl Completion {
    /// A completion, and the nonce that proves it.
    pub(super) fn new(app_id: &AppId, now: Time) -> (Self, String) {
        let nonce = ids::alphanumeric(NONCE_LENGTH);
        let completion = Self {
            app_id: app_id.to_owned(),
            nonce_hash: ids::hash(&nonce),
            new_id: UserId::new(),
            now,
        };
        (completion, nonce)
    }

    /// Uses up the transaction.
    pub(super) fn take(&self, tx: &Tx<'_>, id: &str) -> Result<TransactionRow, Refusal> {
        transactions::take(tx, &self.app_id, id, self.now)
    }

    /// Gives the passkey to the user of a registration, who is created if unknown. Returns the user.
    pub(super) fn register(
        &self,
        tx: &Tx<'_>,
        transaction: TransactionRow,
        passkey: NewPasskey<'_>,
        event: &NewEvent,
    ) -> Result<UserRow, Refusal> {
        let external_id = &transaction.external_id;
        let known = active_user(tx, &self.app_id, external_id)?;
        let named = |device: &DeviceRow| DeviceRow {
            friendly_name: transaction.passkey_display_name.clone(),
            ..device.clone()
        };
        let user = match passkey {
            NewPasskey::Made {
                ceremony,
                device,
                credential,
            } => {
                let user = self.holder(tx, known, external_id, ceremony)?;
                passkeys::add(tx, &user.id, &named(device), credential)?;
                user
            }
            NewPasskey::Simulated(device) => {
                let user = match known {
                    Some(user) => user,
                    None => self.create_user(tx, external_id)?,
                };
                store::devices::insert(tx, &user.id, &named(device))?;
                user
            }
        };
        self.prove(tx, &user.id, external_id, event)?;
        Ok(user)
    }

    /// The user for whom a ceremony created the passkey.
    fn holder(
        &self,
        tx: &Tx<'_>,
        known: Option<UserRow>,
        external_id: &str,
        ceremony: &CeremonyRow,
    ) -> Result<UserRow, Refusal> {
        match (known, &ceremony.user_id) {
            (Some(user), Some(id)) if user.id == *id => Ok(user),
            (None, None) => {
                let user = self.create_user(tx, external_id)?;
                let handle = ceremony.user_handle.as_deref().unwrap_or_default();
                store::passkeys::set_user_handle(tx, &user.id, handle)?;
                Ok(user)
            }
            // The passkey has the handle of a user who is no longer the same.
            _ => Err(Refusal::webauthn_login_failed(
                "user: registered or deleted meanwhile.",
            )),
        }
    }

    fn create_user(&self, tx: &Tx<'_>, external_id: &str) -> Result<UserRow, Refusal> {
        let new = NewUser {
            external_id: Some(external_id.to_owned()),
            ..NewUser::new(self.new_id.clone(), MadeBy::Backend)
        };
        Ok(store::users::insert(tx, &self.app_id, &new, self.now)?)
    }

    /// Counts the login that completes a transaction, and stores the nonce.
    pub(super) fn prove(
        &self,
        tx: &Tx<'_>,
        user_id: &UserId,
        external_id: &str,
        event: &NewEvent,
    ) -> Result<(), Refusal> {
        let now = self.now;
        store::users::count_login(tx, user_id, now)?;
        store::events::insert(tx, user_id, event, now)?;
        let (hash, expires_at) = (&self.nonce_hash, now + NONCE_LIFETIME);
        store::transactions::insert_nonce(tx, &self.app_id, hash, external_id, now, expires_at)?;
        Ok(())
    }
}

/// A transaction to complete as if its ceremony had taken place.
pub(crate) struct Simulation {
    pub(crate) transaction_id: String,
    /// The device of a registration. Its name comes from the transaction.
    pub(crate) device: DeviceRow,
    /// The event if it is a registration.
    pub(crate) registered: NewEvent,
    /// The event if it is a login.
    pub(crate) logged_in: NewEvent,
}

/// Completes a transaction without a ceremony. Returns the nonce.
pub(crate) async fn simulate(
    state: &AppState,
    app: &App,
    simulation: Simulation,
) -> Result<String, Refusal> {
    let (completion, nonce) = Completion::new(&app.id, state.clock.now());
    let Simulation {
        transaction_id,
        device,
        registered,
        logged_in,
    } = simulation;
    let complete = state.store.write(move |tx| {
        let transaction = completion.take(tx, &transaction_id)?;
        match transaction.kind {
            Kind::Register => {
                let passkey = NewPasskey::Simulated(&device);
                completion.register(tx, transaction, passkey, &registered)?;
                Ok(())
            }
            Kind::Authenticate => {
                let external_id = &transaction.external_id;
                let user = user_with_passkey(tx, &completion.app_id, external_id)?;
                completion.prove(tx, &user.id, external_id, &logged_in)
            }
        }
    });
    complete.await?;
    Ok(nonce)
}
