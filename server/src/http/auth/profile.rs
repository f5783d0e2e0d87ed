//! What signed-in users can change about themselves: metadata, e-mail address, phone number.

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
use crate::domain::users::account;
use crate::http::extract::{UserAuth, json};
use crate::http::reply;
use crate::identifier::{self, Identifier};

pub(crate) async fn get_metadata(call: UserAuth) -> Result<Response, Refusal> {
    let user_metadata = call.user.metadata();
    Ok(reply::ok(&UserMetadataResponse { user_metadata }))
}

pub(crate) async fn update_metadata(call: UserAuth, body: Bytes) -> Result<Response, Refusal> {
    let request: UpdateMetadataRequest = json(&body)?;
    let changes = request.user_metadata.unwrap_or_default();
    let owner = (call.user.id, call.session);
    let user = account::update_metadata(&call.state, &call.app, owner, changes).await?;
    let user = view(user, call.devices, &call.connections);
    Ok(reply::ok(&CurrentUserResponse { user }))
}

pub(crate) async fn update_email(
    call: UserAuth,
    client: ClientInfo,
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
    send(call, client, Identifier::Email(email), options).await
}

pub(crate) async fn update_phone(
    call: UserAuth,
    client: ClientInfo,
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
    send(call, client, Identifier::Phone(phone), options).await
}

async fn send(
    call: UserAuth,
    client: ClientInfo,
    new: Identifier,
    options: LinkOptions,
) -> Result<Response, Refusal> {
    call.check_recent()?;
    let (state, app) = (&call.state, &call.app);
    let asker = (&call.user, &call.session);
    let id = magic_links::send_change(state, app, asker, new, options, &client).await?;
    let magic_link = MagicLink { id };
    Ok(reply::ok(&MagicLinkResponse { magic_link }))
}
