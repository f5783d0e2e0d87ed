//! What an app has set up at providers.

use serde::{Deserialize, Serialize};

use super::SocialProvider;

/// The social logins of an app. One that is absent is not offered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SocialSettings {
    pub(crate) apple: Option<SocialLogin>,
    pub(crate) github: Option<SocialLogin>,
    pub(crate) google: Option<SocialLogin>,
}

/// A social login of an app.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SocialLogin {
    /// The app's own client id at the provider. `None` for the shared developer credentials.
    pub(crate) client_id: Option<String>,
}

impl Default for SocialSettings {
    /// Everything is offered. A server without the test provider has none of it.
    fn default() -> Self {
        let shared = || Some(SocialLogin::default());
        Self {
            apple: shared(),
            github: shared(),
            google: shared(),
        }
    }
}

impl SocialSettings {
    pub(crate) fn login(&self, provider: SocialProvider) -> Option<&SocialLogin> {
        match provider {
            SocialProvider::Apple => self.apple.as_ref(),
            SocialProvider::Github => self.github.as_ref(),
            SocialProvider::Google => self.google.as_ref(),
        }
    }

    pub(crate) fn login_mut(&mut self, provider: SocialProvider) -> &mut Option<SocialLogin> {
        match provider {
            SocialProvider::Apple => &mut self.apple,
            SocialProvider::Github => &mut self.github,
            SocialProvider::Google => &mut self.google,
        }
    }
}
