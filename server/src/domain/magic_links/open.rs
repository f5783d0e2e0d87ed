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
use crate::ids::{self, AppId, SignInId, UserId};
use crate::store;
use crate::store::events::{Action, EventKind, NewEvent};
use crate::store::magic_links::LinkRow;
use crate::store::sign_ins::{SignInRow, Standing};
use crate::store::users::UserRow;
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
    /// What is recorded, with the action that it turns out to be.
    event: NewEvent,
    /// The sign-in that is stored if the link makes one.
    sign_in: SignInRow,
    now: Time,
}

/// The result of opening a link.
enum Opened {
    /// It signs a user in.
    SignsIn(Proven, LinkRow),
    /// It changed an identifier.
    Changed(Box<Change>, LinkRow, Reply),
    /// It confirms a change that somebody else requested. They have to confirm it as well.
    OfAnother,
}

/// What the opener of a link that changed an identifier gets.
enum Reply {
    /// They sent their own auth token, and keep it.
    Keeps,
    /// They are on the client of the asker, whose sign-in goes on: another token of it.
    OfAsker(SignInId, Standing),
    SignsIn,
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
    let (undo, now) = (UndoSecret::new(), state.clock.now());
    let prover = Prover::new(own);
    // Whose it is turns out when the link is opened.
    let (sign_in, granted) = sign_ins::prepare(&app.settings, &prover.new_id, now);
    let opening = Opening {
        app_id: app.id.clone(),
        hash: ids::hash(secret),
        opener: client.fingerprint(),
        prover,
        change_confirmed_by: app.settings.change_confirmed_by,
        undo_hash: undo.hash(),
        event: client.event(Action::Other, EventKind::MagicLink),
        sign_in,
        now,
    };
    let (result, link) = match state.store.write(move |tx| take(tx, &opening)).await? {
        Opened::OfAnother => return Err(Refusal::change_needs_its_asker()),
        Opened::SignsIn(proven, link) => {
            proven.tell(state, app, &Identifier::stored(&link.identifier), client);
            let result = sign_ins::auth_result(app, &proven.user_id, granted, now).await?;
            (result, link)
        }
        Opened::Changed(change, link, reply) => {
            change::tell(state, app, &change, &undo, client);
            let user_id = &change.user.id;
            let result = match reply {
                Reply::Keeps => own
                    .map(|own| own.keep(app))
                    .ok_or_else(Refusal::invalid_magic_link)?,
                Reply::OfAsker(id, standing) => {
                    sign_ins::go_on(app, user_id, &id, &standing, now).await?
                }
                Reply::SignsIn => sign_ins::auth_result(app, user_id, granted, now).await?,
            };
            (result, link)
        }
    };
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
    let prover = opening.prover.current(tx)?;
    let signed_in = prover.signed_in.as_ref() == Some(&user_id);
    let changes = link.purpose == Purpose::ChangeIdentifier;
    // Who asked may have proved the identifier by another link since. Then this one proves nothing, and must not sign a
    // stranger in to the account.
    if changes && !signed_in && has && is_verified(&user, &identifier) {
        return Err(Refusal::invalid_magic_link());
    }
    // For an identifier that the user has unproved, whoever reads there proves it, as with any other link.
    if changes && (signed_in || !has) {
        let Some(reply) = opening.reply(tx, &link, &user_id, signed_in)? else {
            return Ok(Opened::OfAnother);
        };
        if !store::magic_links::change(tx, &link.id_hash, Time::MIN, *now)? {
            return Err(Refusal::invalid_magic_link());
        }
        let request = change::Request {
            new: identifier,
            since: link.created_at,
            undo_hash: &opening.undo_hash,
        };
        let change = change::apply(tx, app_id, user, request, *now)?;
        match reply {
            Reply::SignsIn => opening.record(tx, &user_id, link.purpose.action())?,
            Reply::Keeps | Reply::OfAsker(..) => {
                store::events::insert(tx, &user_id, &opening.event, *now)?;
            }
        }
        return Ok(Opened::Changed(Box::new(change), link, reply));
    }
    // The user no longer has the identifier that the link was sent to, or the link was opened before.
    if !has || (changes && !store::magic_links::change(tx, &link.id_hash, Time::MIN, *now)?) {
        return Err(Refusal::invalid_magic_link());
    }
    // A sign-in link that the app's backend delivered may have been sent anywhere.
    let proves = link.delivered || link.purpose == Purpose::VerifyIdentifier;
    let proven = if proves {
        let opened = Some(link.id_hash.as_slice());
        proof::prove(tx, app_id, user, &identifier, &prover, opened, *now)?
    } else {
        Proven::unchanged(&user)
    };
    let action = proven.action(link.purpose.action());
    opening.record(tx, &proven.user_id, action)?;
    Ok(Opened::SignsIn(proven, link))
}

/// Whether the identifier of this kind that the user has is verified.
fn is_verified(user: &UserRow, identifier: &Identifier) -> bool {
    match identifier {
        Identifier::Email(_) => user.email_verified,
        Identifier::Phone(_) => user.phone_verified,
    }
}

impl Opening {
    /// What the opener of a change gets. `None` if the asker has to confirm it as well.
    fn reply(
        &self,
        tx: &Tx<'_>,
        link: &LinkRow,
        user_id: &UserId,
        signed_in: bool,
    ) -> Result<Option<Reply>, Refusal> {
        if signed_in {
            return Ok(Some(Reply::Keeps));
        }
        if self.change_confirmed_by == ChangeConfirmedBy::Anybody {
            return Ok(Some(Reply::SignsIn));
        }
        let same_client = link.asker.is_some() && link.asker == self.opener;
        let asker = link.sign_in_id.as_ref().filter(|_| same_client);
        let Some(asker) = asker else {
            return Ok(None);
        };
        // A new sign-in would be recent, which a stolen token must not become.
        let standing = store::sign_ins::standing(tx, asker, user_id, self.now)?
            .ok_or_else(Refusal::invalid_magic_link)?;
        Ok(Some(Reply::OfAsker(asker.clone(), standing)))
    }

    /// Stores the sign-in with what it is for, so that it cannot come after a revocation that it did not see.
    fn record(&self, tx: &Tx<'_>, user_id: &UserId, action: Action) -> Result<(), Refusal> {
        let event = NewEvent {
            action,
            ..self.event.clone()
        };
        let (app_id, now) = (&self.app_id, self.now);
        sign_ins::record(tx, app_id, user_id, Some(&event), &self.sign_in, now)
    }
}
