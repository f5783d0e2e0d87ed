//! Flex ceremonies: a transaction that the app's backend started ends in a nonce for it.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::auth::types::{
    AuthenticateWebAuthnFinishWithTransactionRequest,
    AuthenticateWebAuthnStartWithTransactionRequest,
    AuthenticateWebAuthnStartWithTransactionResponse, Nonce,
    RegisterWebAuthnFinishWithTransactionRequest, RegisterWebAuthnStartWithTransactionRequest,
    RegisterWebAuthnStartWithTransactionResponse,
};

use super::webauthn::{attachment, maybe_json};
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::flex;
use crate::domain::passkeys::ceremony::{Finish, Proof, Purpose, Start, add, end, given, once};
use crate::domain::passkeys::device;
use crate::domain::passkeys::relying_party::RelyingParty;
use crate::domain::passkeys::response::{Assertion, Creation};
use crate::domain::rate_limits;
use crate::http::extract::{AppContext, json};
use crate::http::reply;
use crate::store;
use crate::store::Tx;
use crate::store::ceremonies::CeremonyRow;
use crate::store::devices::DeviceRow;
use crate::store::transactions::Kind;
use crate::store::users::{NewUser, UserRow};

pub(crate) async fn register_start(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    client_info.check_rate_limit(&call.state, rate_limits::Kind::Start)?;
    let request: RegisterWebAuthnStartWithTransactionRequest = json(&body)?;
    let attachment = attachment(request.authenticator_attachment)?;
    let relying_party = RelyingParty::new(&call.app.settings)?;
    let (app_id, now) = (call.app.id.clone(), call.state.clock.micros());
    let start = call.state.store.write(move |tx| {
        let id = request.transaction_id.clone();
        let transaction = store::transactions::get(tx, &app_id, &id, Kind::Register, now)?;
        let transaction = transaction.ok_or_else(Refusal::transaction_not_found)?;
        let user = known(tx, &app_id, &transaction.external_id)?;
        let handle = match &user {
            Some(user) => store::passkeys::user_handle(tx, &user.id)?,
            None => store::passkeys::new_user_handle(),
        };
        let start = Start {
            app_id: &app_id,
            purpose: Purpose::FlexRegister,
            user_id: user.map(|user| user.id),
            transaction_id: Some(id.clone()),
            now,
        };
        let name = transaction.passkey_display_name;
        let handshake = start.creation(tx, &relying_party, handle, &name, &attachment)?;
        Ok::<_, Refusal>(RegisterWebAuthnStartWithTransactionResponse {
            handshake,
            transaction_id: Some(id),
        })
    });
    Ok(reply::ok(&start.await?))
}

/// The user with this external id, who must be active.
fn known(tx: &Tx<'_>, app_id: &str, external_id: &str) -> Result<Option<UserRow>, Refusal> {
    let user = store::users::by_external_id(tx, app_id, external_id)?;
    if user.as_ref().is_some_and(UserRow::is_inactive) {
        return Err(Refusal::operation_not_allowed("user: not active."));
    }
    Ok(user)
}

pub(crate) async fn register_finish(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: RegisterWebAuthnFinishWithTransactionRequest = json(&body)?;
    let creation = Creation::read(request.handshake_response)?;
    let AppContext { state, app } = &call;
    let transaction_id = request.transaction_id;
    let finish = Finish {
        handshake_id: &request.handshake_id,
        purpose: Purpose::FlexRegister,
        user_id: None,
        transaction_id: Some(&transaction_id),
    };
    let register = async {
        let (ceremony, credential) = finish.creation(state, app, &creation).await?;
        let now = state.clock.micros();
        let device = device::new(String::new(), &credential, &creation, now);
        let (app_id, id, event) = (
            app.id.clone(),
            transaction_id.clone(),
            client_info.event("register", "passkey"),
        );
        let complete = state.store.write(move |tx| {
            let refuse = Refusal::webauthn_login_failed;
            end(tx, &app_id, &ceremony, refuse)?;
            let transaction = store::transactions::take(tx, &app_id, &id, now)?;
            let transaction = transaction.ok_or_else(Refusal::transaction_not_found)?;
            let external_id = transaction.external_id.clone();
            let user = holder(tx, &app_id, &external_id, &ceremony, now)?;
            let device = DeviceRow {
                friendly_name: transaction.passkey_display_name,
                ..device.clone()
            };
            add(tx, &user.id, &device, &credential)?;
            flex::complete(tx, &app_id, &user.id, &external_id, &event, now)
        });
        complete.await
    };
    let nonce = once(state, app, &request.handshake_id, register).await?;
    Ok(reply::created(&Nonce { nonce }))
}

/// The user whom the new passkey is for, created now if nobody has the external id.
fn holder(
    tx: &Tx<'_>,
    app_id: &str,
    external_id: &str,
    ceremony: &CeremonyRow,
    now: i64,
) -> Result<UserRow, Refusal> {
    let refuse = Refusal::webauthn_login_failed;
    let known = known(tx, app_id, external_id)?;
    match (known, &ceremony.user_id) {
        (Some(user), Some(id)) if user.id == *id => Ok(user),
        (None, None) => {
            let new = NewUser {
                external_id: Some(external_id.to_owned()),
                ..NewUser::default()
            };
            let user = store::users::insert(tx, app_id, &new, now)?;
            let handle = ceremony.user_handle.as_deref().unwrap_or_default();
            store::passkeys::set_user_handle(tx, &user.id, handle)?;
            Ok(user)
        }
        // The passkey has the handle of a user who is another by now.
        _ => Err(refuse("user: registered or deleted meanwhile.")),
    }
}

pub(crate) async fn authenticate_start(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    client_info.check_rate_limit(&call.state, rate_limits::Kind::Start)?;
    let request: AuthenticateWebAuthnStartWithTransactionRequest = maybe_json(&body)?;
    let transaction_id = request.transaction_id.filter(|id| !id.is_empty());
    let relying_party = RelyingParty::new(&call.app.settings)?;
    let (app_id, now) = (call.app.id.clone(), call.state.clock.micros());
    let start = call.state.store.write(move |tx| {
        let mut user_id = None;
        let mut allowed = Vec::new();
        if let Some(id) = &transaction_id {
            let found = store::transactions::get(tx, &app_id, id, Kind::Authenticate, now)?;
            let found = found.ok_or_else(Refusal::transaction_not_found)?;
            let user = flex::user_with_passkey(tx, &app_id, &found.external_id)?;
            allowed = store::passkeys::list(tx, &user.id)?;
            if allowed.is_empty() {
                return Err(Refusal::user_has_no_passkeys());
            }
            user_id = Some(user.id);
        }
        let start = Start {
            app_id: &app_id,
            purpose: Purpose::FlexLogin,
            user_id,
            transaction_id: transaction_id.clone(),
            now,
        };
        let handshake = start.assertion(tx, &relying_party, &allowed)?;
        Ok(AuthenticateWebAuthnStartWithTransactionResponse {
            handshake,
            transaction_id: transaction_id.clone(),
        })
    });
    Ok(reply::ok(&start.await?))
}

pub(crate) async fn authenticate_finish(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: AuthenticateWebAuthnFinishWithTransactionRequest = json(&body)?;
    let assertion = Assertion::read(request.handshake_response)?;
    let AppContext { state, app } = &call;
    let finish = Finish {
        handshake_id: &request.handshake_id,
        purpose: Purpose::FlexLogin,
        user_id: None,
        transaction_id: given(request.transaction_id.as_deref()),
    };
    let login = async {
        let proof = finish.assertion(state, app, &assertion).await?;
        let (app_id, now, event) = (
            app.id.clone(),
            state.clock.micros(),
            client_info.event("login", "passkey"),
        );
        let complete = state.store.write(move |tx| {
            proof.end(tx, &app_id, now)?;
            let (user_id, external_id) = prove(tx, &app_id, &proof, now)?;
            flex::complete(tx, &app_id, &user_id, &external_id, &event, now)
        });
        complete.await
    };
    let nonce = once(state, app, &request.handshake_id, login).await?;
    Ok(reply::ok(&Nonce { nonce }))
}

/// Completes the transaction, if there is one, and says who logged in: the nonce is to prove an external id.
fn prove(tx: &Tx<'_>, app_id: &str, proof: &Proof, now: i64) -> Result<(String, String), Refusal> {
    let user = store::users::get(tx, app_id, &proof.passkey.user_id)?;
    let user = user.ok_or_else(|| proof.refuse()("user: deleted meanwhile."))?;
    if user.is_inactive() {
        return Err(Refusal::operation_not_allowed("user: not active."));
    }
    let external_id = user.external_id;
    let external_id = external_id.ok_or_else(|| proof.refuse()("user: has no external id."))?;
    if let Some(id) = &proof.ceremony.transaction_id {
        let transaction = store::transactions::take(tx, app_id, id, now)?;
        transaction.ok_or_else(Refusal::transaction_not_found)?;
    }
    Ok((user.id, external_id))
}
