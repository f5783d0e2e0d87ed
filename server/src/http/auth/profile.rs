//! What signed-in users change of themselves: metadata, e-mail address, phone number.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::auth::types::{
    CurrentUserResponse, MagicLink, MagicLinkResponse, UpdateMetadataRequest,
    UpdateUserEmailRequest, UpdateUserPhoneRequest, UserMetadataResponse,
};

use super::currentuser::view;
use crate::delivery::Language;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::magic_links::{self, LinkOptions};
use crate::http::extract::{UserAuth, json};
use crate::http::reply;
use crate::identifier::{self, Identifier};
use crate::store;

pub(crate) async fn get_metadata(call: UserAuth) -> Result<Response, Refusal> {
    let user_metadata = call.user.metadata();
    Ok(reply::ok(&UserMetadataResponse { user_metadata }))
}

pub(crate) async fn update_metadata(call: UserAuth, body: Bytes) -> Result<Response, Refusal> {
    let request: UpdateMetadataRequest = json(&body)?;
    let metadata = request.user_metadata.unwrap_or_default();
    call.app
        .settings
        .check_metadata(&metadata)
        .map_err(Refusal::invalid_request)?;
    let (app_id, id) = (call.app.id.clone(), call.user.id);
    let now = call.state.clock.micros();
    let update = call.state.store.write(move |tx| {
        let user = store::users::get(tx, &app_id, &id)?.ok_or_else(Refusal::user_not_found)?;
        let mut all = user.metadata();
        all.extend(metadata.clone());
        all.retain(|_, value| !value.is_null());
        Ok::<_, Refusal>(store::users::update(tx, &user, &all, now)?)
    });
    let user = view(update.await?, call.devices, &call.connections);
    Ok(reply::ok(&CurrentUserResponse { user }))
}

pub(crate) async fn update_email(
    call: UserAuth,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: UpdateUserEmailRequest = json(&body)?;
    let email = identifier::email(&request.new_email)
        .ok_or_else(|| Refusal::invalid_request("new_email: must be an e-mail address."))?;
    let options = LinkOptions {
        language: Language::asked_for(request.language.as_deref()),
        path: request.magic_link_path,
        redirect_url: request.redirect_url,
    };
    send(call, &client_info, Identifier::Email(email), options).await
}

pub(crate) async fn update_phone(
    call: UserAuth,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: UpdateUserPhoneRequest = json(&body)?;
    let phone = request.new_phone.as_deref().and_then(identifier::phone);
    let phone = phone.ok_or_else(|| {
        Refusal::invalid_request("new_phone: must be in E.164 form, such as +15005550006.")
    })?;
    let options = LinkOptions {
        language: Language::asked_for(request.language.as_deref()),
        path: request.magic_link_path,
        redirect_url: request.redirect_url,
    };
    send(call, &client_info, Identifier::Phone(phone), options).await
}

async fn send(
    call: UserAuth,
    client_info: &ClientInfo,
    new: Identifier,
    options: LinkOptions,
) -> Result<Response, Refusal> {
    client_info.check_message_limits(&call.state, &call.app, &new)?;
    let id = magic_links::request_change(&call.state, &call.app, &call.user, new, options).await?;
    let magic_link = MagicLink { id };
    Ok(reply::ok(&MagicLinkResponse { magic_link }))
}
