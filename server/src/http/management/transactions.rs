//! Flex transactions.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::management::types::{
    AuthenticateVerifyNonceResponse, CreateTransactionAuthenticateRequest,
    CreateTransactionRegisterRequest, CreateTransactionResponse, Nonce,
};

use crate::domain::error::Refusal;
use crate::domain::flex::transactions;
use crate::http::extract::{ApiKeyAuth, json};
use crate::http::reply;

pub(crate) async fn create_register_transaction(
    call: ApiKeyAuth,
    body: Bytes,
) -> Result<Response, Refusal> {
    let CreateTransactionRegisterRequest {
        external_id,
        passkey_display_name: name,
        ..
    } = json(&body)?;
    let create = transactions::create_registration(&call.state, &call.app, external_id, name);
    let transaction_id = create.await?;
    Ok(reply::created(&CreateTransactionResponse {
        transaction_id,
    }))
}

pub(crate) async fn create_authenticate_transaction(
    call: ApiKeyAuth,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: CreateTransactionAuthenticateRequest = json(&body)?;
    let create = transactions::create_login(&call.state, &call.app, request.external_id);
    let transaction_id = create.await?;
    Ok(reply::created(&CreateTransactionResponse {
        transaction_id,
    }))
}

pub(crate) async fn authenticate_verify_nonce(
    call: ApiKeyAuth,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: Nonce = json(&body)?;
    let external_id = transactions::verify_nonce(&call.state, &call.app, &request.nonce).await?;
    Ok(reply::ok(&AuthenticateVerifyNonceResponse { external_id }))
}
