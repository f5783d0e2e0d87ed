//! One-time codes.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::auth::types::{
    ActivateOneTimePasscodeRequest, AuthResponse, LoginOneTimePasscodeRequest,
    OneTimePasscodeResponse, RegisterOneTimePasscodeRequest,
};

use super::users::identifier;
use crate::delivery::Language;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::one_time_codes;
use crate::http::extract::{AppContext, MaybeUserAuth, json};
use crate::http::reply;
use crate::store::Purpose;

pub(crate) async fn login(
    call: AppContext,
    client: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: LoginOneTimePasscodeRequest = json(&body)?;
    let (to, language) = (request.identifier, request.language);
    send(call, client, Purpose::Login, &to, language).await
}

pub(crate) async fn register(
    call: AppContext,
    client: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: RegisterOneTimePasscodeRequest = json(&body)?;
    let (to, language) = (request.identifier, request.language);
    send(call, client, Purpose::Register, &to, language).await
}

async fn send(
    call: AppContext,
    client: ClientInfo,
    purpose: Purpose,
    to: &str,
    language: Option<String>,
) -> Result<Response, Refusal> {
    let (to, language) = (identifier(to)?, Language::asked_for(language.as_deref()));
    let (state, app) = (&call.state, &call.app);
    let otp_id = one_time_codes::send(state, app, purpose, to, language, &client).await?;
    Ok(reply::created(&OneTimePasscodeResponse { otp_id }))
}

pub(crate) async fn activate(
    call: MaybeUserAuth,
    client: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: ActivateOneTimePasscodeRequest = json(&body)?;
    let (id, code) = (&request.otp_id, &request.otp);
    let (state, app) = (&call.state, &call.app);
    let own = call.own.as_ref();
    let activate = one_time_codes::activate(state, app, id, code, own, &client);
    let auth_result = activate.await?;
    Ok(reply::ok(&AuthResponse { auth_result }))
}
