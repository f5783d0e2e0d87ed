//! One-time codes.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::auth::types::{
    ActivateOneTimePasscodeRequest, AuthResponse, LoginOneTimePasscodeRequest,
    OneTimePasscodeResponse, RegisterOneTimePasscodeRequest,
};

use super::users::identifier;
use crate::delivery::{Language, Purpose};
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::one_time_codes;
use crate::domain::rate_limits::Kind;
use crate::http::extract::{AppContext, json};
use crate::http::reply;

pub(crate) async fn login(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: LoginOneTimePasscodeRequest = json(&body)?;
    let language = request.language.as_deref();
    send(
        call,
        &client_info,
        Purpose::Login,
        &request.identifier,
        language,
    )
    .await
}

pub(crate) async fn register(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: RegisterOneTimePasscodeRequest = json(&body)?;
    let language = request.language.as_deref();
    send(
        call,
        &client_info,
        Purpose::Register,
        &request.identifier,
        language,
    )
    .await
}

async fn send(
    call: AppContext,
    client_info: &ClientInfo,
    purpose: Purpose,
    text: &str,
    language: Option<&str>,
) -> Result<Response, Refusal> {
    let language = Language::asked_for(language);
    let receives = identifier(text)?;
    client_info.check_message_limits(&call.state, &call.app, &receives)?;
    let otp_id =
        one_time_codes::request(&call.state, &call.app, purpose, receives, language).await?;
    Ok(reply::created(&OneTimePasscodeResponse { otp_id }))
}

pub(crate) async fn activate(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: ActivateOneTimePasscodeRequest = json(&body)?;
    client_info.check_rate_limit(&call.state, Kind::Try)?;
    let (id, code) = (request.otp_id, request.otp);
    let auth_result =
        one_time_codes::activate(&call.state, &call.app, id, code, &client_info).await?;
    Ok(reply::ok(&AuthResponse { auth_result }))
}
