//! Changing the identifier of a user who has confirmed the new one.

use super::undo::{self, Offer, UndoSecret};
use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::state::AppState;
use crate::domain::users::proof;
use crate::identifier::Identifier;
use crate::ids::AppId;
use crate::store;
use crate::store::Tx;
use crate::store::users::UserRow;

/// A change that a user requested.
pub(crate) struct Request<'a> {
    pub(crate) new: Identifier,
    /// When it was requested.
    pub(crate) since: Time,
    /// Of the secret that undoes it.
    pub(crate) undo_hash: &'a [u8],
}

/// A change that took effect.
pub(crate) struct Change {
    /// The user as they are now.
    pub(crate) user: UserRow,
    new: Identifier,
    /// Who is told of it, and can undo it.
    offer: Option<Offer>,
}

/// Gives a user an identifier in place of the one of the same kind. It must be free or their own. The caller knows that
/// the user requested the change, and that somebody opened the link that was sent to the new identifier.
pub(crate) fn apply(
    tx: &Tx<'_>,
    app_id: &AppId,
    mut user: UserRow,
    request: Request<'_>,
    now: Time,
) -> Result<Change, Refusal> {
    let Request {
        new,
        since,
        undo_hash,
    } = request;
    let id = user.id.clone();
    let offer = undo::offer(tx, app_id, &mut user, &new, since, undo_hash, now)?;
    proof::adopt(tx, user, &new, now)?;
    let user = store::users::get(tx, app_id, &id)?.ok_or_else(Refusal::user_not_found)?;
    Ok(Change { user, new, offer })
}

/// Tells the owner at the old identifier, or at another one if the new one replaces nothing, with the link that undoes
/// the change. It must run after the change is stored.
pub(crate) fn tell(
    state: &AppState,
    app: &App,
    change: &Change,
    undo: &UndoSecret,
    client: &ClientInfo,
) {
    if let Some(offer) = &change.offer {
        let Change { user, new, .. } = change;
        undo::tell(state, app, &user.id, offer, new, undo, Some(client));
    }
}
