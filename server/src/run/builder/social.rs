//! Options of social logins.

use std::sync::Arc;

use super::ServerBuilder;
use crate::dev::TestProvider;
use crate::domain::settings::AppSettings;
use crate::domain::social::SocialProvider;

/// What was said of social logins.
#[derive(Default)]
pub(super) struct Social {
    /// In the order in which it was said; `None` takes a login away.
    logins: Vec<(SocialProvider, Option<Option<String>>)>,
    callback_urls: Vec<String>,
    without_provider: bool,
}

impl Social {
    /// What stands for the providers.
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
    /// Whether the app offers the login with a provider, for which the test provider stands. If not said, it does, with
    /// credentials that all apps share.
    pub fn social_login(mut self, provider: SocialProvider, enabled: bool) -> Self {
        self.social.logins.push((provider, enabled.then_some(None)));
        self
    }

    /// Whether the test provider stands for the identity providers. If not said, it does. Without it the app offers no
    /// social login, as there is no connection to the real ones.
    pub fn test_provider(mut self, enabled: bool) -> Self {
        self.social.without_provider = !enabled;
        self
    }

    /// Gives the app a client id of its own at a provider. The provider then sends people back to the callback that
    /// names the app, and its ID tokens are for this client alone.
    pub fn social_client_id(mut self, provider: SocialProvider, id: impl Into<String>) -> Self {
        self.social.logins.push((provider, Some(Some(id.into()))));
        self
    }

    /// A URL besides those of the auth origin to which the end of a social login may lead, letter by letter. The scheme
    /// may be one that a device knows an app by. Can be said several times.
    pub fn callback_url(mut self, url: impl Into<String>) -> Self {
        self.social.callback_urls.push(url.into());
        self
    }
}
