//! Devices of users.

use axum::response::Response;
use http::StatusCode;
use passage_identity::generated::management::types::ListDevicesResponse;

use super::view;
use crate::domain::error::Refusal;
use crate::http::extract::ApiKeyAuth;
use crate::http::reply;
use crate::store;

pub(crate) async fn list_user_devices(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let (app_id, user_id) = (call.app.id.clone(), call.params.get("user_id"));
    let read = call.state.store.read(move |tx| {
        store::users::get(tx, &app_id, &user_id)?.ok_or_else(Refusal::user_not_found)?;
        Ok::<_, Refusal>(store::devices::list(tx, &user_id)?)
    });
    let devices = read.await?.into_iter().map(view::device).collect();
    Ok(reply::ok(&ListDevicesResponse { devices }))
}

pub(crate) async fn delete_user_devices(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let (app_id, user_id, id) = (
        call.app.id.clone(),
        call.params.get("user_id"),
        call.params.get("device_id"),
    );
    let delete = call.state.store.write(move |tx| {
        store::users::get(tx, &app_id, &user_id)?.ok_or_else(Refusal::user_not_found)?;
        Ok::<_, Refusal>(store::devices::delete(tx, &user_id, &id)?)
    });
    if delete.await? {
        Ok(reply::empty(StatusCode::OK))
    } else {
        Err(Refusal::device_not_found())
    }
}
