//! Reports of what visitors' devices can do with passkeys.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::header::{HeaderName, ORIGIN, USER_AGENT};
use http::{HeaderMap, StatusCode};
use passage_identity::generated::auth::types::CreatePasskeyReadinessRequest;

use crate::domain::apps::AppState;
use crate::domain::error::Refusal;
use crate::http::extract::json;
use crate::http::reply;
use crate::ids;
use crate::store;
use crate::store::readiness::Visitor;

/// Bytes of a device id, at most.
const LONGEST_ID: usize = 255;
/// Characters that are kept of a header.
const HEADER_LENGTH: usize = 512;

pub(crate) async fn create_passkey_readiness(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let key = headers.get("x-api-key").and_then(|key| key.to_str().ok());
    let key = key.ok_or_else(|| Refusal::invalid_access_token("api key: missing."))?;
    let hash = ids::hash(key.trim());
    let find = state
        .store
        .read(move |tx| Ok::<_, Refusal>(store::readiness::app_of_key(tx, &hash)?));
    let app_id = find.await?;
    let app_id = app_id.ok_or_else(|| Refusal::invalid_access_token("api key: unknown."))?;
    let report: CreatePasskeyReadinessRequest = json(&body)?;
    if report.device_id.is_empty() || report.device_id.len() > LONGEST_ID {
        return Err(Refusal::invalid_request(format!(
            "device_id: must have 1 to {LONGEST_ID} bytes."
        )));
    }
    let said = |name: &'static str| header(&headers, &HeaderName::from_static(name));
    let visitor = Visitor {
        user_agent: header(&headers, &USER_AGENT),
        origin: header(&headers, &ORIGIN),
        os: said("device-os"),
        os_version: said("device-os-version"),
        app_identifier: said("app-identifier"),
    };
    let now = state.clock.micros();
    let put = state.store.write(move |tx| {
        Ok::<_, Refusal>(store::readiness::put(tx, &app_id, &report, &visitor, now)?)
    });
    put.await?;
    Ok(reply::empty(StatusCode::CREATED))
}

/// A header, empty if it is missing.
fn header(headers: &HeaderMap, name: &HeaderName) -> String {
    let value = headers.get(name).map(|value| value.as_bytes());
    let text = String::from_utf8_lossy(value.unwrap_or_default());
    text.chars().take(HEADER_LENGTH).collect()
}
