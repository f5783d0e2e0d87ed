//! The social logins of an app, in configuration and data files.

use serde::{Deserialize, Serialize};

use crate::domain::social::{SocialLogin as Stored, SocialSettings};

/// The social logins that an app offers: those that are present.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SocialLogins {
    /// Sign in with Apple.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apple: Option<SocialLogin>,
    /// Sign in with GitHub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github: Option<SocialLogin>,
    /// Sign in with Google.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub google: Option<SocialLogin>,
}

/// A social login that an app offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SocialLogin {
    /// The app's own client id at the provider. `None` for the shared developer credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

impl From<SocialLogins> for SocialSettings {
    fn from(logins: SocialLogins) -> Self {
        let login = |login: Option<SocialLogin>| {
            login.map(|login| Stored {
                client_id: login.client_id,
            })
        };
        Self {
            apple: login(logins.apple),
            github: login(logins.github),
            google: login(logins.google),
            ..Self::default()
        }
    }
}

impl From<SocialSettings> for Option<SocialLogins> {
    fn from(settings: SocialSettings) -> Self {
        let login = |login: Option<Stored>| {
            login.map(|login| SocialLogin {
                client_id: login.client_id,
            })
        };
        Some(SocialLogins {
            apple: login(settings.apple),
            github: login(settings.github),
            google: login(settings.google),
        })
    }
}
