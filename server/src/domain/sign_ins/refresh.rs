//! Refresh tokens. Each is exchanged once; for a few seconds the one that was spent last gets its successor again, because
//! replies are lost and browsers have several tabs.

use std::time::Duration;

use passage_identity::generated::auth::types::AuthResult;

use super::{Granted, auth_result};
use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::state::AppState;
use crate::ids::{self, SignInId};
use crate::keys::MacKey;
use crate::store;
use crate::store::sign_ins::{Presented, RefreshHashes, Refreshed, Repeated, Successor};

/// The purpose of the key that makes successors.
pub(crate) const KEY_PURPOSE: &str = "refresh token successors";

/// Characters of the part that all tokens of a sign-in have in common, and of the part that each has alone: 142 random
/// bits each. The id of the sign-in precedes them.
const PART: usize = 24;
/// Bytes of the salt that a successor is made of.
const SALT: usize = 16;

/// A text in the form of a refresh token.
#[derive(Clone)]
pub(super) struct Token {
    sign_in: SignInId,
    family: String,
    own: String,
}

impl Token {
    /// The first token of a sign-in.
    pub(super) fn new(sign_in: &SignInId) -> Self {
        Self {
            sign_in: sign_in.clone(),
            family: ids::alphanumeric(PART),
            own: ids::alphanumeric(PART),
        }
    }

    /// Reads a token. `None` if the text is not one of ours.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (sign_in, secret) = text.split_at_checked(ids::ID_LENGTH)?;
        let (family, own) = secret.split_at_checked(PART)?;
        (own.len() == PART).then(|| Self {
            sign_in: sign_in.into(),
            family: family.to_owned(),
            own: own.to_owned(),
        })
    }

    pub(super) fn into_text(self) -> String {
        format!("{}{}{}", self.sign_in, self.family, self.own)
    }

    /// The form in which it is stored.
    pub(super) fn hashes(&self) -> RefreshHashes {
        let family = format!("{}{}", self.sign_in, self.family);
        RefreshHashes {
            token: ids::hash(&format!("{family}{}", self.own)),
            family: ids::hash(&family),
        }
    }

    /// The token that replaces this one. Only who has both this token and the key can make it.
    fn successor(&self, key: &MacKey, salt: &[u8]) -> Self {
        let token = self.clone().into_text();
        Self {
            own: ids::alphanumeric_of(key.sign(&[token.as_bytes(), salt]), PART),
            ..self.clone()
        }
    }
}

/// A refresh token to be issued.
pub(crate) struct RefreshToken {
    pub(super) token: Token,
    pub(super) expires_at: Time,
}

impl RefreshToken {
    pub(super) fn new(token: Token, expires_at: Time) -> Self {
        Self { token, expires_at }
    }
}

/// What became of a refresh token that was presented.
enum Outcome {
    Exchanged(Refreshed),
    Repeated(Repeated),
    Refused,
}

/// Exchanges a refresh token for the next pair. A token that was already exchanged may have been stolen, so using it
/// again ends the whole sign-in, unless it is the last one and was exchanged just before.
pub(crate) async fn refresh(
    state: &AppState,
    app: &App,
    token: &str,
) -> Result<AuthResult, Refusal> {
    // Tokens from before an app turned them off may be stolen ones.
    if !app.settings.refresh_enabled {
        return Err(Refusal::invalid_refresh_token());
    }
    let now = state.clock.now();
    let token = Token::read(token).ok_or_else(Refusal::invalid_refresh_token)?;
    let salt = ids::random_bytes::<SALT>();
    let key = state.successor_keys.current();
    let next = token.successor(key, &salt);
    let exchange = Exchange {
        sign_in: token.sign_in.clone(),
        hashes: token.hashes(),
        next_hash: next.hashes().token,
        salt,
        salt_key: key.id().to_vec(),
        app_id: app.id.clone(),
        idle_until: now + app.settings.refresh_idle_lifetime(),
        auth_until: now + app.settings.session_lifetime() + app.settings.refresh_reuse(),
        reuse: app.settings.refresh_reuse(),
        now,
    };
    let (next, row) = match state.store.write(move |tx| exchange.run(tx)).await? {
        Outcome::Exchanged(row) => (next, row),
        Outcome::Repeated(row) => repeat(state, &token, row)?,
        Outcome::Refused => return Err(Refusal::invalid_refresh_token()),
    };
    let granted = Granted {
        id: token.sign_in,
        authenticated_at: row.created_at,
        refresh: Some(RefreshToken::new(next, row.expires_at)),
    };
    auth_result(app, &row.user_id, granted, now).await
}

/// The successor that was issued before. With the encryption key replaced in between, nobody can make it any more: the
/// caller is refused, and the sign-in goes on for whoever got it.
fn repeat(state: &AppState, token: &Token, row: Repeated) -> Result<(Token, Refreshed), Refusal> {
    let key = state.successor_keys.find(&row.salt_key);
    let next = key.map(|key| token.successor(key, &row.salt));
    let next = next
        .filter(|next| next.hashes().token == row.hash)
        .ok_or_else(Refusal::invalid_refresh_token)?;
    let refreshed = Refreshed {
        user_id: row.user_id,
        created_at: row.created_at,
        expires_at: row.expires_at,
    };
    Ok((next, refreshed))
}

struct Exchange {
    sign_in: SignInId,
    hashes: RefreshHashes,
    next_hash: Vec<u8>,
    salt: [u8; SALT],
    salt_key: Vec<u8>,
    app_id: ids::AppId,
    idle_until: Time,
    auth_until: Time,
    reuse: Duration,
    now: Time,
}

impl Exchange {
    fn run(&self, tx: &store::Tx<'_>) -> Result<Outcome, Refusal> {
        let (app_id, now) = (&self.app_id, self.now);
        let token = Presented {
            sign_in: &self.sign_in,
            hashes: &self.hashes,
        };
        let next = Successor {
            hash: &self.next_hash,
            salt: &self.salt,
            salt_key: &self.salt_key,
            expires_at: self.idle_until,
            auth_until: self.auth_until,
        };
        if let Some(row) = store::sign_ins::exchange(tx, app_id, &token, &next, now)? {
            return Ok(Outcome::Exchanged(row));
        }
        if !self.reuse.is_zero() {
            let since = now - self.reuse;
            if let Some(row) = store::sign_ins::repeat(tx, app_id, &token, since, now)? {
                return Ok(Outcome::Repeated(row));
            }
        }
        store::sign_ins::end_if_reused(tx, app_id, &token)?;
        Ok(Outcome::Refused)
    }
}

/// Ends the sign-in of a refresh token. An unknown token counts as ended.
pub(crate) async fn revoke(state: &AppState, app: &App, token: &str) -> Result<(), Refusal> {
    let Some(token) = Token::read(token) else {
        return Ok(());
    };
    let app_id = app.id.clone();
    let revoke = state.store.write(move |tx| {
        let token = Presented {
            sign_in: &token.sign_in,
            hashes: &token.hashes(),
        };
        Ok::<_, Refusal>(store::sign_ins::end(tx, &app_id, &token)?)
    });
    revoke.await
}
