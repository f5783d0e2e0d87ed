//! API keys.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use passage_identity::generated::management::types::{
    ApiKey, ApiKeyResponse, CreateApiKeyRequest, CreateApiKeyResponse, CreatedApiKey,
    ListApiKeysResponse,
};

use crate::domain::api_keys;
use crate::domain::error::Refusal;
use crate::http::extract::{ApiKeyAuth, json};
use crate::http::reply;
use crate::store::api_keys::ApiKeyRow;

fn view(key: ApiKeyRow) -> ApiKey {
    ApiKey {
        created_at: key.created_at.timestamp(),
        id: key.id,
        key_prefix: key.prefix,
        name: key.name,
        role: key.role.into(),
    }
}

pub(crate) async fn list_api_keys(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let keys = api_keys::list(&call.state, &call.app).await?;
    Ok(reply::ok(&ListApiKeysResponse {
        api_keys: keys.into_iter().map(view).collect(),
    }))
}

pub(crate) async fn create_api_key(call: ApiKeyAuth, body: Bytes) -> Result<Response, Refusal> {
    let request: CreateApiKeyRequest = json(&body)?;
    let (row, plaintext_key) = api_keys::create(&call.state, &call.app, request.name).await?;
    let key = view(row);
    let api_key = CreatedApiKey {
        created_at: key.created_at,
        id: key.id,
        key_prefix: key.key_prefix,
        name: key.name,
        plaintext_key,
        role: key.role,
    };
    Ok(reply::created(&CreateApiKeyResponse { api_key }))
}

pub(crate) async fn get_api_key(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let id = call.params.get("api_key_id");
    let api_key = view(api_keys::get(&call.state, &call.app, id).await?);
    Ok(reply::ok(&ApiKeyResponse { api_key }))
}

pub(crate) async fn delete_api_key(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let id = call.params.get("api_key_id");
    api_keys::delete(&call.state, &call.app, id).await?;
    Ok(reply::empty(StatusCode::OK))
}
