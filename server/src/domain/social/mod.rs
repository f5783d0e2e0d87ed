//! Social login: signing in with an account at an identity provider.
//!
//! There are two nested OAuth 2 exchanges. The app's client starts a login here and finally exchanges one of our codes
//! for tokens; in between, this server is itself the client of a provider. Each has its own state, its own PKCE pair
//! and its own short-lived codes, which can be used only once.

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
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
mod view;

use crate::domain::apps::App;
use crate::domain::error::{Reason, Refusal};
use crate::domain::state::AppState;
use crate::ids::AppId;
use crate::provider_name::ProviderName;

pub(crate) use self::accounts::disconnect;
pub(crate) use self::callback::{CallbackParams, handle_callback};
pub(crate) use self::exchange::{link, sign_in, sign_in_natively};
pub(crate) use self::params::OAuthParams;
pub(crate) use self::pkce::{challenge_of, is_challenge};
pub use self::provider::SocialProvider;
pub(crate) use self::provider::{
    AuthorizeRequest, Declaration, IdentityProvider, ProviderError, Providers, Redeemed,
    Redemption, Unavailable,
};
pub(crate) use self::redirect::{is_callback_url, with_query};
pub(crate) use self::settings::{SocialLogin, SocialSettings};
pub(crate) use self::start::{Login, start};
pub(crate) use self::view::{offered, own_connections, users_connections};

/// Client id of apps that have none of their own at a provider: the shared developer credentials.
pub(crate) const SHARED_CLIENT_ID: &str = "passage-dev";

/// An app as a client of a provider.
pub(crate) struct Client {
    pub(crate) id: String,
    /// Whether it uses the shared credentials.
    pub(crate) shared: bool,
    /// Where the provider sends people back to.
    pub(crate) redirect_uri: String,
}

/// The app as a client of a provider, and the provider itself.
fn client<'a>(
    state: &'a AppState,
    app: &App,
    name: &ProviderName,
) -> Result<(Client, &'a dyn IdentityProvider), Refusal> {
    let Some(provider) = state.providers.get(name) else {
        return Err(Refusal::invalid_request(format!(
            "connection_type: this server has no connection to {name}. Only a development server has social logins, \
             by its test provider."
        )));
    };
    let login = app.settings.social.login(name).ok_or_else(|| {
        Refusal::invalid_request(format!(
            "connection_type: {name} is not set up for the app."
        ))
    })?;
    let own = login.client_id.as_deref();
    let client = Client {
        id: own.unwrap_or(SHARED_CLIENT_ID).to_owned(),
        shared: own.is_none(),
        redirect_uri: callback_uri(state, own.map(|_| &app.id)),
    };
    Ok((client, provider))
}

/// Where providers send people back to: the callback of an app with its own credentials, or the shared one.
pub(crate) fn callback_uri(state: &AppState, app_id: Option<&AppId>) -> String {
    let base = state.auth_url();
    match app_id {
        Some(id) => format!("{base}/apps/{id}/social/oauth2_callback"),
        None => format!("{base}/social/oauth2_callback"),
    }
}

/// The declaration of the provider in a request.
pub(crate) fn declaration(state: &AppState, name: &str) -> Result<Declaration, Refusal> {
    let declarations = state.providers.declarations();
    let named = ProviderName::parse(name).ok();
    let found = named.and_then(|name| declarations.get(&name).cloned());
    found.ok_or_else(|| must_be(declarations.into_values()))
}

/// The same, for a provider whose SDKs on devices return ID tokens.
pub(crate) fn declaration_with_id_tokens(
    state: &AppState,
    name: &str,
) -> Result<Declaration, Refusal> {
    let declaration = declaration(state, name)?;
    if declaration.id_tokens {
        return Ok(declaration);
    }
    let all = state.providers.declarations().into_values();
    Err(must_be(all.filter(|declaration| declaration.id_tokens)))
}

fn must_be(choices: impl Iterator<Item = Declaration>) -> Refusal {
    let names: Vec<String> = choices.map(|choice| choice.name.to_string()).collect();
    let list = match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    };
    Refusal::invalid_request(format!("connection_type: must be {list}."))
}

/// A provider, or its keys, cannot be reached, which says nothing about the caller's input.
fn unavailable(error: &Unavailable) -> Refusal {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a social login failed"
    );
    Refusal::new(
        Reason::ProviderUnavailable,
        "social login: the provider cannot be reached, try again later.",
    )
}

/// An account at a provider.
pub(crate) struct Identity {
    pub(crate) provider: ProviderName,
    /// The provider's id of the account.
    pub(crate) subject: String,
    /// In normalized form.
    pub(crate) email: Option<String>,
    pub(crate) email_verified: bool,
}

impl Identity {
    /// The name of the account.
    fn identifier(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.subject)
    }
}
