//! The interface of identity providers, with one implementation for each way to reach one.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::redirect;
use crate::clock::Time;
use crate::provider_name::ProviderName;
use passage_identity::keys::KeySource;

/// An identity provider that the API knows, as an option of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SocialProvider {
    /// Sign in with Apple. It answers with a form that the browser posts.
    Apple,
    /// Login with GitHub.
    Github,
    /// Login with Google.
    Google,
}

impl SocialProvider {
    pub(crate) const ALL: [Self; 3] = [Self::Apple, Self::Github, Self::Google];

    /// The name that the API uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apple => "apple",
            Self::Github => "github",
            Self::Google => "google",
        }
    }

    pub(crate) fn name(self) -> ProviderName {
        match self {
            Self::Apple => ProviderName::APPLE,
            Self::Github => ProviderName::GITHUB,
            Self::Google => ProviderName::GOOGLE,
        }
    }

    /// The provider with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }

    pub(crate) fn declaration(self) -> Declaration {
        let declared = |title, id_tokens, form_post| Declaration {
            name: self.name(),
            title,
            id_tokens,
            form_post,
        };
        match self {
            Self::Apple => declared("Apple", true, true),
            Self::Github => declared("GitHub", false, false),
            Self::Google => declared("Google", true, false),
        }
    }
}

impl From<SocialProvider> for ProviderName {
    fn from(provider: SocialProvider) -> Self {
        provider.name()
    }
}

/// How a provider differs from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declaration {
    pub(crate) name: ProviderName,
    /// The display name.
    pub(crate) title: &'static str,
    /// Whether its SDKs on devices return ID tokens.
    pub(crate) id_tokens: bool,
    /// Whether its reply is a form that the browser posts.
    pub(crate) form_post: bool,
}

/// An identity provider whose accounts people can sign in with.
pub(crate) trait IdentityProvider: Send + Sync {
    fn declaration(&self) -> &Declaration;

    /// The issuer of its ID tokens.
    fn issuer(&self) -> &str;

    /// The URL at the provider where a login continues.
    fn authorize_url(&self, request: &AuthorizeRequest<'_>) -> String;

    /// Exchanges a code for the provider's statement about the account.
    fn redeem<'a>(
        &'a self,
        redemption: Redemption<'a>,
    ) -> BoxFuture<'a, Result<Redeemed, ProviderError>>;

    /// The keys that its ID tokens are signed with: the SDK's source of keys, which fetches and caches them for a
    /// provider elsewhere.
    fn keys(&self) -> BoxFuture<'_, Result<KeySource, Unavailable>>;
}

/// The request to a provider at the start of a login.
pub(crate) struct AuthorizeRequest<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) state: &'a str,
    pub(crate) nonce: &'a str,
    /// By S256.
    pub(crate) code_challenge: &'a str,
    /// The account to suggest.
    pub(crate) login_hint: Option<&'a str>,
}

impl AuthorizeRequest<'_> {
    /// The request in the form for an OpenID provider, at this endpoint.
    pub(crate) fn url(&self, endpoint: &str, declaration: &Declaration) -> String {
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", self.client_id),
            ("redirect_uri", self.redirect_uri),
            ("scope", "openid email"),
            ("state", self.state),
            ("nonce", self.nonce),
            ("code_challenge", self.code_challenge),
            ("code_challenge_method", "S256"),
        ];
        if declaration.form_post {
            query.push(("response_mode", "form_post"));
        }
        if let Some(hint) = self.login_hint {
            query.push(("login_hint", hint));
        }
        redirect::with_query(endpoint, query)
    }
}

/// How a code of the provider is redeemed.
#[derive(Clone, Copy)]
pub(crate) struct Redemption<'a> {
    pub(crate) code: &'a str,
    pub(crate) client_id: &'a str,
    /// `None` for a code that a device got without a browser, which has no verifier either.
    pub(crate) redirect_uri: Option<&'a str>,
    pub(crate) verifier: Option<&'a str>,
    pub(crate) now: Time,
}

/// What a code was redeemed for.
pub(crate) struct Redeemed {
    /// The provider's ID token, with the nonce that the login was started with.
    pub(crate) id_token: String,
}

/// Why a code was not redeemed.
#[derive(Debug)]
pub(crate) enum ProviderError {
    /// The provider rejects the code.
    Refused,
    /// The provider cannot be reached at the moment.
    Unavailable(Unavailable),
}

/// A provider, or its keys, cannot be reached.
#[derive(Debug)]
pub(crate) struct Unavailable(Box<dyn Error + Send + Sync>);

impl Unavailable {
    pub(crate) fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an identity provider is unavailable")
    }
}

impl Error for Unavailable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// The identity providers that a server is connected to, by name.
#[derive(Default)]
pub(crate) struct Providers(BTreeMap<ProviderName, Arc<dyn IdentityProvider>>);

impl Providers {
    /// Adds a provider, or replaces the one with the same name.
    pub(crate) fn register(&mut self, provider: Arc<dyn IdentityProvider>) {
        let name = provider.declaration().name.clone();
        self.0.insert(name, provider);
    }

    pub(crate) fn get(&self, name: &ProviderName) -> Option<&dyn IdentityProvider> {
        self.0.get(name).map(|provider| &**provider)
    }

    /// The declarations of all providers that the server or the API knows, by name.
    pub(crate) fn declarations(&self) -> BTreeMap<ProviderName, Declaration> {
        let known = SocialProvider::ALL
            .into_iter()
            .map(SocialProvider::declaration);
        let registered = self
            .0
            .values()
            .map(|provider| provider.declaration().clone());
        known
            .chain(registered)
            .map(|declaration| (declaration.name.clone(), declaration))
            .collect()
    }
}
