//! All that a caller can get out of what the facade gives, as text: also what `Debug` hides.
//!
//! What is not shown here counts as not covered, so a field that the facade gains must be added.

use passage_identity::api_keys::{ApiKey, CreatedApiKey};
use passage_identity::app::App;
use passage_identity::magic_links::MagicLink;
use passage_identity::users::{Device, Page, RecentEvent, SocialConnection, User, UserSummary};
use passage_identity::{Claims, Error, Result};

/// The named fields, by `Debug`.
macro_rules! fields {
    ($value:ident: $($field:ident)+) => {
        [$(format!("{} {:?}", stringify!($field), $value.$field)),+].join("\n")
    };
}

/// The value, or the error.
pub(crate) fn result<T>(result: Result<T>, show: impl FnOnce(&T) -> String) -> String {
    match result {
        Ok(value) => show(&value),
        Err(e) => error(&e),
    }
}

pub(crate) fn error(error: &Error) -> String {
    let parts = (
        error.kind(),
        error.code(),
        error.status(),
        error.server_message(),
    );
    format!("{parts:?}")
}

pub(crate) fn all<T>(list: &[T], show: impl Fn(&T) -> String) -> String {
    list.iter().map(|item| show(item) + "\n").collect()
}

pub(crate) fn app(app: &App) -> String {
    let secret = app.secret.as_ref().map(|secret| secret.expose());
    let rest = fields!(app:
        id name app_type created_at auth_origin additional_auth_origins allowed_callback_urls allowed_logout_urls
        application_login_uri login_url redirect_url default_language hosted hosted_subdomain public_signup
        profile_management passage_branding allowed_identifier required_identifier require_email_verification
        require_identifier_verification passkeys_enabled otp_ttl magic_link_ttl session_timeout id_token_lifetime
        refresh_enabled refresh_absolute_lifetime refresh_inactivity_lifetime rsa_public_key role
        user_metadata_schema
    );
    format!("{rest}\n{secret:?}")
}

pub(crate) fn user(user: &User) -> String {
    let rest = fields!(user:
        id email phone status email_verified phone_verified created_at updated_at last_login_at login_count webauthn
        webauthn_types user_metadata external_id
    );
    let social = &user.social_connections;
    let social =
        [&social.apple, &social.github, &social.google].map(|one| one.as_ref().map(connection));
    let devices = all(&user.webauthn_devices, device);
    let events = all(&user.recent_events, event);
    format!("{rest}\n{devices}\n{events}\n{social:?}")
}

pub(crate) fn summary(user: &UserSummary) -> String {
    fields!(user:
        id email phone status email_verified phone_verified created_at updated_at last_login_at login_count
        user_metadata external_id
    )
}

pub(crate) fn page(page: &Page<UserSummary>) -> String {
    let rest = fields!(page: page limit total created_before);
    format!("{rest}\n{}", all(&page.items, summary))
}

pub(crate) fn device(device: &Device) -> String {
    fields!(device:
        id cred_id friendly_name device_type usage_count created_at updated_at last_login_at icons
    )
}

fn event(event: &RecentEvent) -> String {
    fields!(event:
        id event_type action status created_at completed_at ip_addr user_agent user_agent_display social_login_type
    )
}

fn connection(connection: &SocialConnection) -> String {
    fields!(connection: provider_id provider_identifier created_at last_login_at)
}

pub(crate) fn magic_link(link: &MagicLink) -> String {
    let secrets = (link.secret.expose(), link.url.expose());
    let rest = fields!(link: id app_id user_id identifier link_type redirect_url ttl activated);
    format!("{rest}\n{secrets:?}")
}

pub(crate) fn api_key(key: &ApiKey) -> String {
    fields!(key: id name key_prefix role created_at)
}

pub(crate) fn created_api_key(created: &CreatedApiKey) -> String {
    format!("{}\n{}", api_key(&created.key), created.secret.expose())
}

pub(crate) fn claims(claims: &Claims) -> String {
    fields!(claims: user_id)
}
