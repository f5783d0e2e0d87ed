//! The configuration of an app's social logins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SocialProvider;
use crate::provider_name::ProviderName;

/// The social logins of an app. One that is absent is not offered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SocialSettings {
    pub(crate) apple: Option<SocialLogin>,
    pub(crate) github: Option<SocialLogin>,
    pub(crate) google: Option<SocialLogin>,
    /// Those with providers that the API does not know by name.
    #[serde(flatten)]
    pub(crate) others: BTreeMap<ProviderName, SocialLogin>,
}

/// A social login of an app.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SocialLogin {
    /// The app's own client id at the provider. `None` for the shared developer credentials.
    pub(crate) client_id: Option<String>,
}

impl Default for SocialSettings {
    /// By default an app offers all providers that the API knows and the server is connected to.
    fn default() -> Self {
        let shared = || Some(SocialLogin::default());
        Self {
            apple: shared(),
            github: shared(),
            google: shared(),
            others: BTreeMap::new(),
        }
    }
}

impl SocialSettings {
    pub(crate) fn login(&self, provider: &ProviderName) -> Option<&SocialLogin> {
        match SocialProvider::named(provider.as_str()) {
            Some(SocialProvider::Apple) => self.apple.as_ref(),
            Some(SocialProvider::Github) => self.github.as_ref(),
            Some(SocialProvider::Google) => self.google.as_ref(),
            None => self.others.get(provider),
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
