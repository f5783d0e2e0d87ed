//! Magic links: asking for one, opening it, and waiting for that.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::auth::types::{
    ActivateMagicLinkRequest, AuthResponse, GetMagicLinkStatusRequest, LoginMagicLinkRequest,
    LoginMagicLinkResponse, MagicLink, RegisterMagicLinkRequest, RegisterMagicLinkResponse,
};

use super::users::identifier;
use crate::delivery::{Language, Purpose};
use crate::domain::client::Visitor;
use crate::domain::error::ApiError;
use crate::domain::magic_links::{self, Wishes};
use crate::domain::rate_limits::Kind;
use crate::http::extract::{Public, json};
use crate::http::reply;

pub(crate) async fn login(
    call: Public,
    visitor: Visitor,
    body: Bytes,
) -> Result<Response, ApiError> {
    let request: LoginMagicLinkRequest = json(&body)?;
    let wishes = wishes(request.language.as_deref(), request.magic_link_path);
    let magic_link = send(call, &visitor, Purpose::Login, &request.identifier, wishes).await?;
    Ok(reply::ok(&LoginMagicLinkResponse { magic_link }))
}

pub(crate) async fn register(
    call: Public,
    visitor: Visitor,
    body: Bytes,
) -> Result<Response, ApiError> {
    let request: RegisterMagicLinkRequest = json(&body)?;
    let wishes = wishes(request.language.as_deref(), request.magic_link_path);
    let magic_link = send(
        call,
        &visitor,
        Purpose::Register,
        &request.identifier,
        wishes,
    )
    .await?;
    Ok(reply::created(&RegisterMagicLinkResponse { magic_link }))
}

fn wishes(language: Option<&str>, path: Option<String>) -> Wishes {
    Wishes {
        language: Language::asked_for(language),
        path,
        redirect_url: None,
    }
}

async fn send(
    call: Public,
    visitor: &Visitor,
    purpose: Purpose,
    text: &str,
    wishes: Wishes,
) -> Result<MagicLink, ApiError> {
    let receives = identifier(text)?;
    visitor.may_write_to(&call.core, &call.app, &receives)?;
    let id = magic_links::request(&call.core, &call.app, purpose, receives, wishes).await?;
    Ok(MagicLink { id })
}

pub(crate) async fn activate(
    call: Public,
    visitor: Visitor,
    body: Bytes,
) -> Result<Response, ApiError> {
    let request: ActivateMagicLinkRequest = json(&body)?;
    visitor.may(&call.core, Kind::Try)?;
    let auth_result =
        magic_links::open(&call.core, &call.app, &request.magic_link, &visitor).await?;
    Ok(reply::ok(&AuthResponse { auth_result }))
}

pub(crate) async fn status(call: Public, body: Bytes) -> Result<Response, ApiError> {
    let request: GetMagicLinkStatusRequest = json(&body)?;
    let auth_result = magic_links::wait(&call.core, &call.app, &request.id).await?;
    Ok(reply::ok(&AuthResponse { auth_result }))
}
