//! Why a request is refused.

use std::borrow::Cow;
use std::time::Duration;

use crate::delivery::{Channel, NoProvider};
use crate::keys::{KeyError, KeyRingError};
use crate::store::audit::AuditReason;
use crate::store::{SqlError, StoreError};

/// The reason for a refusal. Code matches on it; people read the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    InvalidRequest,
    InvalidAccessToken,
    InvalidRefreshToken,
    TooManyRequests,
    WebauthnLoginFailed,
    DiscoverableLoginFailed,
    ExceededAttempts,
    InvalidMagicLink,
    InvalidNonce,
    OperationNotAllowed,
    UserNotActive,
    CustomProviderRequired,
    IdentifierNotVerified,
    UserHasNoPasskeys,
    /// An identity provider cannot be reached.
    ProviderUnavailable,
    /// The server failed, not the caller.
    Failed,
    MagicLinkNotFound,
    AppNotFound,
    UserNotFound,
    DeviceNotFound,
    SocialConnectionNotFound,
    ApiKeyNotFound,
    TransactionNotFound,
}

impl Reason {
    /// Whether the caller is to blame, and not the server or what it depends on.
    pub(crate) fn is_callers_fault(self) -> bool {
        !matches!(self, Self::Failed | Self::ProviderUnavailable)
    }
}

/// A refusal: the reason, a text for people, and how long to wait before trying again.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) message: Cow<'static, str>,
    pub(crate) retry_after: Option<Duration>,
    because: Because,
}

/// What the audit log says about a refusal.
#[derive(Debug, Clone, Copy)]
enum Because {
    /// What follows from the reason.
    OfReason,
    /// Something more precise than the API's reasons.
    Of(AuditReason),
    /// Nothing: it is part of the normal course of things.
    Nothing,
}

impl Refusal {
    pub(crate) fn new(reason: Reason, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason,
            message: message.into(),
            retry_after: None,
            because: Because::OfReason,
        }
    }

    /// The same with a more precise reason for the audit log.
    pub(crate) fn because(mut self, reason: AuditReason) -> Self {
        self.because = Because::Of(reason);
        self
    }

    /// The reason for the audit log. `None` for mistakes in requests that try nothing, and for failures of the server.
    pub(crate) fn audit_reason(&self) -> Option<AuditReason> {
        match (self.because, self.reason) {
            (Because::Of(reason), _) => Some(reason),
            (Because::Nothing, _) => None,
            (Because::OfReason, reason) => match reason {
                Reason::InvalidAccessToken => Some(AuditReason::BadAuthToken),
                Reason::InvalidRefreshToken => Some(AuditReason::InvalidRefreshToken),
                Reason::TooManyRequests => Some(AuditReason::RateLimited),
                Reason::WebauthnLoginFailed | Reason::DiscoverableLoginFailed => {
                    Some(AuditReason::PasskeyNotAccepted)
                }
                Reason::ExceededAttempts => Some(AuditReason::ExceededAttempts),
                Reason::InvalidMagicLink | Reason::MagicLinkNotFound => {
                    Some(AuditReason::InvalidMagicLink)
                }
                Reason::InvalidNonce => Some(AuditReason::InvalidNonce),
                Reason::OperationNotAllowed => Some(AuditReason::NotAllowed),
                Reason::UserNotActive => Some(AuditReason::UserNotActive),
                Reason::IdentifierNotVerified => Some(AuditReason::IdentifierNotVerified),
                Reason::UserHasNoPasskeys => Some(AuditReason::UserHasNoPasskeys),
                Reason::UserNotFound => Some(AuditReason::UnknownUser),
                Reason::TransactionNotFound => Some(AuditReason::UnknownTransaction),
                Reason::InvalidRequest
                | Reason::CustomProviderRequired
                | Reason::ProviderUnavailable
                | Reason::Failed
                | Reason::AppNotFound
                | Reason::DeviceNotFound
                | Reason::SocialConnectionNotFound
                | Reason::ApiKeyNotFound => None,
            },
        }
    }

    /// The request cannot be parsed or breaks a rule. The text names the problem.
    pub(crate) fn invalid_request(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Reason::InvalidRequest, problem)
    }

    /// An identifier is taken. Mobile clients compare this exact text.
    pub(crate) fn user_exists() -> Self {
        Self::invalid_request("user: already exists.").because(AuditReason::UserExists)
    }

    pub(crate) fn invalid_access_token(problem: &'static str) -> Self {
        Self::new(Reason::InvalidAccessToken, problem)
    }

    pub(crate) fn invalid_refresh_token() -> Self {
        Self::new(
            Reason::InvalidRefreshToken,
            "refresh token: unknown, expired or used.",
        )
    }

    /// Too many requests recently.
    pub(crate) fn too_many_requests(wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let mut error = Self::new(
            Reason::TooManyRequests,
            format!("Too many requests: come back in {seconds} seconds."),
        );
        error.retry_after = Some(Duration::from_secs(seconds));
        error
    }

    /// A passkey, or the registration of one, is not accepted.
    pub(crate) fn webauthn_login_failed(problem: &'static str) -> Self {
        Self::new(Reason::WebauthnLoginFailed, problem)
    }

    /// A passkey is not accepted in a login that did not name a user.
    pub(crate) fn discoverable_login_failed(problem: &'static str) -> Self {
        Self::new(Reason::DiscoverableLoginFailed, problem)
    }

    /// Too many codes were tried, so even the right one is no longer accepted.
    pub(crate) fn exceeded_attempts() -> Self {
        Self::new(
            Reason::ExceededAttempts,
            "one-time code: too many attempts.",
        )
    }

    pub(crate) fn invalid_magic_link() -> Self {
        Self::new(
            Reason::InvalidMagicLink,
            "magic link: wrong, expired or used.",
        )
    }

    pub(crate) fn magic_link_not_opened() -> Self {
        let mut waiting = Self::new(Reason::InvalidMagicLink, "magic link: not opened yet.");
        waiting.because = Because::Nothing;
        waiting
    }

    /// The link was opened by another client than the one that asks.
    pub(crate) fn magic_link_opened_elsewhere() -> Self {
        Self::new(
            Reason::InvalidMagicLink,
            "magic link: was opened in another browser or network, and signs in there only. To sign in here, request a \
             new link and open it here, or use a one-time code.",
        )
    }

    /// The app lets no client wait for a link.
    pub(crate) fn magic_link_waiting_is_off() -> Self {
        Self::new(
            Reason::InvalidMagicLink,
            "magic link: signs in only where it is opened. To sign in here, open it here, or use a one-time code.",
        )
    }

    /// A change of identifier waits for the user who requested it.
    pub(crate) fn change_needs_its_asker() -> Self {
        Self::new(
            Reason::InvalidMagicLink,
            "magic link: the change was requested elsewhere. It takes effect when the user who requested it asks for the \
             link's status there, with their auth token.",
        )
    }

    pub(crate) fn magic_link_not_found() -> Self {
        Self::new(Reason::MagicLinkNotFound, "magic link: not found.")
    }

    pub(crate) fn invalid_nonce() -> Self {
        Self::new(Reason::InvalidNonce, "nonce: unknown, expired or used.")
    }

    pub(crate) fn operation_not_allowed(problem: &'static str) -> Self {
        Self::new(Reason::OperationNotAllowed, problem)
    }

    pub(crate) fn user_not_active() -> Self {
        Self::new(Reason::UserNotActive, "user: not active.")
    }

    /// The operator has not configured a provider for such messages.
    pub(crate) fn custom_provider_required() -> Self {
        Self::new(
            Reason::CustomProviderRequired,
            "channel: this server has no provider for it.",
        )
    }

    pub(crate) fn identifier_not_verified() -> Self {
        Self::new(
            Reason::IdentifierNotVerified,
            "social login: the account has no e-mail address that its provider has verified.",
        )
    }

    pub(crate) fn app_not_found() -> Self {
        Self::new(Reason::AppNotFound, "app: not found.")
    }

    pub(crate) fn user_not_found() -> Self {
        Self::new(Reason::UserNotFound, "user: not found.")
    }

    pub(crate) fn device_not_found() -> Self {
        Self::new(Reason::DeviceNotFound, "device: not found.")
    }

    /// The Auth API has no code for a missing device. Clients know only its codes and could not parse another.
    pub(crate) fn own_device_not_found() -> Self {
        let mut missing = Self::new(Reason::UserNotFound, "device: not found.");
        missing.because = Because::Nothing;
        missing
    }

    pub(crate) fn social_connection_not_found() -> Self {
        Self::new(
            Reason::SocialConnectionNotFound,
            "social connection: not found.",
        )
    }

    pub(crate) fn api_key_not_found() -> Self {
        Self::new(Reason::ApiKeyNotFound, "api key: not found.")
    }

    pub(crate) fn transaction_not_found() -> Self {
        Self::new(
            Reason::TransactionNotFound,
            "transaction: unknown, expired or completed.",
        )
    }

    pub(crate) fn user_has_no_passkeys() -> Self {
        Self::new(Reason::UserHasNoPasskeys, "user: has no passkeys.")
    }

    /// An internal failure: logged, and answered without details.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, source = error.source(), "a request failed");
        Self::failed()
    }

    /// An internal failure that was already logged.
    pub(crate) fn failed() -> Self {
        Self::new(Reason::Failed, "The server failed.")
    }
}

impl From<NoProvider> for Refusal {
    fn from(NoProvider(channel): NoProvider) -> Self {
        Self::operation_not_allowed(match channel {
            Channel::Email => "identifier: this server sends no mail.",
            Channel::Phone => "identifier: this server sends no texts.",
        })
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<SqlError> for Refusal {
    fn from(error: SqlError) -> Self {
        Self::internal(&error)
    }
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        Self::internal(&error)
    }
}

impl From<KeyRingError> for Refusal {
    fn from(error: KeyRingError) -> Self {
        Self::internal(&error)
    }
}
