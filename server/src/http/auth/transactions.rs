//! Flex ceremonies: a transaction started by the app's backend ends with a nonce for it.

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
use crate::domain::flex::{register, sign_in};
use crate::domain::passkeys::response::{Assertion, Creation};
use crate::domain::rate_limits::Kind;
use crate::http::extract::{AppContext, json};
use crate::http::reply;

pub(crate) async fn register_start(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    client_info.check_rate_limit(&call.state, Kind::Start)?;
    let request: RegisterWebAuthnStartWithTransactionRequest = json(&body)?;
    let attachment = attachment(request.authenticator_attachment)?;
    let id = request.transaction_id;
    let handshake = register::start(&call.state, &call.app, id.clone(), &attachment).await?;
    Ok(reply::ok(&RegisterWebAuthnStartWithTransactionResponse {
        handshake,
        transaction_id: Some(id),
    }))
}

pub(crate) async fn register_finish(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: RegisterWebAuthnFinishWithTransactionRequest = json(&body)?;
    let creation = Creation::read(request.handshake_response)?;
    let (id, transaction_id) = (&request.handshake_id, &request.transaction_id);
    let AppContext { state, app } = &call;
    let finish = register::finish(state, app, &client_info, id, transaction_id, &creation);
    let nonce = finish.await?;
    Ok(reply::created(&Nonce { nonce }))
}

pub(crate) async fn authenticate_start(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    client_info.check_rate_limit(&call.state, Kind::Start)?;
    let request: AuthenticateWebAuthnStartWithTransactionRequest = maybe_json(&body)?;
    let transaction_id = request.transaction_id.filter(|id| !id.is_empty());
    let handshake = sign_in::start(&call.state, &call.app, transaction_id.clone()).await?;
    Ok(reply::ok(
        &AuthenticateWebAuthnStartWithTransactionResponse {
            handshake,
            transaction_id,
        },
    ))
}

pub(crate) async fn authenticate_finish(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: AuthenticateWebAuthnFinishWithTransactionRequest = json(&body)?;
    let assertion = Assertion::read(request.handshake_response)?;
    let (id, transaction_id) = (&request.handshake_id, request.transaction_id.as_deref());
    let AppContext { state, app } = &call;
    let finish = sign_in::finish(state, app, &client_info, id, transaction_id, &assertion);
    let nonce = finish.await?;
    Ok(reply::ok(&Nonce { nonce }))
}
