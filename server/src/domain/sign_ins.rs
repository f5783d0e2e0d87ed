//! Sign-ins: an auth token, and a refresh token that is exchanged for the next pair.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use passage_identity::generated::auth::types::AuthResult;

use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::settings::AppSettings;
use crate::domain::state::AppState;
use crate::domain::tokens::{self, Claims, Header};
use crate::ids::{self, AppId, SignInId, UserId};
use crate::store;
use crate::store::Tx;
use crate::store::events::NewEvent;
use crate::store::sign_ins::{Presented, SignInRow};

/// Length of a refresh token's secret, in characters: 285 random bits. The id of the sign-in precedes it.
const SECRET_LENGTH: usize = 48;

/// A refresh token that was just created.
pub(crate) struct RefreshToken {
    token: String,
    expires_at: Time,
}

/// Completes a sign-in: counts it, activates a pending user, records the event, and issues tokens.
pub(crate) async fn sign_in(
    state: &AppState,
    app: &App,
    user_id: &UserId,
    event: NewEvent,
) -> Result<AuthResult, Refusal> {
    start(state, app, user_id, Some(event)).await
}

/// Issues a second device its own tokens for a sign-in that was already counted.
pub(crate) async fn join(
    state: &AppState,
    app: &App,
    user_id: &UserId,
) -> Result<AuthResult, Refusal> {
    start(state, app, user_id, None).await
}

async fn start(
    state: &AppState,
    app: &App,
    user_id: &UserId,
    event: Option<NewEvent>,
) -> Result<AuthResult, Refusal> {
    let now = state.clock.now();
    let (row, refresh) = prepare(&app.settings, user_id, now).unzip();
    let (app_id, id) = (app.id.clone(), user_id.to_owned());
    let record = state
        .store
        .write(move |tx| record(tx, &app_id, &id, event.as_ref(), row.as_ref(), now));
    record.await?;
    auth_result(app, user_id, refresh, now).await
}

/// Creates the refresh token of a new sign-in, and the row to store. `None` if the app has no refresh tokens.
pub(crate) fn prepare(
    settings: &AppSettings,
    user_id: &UserId,
    now: Time,
) -> Option<(SignInRow, RefreshToken)> {
    if !settings.refresh_enabled {
        return None;
    }
    let ends_at = now + settings.refresh_lifetime();
    let expires_at = ends_at.min(now + settings.refresh_idle_lifetime());
    let id = SignInId::new();
    let token = new_token(&id);
    let row = SignInRow {
        user_id: user_id.to_owned(),
        hash: ids::hash(&token),
        created_at: now,
        ends_at,
        expires_at,
        id,
    };
    Some((row, RefreshToken { token, expires_at }))
}

/// The part of a sign-in that is stored, for commands that store more. [`auth_result`] does the rest.
pub(crate) fn record(
    tx: &Tx<'_>,
    app_id: &AppId,
    user_id: &UserId,
    event: Option<&NewEvent>,
    sign_in: Option<&SignInRow>,
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
    if let Some(sign_in) = sign_in {
        store::sign_ins::insert(tx, sign_in)?;
    }
    Ok(())
}

fn new_token(sign_in: &SignInId) -> String {
    format!("{sign_in}{}", ids::alphanumeric(SECRET_LENGTH))
}

/// The sign-in in a refresh token. `None` if it is not one of our tokens.
fn sign_in_of(token: &str) -> Option<SignInId> {
    let (id, secret) = token.split_at_checked(ids::ID_LENGTH)?;
    (secret.len() == SECRET_LENGTH).then(|| id.into())
}

/// Exchanges a refresh token for the next pair. A token that was already exchanged may have been stolen, so using it
/// again ends the whole sign-in.
pub(crate) async fn refresh(
    state: &AppState,
    app: &App,
    token: &str,
) -> Result<AuthResult, Refusal> {
    let now = state.clock.now();
    let sign_in = sign_in_of(token).ok_or_else(Refusal::invalid_refresh_token)?;
    let next = new_token(&sign_in);
    let (app_id, hash, next_hash) = (app.id.clone(), ids::hash(token), ids::hash(&next));
    let idle_until = now + app.settings.refresh_idle_lifetime();
    let exchange = state.store.write(move |tx| {
        let token = Presented {
            sign_in: &sign_in,
            hash: &hash,
        };
        let refreshed =
            store::sign_ins::exchange(tx, &app_id, &token, &next_hash, idle_until, now)?;
        if refreshed.is_none() {
            store::sign_ins::end_if_reused(tx, &app_id, &token)?;
        }
        Ok::<_, Refusal>(refreshed)
    });
    let refreshed = exchange.await?.ok_or_else(Refusal::invalid_refresh_token)?;
    let new = RefreshToken {
        token: next,
        expires_at: refreshed.expires_at,
    };
    auth_result(app, &refreshed.user_id, Some(new), now).await
}

/// Ends the sign-in of a refresh token. An unknown token counts as ended.
pub(crate) async fn revoke(state: &AppState, app: &App, token: &str) -> Result<(), Refusal> {
    let Some(sign_in) = sign_in_of(token) else {
        return Ok(());
    };
    let app_id = app.id.clone();
    let revoke = state
        .store
        .write(move |tx| Ok::<_, Refusal>(store::sign_ins::end(tx, &app_id, &sign_in)?));
    revoke.await
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
        Ok::<_, Refusal>(store::sign_ins::end_all(tx, &user_id, now)?)
    });
    revoke.await
}

/// Signs the auth token, outside the store, which it would block.
pub(crate) async fn auth_result(
    app: &App,
    user_id: &UserId,
    refresh: Option<RefreshToken>,
    now: Time,
) -> Result<AuthResult, Refusal> {
    let claims = Claims::new(app, user_id.as_str(), now);
    let key = app.keys.active().await?;
    let auth_token = tokens::sign(&key, &Header::new(key.kid()), &claims)?;
    Ok(AuthResult {
        auth_token,
        redirect_url: app.settings.redirect_url.clone(),
        refresh_token_expiration: refresh
            .as_ref()
            .map(|refresh| refresh.expires_at.as_second()),
        refresh_token: refresh.map(|refresh| refresh.token),
    })
}
