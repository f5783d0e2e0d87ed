//! A login by the user of a transaction, or by any user with a passkey and an external id.

use passage_identity::generated::auth::types::CredentialAssertionChallenge;

use super::complete::Completion;
use super::{transactions, user_with_passkey};
use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::passkeys::Credential;
use crate::domain::passkeys::ceremony::{Finish, Proof, StartAssertion, once};
use crate::domain::passkeys::response::Assertion;
use crate::domain::passkeys::sign_in::concealing;
use crate::domain::state::AppState;
use crate::ids::{AppId, UserId};
use crate::store;
use crate::store::Tx;
use crate::store::ceremonies::Purpose;
use crate::store::events::{Action, EventKind, NewEvent};
use crate::store::transactions::Kind;

/// Starts the ceremony of a login.
pub(crate) async fn start(
    state: &AppState,
    app: &App,
    transaction_id: Option<String>,
) -> Result<CredentialAssertionChallenge, Refusal> {
    let now = state.clock.now();
    let id = transaction_id.clone();
    let (start, pending) = StartAssertion::new(app, Purpose::FlexLogin, id, now)?;
    let app_id = app.id.clone();
    let command = state.store.write(move |tx| {
        let Some(id) = &transaction_id else {
            start.run(tx, None)?;
            return Ok(Vec::new());
        };
        let (user_id, allowed) = allowed(tx, &app_id, id, now)?;
        start.run(tx, Some(&user_id))?;
        Ok::<_, Refusal>(allowed)
    });
    Ok(pending.challenge(&command.await?))
}

/// The user of a transaction, and the passkeys that may sign.
fn allowed(
    tx: &Tx<'_>,
    app_id: &AppId,
    transaction_id: &str,
    now: Time,
) -> Result<(UserId, Vec<Credential>), Refusal> {
    let transaction = transactions::find(tx, app_id, transaction_id, Kind::Authenticate, now)?;
    let user = user_with_passkey(tx, app_id, &transaction.external_id)?;
    let allowed = store::passkeys::list(tx, &user.id)?;
    if allowed.is_empty() {
        return Err(Refusal::user_has_no_passkeys());
    }
    Ok((user.id, allowed))
}

/// Finishes it. Returns the nonce.
pub(crate) async fn finish(
    state: &AppState,
    app: &App,
    client_info: &ClientInfo,
    handshake_id: &str,
    transaction_id: Option<&str>,
    assertion: &Assertion,
) -> Result<String, Refusal> {
    let finish = Finish {
        handshake_id,
        purpose: Purpose::FlexLogin,
        user_id: None,
        transaction_id,
    };
    let sign_in = async {
        let proof = finish.assertion(state, app, assertion).await?;
        let (completion, nonce) = Completion::new(&app.id, state.clock.now());
        let command = SignIn {
            completion,
            proof,
            event: client_info.event(Action::Login, EventKind::Passkey),
        };
        state.store.write(move |tx| command.run(tx)).await?;
        Ok(nonce)
    };
    concealing(app, once(state, app, handshake_id, sign_in).await)
}

/// A login whose ceremony was verified.
pub(super) struct SignIn {
    pub(super) completion: Completion,
    pub(super) proof: Proof,
    pub(super) event: NewEvent,
}

impl SignIn {
    /// Completes the transaction, if there is one. The nonce proves an external id, so the user needs one.
    pub(super) fn run(&self, tx: &Tx<'_>) -> Result<(), Refusal> {
        let (completion, proof) = (&self.completion, &self.proof);
        proof.end(tx, &completion.app_id, completion.now)?;
        let user = store::users::get(tx, &completion.app_id, &proof.passkey.user_id)?;
        let user = user.ok_or_else(|| proof.refuse()("user: deleted meanwhile."))?;
        if user.is_inactive() {
            return Err(Refusal::operation_not_allowed("user: not active."));
        }
        let external_id = user
            .external_id
            .ok_or_else(|| proof.refuse()("user: has no external id."))?;
        if let Some(id) = &proof.ceremony.transaction_id {
            completion.take(tx, id)?;
        }
        completion.prove(tx, &user.id, &external_id, &self.event)
    }
}
