//! Sign-ins: an auth token, and a refresh token that is exchanged for the next pair ([`refresh`]). Auth tokens end with
//! their sign-in ([`session`]).

mod refresh;
mod session;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use passage_identity::generated::auth::types::AuthResult;
use serde::Serialize;

pub(crate) use self::refresh::{KEY_PURPOSE, refresh, revoke};
use self::refresh::{RefreshToken, Token};
pub(crate) use self::session::Session;
use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::settings::AppSettings;
use crate::domain::state::AppState;
use crate::domain::tokens::{self, Claims, Header};
use crate::ids::{AppId, SignInId, UserId};
use crate::store;
use crate::store::Tx;
use crate::store::events::NewEvent;
use crate::store::sign_ins::{SignInRow, Standing};

/// What the tokens of a sign-in are made of.
pub(crate) struct Granted {
    id: SignInId,
    /// When the user signed in.
    authenticated_at: Time,
    refresh: Option<RefreshToken>,
}

/// Completes a sign-in: counts it, activates a pending user, records the event, and issues tokens.
pub(crate) async fn sign_in(
    state: &AppState,
    app: &App,
    user_id: &UserId,
    event: NewEvent,
) -> Result<AuthResult, Refusal> {
    let now = state.clock.now();
    let (row, granted) = prepare(&app.settings, user_id, now);
    let (app_id, id) = (app.id.clone(), user_id.to_owned());
    let record = state
        .store
        .write(move |tx| record(tx, &app_id, &id, Some(&event), &row, now));
    record.await?;
    auth_result(app, user_id, granted, now).await
}

/// Prepares a new sign-in: the row to store, and what its tokens are made of once it is stored.
pub(crate) fn prepare(settings: &AppSettings, user_id: &UserId, now: Time) -> (SignInRow, Granted) {
    let id = SignInId::new();
    let auth_until = now + settings.session_lifetime();
    let mut row = SignInRow {
        id: id.clone(),
        user_id: user_id.to_owned(),
        created_at: now,
        ends_at: auth_until,
        expires_at: auth_until,
        kept_until: auth_until,
        refresh: None,
    };
    let mut refresh = None;
    if settings.refresh_enabled {
        let token = Token::new(&id);
        row.ends_at = now + settings.refresh_lifetime();
        row.expires_at = row.ends_at.min(now + settings.refresh_idle_lifetime());
        row.kept_until = row.expires_at.max(auth_until);
        row.refresh = Some(token.hashes());
        refresh = Some(RefreshToken::new(token, row.expires_at));
    }
    let granted = Granted {
        id,
        authenticated_at: now,
        refresh,
    };
    (row, granted)
}

/// The part of a sign-in that is stored, for commands that store more. [`auth_result`] does the rest. It becomes this
/// user's, whoever it was prepared for.
pub(crate) fn record(
    tx: &Tx<'_>,
    app_id: &AppId,
    user_id: &UserId,
    event: Option<&NewEvent>,
    sign_in: &SignInRow,
    now: Time,
) -> Result<(), Refusal> {
    let user = store::users::get(tx, app_id, user_id)?.ok_or_else(Refusal::user_not_found)?;
    if user.is_inactive() {
        return Err(Refusal::user_not_active());
    }
    if let Some(event) = event {
        store::users::count_login(tx, user_id, now)?;
        store::events::insert(tx, user_id, event, now)?;
    }
    let sign_in = SignInRow {
        user_id: user_id.to_owned(),
        ..sign_in.clone()
    };
    Ok(store::sign_ins::insert(tx, &sign_in)?)
}

/// Ends every sign-in of a user.
pub(crate) async fn revoke_all(
    state: &AppState,
    app: &App,
    user_id: UserId,
) -> Result<(), Refusal> {
    let (app_id, now) = (app.id.clone(), state.clock.now());
    let revoke = state.store.write(move |tx| {
        store::users::get(tx, &app_id, &user_id)?.ok_or_else(Refusal::user_not_found)?;
        // Otherwise what was handed out before could still add a passkey.
        store::undo_offers::end_transactions(tx, &user_id)?;
        Ok::<_, Refusal>(store::sign_ins::end_all(tx, &user_id, now)?)
    });
    revoke.await
}

/// Ends every sign-in of a user, who asks for it with the auth token of one.
pub(crate) async fn revoke_own(
    state: &AppState,
    (user_id, session): (UserId, Session),
) -> Result<(), Refusal> {
    let now = state.clock.now();
    let revoke = state.store.write(move |tx| {
        session.check(tx)?;
        Ok::<_, Refusal>(store::sign_ins::end_all(tx, &user_id, now)?)
    });
    revoke.await
}

/// Signs the auth token, outside the store, which it would block.
pub(crate) async fn auth_result(
    app: &App,
    user_id: &UserId,
    granted: Granted,
    now: Time,
) -> Result<AuthResult, Refusal> {
    let claims = Claims::new(app, user_id.as_str(), now);
    let claims = claims.of_sign_in(&granted.id, granted.authenticated_at);
    issue(app, &claims, granted.refresh).await
}

/// Another auth token of a sign-in that goes on, and no refresh token: nothing about the sign-in is new, and the token is
/// not valid for longer than it.
pub(crate) async fn go_on(
    app: &App,
    user_id: &UserId,
    id: &SignInId,
    standing: &Standing,
    now: Time,
) -> Result<AuthResult, Refusal> {
    let claims = Claims::new(app, user_id.as_str(), now);
    let mut claims = tokens::members(&claims.of_sign_in(id, standing.created_at));
    let until = standing
        .kept_until
        .min(now + app.settings.session_lifetime());
    claims.insert("exp".to_owned(), until.as_second().into());
    issue(app, &claims, None).await
}

/// Signs an auth token with these claims.
async fn issue(
    app: &App,
    claims: &(impl Serialize + Sync),
    refresh: Option<RefreshToken>,
) -> Result<AuthResult, Refusal> {
    let key = app.keys.active().await?;
    let auth_token = tokens::sign(&key, &Header::new(key.kid()), claims)?;
    Ok(AuthResult {
        auth_token,
        redirect_url: app.settings.redirect_url.clone(),
        refresh_token_expiration: refresh
            .as_ref()
            .map(|refresh| refresh.expires_at.as_second()),
        refresh_token: refresh.map(|refresh| refresh.token.into_text()),
    })
}
