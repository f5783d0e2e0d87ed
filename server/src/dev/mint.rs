//! Minting auth tokens, valid and invalid ones.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::state::AppState;
use crate::domain::tokens::{self, Claims, Header};
use crate::keys::{self, KeyError, SigningKey};

/// A token to mint. Anything that is not set is as in a token of a real sign-in, except that it belongs to none: it has no
/// `sid`, so it is accepted until the user's sign-ins are revoked.
///
/// ```
/// use std::time::Duration;
/// use passage_server::MintToken;
///
/// let short = MintToken::new("user id").lifetime(Duration::from_secs(60));
/// let foreign = MintToken::new("user id").audience(["https://elsewhere.example", "another app"]);
/// let forged = MintToken::new("user id").wrong_key();
/// # let _ = (short, foreign, forged);
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct MintToken {
    subject: String,
    audience: Option<Value>,
    issuer: Option<String>,
    lifetime_seconds: Option<u64>,
    not_before: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    claims: Map<String, Value>,
    header: Map<String, Value>,
    wrong_key: bool,
}

impl MintToken {
    /// A token for the user with this id, who need not exist.
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            ..Self::default()
        }
    }

    /// An audience other than the app's auth origin and id.
    pub fn audience<S: Into<String>>(mut self, audience: impl IntoIterator<Item = S>) -> Self {
        self.audience = Some(
            audience
                .into_iter()
                .map(Into::into)
                .collect::<Vec<String>>()
                .into(),
        );
        self
    }

    /// An issuer other than the server's.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// A lifetime other than the app's session timeout, in whole seconds.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime_seconds = Some(lifetime.as_secs());
        self
    }

    /// The time before which the token is not valid, in whole seconds. Defaults to five seconds ago.
    pub fn not_before(mut self, not_before: Timestamp) -> Self {
        self.not_before = Some(not_before);
        self
    }

    /// The time at which the token expires, in whole seconds. It overrides the lifetime, and may be in the past.
    pub fn expires_at(mut self, expires_at: Timestamp) -> Self {
        self.expires_at = Some(expires_at);
        self
    }

    /// Adds or replaces a claim. JSON null removes it.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Adds or replaces a member of the header. JSON null removes it.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), value.into());
        self
    }

    /// Signs with a key that is in no key set, under the id of the right key.
    pub fn wrong_key(mut self) -> Self {
        self.wrong_key = true;
        self
    }

    pub(crate) fn problem(&self) -> Option<&'static str> {
        let audience = self
            .audience
            .as_ref()
            .is_none_or(|value| value.is_string() || value.is_array());
        (!audience).then_some("audience: must be a string or an array of strings.")
    }

    pub(crate) async fn mint(self, state: &AppState, app: &App) -> Result<String, Refusal> {
        let now = state.clock.now();
        let mut claims = tokens::members(&Claims::new(app, &self.subject, now));
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        if let Some(issuer) = self.issuer {
            set("iss", issuer.into());
        }
        if let Some(seconds) = self.lifetime_seconds {
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            set("exp", now.as_second().saturating_add(seconds).into());
        }
        if let Some(expires_at) = self.expires_at {
            set("exp", expires_at.as_second().into());
        }
        if let Some(audience) = self.audience {
            set("aud", audience);
        }
        if let Some(not_before) = self.not_before {
            set("nbf", not_before.as_second().into());
        }
        change(&mut claims, self.claims);
        let key = app.keys.active().await?;
        let mut header = tokens::members(&Header::new(key.kid()));
        change(&mut header, self.header);
        let key = signer(key, self.wrong_key).await?;
        Ok(tokens::sign(&key, &header, &claims)?)
    }
}

/// The key, or, for a wrong one, a key that is in no key set.
pub(super) async fn signer(key: Arc<SigningKey>, wrong: bool) -> Result<Arc<SigningKey>, KeyError> {
    if wrong {
        keys::foreign().await
    } else {
        Ok(key)
    }
}

pub(super) fn change(map: &mut Map<String, Value>, changes: Map<String, Value>) {
    for (name, value) in changes {
        if value.is_null() {
            map.remove(&name);
        } else {
            map.insert(name, value);
        }
    }
}
