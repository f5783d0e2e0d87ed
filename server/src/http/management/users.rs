//! Users, one at a time.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use passage_identity::generated::management::types::{CreateUserRequest, UserResponse};
use serde_json::{Map, Value};

use super::view::{self, WholeUser};
use crate::domain::error::Refusal;
use crate::http::extract::{ApiKeyAuth, json};
use crate::http::reply;
use crate::identifier;
use crate::store;
use crate::store::users::{NewUser, UserRow};
use crate::store::{SqlError, Tx};

/// An e-mail address as it is stored.
pub(super) fn email(text: &str) -> Result<String, Refusal> {
    identifier::email(text)
        .ok_or_else(|| Refusal::invalid_request("email: must be an e-mail address."))
}

/// A phone number as it is stored.
pub(super) fn phone(text: &str) -> Result<String, Refusal> {
    identifier::phone(text).ok_or_else(|| {
        Refusal::invalid_request("phone: must be in E.164 form, such as +15005550006.")
    })
}

/// The error for a user that could not be stored.
pub(super) fn stored(result: Result<UserRow, SqlError>) -> Result<UserRow, Refusal> {
    result.map_err(|error| {
        if error.is_taken() {
            Refusal::user_exists()
        } else {
            error.into()
        }
    })
}

fn whole(tx: &Tx<'_>, user: UserRow) -> Result<WholeUser, Refusal> {
    let devices = store::devices::list(tx, &user.id)?;
    let connections = store::social_connections::list(tx, &user.id)?;
    let events = store::events::list(tx, &user.id)?;
    Ok(WholeUser {
        user,
        devices,
        connections,
        events,
    })
}

fn user_reply(status: StatusCode, user: WholeUser) -> Response {
    reply::json(
        status,
        &UserResponse {
            user: view::user_info(user),
        },
    )
}

pub(crate) async fn create_user(call: ApiKeyAuth, body: Bytes) -> Result<Response, Refusal> {
    let request: CreateUserRequest = json(&body)?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let mut metadata = request.user_metadata.unwrap_or_default();
    call.app
        .settings
        .check_metadata(&metadata)
        .map_err(Refusal::invalid_request)?;
    metadata.retain(|_, value| !value.is_null());
    let new = NewUser {
        email: given(request.email).as_deref().map(email).transpose()?,
        phone: given(request.phone).as_deref().map(phone).transpose()?,
        external_id: None,
        metadata,
    };
    if new.email.is_none() && new.phone.is_none() {
        return Err(Refusal::invalid_request("user: email or phone is needed."));
    }
    let (app_id, now) = (call.app.id.clone(), call.state.clock.micros());
    let insert = call
        .state
        .store
        .write(move |tx| stored(store::users::insert(tx, &app_id, &new, now)));
    let user = insert.await?;
    Ok(user_reply(
        StatusCode::CREATED,
        WholeUser {
            user,
            devices: Vec::new(),
            connections: Vec::new(),
            events: Vec::new(),
        },
    ))
}

pub(crate) async fn get_user(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let (app_id, id) = (call.app.id.clone(), call.params.get("user_id"));
    let read = call.state.store.read(move |tx| {
        let user = store::users::get(tx, &app_id, &id)?.ok_or_else(Refusal::user_not_found)?;
        whole(tx, user)
    });
    Ok(user_reply(StatusCode::OK, read.await?))
}

/// What a PATCH says about a member: nothing, to clear it, or its new value.
enum Change {
    Keep,
    Clear,
    Set(String),
}

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

/// Applies a change. A new identifier has not been verified.
fn apply(change: &Change, identifier: &mut Option<String>, verified: &mut bool) {
    let new = match change {
        Change::Keep => return,
        Change::Clear => None,
        Change::Set(text) => Some(text.clone()),
    };
    if *identifier != new {
        *identifier = new;
        *verified = false;
    }
}

/// The body is read as plain JSON, because the generated request cannot tell a member that is null from one that is
/// not there.
pub(crate) async fn update_user(call: ApiKeyAuth, body: Bytes) -> Result<Response, Refusal> {
    let mut body: Map<String, Value> = json(&body)?;
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
    call.app
        .settings
        .check_metadata(&metadata)
        .map_err(Refusal::invalid_request)?;
    let (app_id, id, now) = (
        call.app.id.clone(),
        call.params.get("user_id"),
        call.state.clock.micros(),
    );
    let update = call.state.store.write(move |tx| {
        let mut user = store::users::get(tx, &app_id, &id)?.ok_or_else(Refusal::user_not_found)?;
        apply(&email, &mut user.email, &mut user.email_verified);
        apply(&phone, &mut user.phone, &mut user.phone_verified);
        if user.email.is_none() && user.phone.is_none() && user.external_id.is_none() {
            return Err(Refusal::invalid_request("user: email or phone is needed."));
        }
        let mut all = user.metadata();
        all.extend(metadata.clone());
        all.retain(|_, value| !value.is_null());
        let user = stored(store::users::update(tx, &user, &all, now))?;
        whole(tx, user)
    });
    Ok(user_reply(StatusCode::OK, update.await?))
}

pub(crate) async fn delete_user(call: ApiKeyAuth) -> Result<Response, Refusal> {
    let (app_id, id) = (call.app.id.clone(), call.params.get("user_id"));
    let delete = call
        .state
        .store
        .write(move |tx| Ok::<_, Refusal>(store::users::delete(tx, &app_id, &id)?));
    if delete.await? {
        Ok(reply::empty(StatusCode::OK))
    } else {
        Err(Refusal::user_not_found())
    }
}

pub(crate) async fn activate_user(call: ApiKeyAuth) -> Result<Response, Refusal> {
    set_status(call, "active").await
}

pub(crate) async fn deactivate_user(call: ApiKeyAuth) -> Result<Response, Refusal> {
    set_status(call, "inactive").await
}

async fn set_status(call: ApiKeyAuth, status: &'static str) -> Result<Response, Refusal> {
    let (app_id, id, now) = (
        call.app.id.clone(),
        call.params.get("user_id"),
        call.state.clock.micros(),
    );
    let update = call.state.store.write(move |tx| {
        let user = store::users::set_status(tx, &app_id, &id, status, now)?
            .ok_or_else(Refusal::user_not_found)?;
        whole(tx, user)
    });
    Ok(user_reply(StatusCode::OK, update.await?))
}
