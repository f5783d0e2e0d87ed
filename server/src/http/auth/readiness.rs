//! Reports about the passkey support of visitors' devices.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::header::{HeaderName, ORIGIN, USER_AGENT};
use http::{HeaderMap, StatusCode};

use crate::domain::error::Refusal;
use crate::domain::passkeys::readiness;
use crate::domain::state::AppState;
use crate::http::extract::json;
use crate::http::reply;
use crate::store::readiness::Visitor;

/// Maximum length of a header that is kept, in characters.
const HEADER_LENGTH: usize = 512;

pub(crate) async fn create_passkey_readiness(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let key = headers.get("x-api-key").and_then(|key| key.to_str().ok());
    let key = key.ok_or_else(|| Refusal::invalid_access_token("api key: missing."))?;
    let app_id = readiness::app_of_key(&state, key.trim()).await?;
    readiness::report(&state, app_id, json(&body)?, visitor(&headers)).await?;
    Ok(reply::empty(StatusCode::CREATED))
}

/// The origin of a report, from its headers.
fn visitor(headers: &HeaderMap) -> Visitor {
    let said = |name: &'static str| header(headers, &HeaderName::from_static(name));
    Visitor {
        user_agent: header(headers, &USER_AGENT),
        origin: header(headers, &ORIGIN),
        os: said("device-os"),
        os_version: said("device-os-version"),
        app_identifier: said("app-identifier"),
    }
}

/// A header, empty if it is missing.
fn header(headers: &HeaderMap, name: &HeaderName) -> String {
    let value = headers.get(name).map(|value| value.as_bytes());
    let text = String::from_utf8_lossy(value.unwrap_or_default());
    text.chars().take(HEADER_LENGTH).collect()
}
