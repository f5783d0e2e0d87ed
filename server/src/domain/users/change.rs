//! Changing the identifier of a user who has confirmed the new one.

use crate::clock::Time;
use crate::delivery::{Language, Notice};
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::notices;
use crate::domain::state::AppState;
use crate::domain::users::proof;
use crate::identifier::Identifier;
use crate::ids::AppId;
use crate::store;
use crate::store::Tx;
use crate::store::users::UserRow;

/// A change that took effect.
pub(crate) struct Change {
    /// The user as they are now.
    pub(crate) user: UserRow,
    pub(crate) new: Identifier,
    /// The verified identifier that was replaced, if there was one.
    pub(crate) old: Option<Identifier>,
    /// Where their owner was reached before.
    reached_at: Option<Identifier>,
}

/// Gives a user an identifier in place of the one of the same kind. It must be free or their own. The caller knows that
/// the user requested the change, and that somebody opened the link that was sent to the new identifier.
pub(crate) fn apply(
    tx: &Tx<'_>,
    app_id: &AppId,
    user: UserRow,
    new: Identifier,
    now: Time,
) -> Result<Change, Refusal> {
    let reached_at = notices::reached_at(&user);
    let old = match new {
        Identifier::Email(_) if user.email_verified => user.email.clone().map(Identifier::Email),
        Identifier::Phone(_) if user.phone_verified => user.phone.clone().map(Identifier::Phone),
        _ => None,
    };
    let id = user.id.clone();
    proof::adopt(tx, user, &new, now)?;
    let user = store::users::get(tx, app_id, &id)?.ok_or_else(Refusal::user_not_found)?;
    Ok(Change {
        user,
        old: old.filter(|old| *old != new),
        new,
        reached_at,
    })
}

/// Tells the owner at the old identifier, or at another one if the new one replaces nothing. It must run after the
/// change is stored.
pub(crate) fn tell(state: &AppState, app: &App, change: &Change, client: Option<&ClientInfo>) {
    let new = change.new.as_str().to_owned();
    let (to, notice) = match (&change.old, &change.reached_at) {
        (Some(old), _) => (old, Notice::IdentifierChanged { new, undo: None }),
        (None, Some(reached)) if *reached != change.new => (reached, Notice::IdentifierAdded(new)),
        (None, _) => return,
    };
    let id = &change.user.id;
    notices::tell(state, app, id, to, notice, client, Language::En);
}
