//! The callback from the provider, and the redirect to the app.

use std::sync::Arc;
use std::time::Duration;

use super::id_token::Nonce;
use super::start::Secrets;
use super::{Identity, ProviderError, Redemption, client, id_token, redirect, unavailable};
use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::state::AppState;
use crate::ids::{self, AppId};
use crate::store;
use crate::store::audit::AuditReason;
use crate::store::social_logins::{LoginRow, SocialCodeRow};

/// Lifetime of a code. Clients exchange it at once.
const CODE_LIFETIME: Duration = Duration::from_secs(60);
/// Characters of a code: 285 random bits.
const CODE_LENGTH: usize = 48;

/// The parameters that the provider sends back through the browser.
pub(crate) struct CallbackParams {
    pub(crate) state: String,
    pub(crate) code: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
}

/// Finishes a login at the provider, and returns the URL of the app that the client continues at: with a code, or with
/// the provider's error. `app_id` is the app in the callback's path, if there is one.
pub(crate) async fn handle_callback(
    app_state: &AppState,
    app_id: Option<&AppId>,
    answer: CallbackParams,
) -> Result<String, Refusal> {
    let now = app_state.clock.now();
    let login = take(app_state, app_id, &answer.state, now).await?;
    let app = app_of(app_state, &login)?;
    // It was allowed when the login began, but may no longer be.
    if !redirect::is_allowed(&app.settings, &login.redirect_uri) {
        return Err(unknown_state());
    }
    let mut query = Vec::new();
    let code;
    if let Some(error) = &answer.error {
        query.push(("error", printable(error).unwrap_or("server_error")));
        if let Some(text) = answer.error_description.as_deref().and_then(printable) {
            query.push(("error_description", text));
        }
    } else {
        let provider_code = answer.code.as_deref();
        let provider_code =
            provider_code.ok_or_else(|| Refusal::invalid_request("code: is needed."))?;
        let identity = ask_provider(app_state, &app, &login, &answer.state, provider_code).await?;
        code = make_code(app_state, &login, identity, now).await?;
        query.push(("code", &code));
    }
    if let Some(state) = &login.client_state {
        query.push(("state", state));
    }
    Ok(redirect::with_query(&login.redirect_uri, query))
}

fn unknown_state() -> Refusal {
    Refusal::invalid_request("state: unknown, expired or used.").because(AuditReason::SocialRefused)
}

/// Takes the login of the state, which can return only once, whatever the result.
async fn take(
    app_state: &AppState,
    app_id: Option<&AppId>,
    state: &str,
    now: Time,
) -> Result<LoginRow, Refusal> {
    let (app_id, hash) = (app_id.cloned(), ids::hash(state));
    let take = app_state.store.write(move |tx| {
        let app_id = app_id.as_ref();
        Ok::<_, Refusal>(store::social_logins::take_login(tx, app_id, &hash, now)?)
    });
    take.await?.ok_or_else(unknown_state)
}

fn app_of(app_state: &AppState, login: &LoginRow) -> Result<Arc<App>, Refusal> {
    let app = app_state.app(&login.app_id).map_err(|_| unknown_state())?;
    Ok(app.clone())
}

/// Exchanges the provider's code for an ID token, and reads the account from it.
async fn ask_provider(
    app_state: &AppState,
    app: &App,
    login: &LoginRow,
    state: &str,
    code: &str,
) -> Result<Identity, Refusal> {
    let (client, provider) = client(app_state, app, &login.r#type)?;
    let secrets = Secrets::of(&login.salt, state);
    let now = app_state.clock.now();
    let redeemed = provider.redeem(Redemption {
        code,
        client_id: &client.id,
        redirect_uri: Some(&client.redirect_uri),
        verifier: Some(&secrets.verifier),
        now,
    });
    let redeemed = redeemed.await.map_err(|error| match error {
        ProviderError::Refused => {
            Refusal::invalid_request("code: the provider does not accept it.")
                .because(AuditReason::SocialRefused)
        }
        ProviderError::Unavailable(error) => unavailable(&error),
    })?;
    let expected = id_token::Expected {
        audience: &client.id,
        nonce: Nonce::Exactly(Some(&secrets.nonce)),
        now,
    };
    let verified = id_token::verify(&redeemed.id_token, provider, &expected).await?;
    Ok(verified.identity)
}

/// Creates our own code for an account, which the client exchanges with its verifier.
async fn make_code(
    app_state: &AppState,
    login: &LoginRow,
    identity: Identity,
    now: Time,
) -> Result<String, Refusal> {
    let code = ids::alphanumeric(CODE_LENGTH);
    let row = SocialCodeRow {
        code_hash: ids::hash(&code),
        app_id: login.app_id.clone(),
        r#type: login.r#type.clone(),
        provider_id: identity.subject,
        email: identity.email,
        email_verified: identity.email_verified,
        code_challenge: login.code_challenge.clone(),
        expires_at: now + CODE_LIFETIME,
    };
    let insert = app_state
        .store
        .write(move |tx| Ok::<_, Refusal>(store::social_logins::insert_code(tx, &row, now)?));
    insert.await?;
    Ok(code)
}

/// A provider's text for an error, if it is short and contains only the characters that RFC 6749 allows. The app shows
/// it, and anyone can forge it.
fn printable(text: &str) -> Option<&str> {
    let allowed = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    (text.len() <= 256 && text.bytes().all(allowed)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_short_and_plain() {
        assert_eq!(printable("access_denied"), Some("access_denied"));
        assert_eq!(printable(""), Some(""));
        for bad in ["a\nb", "\"", "\\", "ä", &"a".repeat(257)] {
            assert_eq!(printable(bad), None, "{bad}");
        }
    }
}
