//! The start of a social login: the redirect to the provider.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{AuthorizeRequest, client, pkce, redirect};
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::state::AppState;
use crate::ids;
use crate::provider_name::ProviderName;
use crate::store;
use crate::store::social_logins::LoginRow;

/// How long a person may take at the provider.
const LIFETIME: Duration = Duration::from_secs(600);
/// Characters of a state: 285 random bits.
const STATE_LENGTH: usize = 48;
/// Maximum length of the client's own state, in bytes.
const LONGEST_STATE: usize = 2048;

/// A login that a client asks for.
pub(crate) struct Login {
    pub(crate) provider: ProviderName,
    pub(crate) redirect_uri: String,
    /// The client's own state, which is returned unchanged.
    pub(crate) state: Option<String>,
    pub(crate) code_challenge: String,
    pub(crate) code_challenge_method: String,
    /// The account that the provider should suggest.
    pub(crate) login_hint: Option<String>,
}

/// The secrets of the request to the provider, and of the redemption: derived from the state, which only the browser
/// has, and a salt, which only the server has.
pub(super) struct Secrets {
    pub(super) verifier: String,
    pub(super) nonce: String,
}

impl Secrets {
    pub(super) fn of(salt: &[u8], state: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, salt);
        let make = |what: &str| {
            let text = format!("{what}\0{state}");
            URL_SAFE_NO_PAD.encode(hmac::sign(&key, text.as_bytes()).as_ref())
        };
        Self {
            verifier: make("verifier"),
            nonce: make("nonce"),
        }
    }
}

/// Starts a login, and returns the URL at the provider where it continues.
pub(crate) async fn start(
    app_state: &AppState,
    app: &App,
    login: Login,
) -> Result<String, Refusal> {
    let (client, provider) = client(app_state, app, &login.provider)?;
    if !redirect::is_allowed(&app.settings, &login.redirect_uri) {
        return Err(Refusal::invalid_request(
            "redirect_uri: must be a URL on the app's auth origin or one of its callback URLs, without a fragment.",
        ));
    }
    if login.code_challenge_method != "S256" {
        return Err(Refusal::invalid_request(
            "code_challenge_method: must be S256.",
        ));
    }
    if !pkce::is_challenge(&login.code_challenge) {
        return Err(Refusal::invalid_request(
            "code_challenge: must be a SHA-256 in base64url, which has 43 characters.",
        ));
    }
    if login
        .state
        .as_ref()
        .is_some_and(|it| it.len() > LONGEST_STATE)
    {
        return Err(Refusal::invalid_request(format!(
            "state: must not be longer than {LONGEST_STATE} bytes."
        )));
    }
    let now = app_state.clock.now();
    let (state, salt) = (
        ids::alphanumeric(STATE_LENGTH),
        ids::random_bytes::<32>().to_vec(),
    );
    let secrets = Secrets::of(&salt, &state);
    let row = LoginRow {
        state_hash: ids::hash(&state),
        app_id: app.id.clone(),
        r#type: login.provider,
        shared: client.shared,
        salt,
        redirect_uri: login.redirect_uri,
        client_state: login.state,
        code_challenge: login.code_challenge,
        expires_at: now + LIFETIME,
    };
    let insert = app_state
        .store
        .write(move |tx| Ok::<_, Refusal>(store::social_logins::insert_login(tx, &row, now)?));
    insert.await?;
    let challenge = pkce::challenge_of(&secrets.verifier);
    Ok(provider.authorize_url(&AuthorizeRequest {
        client_id: &client.id,
        redirect_uri: &client.redirect_uri,
        state: &state,
        nonce: &secrets.nonce,
        code_challenge: &challenge,
        login_hint: login.login_hint.as_deref(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_depend_on_salt_and_state() {
        let secrets = Secrets::of(b"salt", "state");
        assert_ne!(secrets.verifier, secrets.nonce);
        assert_eq!(secrets.verifier.len(), 43);
        assert_eq!(secrets.verifier, Secrets::of(b"salt", "state").verifier);
        assert_ne!(secrets.verifier, Secrets::of(b"salt", "other").verifier);
        assert_ne!(secrets.verifier, Secrets::of(b"other", "state").verifier);
    }
}
