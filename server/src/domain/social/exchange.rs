//! The end of a social login: a code is exchanged for a sign-in, or for a connection.

use passage_identity::generated::auth::types::AuthResult;

use super::id_token::Nonce;
use super::{Identity, ProviderError, Redemption, accounts, client, id_token, pkce, unavailable};
use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::sign_ins::{self, Session};
use crate::domain::state::AppState;
use crate::ids::{self, AppId, UserId};
use crate::provider_name::ProviderName;
use crate::store;
use crate::store::Tx;
use crate::store::audit::AuditReason;
use crate::store::events::{Action, EventKind, NewEvent};

/// Signs in with a code, for a client that knows the verifier.
pub(crate) async fn sign_in(
    state: &AppState,
    app: &App,
    code: &str,
    verifier: String,
    client_info: &ClientInfo,
) -> Result<AuthResult, Refusal> {
    let (user_id, action, provider) = exchange(state, app, code, verifier).await?;
    let event = client_info.social_event(action, provider);
    sign_ins::sign_in(state, app, &user_id, event).await
}

/// Exchanges a code for the user whom its account signs in, what they did by that, and the provider.
pub(super) async fn exchange(
    state: &AppState,
    app: &App,
    code: &str,
    verifier: String,
) -> Result<(UserId, Action, ProviderName), Refusal> {
    let now = state.clock.now();
    let (app_id, hash, new_id) = (app.id.clone(), ids::hash(code), UserId::new());
    let exchange = state.store.write(move |tx| {
        let Some(identity) = take(tx, &app_id, &hash, &verifier, now)? else {
            return Ok(None);
        };
        let (user_id, action) = accounts::user(tx, &app_id, &identity, &new_id, now)?;
        Ok::<_, Refusal>(Some((user_id, action, identity.provider)))
    });
    exchange.await?.ok_or_else(refused)
}

/// Connects the account of a code to a signed-in user.
pub(crate) async fn link(
    state: &AppState,
    app: &App,
    (user_id, session): (UserId, Session),
    code: &str,
    verifier: String,
    client_info: ClientInfo,
) -> Result<(), Refusal> {
    let now = state.clock.now();
    let (app_id, hash) = (app.id.clone(), ids::hash(code));
    let event = client_info.event(Action::Other, EventKind::Social);
    let exchange = state.store.write(move |tx| {
        session.check(tx)?;
        let Some(identity) = take(tx, &app_id, &hash, &verifier, now)? else {
            return Ok(None);
        };
        accounts::connect(tx, &app_id, &user_id, &identity, now)?;
        let event = NewEvent {
            provider: Some(identity.provider),
            ..event.clone()
        };
        store::events::insert(tx, &user_id, &event, now)?;
        Ok::<_, Refusal>(Some(()))
    });
    exchange.await?.ok_or_else(refused)
}

/// Signs in with the result of a provider's SDK on a device.
pub(crate) async fn sign_in_natively(
    state: &AppState,
    app: &App,
    provider: &ProviderName,
    code: &str,
    token: &str,
    client_info: &ClientInfo,
) -> Result<AuthResult, Refusal> {
    let (client, provider) = client(state, app, provider)?;
    let now = state.clock.now();
    let redeemed = provider.redeem(Redemption {
        code,
        client_id: &client.id,
        redirect_uri: None,
        verifier: None,
        now,
    });
    let redeemed = redeemed.await.map_err(|error| match error {
        ProviderError::Refused => refused(),
        ProviderError::Unavailable(error) => unavailable(&error),
    })?;
    let expected = |nonce| id_token::Expected {
        audience: &client.id,
        nonce,
        now,
    };
    // Only the provider knows which nonce the device sent, and whose account this is.
    let of_code = id_token::verify(&redeemed.id_token, provider, &expected(Nonce::Any)).await?;
    let nonce = Nonce::Exactly(of_code.nonce.as_deref());
    let identity = id_token::verify(token, provider, &expected(nonce))
        .await?
        .identity;
    // The code works once and the token does not, so they must belong together.
    if identity.subject != of_code.identity.subject {
        return Err(id_token::bad("is of another account than the code"));
    }
    let (app_id, new_id) = (app.id.clone(), UserId::new());
    let find = state
        .store
        .write(move |tx| accounts::user(tx, &app_id, &identity, &new_id, now));
    let (user_id, action) = find.await?;
    let event = client_info.social_event(action, provider.declaration().name.clone());
    sign_ins::sign_in(state, app, &user_id, event).await
}

fn refused() -> Refusal {
    let problem = "code: unknown, expired or used, or the verifier is wrong.";
    Refusal::invalid_request(problem).because(AuditReason::SocialRefused)
}

/// Uses up a code, and returns its account. `None` if there is no such code or the verifier is wrong; a wrong verifier
/// also uses the code up, as it may have been stolen. A later failure of the caller does not.
fn take(
    tx: &Tx<'_>,
    app_id: &AppId,
    code_hash: &[u8],
    verifier: &str,
    now: Time,
) -> Result<Option<Identity>, Refusal> {
    let Some(row) = store::social_logins::take_code(tx, app_id, code_hash, now)? else {
        return Ok(None);
    };
    let good = pkce::verifies(verifier, &row.code_challenge);
    Ok(good.then_some(Identity {
        provider: row.r#type,
        subject: row.provider_id,
        email: row.email,
        email_verified: row.email_verified,
    }))
}
