//! Public lookup and creation of users.

use axum::extract::RawQuery;
use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::auth::types::{
    CreateUserParams, CreateUserResponse, User, UserResponse,
};

use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::rate_limits::Kind;
use crate::domain::users::account;
use crate::http::extract::{AppContext, json};
use crate::http::reply;
use crate::identifier::Identifier;
use crate::store;
use crate::store::devices::DeviceRow;
use crate::store::users::UserRow;

/// Parses an identifier from a request.
pub(super) fn identifier(text: &str) -> Result<Identifier, Refusal> {
    Identifier::parse(text).ok_or_else(|| {
        Refusal::invalid_request(
            "identifier: must be an e-mail address, or a phone number in E.164 form such as +15005550006.",
        )
    })
}

/// A user, as shown to the user and, without what [`conceal`](crate::domain::users::conceal) removes, to strangers.
pub(super) fn view(user: UserRow, devices: &[DeviceRow]) -> User {
    let user_metadata = Some(user.metadata());
    User {
        email: user.email.unwrap_or_default(),
        email_verified: user.email_verified,
        id: user.id.into(),
        phone: user.phone.unwrap_or_default(),
        phone_verified: user.phone_verified,
        status: user.status.as_str().to_owned().into(),
        user_metadata,
        webauthn: !devices.is_empty(),
        webauthn_types: store::devices::kinds(devices),
    }
}

/// The identifier in a query.
fn queried(query: Option<String>) -> Result<Identifier, Refusal> {
    let query = query.unwrap_or_default();
    let given = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "identifier");
    let (_, text) = given.ok_or_else(|| Refusal::invalid_request("identifier: is needed."))?;
    // Some clients do not encode the plus sign, which then decodes to a space. No identifier contains a space.
    identifier(&text.replace(' ', "+"))
}

pub(crate) async fn check_user_identifier(
    call: AppContext,
    client: ClientInfo,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    client.check_rate_limit(&call.state, Kind::Look)?;
    let found = account::look_up(&call.state, &call.app, queried(query)?).await?;
    let user = found.map(|(user, devices)| view(user, &devices));
    Ok(reply::ok(&UserResponse { user }))
}

pub(crate) async fn create_user(
    call: AppContext,
    client: ClientInfo,
    body: Bytes,
) -> Result<Response, Refusal> {
    client.check_rate_limit(&call.state, Kind::Look)?;
    let request: CreateUserParams = json(&body)?;
    let receives = identifier(&request.identifier)?;
    let metadata = request.user_metadata.unwrap_or_default();
    let user = account::create(&call.state, &call.app, &receives, metadata).await?;
    let user = view(user, &[]);
    Ok(reply::created(&CreateUserResponse { user }))
}
