//! Options of social logins.

use std::sync::Arc;

use super::ServerBuilder;
use crate::dev::TestProvider;
use crate::domain::settings::AppSettings;
use crate::domain::social::SocialProvider;

/// The options that were set for social logins.
#[derive(Default)]
pub(super) struct Social {
    /// In the order of the calls; `None` removes a login.
    logins: Vec<(SocialProvider, Option<Option<String>>)>,
    callback_urls: Vec<String>,
    without_provider: bool,
}

impl Social {
    /// The test provider, unless it was switched off.
    pub(super) fn provider(&self) -> Option<Arc<TestProvider>> {
        (!self.without_provider).then(Arc::default)
    }

    pub(super) fn change(&self, settings: &mut AppSettings) {
        for (provider, login) in &self.logins {
            let known = settings.social.login_mut(*provider);
            match login {
                None => *known = None,
                Some(client_id) => {
                    known
                        .get_or_insert_default()
                        .client_id
                        .clone_from(client_id);
                }
            }
        }
        for url in &self.callback_urls {
            if !settings.allowed_callback_urls.contains(url) {
                settings.allowed_callback_urls.push(url.clone());
            }
        }
    }
}

impl ServerBuilder {
    /// Whether the app offers the login with this provider, which the test provider simulates. Defaults to `true`, with
    /// credentials that all apps share.
    pub fn social_login(mut self, provider: SocialProvider, enabled: bool) -> Self {
        self.social.logins.push((provider, enabled.then_some(None)));
        self
    }

    /// Whether the test provider simulates the identity providers. Defaults to `true`. Without it the app offers no
    /// social login, as there is no connection to the real ones.
    pub fn test_provider(mut self, enabled: bool) -> Self {
        self.social.without_provider = !enabled;
        self
    }

    /// Gives the app its own client id at a provider. The provider then redirects to the callback that names the app,
    /// and its ID tokens are for this client only.
    pub fn social_client_id(mut self, provider: SocialProvider, id: impl Into<String>) -> Self {
        self.social.logins.push((provider, Some(Some(id.into()))));
        self
    }

    /// A URL, besides those of the auth origin, that social logins may redirect to. It must match exactly. Its scheme
    /// may be a custom scheme of a native app. Can be called several times.
    pub fn callback_url(mut self, url: impl Into<String>) -> Self {
        self.social.callback_urls.push(url.into());
        self
    }
}
