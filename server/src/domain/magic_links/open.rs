//! Opening a link, and waiting until it is opened elsewhere.

use std::time::Duration;

use passage_identity::generated::auth::types::AuthResult;

use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::{Reason, Refusal};
use crate::domain::rate_limits::Kind;
use crate::domain::sign_ins;
use crate::domain::state::AppState;
use crate::domain::users;
use crate::identifier::Identifier;
use crate::ids::{self, AppId, UserId};
use crate::store;
use crate::store::acting;
use crate::store::events::EventKind;
use crate::store::magic_links::LinkRow;
use crate::store::{Purpose, Tx};

/// How long the waiting device can get its tokens after a link was opened.
const CLAIM_LIFETIME: Duration = Duration::from_secs(300);

/// Signs in the user who opened a link. Whatever the link's purpose, the API's only reply carries tokens.
pub(crate) async fn open(
    state: &AppState,
    app: &App,
    secret: &str,
    client_info: &ClientInfo,
) -> Result<AuthResult, Refusal> {
    client_info.check_rate_limit(state, Kind::Try)?;
    let now = state.clock.now();
    let (app_id, hash) = (app.id.clone(), ids::hash(secret));
    let (user_id, link) = state
        .store
        .write(move |tx| take(tx, &app_id, &hash, now))
        .await?;
    let event = client_info.event(link.purpose.action(), EventKind::MagicLink);
    let result = sign_ins::sign_in(state, app, &user_id, event).await?;
    Ok(with_redirect(result, link))
}

/// Uses a link up: records what it proves, and prevents it from being opened again. An error rolls this back.
fn take(tx: &Tx<'_>, app_id: &AppId, hash: &[u8], now: Time) -> Result<(UserId, LinkRow), Refusal> {
    let link =
        store::magic_links::open(tx, app_id, hash, now)?.ok_or_else(Refusal::invalid_magic_link)?;
    let user_id = link
        .user_id
        .clone()
        .ok_or_else(Refusal::invalid_magic_link)?;
    tx.acting().concerns(&user_id);
    let user = store::users::get(tx, app_id, &user_id)?.ok_or_else(Refusal::user_not_found)?;
    if user.is_inactive() {
        return Err(Refusal::user_not_active());
    }
    let identifier = Identifier::stored(&link.identifier);
    // The user no longer has the identifier that the link was sent to.
    if link.purpose != Purpose::ChangeIdentifier && !users::has(&user, &identifier) {
        return Err(Refusal::invalid_magic_link());
    }
    // A sign-in link that the app's backend delivered may have been sent anywhere.
    if link.delivered || link.purpose == Purpose::VerifyIdentifier {
        users::confirm(tx, user, &identifier, now)?;
    }
    Ok((user_id, link))
}

/// Issues tokens, once, to the device that waits for a link, after the link was opened.
pub(crate) async fn wait(state: &AppState, app: &App, id: &str) -> Result<AuthResult, Refusal> {
    let now = state.clock.now();
    let (app_id, id_hash) = (app.id.clone(), ids::hash(id));
    let find = state
        .store
        .read(move |tx| Ok::<_, Refusal>(store::magic_links::by_id(tx, &app_id, &id_hash)?));
    let link = find.await?.ok_or_else(Refusal::magic_link_not_found)?;
    if let Some(user_id) = &link.user_id {
        acting::concerns(user_id);
    }
    if link.opened_at.is_none() {
        // Nearly all polls end here, without a write.
        return Err(if link.expires_at <= now {
            Refusal::invalid_magic_link()
        } else {
            Refusal::magic_link_not_opened()
        });
    }
    if link.claimed_at.is_some() {
        return Err(Refusal::invalid_magic_link());
    }
    let id_hash = link.id_hash.clone();
    let claim = state.store.write(move |tx| {
        let since = now - CLAIM_LIFETIME;
        Ok::<_, Refusal>(store::magic_links::claim(tx, &id_hash, since, now)?)
    });
    let (Some(user_id), true) = (link.user_id.clone(), claim.await?) else {
        return Err(Refusal::invalid_magic_link());
    };
    match sign_ins::join(state, app, &user_id).await {
        Ok(result) => Ok(with_redirect(result, link)),
        // The API declares no 403 here.
        Err(error) if error.reason == Reason::UserNotActive => Err(Refusal::invalid_magic_link()),
        Err(error) => Err(error),
    }
}

/// A link can specify where its user goes next, instead of to the app.
fn with_redirect(mut result: AuthResult, link: LinkRow) -> AuthResult {
    if !link.redirect_url.is_empty() {
        result.redirect_url = link.redirect_url;
    }
    result
}
