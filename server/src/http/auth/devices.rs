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
use crate::domain::error::Refusal;
use crate::domain::passkeys::ceremony::{Finish, Purpose, Start, add, end, once};
use crate::domain::passkeys::device;
use crate::domain::passkeys::relying_party::RelyingParty;
use crate::domain::passkeys::response::Creation;
use crate::http::extract::{Params, UserAuth, json};
use crate::http::reply;
use crate::store;

/// Characters of a device's name, at most.
const LONGEST_NAME: usize = 255;

pub(crate) async fn get_currentuser_devices(call: UserAuth) -> Result<Response, Refusal> {
    let UserAuth { user, devices, .. } = call;
    let devices = devices
        .into_iter()
        .map(|device| credential(device, &user.id))
        .collect();
    Ok(reply::ok(&CurrentUserDevices { devices }))
}

pub(crate) async fn add_device_start(call: UserAuth, body: Bytes) -> Result<Response, Refusal> {
    let request: CurrentUserDevicesStartRequest = maybe_json(&body)?;
    let attachment = attachment(request.authenticator_attachment)?;
    let relying_party = RelyingParty::new(&call.app.settings)?;
    let UserAuth {
        state,
        app,
        user,
        devices,
        ..
    } = call;
    let (app_id, now) = (app.id.clone(), state.clock.micros());
    let start = state.store.write(move |tx| {
        let handle = store::passkeys::user_handle(tx, &user.id)?;
        let start = Start {
            app_id: &app_id,
            purpose: Purpose::AddDevice,
            user_id: Some(user.id.clone()),
            transaction_id: None,
            now,
        };
        let name = store::passkeys::name(&user);
        let handshake = start.creation(tx, &relying_party, handle, &name, &attachment)?;
        Ok::<_, Refusal>(AddDeviceStartResponse {
            handshake,
            user: Some(view(user.clone(), &devices)),
        })
    });
    Ok(reply::ok(&start.await?))
}

pub(crate) async fn add_device_finish(
    call: UserAuth,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: AddDeviceFinishRequest = json(&body)?;
    let creation = Creation::read(request.handshake_response)?;
    let UserAuth {
        state, app, user, ..
    } = &call;
    let user_id = &user.id;
    let finish = Finish {
        handshake_id: &request.handshake_id,
        purpose: Purpose::AddDevice,
        user_id: Some(user_id),
        transaction_id: None,
    };
    let add = async {
        let refuse = Refusal::webauthn_login_failed;
        if request.user_id != *user_id {
            return Err(refuse("user_id: of another user."));
        }
        let (ceremony, credential) = finish.creation(state, app, &creation).await?;
        let name = device::name(client_info.user_agent());
        let device = device::new(name, &credential, &creation, state.clock.micros());
        let (app_id, user_id) = (app.id.clone(), user_id.clone());
        let keep = state.store.write(move |tx| {
            end(tx, &app_id, &ceremony, refuse)?;
            add(tx, &user_id, &device, &credential)?;
            Ok(device.clone())
        });
        keep.await
    };
    let device = once(state, app, &request.handshake_id, add).await?;
    Ok(reply::created(&CurrentUserDevice {
        device: credential(device, user_id),
    }))
}

pub(crate) async fn update_currentuser_device(
    call: UserAuth,
    params: Params,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: UpdateDeviceRequest = json(&body)?;
    let name = request.friendly_name.trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(Refusal::invalid_request(format!(
            "friendly_name: must have 1 to {LONGEST_NAME} characters."
        )));
    }
    let user_id = call.user.id;
    let (owner, id, now) = (
        user_id.clone(),
        params.get("device_id"),
        call.state.clock.micros(),
    );
    let rename = call.state.store.write(move |tx| {
        store::devices::rename(tx, &owner, &id, &name, now)?
            .ok_or_else(Refusal::own_device_not_found)
    });
    Ok(reply::ok(&CurrentUserDevice {
        device: credential(rename.await?, &user_id),
    }))
}

pub(crate) async fn delete_currentuser_device(
    call: UserAuth,
    params: Params,
) -> Result<Response, Refusal> {
    let (user_id, id) = (call.user.id, params.get("device_id"));
    let delete = call
        .state
        .store
        .write(move |tx| Ok::<_, Refusal>(store::devices::delete(tx, &user_id, &id)?));
    if delete.await? {
        Ok(reply::empty(StatusCode::OK))
    } else {
        Err(Refusal::own_device_not_found())
    }
}
