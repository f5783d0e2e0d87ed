//! Users, as anybody may look them up and create them.

use axum::extract::RawQuery;
use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::auth::types::{
    CreateUserParams, CreateUserResponse, User, UserResponse,
};
use serde_json::Map;

use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::rate_limits::Kind;
use crate::domain::users;
use crate::http::extract::{AppContext, json};
use crate::http::reply;
use crate::identifier::Identifier;
use crate::store;
use crate::store::devices::DeviceRow;
use crate::store::users::UserRow;

/// Reads an identifier of a request.
pub(super) fn identifier(text: &str) -> Result<Identifier, Refusal> {
    Identifier::parse(text).ok_or_else(|| {
        Refusal::invalid_request(
            "identifier: must be an e-mail address, or a phone number in E.164 form such as +15005550006.",
        )
    })
}

/// A user, as anybody sees one who knows the identifier.
pub(super) fn view(user: UserRow, devices: &[DeviceRow]) -> User {
    let user_metadata = Some(user.metadata());
    User {
        email: user.email.unwrap_or_default(),
        email_verified: user.email_verified,
        id: user.id,
        phone: user.phone.unwrap_or_default(),
        phone_verified: user.phone_verified,
        status: user.status.into(),
        user_metadata,
        webauthn: !devices.is_empty(),
        webauthn_types: store::devices::kinds(devices),
    }
}

/// Leaves of a user only what the asker knows: that there is one, and the identifier.
fn conceal(user: &mut User, asked: &Identifier) {
    match asked {
        Identifier::Email(_) => {
            user.phone.clear();
            user.phone_verified = false;
        }
        Identifier::Phone(_) => {
            user.email.clear();
            user.email_verified = false;
        }
    }
    user.user_metadata = Some(Map::new());
}

pub(crate) async fn check_user_identifier(
    call: AppContext,
    client_info: ClientInfo,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    client_info.check_rate_limit(&call.state, Kind::Look)?;
    let query = query.unwrap_or_default();
    let given = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "identifier");
    let (_, text) = given.ok_or_else(|| Refusal::invalid_request("identifier: is needed."))?;
    // Some clients leave the plus as it is, which then reads as a blank. No identifier has one.
    let asked = identifier(&text.replace(' ', "+"))?;
    let (app_id, receives) = (call.app.id.clone(), asked.clone());
    let read = call.state.store.read(move |tx| {
        let Some(user) = users::find(tx, &app_id, &receives)? else {
            return Ok(None);
        };
        let devices = store::devices::list(tx, &user.id)?;
        Ok::<_, Refusal>(Some(view(user, &devices)))
    });
    let mut user = read.await?;
    if call.app.settings.conceal_users
        && let Some(user) = &mut user
    {
        conceal(user, &asked);
    }
    Ok(reply::ok(&UserResponse { user }))
}

pub(crate) async fn create_user(
    call: AppContext,
    client_info: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    client_info.check_rate_limit(&call.state, Kind::Look)?;
    let request: CreateUserParams = json(&body)?;
    let receives = identifier(&request.identifier)?;
    let mut metadata = request.user_metadata.unwrap_or_default();
    call.app
        .settings
        .check_metadata(&metadata)
        .map_err(Refusal::invalid_request)?;
    metadata.retain(|_, value| !value.is_null());
    let (app_id, now) = (call.app.id.clone(), call.state.clock.micros());
    let create = call
        .state
        .store
        .write(move |tx| users::create(tx, &app_id, &receives, metadata.clone(), now));
    let user = view(create.await?, &[]);
    Ok(reply::created(&CreateUserResponse { user }))
}
