//! The app and its settings.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::generated::management::types;
use crate::ids::AppId;
use crate::open_enum::open_enum;
use crate::secret::Secret;
use crate::wire::set;

open_enum! {
    /// What kind of app it is.
    pub enum AppType {
        /// Passage keeps the users.
        Complete = "complete",
        /// You keep the users, Passage their passkeys.
        Flex = "flex",
    }
}

open_enum! {
    /// The type of a metadata field.
    pub enum MetadataType {
        String = "string",
        Boolean = "boolean",
        Integer = "integer",
        /// `MM/DD/YYYY`.
        Date = "date",
        Phone = "phone",
        Email = "email",
    }
}

/// An app and its settings. Looks, layouts and what is deprecated are left out: see
/// [`Passage::management_api`](crate::Passage::management_api).
#[derive(Clone)]
#[non_exhaustive]
pub struct App {
    /// The app's id.
    pub id: AppId,
    /// The name that people see.
    pub name: String,
    /// What kind of app it is.
    pub app_type: AppType,
    /// When it was created.
    pub created_at: Timestamp,
    /// The origin, as `https://example.com`, where users sign in.
    pub auth_origin: String,
    /// More origins where users sign in.
    pub additional_auth_origins: Vec<String>,
    /// Where a sign-in on a hosted page may return to.
    pub allowed_callback_urls: Vec<String>,
    /// Where a sign-out on a hosted page may return to.
    pub allowed_logout_urls: Vec<String>,
    /// Where to send users who must sign in first.
    pub application_login_uri: Option<String>,
    /// The path that magic links open.
    pub login_url: Option<String>,
    /// The path where users land after signing in.
    pub redirect_url: Option<String>,
    /// The language of messages.
    pub default_language: String,
    /// Whether Passage hosts the sign-in page.
    pub hosted: bool,
    /// The subdomain of the hosted page.
    pub hosted_subdomain: Option<String>,
    /// Whether anybody can register.
    pub public_signup: bool,
    /// Whether users can change their own profile.
    pub profile_management: bool,
    /// Whether pages show the Passage brand.
    pub passage_branding: bool,
    /// Which identifiers users can have: `email`, `phone` or `both`.
    pub allowed_identifier: String,
    /// Which identifiers users must have: `email`, `phone`, `both` or `either`.
    pub required_identifier: String,
    /// Whether users must show that their e-mail address is theirs.
    pub require_email_verification: bool,
    /// Whether users must show that their identifier is theirs.
    pub require_identifier_verification: bool,
    /// Whether users can sign in with passkeys.
    pub passkeys_enabled: bool,
    /// How long a one-time passcode is valid, if users can sign in with one.
    pub otp_ttl: Option<Duration>,
    /// How long a magic link is valid, if users can sign in with one.
    pub magic_link_ttl: Option<Duration>,
    /// How long an auth token is valid.
    pub session_timeout: Duration,
    /// How long an ID token is valid, where the app issues them.
    pub id_token_lifetime: Option<Duration>,
    /// Whether the app issues refresh tokens.
    pub refresh_enabled: bool,
    /// Maximum lifetime of a refresh token.
    pub refresh_absolute_lifetime: Duration,
    /// How long a refresh token is valid without being used.
    pub refresh_inactivity_lifetime: Duration,
    /// The public key as base64 of a PEM text, for old programs. Tokens are verified with the
    /// keys of the JWKS.
    pub rsa_public_key: String,
    /// The app's secret, which only administrators can see.
    pub secret: Option<Secret>,
    /// The role of the caller.
    pub role: Option<String>,
    /// The metadata fields of the app's users.
    pub user_metadata_schema: Vec<MetadataField>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("app_type", &self.app_type)
            .field("auth_origin", &self.auth_origin)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

/// A metadata field of the app's users.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetadataField {
    /// The field's id.
    pub id: String,
    /// The name in a user's metadata.
    pub field_name: String,
    /// The name that people see.
    pub friendly_name: String,
    /// The type of its values.
    pub field_type: MetadataType,
    /// Whether it is asked for at registration.
    pub registration: bool,
    /// Whether users see it in their profile.
    pub profile: bool,
}

impl From<types::UserMetadataField> for MetadataField {
    fn from(field: types::UserMetadataField) -> Self {
        Self {
            id: field.id,
            field_name: field.field_name,
            friendly_name: field.friendly_name,
            field_type: field.type_.as_str().into(),
            registration: field.registration,
            profile: field.profile,
        }
    }
}

impl From<types::AppInfo> for App {
    fn from(app: types::AppInfo) -> Self {
        let methods = app.auth_methods;
        Self {
            id: AppId::from_reply(app.id),
            name: app.name,
            app_type: app.type_.as_str().into(),
            created_at: app.created_at,
            auth_origin: app.auth_origin,
            additional_auth_origins: app.additional_auth_origins,
            allowed_callback_urls: app.allowed_callback_urls,
            allowed_logout_urls: app.allowed_logout_urls,
            application_login_uri: set(app.application_login_uri),
            login_url: set(app.login_url),
            redirect_url: set(app.redirect_url),
            default_language: app.default_language,
            hosted: app.hosted,
            hosted_subdomain: set(app.hosted_subdomain),
            public_signup: app.public_signup,
            profile_management: app.profile_management,
            passage_branding: app.passage_branding,
            allowed_identifier: app.allowed_identifier,
            required_identifier: app.required_identifier,
            require_email_verification: app.require_email_verification,
            require_identifier_verification: app.require_identifier_verification,
            passkeys_enabled: methods.passkeys.enabled,
            otp_ttl: methods.otp.enabled.then(|| seconds(methods.otp.ttl)),
            magic_link_ttl: methods
                .magic_link
                .enabled
                .then(|| seconds(methods.magic_link.ttl)),
            session_timeout: seconds(app.session_timeout_length),
            id_token_lifetime: app.id_token_lifetime.map(seconds),
            refresh_enabled: app.refresh_enabled,
            refresh_absolute_lifetime: seconds(app.refresh_absolute_lifetime),
            refresh_inactivity_lifetime: seconds(app.refresh_inactivity_lifetime),
            rsa_public_key: app.rsa_public_key,
            secret: app.secret.and_then(set).map(Secret::from),
            role: set(app.role),
            user_metadata_schema: app
                .user_metadata_schema
                .into_iter()
                .map(Into::into)
                .collect(),
        }
    }
}

/// The lifetimes of an app are in seconds.
fn seconds(number: i64) -> Duration {
    Duration::from_secs(u64::try_from(number).unwrap_or_default())
}
