//! The end of a social login: a code becomes a sign-in, or a connection.

use passage_identity::generated::auth::types::AuthResult;

use super::{Identity, SocialProvider, accounts, client, id_token, issuer, pkce};
use crate::dev::Redemption;
use crate::domain::apps::{App, AppState};
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::sign_ins;
use crate::ids;
use crate::store;
use crate::store::Tx;
use crate::store::events::Action;

/// Signs in with a code, for a client that has the verifier.
pub(crate) async fn sign_in(
    state: &AppState,
    app: &App,
    code: &str,
    verifier: String,
    client_info: &ClientInfo,
) -> Result<AuthResult, Refusal> {
    let now = state.clock.micros();
    let (app_id, hash) = (app.id.clone(), ids::hash(code));
    let exchange = state.store.write(move |tx| {
        let Some(identity) = take(tx, &app_id, &hash, &verifier, now)? else {
            return Ok(None);
        };
        let (user_id, action) = accounts::user(tx, &app_id, &identity, now)?;
        Ok::<_, Refusal>(Some((user_id, action, identity.provider)))
    });
    let (user_id, action, provider) = exchange.await?.ok_or_else(refused)?;
    let event = client_info.social_event(action, provider);
    sign_ins::sign_in(state, app, &user_id, event).await
}

/// Connects the account that a code stands for to a signed-in user.
pub(crate) async fn link(
    state: &AppState,
    app: &App,
    user_id: String,
    code: &str,
    verifier: String,
    client_info: ClientInfo,
) -> Result<(), Refusal> {
    let now = state.clock.micros();
    let (app_id, hash) = (app.id.clone(), ids::hash(code));
    let exchange = state.store.write(move |tx| {
        let Some(identity) = take(tx, &app_id, &hash, &verifier, now)? else {
            return Ok(None);
        };
        accounts::connect(tx, &app_id, &user_id, &identity, now)?;
        let event = client_info.social_event(Action::Other, identity.provider);
        store::events::insert(tx, &user_id, &event, now)?;
        Ok::<_, Refusal>(Some(()))
    });
    exchange.await?.ok_or_else(refused)
}

/// Signs in with what a provider's library on a device returned.
pub(crate) async fn sign_in_natively(
    state: &AppState,
    app: &App,
    provider: SocialProvider,
    code: &str,
    token: &str,
    client_info: &ClientInfo,
) -> Result<AuthResult, Refusal> {
    let (client, test_provider) = client(state, app, provider)?;
    let now = state.clock.micros();
    let redemption = Redemption {
        provider,
        client_id: &client.id,
        redirect_uri: None,
        verifier: None,
    };
    let grant = test_provider.redeem(code, &redemption, now);
    let grant = grant.ok_or_else(refused)?;
    let expected = id_token::Expected {
        provider,
        issuer: &issuer(state, provider),
        audience: &client.id,
        nonce: grant.nonce.as_deref(),
        now: now / 1_000_000,
    };
    let key = test_provider.key().await?;
    let bad = |problem| Refusal::invalid_request(format!("id_token: {problem}."));
    let identity = id_token::verify(token, &key, &expected).map_err(bad)?;
    // The code is good once and the token is not, so they have to belong together.
    if identity.subject != grant.account.subject {
        return Err(bad("is of another account than the code"));
    }
    let app_id = app.id.clone();
    let find = state
        .store
        .write(move |tx| accounts::user(tx, &app_id, &identity, now));
    let (user_id, action) = find.await?;
    let event = client_info.social_event(action, provider);
    sign_ins::sign_in(state, app, &user_id, event).await
}

fn refused() -> Refusal {
    Refusal::invalid_request("code: unknown, expired or used, or the verifier is wrong.")
}

/// Uses up a code, and returns the account that it stands for. `None` if there is no such code or the verifier is
/// wrong: then too the code is used up, as it is in wrong hands. It is not when the caller fails after this.
fn take(
    tx: &Tx<'_>,
    app_id: &str,
    code_hash: &[u8],
    verifier: &str,
    now: i64,
) -> Result<Option<Identity>, Refusal> {
    let Some(row) = store::social_logins::take_code(tx, app_id, code_hash, now)? else {
        return Ok(None);
    };
    let provider = SocialProvider::named(&row.r#type);
    let good = pkce::verifies(verifier, &row.code_challenge);
    Ok(provider.filter(|_| good).map(|provider| Identity {
        provider,
        subject: row.provider_id,
        email: row.email,
        email_verified: row.email_verified,
    }))
}
