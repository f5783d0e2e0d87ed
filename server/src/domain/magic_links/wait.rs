//! Waiting until a link is opened, on the client that requested it.

use std::time::Duration;

use passage_identity::generated::auth::types::AuthResult;

use super::{Caller, with_redirect};
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::rate_limits::Kind;
use crate::domain::settings::{ChangeConfirmedBy, MagicLinkWaiting};
use crate::domain::sign_ins;
use crate::domain::state::AppState;
use crate::domain::users::account::OwnToken;
use crate::domain::users::change;
use crate::domain::users::undo::UndoSecret;
use crate::identifier::Identifier;
use crate::ids;
use crate::store;
use crate::store::Purpose;
use crate::store::acting;
use crate::store::events::{Action, EventKind};
use crate::store::magic_links::LinkRow;

/// How long the waiting device can get its tokens after a link was opened.
const CLAIM_LIFETIME: Duration = Duration::from_secs(300);

/// Issues tokens, once, to the device that waits for a link, after the link was opened.
pub(crate) async fn wait(
    state: &AppState,
    app: &App,
    id: &str,
    caller: Caller<'_>,
) -> Result<AuthResult, Refusal> {
    let Caller { client, own } = caller;
    let now = state.clock.now();
    let (app_id, id_hash) = (app.id.clone(), ids::hash(id));
    let find = state
        .store
        .read(move |tx| Ok::<_, Refusal>(store::magic_links::by_id(tx, &app_id, &id_hash)?));
    let Some(link) = find.await? else {
        // A link that exists is counted by itself, and an invented id by whoever sends it.
        client.check_rate_limit(state, Kind::Poll)?;
        return Err(Refusal::magic_link_not_found());
    };
    state.limits.link(&app.id, &link.id_hash, now)?;
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
    if link.purpose == Purpose::ChangeIdentifier {
        let own = own.filter(|own| link.user_id.as_ref() == Some(&own.user_id));
        match own {
            Some(own) => return confirm(state, app, link, own, caller).await,
            None if link.changed_at.is_none() => return Err(Refusal::change_needs_its_asker()),
            // A new sign-in would outlive the one that asked, and be recent.
            None if app.settings.change_confirmed_by == ChangeConfirmedBy::Asker => {
                return Err(Refusal::invalid_magic_link());
            }
            None => {}
        }
    }
    if link.claimed_at.is_some() {
        return Err(Refusal::invalid_magic_link());
    }
    // Before the claim, so that a stranger who asks does not use it up.
    check(
        app.settings.magic_link_waiting,
        &link,
        client.fingerprint().as_deref(),
    )?;
    let user_id = link
        .user_id
        .clone()
        .ok_or_else(Refusal::invalid_magic_link)?;
    // The link's opening was the registration.
    let action = match link.purpose {
        Purpose::Login | Purpose::Register => Action::Login,
        Purpose::VerifyIdentifier | Purpose::ChangeIdentifier => Action::Other,
    };
    let event = client.event(action, EventKind::MagicLink);
    let (app_id, id_hash, to) = (app.id.clone(), link.id_hash.clone(), user_id.clone());
    let (sign_in, granted) = sign_ins::prepare(&app.settings, &user_id, now);
    let claim = state.store.write(move |tx| {
        let user = store::users::get(tx, &app_id, &to)?;
        let active = user.is_some_and(|user| !user.is_inactive());
        let since = now - CLAIM_LIFETIME;
        let claimed = active && store::magic_links::claim(tx, &id_hash, since, now)?;
        if claimed {
            store::events::insert(tx, &to, &event, now)?;
            // The link's opening was counted as the login.
            sign_ins::record(tx, &app_id, &to, None, &sign_in, now)?;
        }
        Ok::<_, Refusal>(claimed)
    });
    if !claim.await? {
        return Err(Refusal::invalid_magic_link());
    }
    let result = sign_ins::auth_result(app, &user_id, granted, now).await?;
    Ok(with_redirect(result, link))
}

/// Whether a client may have the tokens of a link that was opened. Anyone can request a link for anyone, so the id of a
/// link proves nothing about who opened it.
fn check(waiting: MagicLinkWaiting, link: &LinkRow, poller: Option<&[u8]>) -> Result<(), Refusal> {
    match waiting {
        MagicLinkWaiting::Any => Ok(()),
        MagicLinkWaiting::Never => Err(Refusal::magic_link_waiting_is_off()),
        MagicLinkWaiting::SameClient => {
            // A backend that requests a link gives its id to a client.
            let asker = link.asker.as_deref().or(poller);
            if poller.is_some() && poller == link.opener.as_deref() && poller == asker {
                Ok(())
            } else {
                Err(Refusal::magic_link_opened_elsewhere())
            }
        }
    }
}

/// Lets a change take effect whose link was opened by somebody else. The user who requested it is signed in, so they
/// keep their token. Asking again gets the same reply.
async fn confirm(
    state: &AppState,
    app: &App,
    link: LinkRow,
    own: &OwnToken,
    caller: Caller<'_>,
) -> Result<AuthResult, Refusal> {
    if link.changed_at.is_some() {
        return Ok(with_redirect(own.keep(app), link));
    }
    let now = state.clock.now();
    let event = caller.client.event(Action::Other, EventKind::MagicLink);
    let (app_id, user_id, id_hash) = (app.id.clone(), own.user_id.clone(), link.id_hash.clone());
    let new = Identifier::stored(&link.identifier);
    let (since, undo) = (link.created_at, UndoSecret::new());
    let (undo_hash, session) = (undo.hash(), own.session.clone());
    let apply = state.store.write(move |tx| {
        if !session.stands(tx)? {
            return Err(Refusal::invalid_magic_link());
        }
        let user = store::users::get(tx, &app_id, &user_id)?;
        let user = user.filter(|user| !user.is_inactive());
        let user = user.ok_or_else(Refusal::invalid_magic_link)?;
        if !store::magic_links::change(tx, &id_hash, now - CLAIM_LIFETIME, now)? {
            let link = store::magic_links::by_id(tx, &app_id, &id_hash)?;
            let changed = link.is_some_and(|link| link.changed_at.is_some());
            // Another request of the user was faster.
            return changed
                .then_some(None)
                .ok_or_else(Refusal::invalid_magic_link);
        }
        let request = change::Request {
            new: new.clone(),
            since,
            undo_hash: &undo_hash,
        };
        let change = change::apply(tx, &app_id, user, request, now)?;
        store::events::insert(tx, &user_id, &event, now)?;
        Ok(Some(change))
    });
    if let Some(change) = apply.await? {
        change::tell(state, app, &change, &undo, caller.client);
    }
    Ok(with_redirect(own.keep(app), link))
}
