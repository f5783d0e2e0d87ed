//! What people do for themselves: look up a user, sign up, authenticate, change their metadata.

use passage_identity::generated::auth::types::AuthResult;
use serde_json::{Map, Value};

use super::manage::merged;
use super::{conceal, find, insert, new_user};
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::settings::Occasion;
use crate::domain::sign_ins::Session;
use crate::domain::state::AppState;
use crate::domain::tokens;
use crate::identifier::Identifier;
use crate::ids::UserId;
use crate::store;
use crate::store::acting::{self, Actor};
use crate::store::devices::DeviceRow;
use crate::store::social_connections::ConnectionRow;
use crate::store::users::{MadeBy, NewUser, UserRow};

/// A signed-in user, with everything that belongs to them.
pub(crate) struct Account {
    pub(crate) user: UserRow,
    pub(crate) devices: Vec<DeviceRow>,
    pub(crate) connections: Vec<ConnectionRow>,
    pub(crate) session: Session,
}

/// The user of an auth token whose sign-in has not ended.
pub(crate) async fn authenticate(
    state: &AppState,
    app: &App,
    token: &str,
) -> Result<Account, Refusal> {
    let now = state.clock.now();
    let token = tokens::verify(&app.keys, token, &app.issuer, app.id.as_str(), now).await?;
    let token =
        token.ok_or_else(|| Refusal::invalid_access_token("auth token: bad or expired."))?;
    let user_id = token.user_id.clone();
    let session = Session::of(token);
    // Who acts is known once the token turns out not to have ended.
    acting::concerns(&user_id);
    let app_id = app.id.clone();
    let read = state.store.read(move |tx| {
        let user = store::users::get(tx, &app_id, &user_id)?.ok_or_else(Refusal::user_not_found)?;
        if user.is_inactive() {
            return Err(Refusal::user_not_active());
        }
        session.check(tx)?;
        let devices = store::devices::list(tx, &user.id)?;
        let connections = store::social_connections::list(tx, &user.id)?;
        Ok::<_, Refusal>(Account {
            user,
            devices,
            connections,
            session: session.clone(),
        })
    });
    let account = read.await?;
    acting::is(Actor::User(account.user.id.clone()));
    Ok(account)
}

/// A user who sent their auth token with a request that needs none.
pub(crate) struct OwnToken {
    pub(crate) user_id: UserId,
    pub(crate) session: Session,
    token: String,
}

impl OwnToken {
    /// A reply for a user who is signed in already: they keep their token and get no other.
    pub(crate) fn keep(&self, app: &App) -> AuthResult {
        AuthResult {
            auth_token: self.token.clone(),
            redirect_url: app.settings.redirect_url.clone(),
            refresh_token: None,
            refresh_token_expiration: None,
        }
    }
}

/// The user whose auth token a request carries that needs none. A bad token counts as none.
pub(crate) async fn recognize(
    state: &AppState,
    app: &App,
    token: &str,
) -> Result<Option<OwnToken>, Refusal> {
    match authenticate(state, app, token).await {
        Ok(account) => Ok(Some(OwnToken {
            user_id: account.user.id,
            session: account.session,
            token: token.to_owned(),
        })),
        Err(refusal) if refusal.reason.is_callers_fault() => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// The user who has an identifier, for any caller: no more of them than [`conceal`] leaves. An app that conceals its
/// users everywhere has nobody to show.
pub(crate) async fn look_up(
    state: &AppState,
    app: &App,
    asked: Identifier,
) -> Result<Option<(UserRow, Vec<DeviceRow>)>, Refusal> {
    if app.settings.conceal_users.everywhere() {
        return Ok(None);
    }
    let app_id = app.id.clone();
    let read = state.store.read(move |tx| {
        let Some(mut user) = find(tx, &app_id, &asked)? else {
            return Ok(None);
        };
        let devices = store::devices::list(tx, &user.id)?;
        conceal(&mut user, &asked);
        Ok::<_, Refusal>(Some((user, devices)))
    });
    read.await
}

/// Creates a user who signs up.
pub(crate) async fn create(
    state: &AppState,
    app: &App,
    identifier: &Identifier,
    mut metadata: Map<String, Value>,
) -> Result<UserRow, Refusal> {
    if app.settings.conceal_users.everywhere() {
        // Whether the identifier is taken would show in any other reply.
        return Err(Refusal::operation_not_allowed(
            "user: this app conceals all users, so they register with a code or a link.",
        ));
    }
    app.settings
        .check_own_metadata(&metadata, Occasion::Registration)
        .map_err(Refusal::invalid_request)?;
    metadata.retain(|_, value| !value.is_null());
    let new = NewUser {
        metadata,
        ..new_user(&UserId::new(), identifier, MadeBy::Themselves)
    };
    let (app_id, now) = (app.id.clone(), state.clock.now());
    let create = state.store.write(move |tx| insert(tx, &app_id, &new, now));
    let mut user = create.await?;
    conceal(&mut user, identifier);
    Ok(user)
}

/// Changes a user's metadata. Null values are removed, and other fields stay.
pub(crate) async fn update_metadata(
    state: &AppState,
    app: &App,
    (user_id, session): (UserId, Session),
    changes: Map<String, Value>,
) -> Result<UserRow, Refusal> {
    app.settings
        .check_own_metadata(&changes, Occasion::Profile)
        .map_err(Refusal::invalid_request)?;
    let (app_id, now) = (app.id.clone(), state.clock.now());
    let update = state.store.write(move |tx| {
        session.check(tx)?;
        let user = store::users::get(tx, &app_id, &user_id)?.ok_or_else(Refusal::user_not_found)?;
        let metadata = merged(&user, &changes);
        Ok::<_, Refusal>(store::users::update(tx, &user, &metadata, now)?)
    });
    update.await
}
