//! Social login: signing in with an account at an identity provider.
//!
//! There are two OAuth 2 exchanges, one inside the other. The app's client starts a login here and in the end exchanges
//! a code of ours for tokens; in between this server is itself the client of a provider. Each has its own state, its
//! own PKCE pair and its own codes, which are good once and not for long.

mod accounts;
mod callback;
mod exchange;
mod id_token;
mod params;
mod pkce;
mod provider;
mod redirect;
mod settings;
mod start;
mod view;

use crate::dev::TestProvider;
use crate::domain::apps::{App, AppState};
use crate::domain::error::Refusal;

pub(crate) use self::callback::{CallbackParams, handle_callback};
pub(crate) use self::exchange::{link, sign_in, sign_in_natively};
pub(crate) use self::params::OAuthParams;
pub(crate) use self::pkce::{challenge_of, is_challenge};
pub use self::provider::SocialProvider;
pub(crate) use self::redirect::{is_callback_url, with_query};
pub(crate) use self::settings::{SocialLogin, SocialSettings};
pub(crate) use self::start::{Login, start};
pub(crate) use self::view::{offered, own_connections, users_connections};

/// Client id of apps that have none of their own at a provider: the shared developer credentials.
pub(crate) const SHARED_CLIENT_ID: &str = "passage-dev";

/// What an app is at a provider.
pub(crate) struct Client {
    pub(crate) id: String,
    /// Whether it uses the shared credentials.
    pub(crate) shared: bool,
    /// Where the provider sends people back to.
    pub(crate) redirect_uri: String,
}

/// What the app is at a provider, and the provider itself.
fn client<'a>(
    state: &'a AppState,
    app: &App,
    provider: SocialProvider,
) -> Result<(Client, &'a TestProvider), Refusal> {
    let name = provider.as_str();
    let Some(test_provider) = state.provider.as_deref() else {
        return Err(Refusal::invalid_request(format!(
            "connection_type: this server has no connection to {name}. Only a development server has social logins, \
             by its test provider."
        )));
    };
    let login = app.settings.social.login(provider).ok_or_else(|| {
        Refusal::invalid_request(format!(
            "connection_type: {name} is not set up for the app."
        ))
    })?;
    let own = login.client_id.as_deref();
    let client = Client {
        id: own.unwrap_or(SHARED_CLIENT_ID).to_owned(),
        shared: own.is_none(),
        redirect_uri: callback_uri(state, own.map(|_| app.id.as_str())),
    };
    Ok((client, test_provider))
}

/// Where providers send people back to: to an app with credentials of its own, or to what all others share.
pub(crate) fn callback_uri(state: &AppState, app_id: Option<&str>) -> String {
    let base = state.auth_url();
    match app_id {
        Some(id) => format!("{base}/apps/{id}/social/oauth2_callback"),
        None => format!("{base}/social/oauth2_callback"),
    }
}

/// The issuer of a provider's ID tokens, and the URL below which it answers.
pub(crate) fn issuer(state: &AppState, provider: SocialProvider) -> String {
    format!("{}/_dev/social/{}", state.url, provider.as_str())
}

/// An account at a provider.
pub(crate) struct Identity {
    pub(crate) provider: SocialProvider,
    /// The provider's id of the account.
    pub(crate) subject: String,
    /// In the form in which addresses are kept.
    pub(crate) email: Option<String>,
    pub(crate) email_verified: bool,
}

impl Identity {
    /// What the account is called.
    fn identifier(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.subject)
    }
}
