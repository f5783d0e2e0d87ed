//! Registration and login with a passkey.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::auth::types::{
    AuthResponse, AuthenticatorAttachment, LoginWebAuthnFinishRequest, LoginWebAuthnStartRequest,
    LoginWebAuthnStartResponse, RegisterWebAuthnFinishRequest, RegisterWebAuthnStartRequest,
    RegisterWebAuthnStartResponse,
};
use serde::de::DeserializeOwned;

use super::users::{identifier, view};
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::passkeys::response::{Assertion, Creation};
use crate::domain::passkeys::{register, sign_in};
use crate::domain::rate_limits::Kind;
use crate::http::extract::{AppContext, json};
use crate::http::reply;
use crate::ids::UserId;

/// The kind of authenticator for a new passkey.
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

/// Parses an optional JSON body. Some clients send `null` instead of none.
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
    let started = register::start(&call.state, &call.app, identifier, &attachment).await?;
    Ok(reply::ok(&RegisterWebAuthnStartResponse {
        handshake: started.handshake,
        user: Some(view(started.user, &[])),
    }))
}

pub(crate) async fn register_webauthn_finish(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: RegisterWebAuthnFinishRequest = json(&body)?;
    let creation = Creation::read(request.handshake_response)?;
    let (id, user_id) = (&request.handshake_id, &request.user_id.into());
    let AppContext { state, app } = &call;
    let finish = register::finish(state, app, &client_info, id, user_id, &creation);
    let auth_result = finish.await?;
    Ok(reply::created(&AuthResponse { auth_result }))
}

pub(crate) async fn login_webauthn_start(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    client_info.check_rate_limit(&call.state, Kind::Start)?;
    let request: LoginWebAuthnStartRequest = maybe_json(&body)?;
    let named = request.identifier.filter(|text| !text.is_empty());
    let named = named.as_deref().map(identifier).transpose()?;
    let started = sign_in::start(&call.state, &call.app, named).await?;
    Ok(reply::ok(&LoginWebAuthnStartResponse {
        handshake: started.handshake,
        user: started.user.map(|(user, devices)| view(user, &devices)),
    }))
}

pub(crate) async fn login_webauthn_finish(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: LoginWebAuthnFinishRequest = json(&body)?;
    let assertion = Assertion::read(request.handshake_response)?;
    let (id, user_id) = (&request.handshake_id, request.user_id.map(UserId::from));
    let AppContext { state, app } = &call;
    let finish = sign_in::finish(state, app, &client_info, id, user_id.as_ref(), &assertion);
    let auth_result = finish.await?;
    Ok(reply::ok(&AuthResponse { auth_result }))
}
