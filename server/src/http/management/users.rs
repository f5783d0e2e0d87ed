//! Users, one at a time.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use passage_identity::generated::management::types::{CreateUserRequest, UserResponse};
use serde_json::{Map, Value};

use super::view;
use crate::domain::error::Refusal;
use crate::domain::users::manage::{self, Change, Changes, NewAccount, WholeUser};
use crate::domain::users::{email, phone};
use crate::http::extract::{ApiKeyAuth, json};
use crate::http::reply;
use crate::store::users::UserStatus;

fn user_reply(status: StatusCode, user: WholeUser) -> Response {
    let user = view::user_info(user);
    reply::json(status, &UserResponse { user })
}

pub(crate) async fn create_user(call: ApiKeyAuth, body: Bytes) -> Result<Response, Refusal> {
    let request: CreateUserRequest = json(&body)?;
    let account = NewAccount {
        email: request.email,
        phone: request.phone,
        metadata: request.user_metadata.unwrap_or_default(),
    };
    let user = manage::create(&call.state, &call.app, account).await?;
    Ok(user_reply(StatusCode::CREATED, user))
}

pub(crate) async fn get_user(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let id = call.params.get("user_id");
    let user = manage::get(&call.state, &call.app, id.into()).await?;
    Ok(user_reply(StatusCode::OK, user))
}

/// What a PATCH does to a member: nothing, clear it, or set it.
fn change(
    body: &mut Map<String, Value>,
    name: &'static str,
    check: fn(&str) -> Result<String, Refusal>,
) -> Result<Change, Refusal> {
    match body.remove(name) {
        None => Ok(Change::Keep),
        Some(Value::Null) => Ok(Change::Clear),
        Some(Value::String(text)) if text.is_empty() => Ok(Change::Clear),
        Some(Value::String(text)) => check(&text).map(Change::Set),
        Some(_) => Err(Refusal::invalid_request(format!(
            "{name}: must be a string."
        ))),
    }
}

/// The body is parsed as plain JSON, because the generated request cannot distinguish a null member from a missing one.
fn changes(body: &Bytes) -> Result<Changes, Refusal> {
    let mut body: Map<String, Value> = json(body)?;
    let email = change(&mut body, "email", email)?;
    let phone = change(&mut body, "phone", phone)?;
    let metadata = match body.remove("user_metadata") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(metadata)) => metadata,
        Some(_) => {
            return Err(Refusal::invalid_request(
                "user_metadata: must be an object.",
            ));
        }
    };
    Ok(Changes {
        email,
        phone,
        metadata,
    })
}

pub(crate) async fn update_user(call: ApiKeyAuth, body: Bytes) -> Result<Response, Refusal> {
    let (id, changes) = (call.params.get("user_id"), changes(&body)?);
    let user = manage::update(&call.state, &call.app, id.into(), changes).await?;
    Ok(user_reply(StatusCode::OK, user))
}

pub(crate) async fn delete_user(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let id = call.params.get("user_id");
    manage::delete(&call.state, &call.app, id.into()).await?;
    Ok(reply::empty(StatusCode::OK))
}

pub(crate) async fn activate_user(call: ApiKeyAuth) -> Result<Response, Refusal> {
    set_status(call, UserStatus::Active).await
}

pub(crate) async fn deactivate_user(call: ApiKeyAuth) -> Result<Response, Refusal> {
    set_status(call, UserStatus::Inactive).await
}

async fn set_status(call: ApiKeyAuth, status: UserStatus) -> Result<Response, Refusal> {
    let id = call.params.get("user_id");
    let user = manage::set_status(&call.state, &call.app, id.into(), status).await?;
    Ok(user_reply(StatusCode::OK, user))
}
