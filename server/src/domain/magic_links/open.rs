//! Opening a link.

use passage_identity::generated::auth::types::AuthResult;

use super::{Caller, with_redirect};
use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::rate_limits::Kind;
use crate::domain::settings::ChangeConfirmedBy;
use crate::domain::sign_ins;
use crate::domain::state::AppState;
use crate::domain::users;
use crate::domain::users::change::{self, Change};
use crate::domain::users::proof::{self, Proven, Prover};
use crate::domain::users::undo::UndoSecret;
use crate::identifier::Identifier;
use crate::ids::{self, AppId};
use crate::store;
use crate::store::events::{Action, EventKind, NewEvent};
use crate::store::magic_links::LinkRow;
use crate::store::{Purpose, Tx};

/// A link that is being opened.
struct Opening {
    app_id: AppId,
    hash: Vec<u8>,
    /// The opener's network and user agent.
    opener: Option<Vec<u8>>,
    /// The opener, with the user whose auth token they have.
    prover: Prover,
    change_confirmed_by: ChangeConfirmedBy,
    /// Of the secret that undoes a change.
    undo_hash: Vec<u8>,
    /// What is recorded of a change by a user who is signed in already.
    event: NewEvent,
    now: Time,
}

/// The result of opening a link.
enum Opened {
    /// It signs a user in.
    SignsIn(Proven, LinkRow),
    /// It changed an identifier, and signs the user in unless they sent their own auth token.
    Changed(Box<Change>, LinkRow),
    /// It confirms a change that somebody else requested. They have to confirm it as well.
    OfAnother,
}

/// Signs in the user who opened a link. Whatever the link's purpose, the API's only reply carries tokens.
pub(crate) async fn open(
    state: &AppState,
    app: &App,
    secret: &str,
    caller: Caller<'_>,
) -> Result<AuthResult, Refusal> {
    let Caller { client, own } = caller;
    client.check_rate_limit(state, Kind::Try)?;
    let undo = UndoSecret::new();
    let opening = Opening {
        app_id: app.id.clone(),
        hash: ids::hash(secret),
        opener: client.fingerprint(),
        prover: Prover::new(own.map(|own| own.user_id.clone())),
        change_confirmed_by: app.settings.change_confirmed_by,
        undo_hash: undo.hash(),
        event: client.event(Action::Other, EventKind::MagicLink),
        now: state.clock.now(),
    };
    let (user_id, action, link) = match state.store.write(move |tx| take(tx, &opening)).await? {
        Opened::OfAnother => return Err(Refusal::change_needs_its_asker()),
        Opened::SignsIn(proven, link) => {
            proven.tell(state, app, &Identifier::stored(&link.identifier), client);
            let action = proven.action(link.purpose.action());
            (proven.user_id, action, link)
        }
        Opened::Changed(change, link) => {
            change::tell(state, app, &change, &undo, client);
            if let Some(own) = own.filter(|own| own.user_id == change.user.id) {
                return Ok(with_redirect(own.keep(app), link));
            }
            (change.user.id, link.purpose.action(), link)
        }
    };
    let event = client.event(action, EventKind::MagicLink);
    let result = sign_ins::sign_in(state, app, &user_id, event).await?;
    Ok(with_redirect(result, link))
}

/// Uses a link up: records what it proves, and prevents it from being opened again. An error rolls this back.
fn take(tx: &Tx<'_>, opening: &Opening) -> Result<Opened, Refusal> {
    let Opening { app_id, now, .. } = opening;
    let opener = opening.opener.as_deref();
    let link = store::magic_links::open(tx, app_id, &opening.hash, opener, *now)?
        .ok_or_else(Refusal::invalid_magic_link)?;
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
    let has = users::has(&user, &identifier);
    let signed_in = opening.prover.signed_in.as_ref() == Some(&user_id);
    let changes = link.purpose == Purpose::ChangeIdentifier;
    // For an identifier that the user has already, whoever reads there proves it, as with any other link.
    if changes && (signed_in || !has) {
        let same_client = link.asker.is_some() && link.asker.as_deref() == opener;
        let anybody = opening.change_confirmed_by == ChangeConfirmedBy::Anybody;
        if !(signed_in || same_client || anybody) {
            return Ok(Opened::OfAnother);
        }
        if !store::magic_links::change(tx, &link.id_hash, Time::MIN, *now)? {
            return Err(Refusal::invalid_magic_link());
        }
        let request = change::Request {
            new: identifier,
            since: link.created_at,
            undo_hash: &opening.undo_hash,
        };
        let change = change::apply(tx, app_id, user, request, *now)?;
        if signed_in {
            store::events::insert(tx, &user_id, &opening.event, *now)?;
        }
        return Ok(Opened::Changed(Box::new(change), link));
    }
    // The user no longer has the identifier that the link was sent to, or the link was opened before.
    if !has || (changes && !store::magic_links::change(tx, &link.id_hash, Time::MIN, *now)?) {
        return Err(Refusal::invalid_magic_link());
    }
    // A sign-in link that the app's backend delivered may have been sent anywhere.
    let proves = link.delivered || link.purpose == Purpose::VerifyIdentifier;
    let proven = if proves {
        let opened = Some(link.id_hash.as_slice());
        proof::prove(tx, app_id, user, &identifier, &opening.prover, opened, *now)?
    } else {
        Proven::unchanged(&user)
    };
    Ok(Opened::SignsIn(proven, link))
}
