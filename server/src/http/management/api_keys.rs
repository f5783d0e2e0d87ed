//! API keys.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use passage_identity::generated::management::types::{
    ApiKey, ApiKeyResponse, CreateApiKeyRequest, CreateApiKeyResponse, CreatedApiKey,
    ListApiKeysResponse,
};

use crate::clock::time;
use crate::domain::api_keys;
use crate::domain::error::Refusal;
use crate::http::extract::{ApiKeyAuth, json};
use crate::http::reply;
use crate::ids;
use crate::store;
use crate::store::api_keys::ApiKeyRow;

fn view(key: ApiKeyRow) -> ApiKey {
    ApiKey {
        created_at: time(key.created_at),
        id: key.id,
        key_prefix: key.prefix,
        name: key.name,
        role: key.role.into(),
    }
}

pub(crate) async fn list_api_keys(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let app_id = call.app.id.clone();
    let read = call
        .state
        .store
        .read(move |tx| Ok::<_, Refusal>(store::api_keys::list(tx, &app_id)?));
    Ok(reply::ok(&ListApiKeysResponse {
        api_keys: read.await?.into_iter().map(view).collect(),
    }))
}

pub(crate) async fn create_api_key(call: ApiKeyAuth, body: Bytes) -> Result<Response, Refusal> {
    let request: CreateApiKeyRequest = json(&body)?;
    if request.name.trim().is_empty() {
        return Err(Refusal::invalid_request("name: must not be empty."));
    }
    let plaintext_key = api_keys::generate();
    let row = api_keys::row(&plaintext_key, request.name, call.state.clock.micros());
    let (app_id, new, hash) = (call.app.id.clone(), row.clone(), ids::hash(&plaintext_key));
    let insert = call
        .state
        .store
        .write(move |tx| Ok::<_, Refusal>(store::api_keys::insert(tx, &app_id, &new, &hash)?));
    insert.await?;
    let ApiKey {
        created_at,
        id,
        key_prefix,
        name,
        role,
    } = view(row);
    Ok(reply::created(&CreateApiKeyResponse {
        api_key: CreatedApiKey {
            created_at,
            id,
            key_prefix,
            name,
            plaintext_key,
            role,
        },
    }))
}

pub(crate) async fn get_api_key(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let (app_id, id) = (call.app.id.clone(), call.params.get("api_key_id"));
    let read = call.state.store.read(move |tx| {
        store::api_keys::get(tx, &app_id, &id)?.ok_or_else(Refusal::api_key_not_found)
    });
    Ok(reply::ok(&ApiKeyResponse {
        api_key: view(read.await?),
    }))
}

pub(crate) async fn delete_api_key(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let (app_id, id) = (call.app.id.clone(), call.params.get("api_key_id"));
    let delete = call
        .state
        .store
        .write(move |tx| Ok::<_, Refusal>(store::api_keys::delete(tx, &app_id, &id)?));
    if delete.await? {
        Ok(reply::empty(StatusCode::OK))
    } else {
        Err(Refusal::api_key_not_found())
    }
}
