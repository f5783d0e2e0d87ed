//! The controls over HTTP, under `/_dev`.

use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use http::header::{ACCEPT, HOST, ORIGIN};
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use serde_json::json;

use super::{Controls, Fault, MintToken, SeedDevice, outbox_page, social};
use crate::dev::error::ControlError;
use crate::domain::client::Peer;
use crate::domain::error::Refusal;
use crate::http::extract::{self, Params};
use crate::http::reply;

/// Maximum time that a request waits for a message, in seconds.
const LONGEST_WAIT: f64 = 60.0;

type Reply = Result<Response, ControlError>;

/// The routes of the controls and of the test provider.
pub(crate) fn routes(controls: Controls) -> Router {
    Router::new()
        .nest("/_dev", controls_routes())
        .nest("/_dev/social", social::routes::routes())
        .layer(middleware::from_fn(local_only))
        .with_state(controls)
}

fn controls_routes() -> Router<Controls> {
    Router::new()
        .route("/health", get(health))
        .route("/tokens", post(mint_token))
        .route("/users/{user_id}/devices", post(seed_device))
        .route("/users/{user_id}/sessions", post(sign_in))
        .route(
            "/transactions/{transaction_id}/complete",
            post(complete_transaction),
        )
        .route("/keys/rotate", post(rotate_keys))
        .route("/outbox", get(outbox).delete(clear_outbox))
        .route("/reset", post(reset))
        .route("/clock", get(now).post(advance))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/requests", get(requests).delete(clear_requests))
}

/// Pages of other sites must not reach the controls through a visitor's browser: neither by a cross-site request, nor
/// by a domain of theirs that resolves to this server (DNS rebinding).
async fn local_only(request: Request, next: Next) -> Response {
    // Nested in a service of somebody else's, requests may come from other machines. Without an address they do not
    // come by a connection at all.
    let peer = request.extensions().get::<Peer>();
    let near = peer.is_none_or(|Peer(address)| {
        let address = address.to_canonical();
        address.is_loopback() || address.is_unspecified()
    });
    if near && is_local(request.headers()) {
        return next.run(request).await;
    }
    let message = "The controls answer only to localhost or a loopback address, and only to pages from there.";
    reply::error(StatusCode::FORBIDDEN, "operation_not_allowed", message)
}

fn is_local(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let host = text(HOST).is_none_or(|host| is_local_host(&format!("http://{host}")));
    host && text(ORIGIN).is_none_or(is_local_host)
}

fn is_local_host(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host == "localhost"
        || host.ends_with(".localhost")
        || address.is_ok_and(|address| address.is_loopback())
}

async fn health(State(controls): State<Controls>) -> Response {
    reply::ok(&json!({
        "status": "ok",
        "url": controls.state.url,
        "app_id": controls.dev.app.id,
        "issuer": controls.dev.app.issuer,
        "auth_origin": controls.dev.app.settings.auth_origin,
        "now": controls.state.clock.now().timestamp(),
    }))
}

async fn mint_token(State(controls): State<Controls>, body: Bytes) -> Reply {
    let token: MintToken = extract::json(&body)?;
    let token = controls.mint_token(token).await?;
    Ok(reply::created(&json!({"token": token})))
}

async fn seed_device(State(controls): State<Controls>, params: Params, body: Bytes) -> Reply {
    let device: SeedDevice = if body.is_empty() {
        SeedDevice::new()
    } else {
        extract::json(&body)?
    };
    let device_id = controls.seed_device(params.get("user_id"), device).await?;
    Ok(reply::created(&json!({"device_id": device_id})))
}

async fn sign_in(State(controls): State<Controls>, params: Params) -> Reply {
    let auth_result = controls.sign_in(params.get("user_id")).await?;
    Ok(reply::created(&json!({"auth_result": auth_result})))
}

async fn complete_transaction(State(controls): State<Controls>, params: Params) -> Reply {
    let nonce = controls
        .complete_transaction(params.get("transaction_id"))
        .await?;
    Ok(reply::created(&json!({"nonce": nonce})))
}

async fn rotate_keys(State(controls): State<Controls>) -> Reply {
    let kid = controls.rotate_keys().await?;
    Ok(reply::created(&json!({"kid": kid})))
}

/// As JSON, or as a page for browsers. With `wait`, replies only once there is a message.
async fn outbox(
    State(controls): State<Controls>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Reply {
    let query = query.unwrap_or_default();
    let member = |wanted: &str| {
        let mut members = form_urlencoded::parse(query.as_bytes());
        members
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value)
    };
    let to = member("to");
    let messages = match member("wait") {
        None => controls.dev.outbox.list(to.as_deref()),
        Some(seconds) => {
            let seconds = seconds
                .parse()
                .ok()
                .filter(|seconds| *seconds <= LONGEST_WAIT);
            let limit = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let limit = limit.ok_or_else(|| {
                Refusal::invalid_request("wait: must be a number of seconds from 0 to 60.")
            })?;
            controls.dev.outbox.wait(to.as_deref(), limit).await
        }
    };
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    if accept.unwrap_or_default().contains("text/html") {
        return Ok(outbox_page::page(&messages));
    }
    Ok(reply::ok(&json!({"messages": messages})))
}

async fn clear_outbox(State(controls): State<Controls>) -> Response {
    controls.dev.outbox.clear();
    reply::empty(StatusCode::OK)
}

async fn reset(State(controls): State<Controls>) -> Reply {
    controls.reset().await?;
    Ok(reply::empty(StatusCode::OK))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: Option<f64>,
    #[serde(default)]
    stop: bool,
}

async fn now(State(controls): State<Controls>) -> Response {
    reply::ok(&json!({"now": controls.state.clock.now().timestamp()}))
}

async fn advance(State(controls): State<Controls>, body: Bytes) -> Reply {
    let Advance {
        advance_seconds,
        stop,
    } = extract::json(&body)?;
    let seconds = advance_seconds.or(stop.then_some(0.0));
    let by = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let by = by.ok_or_else(|| {
        Refusal::invalid_request("advance_seconds: must be a number of seconds from 0.")
    })?;
    if stop {
        controls.stop_clock();
    }
    controls.advance(by);
    Ok(now(State(controls)).await)
}

async fn faults(State(controls): State<Controls>) -> Response {
    reply::ok(&json!({"faults": controls.dev.faults.list()}))
}

async fn add_fault(State(controls): State<Controls>, body: Bytes) -> Reply {
    let fault: Fault = extract::json(&body)?;
    if let Some(problem) = fault.problem() {
        return Err(Refusal::invalid_request(problem).into());
    }
    if controls.dev.faults.is_full() {
        return Err(
            Refusal::invalid_request("faults: there are too many, clear them first.").into(),
        );
    }
    let reply = reply::created(&json!({"fault": fault}));
    controls.dev.faults.add(fault);
    Ok(reply)
}

async fn clear_faults(State(controls): State<Controls>) -> Response {
    controls.dev.faults.clear();
    reply::empty(StatusCode::OK)
}

async fn requests(State(controls): State<Controls>) -> Response {
    reply::ok(&json!({"requests": controls.dev.log.list()}))
}

async fn clear_requests(State(controls): State<Controls>) -> Response {
    controls.dev.log.clear();
    reply::empty(StatusCode::OK)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        for good in [
            "http://127.0.0.1:8787",
            "http://localhost",
            "http://localhost:3000",
            "http://[::1]:1",
            "http://app.localhost:1",
            "http://LocalHost",
        ] {
            assert!(is_local_host(good), "{good}");
        }
        for bad in [
            "http://example.com",
            "http://localhost.example.com",
            "http://192.168.0.1",
            "null",
            "",
            "http://127.0.0.1.example.com",
        ] {
            assert!(!is_local_host(bad), "{bad}");
        }
    }
}
