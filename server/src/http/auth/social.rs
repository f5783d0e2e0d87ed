//! Social login.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use passage_identity::generated::auth::types::{
    AuthResponse, IdTokenRequest, SocialConnectionsResponse,
};

use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::rate_limits::Kind;
use crate::domain::social::{self, CallbackParams, Login, OAuthParams};
use crate::domain::state::AppState;
use crate::http::extract::{AppContext, Params, UserAuth, json};
use crate::http::reply;
use crate::ids::AppId;

fn query(query: Option<String>) -> OAuthParams {
    OAuthParams::parse(query.unwrap_or_default().as_bytes())
}

pub(crate) async fn get_authorize(
    call: AppContext,
    client_info: ClientInfo,
    RawQuery(text): RawQuery,
) -> Result<Response, Refusal> {
    client_info.check_rate_limit(&call.state, Kind::Start)?;
    let query = query(text);
    let login = Login {
        provider: social::declaration(&call.state, &query.need("connection_type")?)?.name,
        redirect_uri: query.need("redirect_uri")?,
        state: query.get("state")?,
        code_challenge: query.need("code_challenge")?,
        code_challenge_method: query.need("code_challenge_method")?,
        login_hint: query.get("login_hint")?,
    };
    let location = social::start(&call.state, &call.app, login).await?;
    Ok(reply::redirect(&location))
}

pub(crate) async fn exchange_social_token(
    call: AppContext,
    client_info: ClientInfo,
    RawQuery(text): RawQuery,
) -> Result<Response, Refusal> {
    let query = query(text);
    let (code, verifier) = (query.need("code")?, query.need("verifier")?);
    let auth_result =
        social::sign_in(&call.state, &call.app, &code, verifier, &client_info).await?;
    Ok(reply::created(&AuthResponse { auth_result }))
}

pub(crate) async fn exchange_social_id_token(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request: IdTokenRequest = json(&body)?;
    let name = request.connection_type.as_str();
    let provider = social::declaration_with_id_tokens(&call.state, name)?.name;
    let (state, app) = (&call.state, &call.app);
    let (code, token) = (&request.code, &request.id_token);
    let signed_in = social::sign_in_natively(state, app, &provider, code, token, &client_info);
    let auth_result = signed_in.await?;
    Ok(reply::created(&AuthResponse { auth_result }))
}

pub(crate) async fn link_account(
    call: UserAuth,
    client_info: ClientInfo,
    RawQuery(text): RawQuery,
) -> Result<Response, Refusal> {
    call.check_recent()?;
    let query = query(text);
    let (code, verifier) = (query.need("code")?, query.need("verifier")?);
    let owner = (call.user.id, call.session);
    let link = social::link(&call.state, &call.app, owner, &code, verifier, client_info);
    link.await?;
    Ok(reply::empty(StatusCode::CREATED))
}

pub(crate) async fn get_connections(call: UserAuth) -> Result<Response, Refusal> {
    let social_connections = social::own_connections(&call.connections);
    Ok(reply::ok(&SocialConnectionsResponse { social_connections }))
}

pub(crate) async fn delete_connection(call: UserAuth, params: Params) -> Result<Response, Refusal> {
    let provider = params.get("social_connection_type");
    social::disconnect(&call.state, (call.user.id, call.session), provider).await?;
    Ok(reply::empty(StatusCode::OK))
}

pub(crate) async fn callback(
    call: AppContext,
    RawQuery(text): RawQuery,
) -> Result<Response, Refusal> {
    handle_callback(&call.state, Some(&call.app.id), &query(text)).await
}

pub(crate) async fn posted_callback(call: AppContext, body: Bytes) -> Result<Response, Refusal> {
    let form = OAuthParams::parse(&body);
    handle_callback(&call.state, Some(&call.app.id), &form).await
}

pub(crate) async fn shared_callback(
    State(state): State<Arc<AppState>>,
    RawQuery(text): RawQuery,
) -> Result<Response, Refusal> {
    handle_callback(&state, None, &query(text)).await
}

pub(crate) async fn posted_shared_callback(
    State(state): State<Arc<AppState>>,
    body: Bytes,
) -> Result<Response, Refusal> {
    handle_callback(&state, None, &OAuthParams::parse(&body)).await
}

async fn handle_callback(
    state: &AppState,
    app_id: Option<&AppId>,
    params: &OAuthParams,
) -> Result<Response, Refusal> {
    let answer = CallbackParams {
        state: params.need("state")?,
        code: params.get("code")?,
        error: params.get("error")?,
        error_description: params.get("error_description")?,
    };
    let location = social::handle_callback(state, app_id, answer).await?;
    Ok(reply::redirect(&location))
}
