//! The routes of both APIs.

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{delete, get, patch, post};
use axum::{Extension, Router};
use http::header::{HeaderName, RETRY_AFTER};
use http::{Method, StatusCode};
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use super::entry::SentPath;
use super::{audit, auth, health, management, reply};
use crate::domain::state::AppState;
use crate::http::operations::Api;

/// The routes of the server, merged with others.
pub(crate) fn router(state: Arc<AppState>, others: Router) -> Router {
    Router::new()
        .nest(Api::Management.prefix(), management())
        .nest(Api::Auth.prefix(), auth())
        .merge(health::routes())
        .with_state(Arc::clone(&state))
        .layer(from_fn_with_state(state, audit::watch))
        .merge(others)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
}

fn management() -> Router<Arc<AppState>> {
    use management::{api_keys, app, devices, magic_links, tokens, transactions, user_list, users};
    Router::new()
        .route("/apps/{app_id}", get(app::get_app))
        .route(
            "/apps/{app_id}/users",
            get(user_list::list_paginated_users).post(users::create_user),
        )
        .route(
            "/apps/{app_id}/users/{user_id}",
            get(users::get_user)
                .patch(users::update_user)
                .delete(users::delete_user),
        )
        .route(
            "/apps/{app_id}/users/{user_id}/activate",
            patch(users::activate_user),
        )
        .route(
            "/apps/{app_id}/users/{user_id}/deactivate",
            patch(users::deactivate_user),
        )
        .route(
            "/apps/{app_id}/users/{user_id}/devices",
            get(devices::list_user_devices),
        )
        .route(
            "/apps/{app_id}/users/{user_id}/devices/{device_id}",
            delete(devices::delete_user_devices),
        )
        .route(
            "/apps/{app_id}/users/{user_id}/tokens",
            delete(tokens::revoke_user_refresh_tokens),
        )
        .route(
            "/apps/{app_id}/magic-links",
            post(magic_links::create_magic_link),
        )
        .route(
            "/apps/{app_id}/transactions/register",
            post(transactions::create_register_transaction),
        )
        .route(
            "/apps/{app_id}/transactions/authenticate",
            post(transactions::create_authenticate_transaction),
        )
        .route(
            "/apps/{app_id}/authenticate/verify",
            post(transactions::authenticate_verify_nonce),
        )
        .route(
            "/apps/{app_id}/api-keys",
            get(api_keys::list_api_keys).post(api_keys::create_api_key),
        )
        .route(
            "/apps/{app_id}/api-keys/{api_key_id}",
            get(api_keys::get_api_key).delete(api_keys::delete_api_key),
        )
}

fn auth() -> Router<Arc<AppState>> {
    use auth::{
        app, currentuser, devices, magic_links, otp, profile, readiness, social, tokens,
        transactions, undo, users, webauthn,
    };
    Router::new()
        .route("/apps/{app_id}", get(app::get_app))
        .route("/apps/{app_id}/.well-known/jwks.json", get(app::get_jwks))
        .route(
            "/apps/{app_id}/.well-known/openid-configuration",
            get(app::get_open_id_configuration),
        )
        .route(
            "/apps/{app_id}/currentuser",
            get(currentuser::get_currentuser),
        )
        .route(
            "/apps/{app_id}/currentuser/devices",
            get(devices::get_currentuser_devices),
        )
        .route(
            "/apps/{app_id}/currentuser/devices/start",
            post(devices::add_device_start),
        )
        .route(
            "/apps/{app_id}/currentuser/devices/finish",
            post(devices::add_device_finish),
        )
        .route(
            "/apps/{app_id}/currentuser/devices/{device_id}",
            patch(devices::update_currentuser_device).delete(devices::delete_currentuser_device),
        )
        .route(
            "/apps/{app_id}/login/webauthn/start",
            post(webauthn::login_webauthn_start),
        )
        .route(
            "/apps/{app_id}/login/webauthn/finish",
            post(webauthn::login_webauthn_finish),
        )
        .route(
            "/apps/{app_id}/register/webauthn/start",
            post(webauthn::register_webauthn_start),
        )
        .route(
            "/apps/{app_id}/register/webauthn/finish",
            post(webauthn::register_webauthn_finish),
        )
        .route(
            "/apps/{app_id}/register/transactions/webauthn/start",
            post(transactions::register_start),
        )
        .route(
            "/apps/{app_id}/register/transactions/webauthn/finish",
            post(transactions::register_finish),
        )
        .route(
            "/apps/{app_id}/authenticate/transactions/webauthn/start",
            post(transactions::authenticate_start),
        )
        .route(
            "/apps/{app_id}/authenticate/transactions/webauthn/finish",
            post(transactions::authenticate_finish),
        )
        .route(
            "/analytics/passkey-readiness",
            post(readiness::create_passkey_readiness),
        )
        .route(
            "/apps/{app_id}/currentuser/tokens",
            delete(tokens::sign_out_everywhere),
        )
        .route(
            "/apps/{app_id}/currentuser/email",
            patch(profile::update_email),
        )
        .route(
            "/apps/{app_id}/currentuser/phone",
            patch(profile::update_phone),
        )
        .route(
            "/apps/{app_id}/currentuser/user-metadata",
            get(profile::get_metadata).patch(profile::update_metadata),
        )
        .route("/apps/{app_id}/login/magic-link", post(magic_links::login))
        .route("/apps/{app_id}/login/otp", post(otp::login))
        .route(
            "/apps/{app_id}/register/magic-link",
            post(magic_links::register),
        )
        .route("/apps/{app_id}/register/otp", post(otp::register))
        .route(
            "/apps/{app_id}/magic-link/activate",
            patch(magic_links::activate),
        )
        .route(
            "/apps/{app_id}/magic-link/status",
            post(magic_links::status),
        )
        .route("/apps/{app_id}/otp/activate", post(otp::activate))
        .route(
            "/apps/{app_id}/currentuser/social-connections",
            get(social::get_connections),
        )
        .route(
            "/apps/{app_id}/currentuser/social-connections/{social_connection_type}",
            delete(social::delete_connection),
        )
        .route(
            "/apps/{app_id}/currentuser/social/link_account",
            get(social::link_account),
        )
        .route(
            "/apps/{app_id}/social/authorize",
            get(social::get_authorize),
        )
        .route(
            "/apps/{app_id}/social/token",
            get(social::exchange_social_token),
        )
        .route(
            "/apps/{app_id}/social/id_token",
            post(social::exchange_social_id_token),
        )
        .route(
            "/apps/{app_id}/social/oauth2_callback",
            get(social::callback).post(social::posted_callback),
        )
        .route(
            "/social/oauth2_callback",
            get(social::shared_callback).post(social::posted_shared_callback),
        )
        .route(
            "/apps/{app_id}/users",
            get(users::check_user_identifier).post(users::create_user),
        )
        .route(
            "/apps/{app_id}/tokens",
            post(tokens::refresh_auth_token).delete(tokens::revoke_refresh_token),
        )
        // Pages of our own, for people who follow a link in a message.
        .route(
            "/apps/{app_id}/undo-change",
            get(undo::ask).post(undo::apply),
        )
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(cors())
}

/// Scripts of any site call the Auth API, with tokens of their own and never with cookies.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([RETRY_AFTER] as [HeaderName; 1])
        .max_age(std::time::Duration::from_secs(3600))
}

async fn not_found(method: Method, Extension(SentPath(path)): Extension<SentPath>) -> Response {
    reply::error(
        StatusCode::NOT_FOUND,
        "not_found",
        &format!("{method} {path}: there is nothing here."),
    )
}

async fn method_not_allowed(
    method: Method,
    Extension(SentPath(path)): Extension<SentPath>,
) -> Response {
    reply::error(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        &format!("{path}: does not answer to {method}."),
    )
}
