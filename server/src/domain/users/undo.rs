//! Undoing a change of identifier. Whoever reads at the old identifier is sent a link that restores the account as it was
//! before the change, for a day.
//!
//! A thief who changes the address several times gets such links too, for addresses of their own. So the earliest change
//! wins: undoing it forgets all later ones, and undoing a later one leaves the earlier ones to be undone.
//!
//! An owner may also get back in otherwise and return to the old identifier. That is an undo too: what it replaces was
//! the thief's, who gets no link, and what was added beside it goes as well.

use super::find;
use crate::clock::Time;
use crate::delivery::{Notice, UNDO_LIFETIME, Undo};
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::notices;
use crate::domain::rate_limits::Kind;
use crate::domain::state::AppState;
use crate::identifier::Identifier;
use crate::ids::{self, AppId, UserId};
use crate::store::undo_offers::{self, NewOffer, OfferRow};
use crate::store::users::{IdentifierKind, UserRow};
use crate::store::{self, SqlError, StoreError, Tx};

/// Length of a secret, in characters: 285 random bits.
const SECRET_LENGTH: usize = 48;

/// The secret that undoes a change. It is made before the command that changes the identifier.
pub(crate) struct UndoSecret(String);

impl UndoSecret {
    pub(crate) fn new() -> Self {
        Self(ids::alphanumeric(SECRET_LENGTH))
    }

    /// The form that is stored.
    pub(crate) fn hash(&self) -> Vec<u8> {
        ids::hash(&self.0)
    }

    /// The page of this server where the change is undone.
    fn url(&self, state: &AppState, app: &App) -> String {
        let (auth, Self(secret)) = (state.auth_url(), self);
        format!("{auth}/apps/{}/undo-change?token={secret}", app.id)
    }
}

/// A change of identifier that somebody is told of.
pub(crate) struct Offer {
    to: Identifier,
    /// Whether `to` is the identifier that was replaced.
    replaced: bool,
    /// Whether they can undo it.
    undoable: bool,
    /// What had been added beside it, proved, and goes with it.
    removed: Option<Identifier>,
}

/// Records that the user is getting a new identifier, so that this can be undone, unless it undoes a change itself.
/// `user` is still without it, and loses what goes with the change: the caller stores both. `since` is when the change
/// was asked for. Returns who is to be told, with [`tell`].
pub(crate) fn offer(
    tx: &Tx<'_>,
    app_id: &AppId,
    user: &mut UserRow,
    new: &Identifier,
    since: Time,
    hash: &[u8],
    now: Time,
) -> Result<Option<Offer>, SqlError> {
    let kind = IdentifierKind::of(new);
    let (identifier, verified) = user.identifier(kind);
    if identifier == Some(new.as_str()) {
        return Ok(None);
    }
    let identifier = identifier.map(str::to_owned);
    let old = user.verified(kind);
    let replaced = old.is_some();
    // What was not proved may be anybody's, so the owner is told at the identifier that they proved.
    let to = old.or_else(|| notices::reached_at(user));
    // Who returns to what a change replaced undoes that change and the later ones. Earlier ones stay, so a thief who
    // returns to an address of their own takes no link from the owner.
    let undone = undo_offers::that_replaced(tx, &user.id, kind, new.as_str(), now)?;
    let offer = to.map(|to| Offer {
        to,
        replaced,
        undoable: undone.is_none(),
        removed: None,
    });
    if let Some(undone) = undone {
        undo_offers::forget_from(tx, &user.id, kind, undone)?;
        let removed = take_additions(tx, app_id, user, kind, undone, now)?;
        return Ok(offer.map(|offer| Offer { removed, ..offer }));
    }
    let row = NewOffer {
        hash: hash.to_vec(),
        user_id: user.id.clone(),
        kind,
        identifier,
        verified,
        offered: offer.is_some(),
        since,
        changed_at: now,
        expires_at: now + UNDO_LIFETIME,
    };
    undo_offers::insert(tx, &row)?;
    Ok(offer)
}

/// Takes back what was added beside an identifier after a change which the user undoes by returning: only whoever made
/// that change was told of it. Returns what was removed, if it was proved.
fn take_additions(
    tx: &Tx<'_>,
    app_id: &AppId,
    user: &mut UserRow,
    kind: IdentifierKind,
    undone: i64,
    now: Time,
) -> Result<Option<Identifier>, SqlError> {
    let (id, other) = (user.id.clone(), kind.other());
    // With an earlier change that can still be undone, it may be the thief who returns, to an address of their own: they
    // must not remove a number that the owner added.
    if undo_offers::earliest(tx, &id, kind, now)?.is_some() {
        undo_offers::withdraw_additions(tx, &id, other, undone)?;
        return Ok(None);
    }
    let Some(first) = undo_offers::addition(tx, &id, other, undone)? else {
        return Ok(None);
    };
    let added = user.verified(other);
    put_back(tx, app_id, user, &first, None, now)?;
    // A link for a later change was sent to what was added.
    undo_offers::forget_from(tx, &id, other, first.number)?;
    let (kept, _) = user.identifier(other);
    Ok(added.filter(|added| kept != Some(added.as_str())))
}

/// Tells of a change that was stored, with the link that undoes it if it can be undone.
pub(crate) fn tell(
    state: &AppState,
    app: &App,
    user_id: &UserId,
    offer: &Offer,
    new: &Identifier,
    secret: &UndoSecret,
    client: Option<&ClientInfo>,
) {
    if let Some(removed) = &offer.removed {
        let notice = Notice::AdditionRemoved(removed.as_str().to_owned());
        notices::tell(state, app, user_id, new, notice, client);
        // They may be the thief, who must not learn where the owner is.
        let notice = Notice::IdentifierRemoved;
        notices::tell(state, app, user_id, removed, notice, None);
    }
    let new = new.as_str().to_owned();
    let undo = offer.undoable.then(|| Undo(secret.url(state, app)));
    let notice = if offer.replaced {
        Notice::IdentifierChanged { new, undo }
    } else {
        Notice::IdentifierAdded { new, undo }
    };
    notices::tell(state, app, user_id, &offer.to, notice, client);
}

/// Why a change cannot be undone.
#[derive(Debug)]
pub(crate) enum UndoProblem {
    /// The secret is wrong or used, or its day is over.
    Over,
    /// Somebody has proved the old identifier for another account in the meantime.
    Taken,
    Refused(Refusal),
}

impl From<Refusal> for UndoProblem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<SqlError> for UndoProblem {
    fn from(error: SqlError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<StoreError> for UndoProblem {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

/// The change that a secret undoes. Nothing happens yet.
pub(crate) async fn look(
    state: &AppState,
    app: &App,
    secret: &str,
    client: &ClientInfo,
) -> Result<OfferRow, UndoProblem> {
    client.check_rate_limit(state, Kind::Try)?;
    let (app_id, hash, now) = (app.id.clone(), ids::hash(secret), state.clock.now());
    let read = state
        .store
        .read(move |tx| Ok::<_, UndoProblem>(undo_offers::get(tx, &app_id, &hash, now)?));
    read.await?.ok_or(UndoProblem::Over)
}

/// Undoes a change, and tells the owner, and whoever reads at a verified identifier that it removed. Nobody is signed in
/// by it.
pub(crate) async fn apply(
    state: &AppState,
    app: &App,
    secret: &str,
    client: &ClientInfo,
) -> Result<OfferRow, UndoProblem> {
    client.check_rate_limit(state, Kind::Try)?;
    let (app_id, hash, now) = (app.id.clone(), ids::hash(secret), state.clock.now());
    let undo = state.store.write(move |tx| {
        let offer = undo_offers::take(tx, &app_id, &hash, now)?.ok_or(UndoProblem::Over)?;
        let (before, user) = restore(tx, &app_id, &offer, now)?;
        Ok::<_, UndoProblem>((offer, before, user))
    });
    let (offer, before, user) = undo.await?;
    let restored = offer.identifier.as_deref().filter(|_| offer.verified);
    let to = restored.map(Identifier::stored);
    if let Some(to) = to.or_else(|| notices::reached_at(&user)) {
        let (id, notice) = (&user.id, Notice::ChangeUndone);
        notices::tell(state, app, id, &to, notice, Some(client));
    }
    for kind in [IdentifierKind::Email, IdentifierKind::Phone] {
        let (kept, _) = user.identifier(kind);
        let removed = before.verified(kind);
        if let Some(removed) = removed.filter(|old| kept != Some(old.as_str())) {
            // They may be the thief, who must not learn where the owner is.
            let notice = Notice::IdentifierRemoved;
            notices::tell(state, app, &user.id, &removed, notice, None);
        }
    }
    Ok(offer)
}

/// Restores the account as it was before the change. Returns the user as they were until now, and as they are.
fn restore(
    tx: &Tx<'_>,
    app_id: &AppId,
    offer: &OfferRow,
    now: Time,
) -> Result<(UserRow, UserRow), UndoProblem> {
    let (id, kind) = (&offer.user_id, offer.kind);
    let mut user = store::users::get(tx, app_id, id)?.ok_or(UndoProblem::Over)?;
    let before = user.clone();
    let mut since = offer.since;
    // Whoever undoes this reads at the old identifier, just as somebody who has proved it for another account since.
    let trick = Some(offer.since);
    if !put_back(tx, app_id, &mut user, offer, trick, now)? && offer.verified {
        return Err(UndoProblem::Taken);
    }
    undo_offers::forget_from(tx, id, kind, offer.number)?;
    // A thief may have replaced both, or added a number before replacing the address. But who undoes an addition is told
    // at the other identifier, which stays.
    let other = kind.other();
    if offer.verified
        && let Some(first) = undo_offers::earliest(tx, id, other, now)?
    {
        since = since.min(first.since);
        let free = put_back(tx, app_id, &mut user, &first, None, now)?;
        // What could not be put back stays to be undone by whoever reads there.
        let kept = i64::from(!free && first.verified);
        undo_offers::forget_from(tx, id, other, first.number + kept)?;
    }
    undo_offers::take_back(tx, id, since, now)?;
    let metadata = user.metadata();
    let user = store::users::update(tx, &user, &metadata, now)?;
    store::sign_ins::end_all(tx, id, now)?;
    Ok((before, user))
}

/// Gives the user the identifier from before a change. False if they have none instead, because another user has it: has
/// proved it since, or has it with the same right. `trick` as in [`take_from`].
fn put_back(
    tx: &Tx<'_>,
    app_id: &AppId,
    user: &mut UserRow,
    offer: &OfferRow,
    trick: Option<Time>,
    now: Time,
) -> Result<bool, SqlError> {
    let mut free = true;
    if let Some(old) = offer.identifier.as_deref().map(Identifier::stored)
        && let Some(holder) = find(tx, app_id, &old)?.filter(|holder| holder.id != user.id)
    {
        free = offer.verified && take_from(tx, app_id, holder, offer.kind, trick, now)?;
    }
    let old = offer.identifier.clone().filter(|_| free);
    user.set_identifier(offer.kind, old, offer.verified && free);
    Ok(free)
}

/// Takes an identifier from a user who has not proved it: otherwise anybody could prevent an undo by registering with
/// it. With `trick`, also from one who has, if they have nothing else and registered since then: the thief may have had
/// a link sent that the owner opened. False if they keep it.
fn take_from(
    tx: &Tx<'_>,
    app_id: &AppId,
    mut holder: UserRow,
    kind: IdentifierKind,
    trick: Option<Time>,
    now: Time,
) -> Result<bool, SqlError> {
    if holder.identifier(kind).1 {
        let Some(since) = trick else {
            return Ok(false);
        };
        let taken = undo_offers::take_proved(tx, app_id, &holder.id, kind, since, now)?;
        if taken {
            store::sign_ins::end_all(tx, &holder.id, now)?;
            store::users::delete(tx, app_id, &holder.id)?;
        }
        return Ok(taken);
    }
    holder.set_identifier(kind, None, false);
    let metadata = holder.metadata();
    store::users::update(tx, &holder, &metadata, now)?;
    store::users::delete_unreachable(tx, app_id, &holder.id)?;
    Ok(true)
}
