//! Flex transactions.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::management::types::{
    AuthenticateVerifyNonceResponse, CreateTransactionAuthenticateRequest,
    CreateTransactionRegisterRequest, CreateTransactionResponse, Nonce,
};

use crate::domain::error::Refusal;
use crate::domain::flex;
use crate::http::extract::{ApiKeyAuth, json};
use crate::http::reply;
use crate::ids;
use crate::store;
use crate::store::transactions::{Kind, TransactionRow};

fn given(name: &str, value: &str) -> Result<(), Refusal> {
    if value.trim().is_empty() {
        return Err(Refusal::invalid_request(format!(
            "{name}: must not be empty."
        )));
    }
    Ok(())
}

pub(crate) async fn create_register_transaction(
    call: ApiKeyAuth,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: CreateTransactionRegisterRequest = json(&body)?;
    given("external_id", &request.external_id)?;
    given("passkey_display_name", &request.passkey_display_name)?;
    create(
        call,
        Kind::Register,
        request.external_id,
        request.passkey_display_name,
    )
    .await
}

pub(crate) async fn create_authenticate_transaction(
    call: ApiKeyAuth,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: CreateTransactionAuthenticateRequest = json(&body)?;
    given("external_id", &request.external_id)?;
    create(call, Kind::Authenticate, request.external_id, String::new()).await
}

async fn create(
    call: ApiKeyAuth,
    kind: Kind,
    external_id: String,
    passkey_display_name: String,
) -> Result<Response, Refusal> {
    let now = call.state.clock.micros();
    let expires_at = now + flex::TRANSACTION_LIFETIME;
    let transaction_id = ids::new_id();
    let row = TransactionRow::new(
        transaction_id.clone(),
        kind,
        external_id,
        passkey_display_name,
        now,
        expires_at,
    );
    let app_id = call.app.id.clone();
    let insert = call.state.store.write(move |tx| {
        if kind == Kind::Authenticate {
            flex::user_with_passkey(tx, &app_id, &row.external_id)?;
        }
        Ok::<_, Refusal>(store::transactions::insert(tx, &app_id, &row)?)
    });
    insert.await?;
    Ok(reply::created(&CreateTransactionResponse {
        transaction_id,
    }))
}

pub(crate) async fn authenticate_verify_nonce(
    call: ApiKeyAuth,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: Nonce = json(&body)?;
    let (app_id, hash, now) = (
        call.app.id.clone(),
        ids::hash(&request.nonce),
        call.state.clock.micros(),
    );
    let take = call.state.store.write(move |tx| {
        store::transactions::take_nonce(tx, &app_id, &hash, now)?.ok_or_else(Refusal::invalid_nonce)
    });
    Ok(reply::ok(&AuthenticateVerifyNonceResponse {
        external_id: take.await?,
    }))
}
