//! Accounts at other providers that a user can sign in with.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::generated::management::types;
use crate::open_enum::open_enum;
use crate::wire::happened;

open_enum! {
    /// The provider of an account.
    pub enum SocialProvider {
        Apple = "apple",
        GitHub = "github",
        Google = "google",
    }
}

/// Accounts at other providers that a user can sign in with.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SocialConnections {
    /// The account with Apple.
    pub apple: Option<SocialConnection>,
    /// The account with GitHub.
    pub github: Option<SocialConnection>,
    /// The account with Google.
    pub google: Option<SocialConnection>,
}

/// An account at a provider.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SocialConnection {
    /// The provider's id of the user.
    pub provider_id: String,
    /// The account's name at the provider, often an e-mail address.
    pub provider_identifier: String,
    /// When it was connected.
    pub created_at: Timestamp,
    /// When it was last used, if ever.
    pub last_login_at: Option<Timestamp>,
}

impl fmt::Debug for SocialConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocialConnection")
            .field("created_at", &self.created_at)
            .field("last_login_at", &self.last_login_at)
            .finish_non_exhaustive()
    }
}

/// The three providers have the same members under three generated names.
macro_rules! connection {
    ($($name:ident),+) => {
        $(impl From<types::$name> for SocialConnection {
            fn from(connection: types::$name) -> Self {
                Self {
                    provider_id: connection.provider_id,
                    provider_identifier: connection.provider_identifier,
                    created_at: connection.created_at,
                    last_login_at: happened(connection.last_login_at),
                }
            }
        })+
    };
}
connection!(
    AppleUserSocialConnection,
    GithubUserSocialConnection,
    GoogleUserSocialConnection
);

impl From<types::UserSocialConnections> for SocialConnections {
    fn from(connections: types::UserSocialConnections) -> Self {
        Self {
            apple: connections.apple.map(Into::into),
            github: connections.github.map(Into::into),
            google: connections.google.map(Into::into),
        }
    }
}
