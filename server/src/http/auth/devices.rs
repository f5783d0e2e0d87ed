//! Devices of the signed-in user.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use passage_identity::generated::auth::types::{
    AddDeviceFinishRequest, AddDeviceStartResponse, CurrentUserDevice, CurrentUserDevices,
    CurrentUserDevicesStartRequest, UpdateDeviceRequest,
};

use super::currentuser::credential;
use super::users::view;
use super::webauthn::{attachment, maybe_json};
use crate::domain::client::ClientInfo;
use crate::domain::devices;
use crate::domain::error::Refusal;
use crate::domain::passkeys::add_device;
use crate::domain::passkeys::response::Creation;
use crate::http::extract::{Params, UserAuth, json};
use crate::http::reply;

pub(crate) async fn get_currentuser_devices(call: UserAuth) -> Result<Response, Refusal> {
    let UserAuth { user, devices, .. } = call;
    let devices = devices
        .into_iter()
        .map(|device| credential(device, &user.id))
        .collect();
    Ok(reply::ok(&CurrentUserDevices { devices }))
}

pub(crate) async fn add_device_start(call: UserAuth, body: Bytes) -> Result<Response, Refusal> {
    call.check_recent()?;
    let request: CurrentUserDevicesStartRequest = maybe_json(&body)?;
    let attachment = attachment(request.authenticator_attachment)?;
    let handshake = add_device::start(&call.state, &call.app, &call.user, &attachment).await?;
    Ok(reply::ok(&AddDeviceStartResponse {
        handshake,
        user: Some(view(call.user, &call.devices)),
    }))
}

pub(crate) async fn add_device_finish(
    call: UserAuth,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    call.check_recent()?;
    let request: AddDeviceFinishRequest = json(&body)?;
    let creation = Creation::read(request.handshake_response)?;
    let (id, named, user_id) = (&request.handshake_id, &request.user_id, &call.user.id);
    let (state, app) = (&call.state, &call.app);
    let request = add_device::FinishRequest {
        handshake_id: id,
        user_id,
        named,
        session: &call.session,
        creation: &creation,
    };
    let finish = add_device::finish(state, app, &client_info, request);
    let device = credential(finish.await?, user_id);
    Ok(reply::created(&CurrentUserDevice { device }))
}

pub(crate) async fn update_currentuser_device(
    call: UserAuth,
    params: Params,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: UpdateDeviceRequest = json(&body)?;
    let (user_id, id) = (call.user.id, params.get("device_id"));
    let rename = devices::rename_own(
        &call.state,
        (user_id.clone(), call.session),
        id.into(),
        &request.friendly_name,
    );
    let device = credential(rename.await?, &user_id);
    Ok(reply::ok(&CurrentUserDevice { device }))
}

pub(crate) async fn delete_currentuser_device(
    call: UserAuth,
    client_info: ClientInfo,
    params: Params,
) -> Result<Response, Refusal> {
    let id = params.get("device_id").into();
    let owner = (call.user.id, call.session);
    devices::delete_own(&call.state, &call.app, owner, id, &client_info).await?;
    Ok(reply::empty(StatusCode::OK))
}
