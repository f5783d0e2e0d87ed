//! Operations of the app's backend: creating transactions, and verifying nonces.

use std::time::Duration;

use super::user_with_passkey;
use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::state::AppState;
use crate::ids::{self, AppId};
use crate::store;
use crate::store::Tx;
use crate::store::transactions::{Kind, TransactionRow};

/// Lifetime of a transaction.
const LIFETIME: Duration = Duration::from_secs(300);

/// Creates a transaction that gives a user a passkey with this name. Returns its id.
pub(crate) async fn create_registration(
    state: &AppState,
    app: &App,
    external_id: String,
    passkey_display_name: String,
) -> Result<String, Refusal> {
    check_given("external_id", &external_id)?;
    check_given("passkey_display_name", &passkey_display_name)?;
    create(
        state,
        app,
        Kind::Register,
        external_id,
        passkey_display_name,
    )
    .await
}

/// Creates a transaction that logs a user in. Returns its id.
pub(crate) async fn create_login(
    state: &AppState,
    app: &App,
    external_id: String,
) -> Result<String, Refusal> {
    check_given("external_id", &external_id)?;
    create(state, app, Kind::Authenticate, external_id, String::new()).await
}

fn check_given(name: &str, value: &str) -> Result<(), Refusal> {
    if value.trim().is_empty() {
        return Err(Refusal::invalid_request(format!(
            "{name}: must not be empty."
        )));
    }
    Ok(())
}

async fn create(
    state: &AppState,
    app: &App,
    kind: Kind,
    external_id: String,
    passkey_display_name: String,
) -> Result<String, Refusal> {
    let now = state.clock.now();
    let id = ids::new_id();
    let transaction = TransactionRow {
        id: id.clone(),
        kind,
        external_id,
        passkey_display_name,
        created_at: now,
        expires_at: now + LIFETIME,
    };
    let app_id = app.id.clone();
    let insert = state.store.write(move |tx| {
        if kind == Kind::Authenticate {
            user_with_passkey(tx, &app_id, &transaction.external_id)?;
        }
        Ok::<_, Refusal>(store::transactions::insert(tx, &app_id, &transaction)?)
    });
    insert.await?;
    Ok(id)
}

/// Uses up a nonce. Returns the external id of its user, who must still be there and active.
pub(crate) async fn verify_nonce(
    state: &AppState,
    app: &App,
    nonce: &str,
) -> Result<String, Refusal> {
    let command = VerifyNonce {
        app_id: app.id.clone(),
        hash: ids::hash(nonce),
        now: state.clock.now(),
    };
    state.store.write(move |tx| command.run(tx)).await
}

/// A nonce that is presented.
pub(super) struct VerifyNonce {
    pub(super) app_id: AppId,
    pub(super) hash: Vec<u8>,
    pub(super) now: Time,
}

impl VerifyNonce {
    pub(super) fn run(&self, tx: &Tx<'_>) -> Result<String, Refusal> {
        store::transactions::take_nonce(tx, &self.app_id, &self.hash, self.now)?
            .ok_or_else(Refusal::invalid_nonce)
    }
}

/// A transaction of this kind for which a ceremony may be started.
pub(super) fn find(
    tx: &Tx<'_>,
    app_id: &AppId,
    id: &str,
    kind: Kind,
    now: Time,
) -> Result<TransactionRow, Refusal> {
    store::transactions::get(tx, app_id, id, kind, now)?.ok_or_else(Refusal::transaction_not_found)
}

/// Uses up a transaction. If two requests complete it at the same time, one fails here.
pub(super) fn take(
    tx: &Tx<'_>,
    app_id: &AppId,
    id: &str,
    now: Time,
) -> Result<TransactionRow, Refusal> {
    store::transactions::take(tx, app_id, id, now)?.ok_or_else(Refusal::transaction_not_found)
}
