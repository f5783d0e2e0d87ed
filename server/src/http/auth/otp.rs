//! One-time codes.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::auth::types::{
    ActivateOneTimePasscodeRequest, AuthResponse, LoginOneTimePasscodeRequest,
    OneTimePasscodeResponse, RegisterOneTimePasscodeRequest,
};

use super::users::identifier;
use crate::delivery::{Language, Purpose};
use crate::domain::client::Visitor;
use crate::domain::error::ApiError;
use crate::domain::one_time_codes;
use crate::domain::rate_limits::Kind;
use crate::http::extract::{Public, json};
use crate::http::reply;

pub(crate) async fn login(
    call: Public,
    visitor: Visitor,
    body: Bytes,
) -> Result<Response, ApiError> {
    let request: LoginOneTimePasscodeRequest = json(&body)?;
    let language = request.language.as_deref();
    send(
        call,
        &visitor,
        Purpose::Login,
        &request.identifier,
        language,
    )
    .await
}

pub(crate) async fn register(
    call: Public,
    visitor: Visitor,
    body: Bytes,
) -> Result<Response, ApiError> {
    let request: RegisterOneTimePasscodeRequest = json(&body)?;
    let language = request.language.as_deref();
    send(
        call,
        &visitor,
        Purpose::Register,
        &request.identifier,
        language,
    )
    .await
}

async fn send(
    call: Public,
    visitor: &Visitor,
    purpose: Purpose,
    text: &str,
    language: Option<&str>,
) -> Result<Response, ApiError> {
    let language = Language::asked_for(language);
    let receives = identifier(text)?;
    visitor.may_write_to(&call.core, &call.app, &receives)?;
    let otp_id =
        one_time_codes::request(&call.core, &call.app, purpose, receives, language).await?;
    Ok(reply::created(&OneTimePasscodeResponse { otp_id }))
}

pub(crate) async fn activate(
    call: Public,
    visitor: Visitor,
    body: Bytes,
) -> Result<Response, ApiError> {
    let request: ActivateOneTimePasscodeRequest = json(&body)?;
    visitor.may(&call.core, Kind::Try)?;
    let (id, code) = (request.otp_id, request.otp);
    let auth_result = one_time_codes::activate(&call.core, &call.app, id, code, &visitor).await?;
    Ok(reply::ok(&AuthResponse { auth_result }))
}
