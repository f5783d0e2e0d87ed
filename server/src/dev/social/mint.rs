//! What a provider's SDK on a device would return, valid or invalid.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Account, CODE_LIFETIME, Grant, TestProvider};
use crate::dev::mint::{change, signer};
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::social::{SHARED_CLIENT_ID, SocialProvider};
use crate::domain::state::AppState;
use crate::domain::tokens;
use crate::domain::tokens::Header;
use crate::identifier;

/// A sign-in at the test provider without a browser, as a provider's SDK on a device does it. Anything that is not set
/// is as in a valid one.
///
/// ```
/// use passage_server::{MintIdToken, SocialProvider};
///
/// let good = MintIdToken::new(SocialProvider::Google, "ada@example.com");
/// let for_others = MintIdToken::new(SocialProvider::Google, "ada@example.com").claim("aud", "another client");
/// let forged = MintIdToken::new(SocialProvider::Apple, "ada@example.com").wrong_key();
/// # let _ = (good, for_others, forged);
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct MintIdToken {
    connection_type: SocialProvider,
    email: String,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default = "yes")]
    email_verified: bool,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    claims: Map<String, Value>,
    #[serde(default)]
    header: Map<String, Value>,
    #[serde(default)]
    wrong_key: bool,
}

fn yes() -> bool {
    true
}

/// What a provider's SDK on a device returns.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct IdToken {
    /// Authorization code. It can be used once, within a minute.
    pub code: String,
    /// ID token: a JWT with the account, valid for ten minutes.
    pub id_token: String,
}

impl fmt::Debug for IdToken {
    /// Both are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdToken").finish_non_exhaustive()
    }
}

impl MintIdToken {
    /// A sign-in with the account that has this e-mail address.
    pub fn new(provider: SocialProvider, email: impl Into<String>) -> Self {
        Self {
            connection_type: provider,
            email: email.into(),
            subject: None,
            email_verified: true,
            nonce: None,
            claims: Map::new(),
            header: Map::new(),
            wrong_key: false,
        }
    }

    /// Id of the account at the provider. Defaults to one that is derived from the address.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Whether the provider has verified the address. Defaults to `true`.
    pub fn email_verified(mut self, verified: bool) -> Self {
        self.email_verified = verified;
        self
    }

    /// The nonce that the device sent.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// Adds or replaces a claim of the token, which may then no longer match the code. JSON null removes it.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Adds or replaces a member of the token's header. JSON null removes it.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), value.into());
        self
    }

    /// Signs with a key that is not the provider's, under the id of the right key.
    pub fn wrong_key(mut self) -> Self {
        self.wrong_key = true;
        self
    }

    pub(crate) async fn mint(
        self,
        state: &AppState,
        test_provider: &TestProvider,
        app: &App,
    ) -> Result<IdToken, Refusal> {
        let provider = self.connection_type;
        let login = app.settings.social.login(&provider.name());
        let client_id = login.and_then(|login| login.client_id.as_deref());
        let email = identifier::email(&self.email)
            .ok_or_else(|| Refusal::invalid_request("email: must be an e-mail address."))?;
        let mut account = Account::of(provider, email, self.email_verified);
        if let Some(subject) = self.subject {
            account.subject = subject;
        }
        let now = state.clock.now();
        let grant = Grant {
            provider,
            client_id: client_id.unwrap_or(SHARED_CLIENT_ID).to_owned(),
            redirect_uri: None,
            challenge: None,
            account,
            nonce: self.nonce,
            expires_at: now + CODE_LIFETIME,
        };
        let key = test_provider.key().await?;
        let (mut claims, mut header) = (
            grant.claims(&state.url, now),
            tokens::members(&Header::new(key.kid())),
        );
        change(&mut claims, self.claims);
        change(&mut header, self.header);
        let key = signer(key, self.wrong_key).await?;
        let id_token = tokens::sign(&key, &header, &claims)?;
        let code = test_provider.grant(grant);
        Ok(IdToken { code, id_token })
    }
}
