//! The test provider: an identity provider that simulates all real ones, and accepts any account without proof.
//!
//! Its codes and the accounts that were used are kept in memory. So is its key, one per process.

mod mint;
mod page;
mod provider;
pub(crate) mod routes;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

pub use self::mint::{IdToken, MintIdToken};
use crate::clock::Time;
use crate::domain::social::{self, Redemption, SocialProvider};
use crate::domain::tokens;
use crate::domain::tokens::Header;
use crate::ids;
use crate::keys::{self, KeyError, SigningKey};

/// Lifetime of a code.
const CODE_LIFETIME: Duration = Duration::from_secs(60);
/// Characters of a code: 285 random bits.
const CODE_LENGTH: usize = 48;
/// Lifetime of an ID token, in seconds.
const TOKEN_LIFETIME: i64 = 600;
/// Codes that are kept, and accounts that the page offers. Older ones are dropped.
const KEPT_CODES: usize = 1000;
const KEPT_ACCOUNTS: usize = 20;

/// The test provider.
#[derive(Default)]
pub(crate) struct TestProvider(Mutex<State>);

#[derive(Default)]
struct State {
    /// By the hash of the code, oldest first.
    grants: VecDeque<(Vec<u8>, Grant)>,
    /// Newest last.
    accounts: VecDeque<(SocialProvider, Account)>,
}

/// An account that somebody claims.
#[derive(Clone, PartialEq, Eq)]
struct Account {
    subject: String,
    email: String,
    email_verified: bool,
}

impl Account {
    /// The account with this address. Its id is always the same.
    fn of(provider: SocialProvider, email: String, email_verified: bool) -> Self {
        let hash = ids::hash(&format!("{}\0{email}", provider.as_str()));
        let hex = |byte: &u8| format!("{byte:02x}");
        Self {
            subject: hash.iter().take(12).map(hex).collect(),
            email,
            email_verified,
        }
    }
}

/// What a code was issued for.
struct Grant {
    provider: SocialProvider,
    client_id: String,
    /// `None` for codes that a device got without a browser. They have no challenge either.
    redirect_uri: Option<String>,
    challenge: Option<String>,
    account: Account,
    nonce: Option<String>,
    expires_at: Time,
}

/// The issuer of a provider's ID tokens, and the URL below which the test provider answers instead.
fn issuer(url: &str, provider: SocialProvider) -> String {
    format!("{url}/_dev/social/{}", provider.as_str())
}

impl Grant {
    fn admits(&self, provider: SocialProvider, by: &Redemption<'_>) -> bool {
        let challenge = by.verifier.map(social::challenge_of);
        self.provider == provider
            && self.client_id == by.client_id
            && self.redirect_uri.as_deref() == by.redirect_uri
            && self.challenge == challenge
            && self.expires_at > by.now
    }

    /// The claims of the ID token. `url` is that of the server.
    fn claims(&self, url: &str, now: Time) -> Map<String, Value> {
        let now = now.as_second();
        let mut claims = Map::from_iter(
            [
                ("iss", issuer(url, self.provider).into()),
                ("aud", self.client_id.as_str().into()),
                ("sub", self.account.subject.as_str().into()),
                ("iat", json!(now)),
                ("exp", json!(now + TOKEN_LIFETIME)),
                ("email", self.account.email.as_str().into()),
                ("email_verified", self.account.email_verified.into()),
            ]
            .map(|(name, value): (&str, Value)| (name.to_owned(), value)),
        );
        if let Some(nonce) = &self.nonce {
            claims.insert("nonce".to_owned(), nonce.as_str().into());
        }
        claims
    }

    /// The ID token that the code is exchanged for.
    async fn id_token(&self, url: &str, now: Time) -> Result<String, KeyError> {
        let key = keys::test_provider().await?;
        tokens::sign(&key, &Header::new(key.kid()), &self.claims(url, now))
    }
}

impl TestProvider {
    /// The key that signs ID tokens.
    pub(crate) async fn key(&self) -> Result<Arc<SigningKey>, KeyError> {
        keys::test_provider().await
    }

    /// Issues a code, and remembers the account.
    fn grant(&self, grant: Grant) -> String {
        let code = ids::alphanumeric(CODE_LENGTH);
        let account = (grant.provider, grant.account.clone());
        self.with(|state| {
            state.accounts.retain(|known| *known != account);
            state.accounts.push_back(account);
            state.grants.push_back((ids::hash(&code), grant));
            while state.accounts.len() > KEPT_ACCOUNTS {
                state.accounts.pop_front();
            }
            while state.grants.len() > KEPT_CODES {
                state.grants.pop_front();
            }
        });
        code
    }

    /// Redeems a code once: returns what it was issued for, if the same client redeems it at the same provider with
    /// matching parameters.
    fn redeem(&self, provider: SocialProvider, by: &Redemption<'_>) -> Option<Grant> {
        let hash = ids::hash(by.code);
        let grant = self.with(|state| {
            let at = state.grants.iter().position(|(known, _)| *known == hash)?;
            state.grants.remove(at)
        });
        grant
            .map(|(_, grant)| grant)
            .filter(|grant| grant.admits(provider, by))
    }

    /// The accounts that were used at a provider, newest first.
    fn accounts(&self, provider: SocialProvider) -> Vec<Account> {
        self.with(|state| {
            let accounts = state.accounts.iter().rev();
            let here = accounts.filter(|(known, _)| *known == provider);
            here.map(|(_, account)| account.clone()).collect()
        })
    }

    /// Clears everything.
    pub(crate) fn clear(&self) {
        self.with(|state| *state = State::default());
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::at;

    fn grant(number: usize) -> Grant {
        let email = format!("{number}@example.com");
        Grant {
            provider: SocialProvider::Google,
            client_id: "client".to_owned(),
            redirect_uri: Some("back".to_owned()),
            challenge: Some(social::challenge_of("verifier")),
            account: Account::of(SocialProvider::Google, email, true),
            nonce: None,
            expires_at: at(1000),
        }
    }

    const GOOGLE: SocialProvider = SocialProvider::Google;

    fn redemption(code: &str, now: Time) -> Redemption<'_> {
        Redemption {
            code,
            client_id: "client",
            redirect_uri: Some("back"),
            verifier: Some("verifier"),
            now,
        }
    }

    #[test]
    fn a_code_is_redeemed_once_and_only_as_it_was_asked_for() {
        let provider = TestProvider::default();
        let code = provider.grant(grant(1));
        assert!(
            provider
                .redeem(GOOGLE, &redemption(&code, at(999)))
                .is_some()
        );
        assert!(
            provider
                .redeem(GOOGLE, &redemption(&code, at(999)))
                .is_none(),
            "twice"
        );

        let redeemed_at = |of, change: fn(&mut Redemption<'_>), now| {
            let code = provider.grant(grant(1));
            let mut by = redemption(&code, now);
            change(&mut by);
            let redeemed = provider.redeem(of, &by).is_some();
            // A failed attempt uses up the code.
            assert!(provider.redeem(GOOGLE, &redemption(&code, at(0))).is_none());
            redeemed
        };
        let redeemed = |change, now| redeemed_at(GOOGLE, change, now);
        assert!(redeemed(|_| {}, at(999)));
        assert!(!redeemed(|_| {}, at(1000)));
        assert!(!redeemed_at(SocialProvider::Apple, |_| {}, at(0)));
        assert!(!redeemed(|by| by.client_id = "other", at(0)));
        assert!(!redeemed(|by| by.redirect_uri = Some("elsewhere"), at(0)));
        assert!(!redeemed(|by| by.redirect_uri = None, at(0)));
        assert!(!redeemed(|by| by.verifier = Some("other"), at(0)));
        assert!(!redeemed(|by| by.verifier = None, at(0)));
        assert!(provider.redeem(GOOGLE, &redemption("", at(0))).is_none());
    }

    #[test]
    fn codes_and_accounts_do_not_pile_up() {
        let provider = TestProvider::default();
        let first = provider.grant(grant(0));
        for number in 1..=KEPT_CODES {
            provider.grant(grant(number));
        }
        assert!(
            provider
                .redeem(GOOGLE, &redemption(&first, at(0)))
                .is_none()
        );
        let accounts = provider.accounts(SocialProvider::Google);
        assert_eq!(accounts.len(), KEPT_ACCOUNTS);
        assert_eq!(accounts.first().unwrap().email, "1000@example.com");
        assert!(provider.accounts(SocialProvider::Apple).is_empty());
        provider.clear();
        assert!(provider.accounts(SocialProvider::Google).is_empty());
    }
}
