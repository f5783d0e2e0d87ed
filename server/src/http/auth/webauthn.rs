//! Registration and login with a passkey.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::auth::types::{
    AuthResponse, AuthenticatorAttachment, LoginWebAuthnFinishRequest, LoginWebAuthnStartRequest,
    LoginWebAuthnStartResponse, RegisterWebAuthnFinishRequest, RegisterWebAuthnStartRequest,
    RegisterWebAuthnStartResponse,
};
use serde::de::DeserializeOwned;
use serde_json::Map;

use super::users::{identifier, view};
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::passkeys::ceremony::{Finish, Purpose, Start, add, end, given, once};
use crate::domain::passkeys::device;
use crate::domain::passkeys::relying_party::RelyingParty;
use crate::domain::passkeys::response::{Assertion, Creation};
use crate::domain::rate_limits::Kind;
use crate::domain::sign_ins;
use crate::domain::users;
use crate::http::extract::{AppContext, json};
use crate::http::reply;
use crate::identifier::Identifier;
use crate::store;
use crate::store::Tx;
use crate::store::users::UserRow;

/// Where a new passkey is to be kept.
pub(super) fn attachment(
    asked: Option<AuthenticatorAttachment>,
) -> Result<AuthenticatorAttachment, Refusal> {
    match asked.unwrap_or(AuthenticatorAttachment::Platform) {
        AuthenticatorAttachment::Unknown(_) => Err(Refusal::invalid_request(
            "authenticator_attachment: must be platform, cross-platform or any.",
        )),
        known => Ok(known),
    }
}

/// Reads a JSON body that may be left out. Some clients send `null` then.
pub(super) fn maybe_json<T: DeserializeOwned + Default>(body: &Bytes) -> Result<T, Refusal> {
    match body.trim_ascii() {
        b"" | b"null" => Ok(T::default()),
        _ => json(body),
    }
}

pub(crate) async fn register_webauthn_start(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    client_info.check_rate_limit(&call.state, Kind::Start)?;
    let request: RegisterWebAuthnStartRequest = json(&body)?;
    let identifier = identifier(&request.identifier)?;
    let attachment = attachment(request.authenticator_attachment)?;
    let relying_party = RelyingParty::new(&call.app.settings)?;
    let (app_id, now) = (call.app.id.clone(), call.state.clock.micros());
    let start = call.state.store.write(move |tx| {
        let user = newcomer(tx, &app_id, &identifier, now)?;
        let handle = store::passkeys::user_handle(tx, &user.id)?;
        let start = Start {
            app_id: &app_id,
            purpose: Purpose::Register,
            user_id: Some(user.id.clone()),
            transaction_id: None,
            now,
        };
        let name = store::passkeys::name(&user);
        let handshake = start.creation(tx, &relying_party, handle, &name, &attachment)?;
        Ok::<_, Refusal>(RegisterWebAuthnStartResponse {
            handshake,
            user: Some(view(user, &[])),
        })
    });
    Ok(reply::ok(&start.await?))
}

/// The user who registers with this identifier: a new one, or one who was created but never got in.
fn newcomer(
    tx: &Tx<'_>,
    app_id: &str,
    identifier: &Identifier,
    now: i64,
) -> Result<UserRow, Refusal> {
    let Some(user) = users::find(tx, app_id, identifier)? else {
        return users::create(tx, app_id, identifier, Map::new(), now);
    };
    may_register(tx, &user)?;
    Ok(user)
}

/// Whoever was in before has other ways in, and an identifier that was verified belongs to somebody: a stranger must
/// not get at either by registering anew.
fn may_register(tx: &Tx<'_>, user: &UserRow) -> Result<(), Refusal> {
    let untouched = user.is_pending() && !user.email_verified && !user.phone_verified;
    if untouched && store::devices::list(tx, &user.id)?.is_empty() {
        Ok(())
    } else {
        Err(Refusal::user_exists())
    }
}

pub(crate) async fn register_webauthn_finish(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: RegisterWebAuthnFinishRequest = json(&body)?;
    let creation = Creation::read(request.handshake_response)?;
    let AppContext { state, app } = &call;
    let finish = Finish {
        handshake_id: &request.handshake_id,
        purpose: Purpose::Register,
        user_id: Some(&request.user_id),
        transaction_id: None,
    };
    let register = async {
        let (ceremony, credential) = finish.creation(state, app, &creation).await?;
        let now = state.clock.micros();
        let name = device::name(client_info.user_agent());
        let device = device::new(name, &credential, &creation, now);
        let (app_id, user_id, settings, event) = (
            app.id.clone(),
            request.user_id.clone(),
            app.settings.clone(),
            client_info.event("register", "passkey"),
        );
        let keep = state.store.write(move |tx| {
            let refuse = Refusal::webauthn_login_failed;
            end(tx, &app_id, &ceremony, refuse)?;
            let user = store::users::get(tx, &app_id, &user_id)?;
            let user = user.ok_or_else(|| refuse("user: deleted meanwhile."))?;
            if user.is_inactive() {
                return Err(Refusal::user_not_active());
            }
            may_register(tx, &user)?;
            add(tx, &user.id, &device, &credential)?;
            sign_ins::enter(tx, &app_id, &settings, &user_id, Some(&event), now)
        });
        let refresh = keep.await?;
        sign_ins::auth_result(app, &request.user_id, refresh, now).await
    };
    let auth_result = once(state, app, &request.handshake_id, register).await?;
    Ok(reply::created(&AuthResponse { auth_result }))
}

pub(crate) async fn login_webauthn_start(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    client_info.check_rate_limit(&call.state, Kind::Start)?;
    let request: LoginWebAuthnStartRequest = maybe_json(&body)?;
    let identifier = given(request.identifier.as_deref())
        .map(identifier)
        .transpose()?;
    let relying_party = RelyingParty::new(&call.app.settings)?;
    let (app_id, now) = (call.app.id.clone(), call.state.clock.micros());
    let start = call.state.store.write(move |tx| {
        let mut user = None;
        let mut allowed = Vec::new();
        if let Some(identifier) = &identifier {
            let found = users::find(tx, &app_id, identifier)?;
            let found = found.ok_or_else(Refusal::user_not_found)?;
            if found.is_inactive() {
                return Err(Refusal::user_not_active());
            }
            allowed = store::passkeys::list(tx, &found.id)?;
            if allowed.is_empty() {
                return Err(Refusal::webauthn_login_failed("user: has no passkeys."));
            }
            let devices = store::devices::list(tx, &found.id)?;
            user = Some(view(found, &devices));
        }
        let start = Start {
            app_id: &app_id,
            purpose: Purpose::Login,
            user_id: user.as_ref().map(|user| user.id.clone()),
            transaction_id: None,
            now,
        };
        let handshake = start.assertion(tx, &relying_party, &allowed)?;
        Ok(LoginWebAuthnStartResponse { handshake, user })
    });
    Ok(reply::ok(&start.await?))
}

pub(crate) async fn login_webauthn_finish(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: LoginWebAuthnFinishRequest = json(&body)?;
    let assertion = Assertion::read(request.handshake_response)?;
    let AppContext { state, app } = &call;
    let finish = Finish {
        handshake_id: &request.handshake_id,
        purpose: Purpose::Login,
        user_id: request.user_id.as_deref(),
        transaction_id: None,
    };
    let login = async {
        let proof = finish.assertion(state, app, &assertion).await?;
        let now = state.clock.micros();
        let user_id = proof.passkey.user_id.clone();
        let (app_id, id, settings, event) = (
            app.id.clone(),
            user_id.clone(),
            app.settings.clone(),
            client_info.event("login", "passkey"),
        );
        let enter = state.store.write(move |tx| {
            proof.end(tx, &app_id, now)?;
            sign_ins::enter(tx, &app_id, &settings, &id, Some(&event), now)
        });
        let refresh = enter.await?;
        sign_ins::auth_result(app, &user_id, refresh, now).await
    };
    let auth_result = once(state, app, &request.handshake_id, login).await?;
    Ok(reply::ok(&AuthResponse { auth_result }))
}
