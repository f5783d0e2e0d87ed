//! Sign-ins: an auth token, and a refresh token that is exchanged for the next pair.

use passage_identity::generated::auth::types::AuthResult;

use crate::core::{App, Core};
use crate::http::error::ApiError;
use crate::ids;
use crate::settings::AppSettings;
use crate::store::events::{self, NewEvent};
use crate::store::refresh_tokens::{self, RefreshTokenRow};
use crate::store::{Conn, users};
use crate::tokens::{self, Claims};

/// Characters of a refresh token: 285 random bits.
const REFRESH_TOKEN_LENGTH: usize = 48;

const MICROS: i64 = 1_000_000;

/// A refresh token that was just made.
pub(crate) struct NewRefreshToken {
    token: String,
    expires_at: i64,
}

/// Completes a sign-in: counts it, makes a pending user active, notes the event, and issues tokens.
pub(crate) async fn sign_in(
    core: &Core,
    app: &App,
    user_id: &str,
    event: NewEvent,
) -> Result<AuthResult, ApiError> {
    start(core, app, user_id, Some(event)).await
}

/// Gives a second device its own tokens for a sign-in that has been counted.
pub(crate) async fn join(core: &Core, app: &App, user_id: &str) -> Result<AuthResult, ApiError> {
    start(core, app, user_id, None).await
}

async fn start(
    core: &Core,
    app: &App,
    user_id: &str,
    event: Option<NewEvent>,
) -> Result<AuthResult, ApiError> {
    let now = core.clock.micros();
    let (app_id, id, settings) = (app.id.clone(), user_id.to_owned(), app.settings.clone());
    let refresh = core
        .store
        .write(move |conn| enter(conn, &app_id, &settings, &id, event.as_ref(), now));
    let refresh = refresh.await?;
    auth_result(app, user_id, refresh, now).await
}

/// The part of a sign-in that is stored, for a command that stores more. [`auth_result`] makes the rest of it.
pub(crate) fn enter(
    conn: &Conn,
    app_id: &str,
    settings: &AppSettings,
    user_id: &str,
    event: Option<&NewEvent>,
    now: i64,
) -> Result<Option<NewRefreshToken>, ApiError> {
    let user = users::get(conn, app_id, user_id)?.ok_or_else(ApiError::user_not_found)?;
    if user.is_inactive() {
        return Err(ApiError::user_not_active());
    }
    if let Some(event) = event {
        users::count_login(conn, user_id, now)?;
        events::insert(conn, user_id, event, now)?;
    }
    refresh_tokens::delete_expired(conn, user_id, now)?;
    if !settings.refresh_enabled {
        return Ok(None);
    }
    let ends_at = now + settings.refresh_absolute_lifetime * MICROS;
    let idle = settings.refresh_inactivity_lifetime;
    let family = ids::new_id();
    new_refresh_token(conn, user_id.to_owned(), family, ends_at, idle, now).map(Some)
}

/// Exchanges a refresh token for the next pair. A token that was exchanged before may have been stolen, so its use
/// ends the whole sign-in.
pub(crate) async fn refresh(core: &Core, app: &App, token: &str) -> Result<AuthResult, ApiError> {
    let now = core.clock.micros();
    let (app_id, hash, idle) = (
        app.id.clone(),
        ids::hash(token),
        app.settings.refresh_inactivity_lifetime,
    );
    let exchange = core.store.write(move |conn| {
        let Some(old) = refresh_tokens::by_hash(conn, &app_id, &hash)? else {
            return Ok(None);
        };
        if old.used_at.is_some() {
            refresh_tokens::delete_family(conn, &old.family)?;
            return Ok(None);
        }
        let user = users::get(conn, &app_id, &old.user_id)?;
        if old.expires_at <= now || user.is_none_or(|user| user.is_inactive()) {
            return Ok(None);
        }
        refresh_tokens::mark_used(conn, &hash, now)?;
        let new = new_refresh_token(
            conn,
            old.user_id.clone(),
            old.family,
            old.family_ends_at,
            idle,
            now,
        )?;
        Ok::<_, ApiError>(Some((old.user_id, new)))
    });
    let (user_id, new) = exchange
        .await?
        .ok_or_else(ApiError::invalid_refresh_token)?;
    auth_result(app, &user_id, Some(new), now).await
}

/// Ends the sign-in that a refresh token belongs to. An unknown token is ended already.
pub(crate) async fn revoke(core: &Core, app: &App, token: &str) -> Result<(), ApiError> {
    let (app_id, hash) = (app.id.clone(), ids::hash(token));
    let revoke = core.store.write(move |conn| {
        if let Some(token) = refresh_tokens::by_hash(conn, &app_id, &hash)? {
            refresh_tokens::delete_family(conn, &token.family)?;
        }
        Ok(())
    });
    revoke.await
}

fn new_refresh_token(
    conn: &Conn,
    user_id: String,
    family: String,
    ends_at: i64,
    idle: i64,
    now: i64,
) -> Result<NewRefreshToken, ApiError> {
    let token = ids::alphanumeric(REFRESH_TOKEN_LENGTH);
    let expires_at = ends_at.min(now + idle * MICROS);
    let row = RefreshTokenRow {
        user_id,
        family,
        family_ends_at: ends_at,
        created_at: now,
        expires_at,
        used_at: None,
    };
    refresh_tokens::insert(conn, &ids::hash(&token), &row)?;
    Ok(NewRefreshToken { token, expires_at })
}

/// Signs the auth token. This happens outside the storage, which it would hold up.
pub(crate) async fn auth_result(
    app: &App,
    user_id: &str,
    refresh: Option<NewRefreshToken>,
    now: i64,
) -> Result<AuthResult, ApiError> {
    let issued_at = now / MICROS;
    let claims = Claims {
        issuer: &app.issuer,
        audience: [&app.settings.auth_origin, &app.id],
        subject: user_id,
        issued_at,
        expires_at: issued_at + app.settings.session_timeout_length,
    };
    let key = app.keys.active().await?;
    let auth_token = tokens::sign(&key, &tokens::header(key.kid()), &claims.to_json())?;
    Ok(AuthResult {
        auth_token,
        redirect_url: app.settings.redirect_url.clone(),
        refresh_token_expiration: refresh.as_ref().map(|refresh| refresh.expires_at / MICROS),
        refresh_token: refresh.map(|refresh| refresh.token),
    })
}
