//! Magic links: asking for one, opening it, and waiting for that.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::auth::types::{
    ActivateMagicLinkRequest, AuthResponse, GetMagicLinkStatusRequest, LoginMagicLinkRequest,
    LoginMagicLinkResponse, MagicLink, RegisterMagicLinkRequest, RegisterMagicLinkResponse,
};

use super::users::identifier;
use crate::delivery::{Language, Purpose};
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::magic_links::{self, LinkOptions};
use crate::domain::rate_limits::Kind;
use crate::http::extract::{AppContext, json};
use crate::http::reply;

pub(crate) async fn login(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: LoginMagicLinkRequest = json(&body)?;
    let options = options(request.language.as_deref(), request.magic_link_path);
    let magic_link = send(
        call,
        &client_info,
        Purpose::Login,
        &request.identifier,
        options,
    )
    .await?;
    Ok(reply::ok(&LoginMagicLinkResponse { magic_link }))
}

pub(crate) async fn register(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: RegisterMagicLinkRequest = json(&body)?;
    let options = options(request.language.as_deref(), request.magic_link_path);
    let magic_link = send(
        call,
        &client_info,
        Purpose::Register,
        &request.identifier,
        options,
    )
    .await?;
    Ok(reply::created(&RegisterMagicLinkResponse { magic_link }))
}

fn options(language: Option<&str>, path: Option<String>) -> LinkOptions {
    LinkOptions {
        language: Language::asked_for(language),
        path,
        redirect_url: None,
    }
}

async fn send(
    call: AppContext,
    client_info: &ClientInfo,
    purpose: Purpose,
    text: &str,
    options: LinkOptions,
) -> Result<MagicLink, Refusal> {
    let receives = identifier(text)?;
    client_info.check_message_limits(&call.state, &call.app, &receives)?;
    let id = magic_links::request(&call.state, &call.app, purpose, receives, options).await?;
    Ok(MagicLink { id })
}

pub(crate) async fn activate(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: ActivateMagicLinkRequest = json(&body)?;
    client_info.check_rate_limit(&call.state, Kind::Try)?;
    let auth_result =
        magic_links::open(&call.state, &call.app, &request.magic_link, &client_info).await?;
    Ok(reply::ok(&AuthResponse { auth_result }))
}

pub(crate) async fn status(call: AppContext, body: Bytes) -> Result<Response, Refusal> {
    let request: GetMagicLinkStatusRequest = json(&body)?;
    let auth_result = magic_links::wait(&call.state, &call.app, &request.id).await?;
    Ok(reply::ok(&AuthResponse { auth_result }))
}
