//! Magic links: requesting, opening and waiting for one.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::auth::types::{
    ActivateMagicLinkRequest, AuthResponse, GetMagicLinkStatusRequest, LoginMagicLinkRequest,
    LoginMagicLinkResponse, MagicLink, RegisterMagicLinkRequest, RegisterMagicLinkResponse,
};

use super::users::identifier;
use crate::delivery::Language;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::magic_links::{self, Caller, LinkOptions};
use crate::http::extract::{AppContext, MaybeUserAuth, json};
use crate::http::reply;
use crate::store::Purpose;

pub(crate) async fn login(
    call: AppContext,
    client: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: LoginMagicLinkRequest = json(&body)?;
    let options = options(request.language.as_deref(), request.magic_link_path);
    let magic_link = send(call, client, Purpose::Login, &request.identifier, options).await?;
    Ok(reply::ok(&LoginMagicLinkResponse { magic_link }))
}

pub(crate) async fn register(
    call: AppContext,
    client: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: RegisterMagicLinkRequest = json(&body)?;
    let options = options(request.language.as_deref(), request.magic_link_path);
    let magic_link = send(
        call,
        client,
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
    client: ClientInfo,
    purpose: Purpose,
    to: &str,
    options: LinkOptions,
) -> Result<MagicLink, Refusal> {
    let to = identifier(to)?;
    let (state, app) = (&call.state, &call.app);
    let id = magic_links::send(state, app, purpose, to, options, &client).await?;
    Ok(MagicLink { id })
}

pub(crate) async fn activate(
    call: MaybeUserAuth,
    client: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: ActivateMagicLinkRequest = json(&body)?;
    let secret = &request.magic_link;
    let caller = caller(&call, &client);
    let auth_result = magic_links::open(&call.state, &call.app, secret, caller).await?;
    Ok(reply::ok(&AuthResponse { auth_result }))
}

pub(crate) async fn status(
    call: MaybeUserAuth,
    client: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: GetMagicLinkStatusRequest = json(&body)?;
    let caller = caller(&call, &client);
    let auth_result = magic_links::wait(&call.state, &call.app, &request.id, caller).await?;
    Ok(reply::ok(&AuthResponse { auth_result }))
}

fn caller<'a>(call: &'a MaybeUserAuth, client: &'a ClientInfo) -> Caller<'a> {
    Caller {
        client,
        own: call.own.as_ref(),
    }
}
