//! Devices of users.

use axum::response::Response;
use http::StatusCode;
use passage_identity::generated::management::types::ListDevicesResponse;

use super::view;
use crate::domain::devices;
use crate::domain::error::Refusal;
use crate::http::extract::ApiKeyAuth;
use crate::http::reply;

pub(crate) async fn list_user_devices(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let devices = devices::list(&call.state, &call.app, call.params.get("user_id").into()).await?;
    let devices = devices.into_iter().map(view::device).collect();
    Ok(reply::ok(&ListDevicesResponse { devices }))
}

pub(crate) async fn delete_user_devices(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let (user_id, id) = (call.params.get("user_id"), call.params.get("device_id"));
    devices::delete(&call.state, &call.app, user_id.into(), id.into()).await?;
    Ok(reply::empty(StatusCode::OK))
}
