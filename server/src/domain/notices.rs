//! Telling owners of changes to their account.

use super::apps::App;
use super::client::ClientInfo;
use super::state::AppState;
use crate::delivery::{Channel, Language, Message, NewNotice, Notice};
use crate::identifier::Identifier;
use crate::ids::UserId;
use crate::store::users::{IdentifierKind, UserRow};

/// Where the owner of an account is told of a change: their verified e-mail address, or else their verified phone
/// number. An unverified identifier may be somebody else's.
pub(crate) fn reached_at(user: &UserRow) -> Option<Identifier> {
    user.verified(IdentifierKind::Email)
        .or_else(|| user.verified(IdentifierKind::Phone))
}

/// Tells the owner of an account of a change. Without a verified identifier, or a provider that reaches it, nobody is
/// told. `client` is who did it, `None` for the app's backend.
pub(crate) fn tell_owner(
    state: &AppState,
    app: &App,
    user: &UserRow,
    notice: Notice,
    client: Option<&ClientInfo>,
) {
    if let Some(to) = reached_at(user) {
        tell(state, app, &user.id, &to, notice, client);
    }
}

/// Tells the owner of an identifier of a change, in English: the server does not know their language.
pub(crate) fn tell(
    state: &AppState,
    app: &App,
    user_id: &UserId,
    to: &Identifier,
    notice: Notice,
    client: Option<&ClientInfo>,
) {
    if !state.sender.reaches(Channel::of(to)) {
        return;
    }
    let now = state.clock.now();
    let new = NewNotice {
        to,
        user_id: user_id.clone(),
        notice,
        requester: client.map(|client| client.requester(now)),
        language: Language::En,
        created_at: now,
    };
    state.sender.send(Message::notify(&app.settings.name, new));
}
