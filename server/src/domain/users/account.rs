//! What people do for themselves: look up a user, sign up, authenticate, change their metadata.

use serde_json::{Map, Value};

use super::manage::merged;
use super::{find, insert, new_user};
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::state::AppState;
use crate::domain::tokens;
use crate::identifier::Identifier;
use crate::ids::UserId;
use crate::store;
use crate::store::acting::{self, Actor};
use crate::store::devices::DeviceRow;
use crate::store::social_connections::ConnectionRow;
use crate::store::users::UserRow;

/// A signed-in user, with everything that belongs to them.
pub(crate) struct Account {
    pub(crate) user: UserRow,
    pub(crate) devices: Vec<DeviceRow>,
    pub(crate) connections: Vec<ConnectionRow>,
}

/// The user of an auth token.
pub(crate) async fn authenticate(
    state: &AppState,
    app: &App,
    token: &str,
) -> Result<Account, Refusal> {
    let now = state.clock.now();
    let subject = tokens::verify(&app.keys, token, &app.issuer, app.id.as_str(), now).await?;
    let subject =
        subject.ok_or_else(|| Refusal::invalid_access_token("auth token: bad or expired."))?;
    let user_id = UserId::from(subject);
    acting::is(Actor::User(user_id.clone()));
    let app_id = app.id.clone();
    let read = state.store.read(move |tx| {
        let user = store::users::get(tx, &app_id, &user_id)?.ok_or_else(Refusal::user_not_found)?;
        if user.is_inactive() {
            return Err(Refusal::user_not_active());
        }
        let devices = store::devices::list(tx, &user.id)?;
        let connections = store::social_connections::list(tx, &user.id)?;
        Ok(Account {
            user,
            devices,
            connections,
        })
    });
    read.await
}

/// The user who has an identifier, for any caller. If the app conceals its users, the result contains only what the
/// caller knows already: that the user exists, and the identifier.
pub(crate) async fn look_up(
    state: &AppState,
    app: &App,
    asked: Identifier,
) -> Result<Option<(UserRow, Vec<DeviceRow>)>, Refusal> {
    let (app_id, conceals) = (app.id.clone(), app.settings.conceal_users);
    let read = state.store.read(move |tx| {
        let Some(mut user) = find(tx, &app_id, &asked)? else {
            return Ok(None);
        };
        let devices = store::devices::list(tx, &user.id)?;
        if conceals {
            conceal(&mut user, &asked);
        }
        Ok::<_, Refusal>(Some((user, devices)))
    });
    read.await
}

fn conceal(user: &mut UserRow, asked: &Identifier) {
    let (other, verified) = match asked {
        Identifier::Email(_) => (&mut user.phone, &mut user.phone_verified),
        Identifier::Phone(_) => (&mut user.email, &mut user.email_verified),
    };
    *other = None;
    *verified = false;
    user.clear_metadata();
}

/// Creates a user who signs up.
pub(crate) async fn create(
    state: &AppState,
    app: &App,
    identifier: &Identifier,
    mut metadata: Map<String, Value>,
) -> Result<UserRow, Refusal> {
    app.settings
        .check_metadata(&metadata)
        .map_err(Refusal::invalid_request)?;
    metadata.retain(|_, value| !value.is_null());
    let new = new_user(&UserId::new(), identifier, metadata);
    let (app_id, now) = (app.id.clone(), state.clock.now());
    let create = state.store.write(move |tx| insert(tx, &app_id, &new, now));
    create.await
}

/// Changes a user's metadata. Null values are removed, and other fields stay.
pub(crate) async fn update_metadata(
    state: &AppState,
    app: &App,
    user_id: UserId,
    changes: Map<String, Value>,
) -> Result<UserRow, Refusal> {
    app.settings
        .check_metadata(&changes)
        .map_err(Refusal::invalid_request)?;
    let (app_id, now) = (app.id.clone(), state.clock.now());
    let update = state.store.write(move |tx| {
        let user = store::users::get(tx, &app_id, &user_id)?.ok_or_else(Refusal::user_not_found)?;
        let metadata = merged(&user, &changes);
        Ok::<_, Refusal>(store::users::update(tx, &user, &metadata, now)?)
    });
    update.await
}
