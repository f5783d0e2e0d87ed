//! Users and their identifiers: who has one, and who may get a code or a link. [`manage`] has the operations of
//! backends, [`account`] those of users themselves, [`change`] the change of an identifier and [`undo`] its undoing, and
//! [`proof`] says whose an account is.

pub(crate) mod account;
pub(crate) mod change;
pub(crate) mod manage;
pub(crate) mod proof;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
pub(crate) mod undo;
pub(crate) mod verification;

use crate::clock::Time;
use crate::domain::error::Refusal;
use crate::identifier::{self, Identifier};
use crate::ids::AppId;
use crate::ids::UserId;
use crate::store;
use crate::store::users::{IdentifierKind, MadeBy, NewUser, UserRow};
use crate::store::{Purpose, SqlError, Tx};

/// An e-mail address in a request, normalized.
pub(crate) fn email(text: &str) -> Result<String, Refusal> {
    identifier::email(text)
        .ok_or_else(|| Refusal::invalid_request("email: must be an e-mail address."))
}

/// A phone number in a request, normalized.
pub(crate) fn phone(text: &str) -> Result<String, Refusal> {
    identifier::phone(text).ok_or_else(|| {
        Refusal::invalid_request("phone: must be in E.164 form, such as +15005550006.")
    })
}

/// The user who has the identifier.
pub(crate) fn find(
    tx: &Tx<'_>,
    app_id: &AppId,
    identifier: &Identifier,
) -> Result<Option<UserRow>, SqlError> {
    let user = match identifier {
        Identifier::Email(email) => store::users::by_email(tx, app_id, email),
        Identifier::Phone(phone) => store::users::by_phone(tx, app_id, phone),
    }?;
    if let Some(user) = &user {
        tx.acting().concerns(&user.id);
    }
    Ok(user)
}

/// Creates a user with this id and the identifier, which must be free.
pub(crate) fn create(
    tx: &Tx<'_>,
    app_id: &AppId,
    id: &UserId,
    identifier: &Identifier,
    made_by: MadeBy,
    now: Time,
) -> Result<UserRow, Refusal> {
    insert(tx, app_id, &new_user(id, identifier, made_by), now)
}

/// A user to be created with the identifier.
fn new_user(id: &UserId, identifier: &Identifier, made_by: MadeBy) -> NewUser {
    let (email, phone) = match identifier {
        Identifier::Email(email) => (Some(email.clone()), None),
        Identifier::Phone(phone) => (None, Some(phone.clone())),
    };
    NewUser {
        email,
        phone,
        ..NewUser::new(id.clone(), made_by)
    }
}

/// Creates a user whose identifiers must be free.
fn insert(tx: &Tx<'_>, app_id: &AppId, new: &NewUser, now: Time) -> Result<UserRow, Refusal> {
    taken(store::users::insert(tx, app_id, new, now))
}

/// A unique violation means that another user has the identifier.
fn taken(result: Result<UserRow, SqlError>) -> Result<UserRow, Refusal> {
    result.map_err(|error| {
        if error.is_taken() {
            Refusal::user_exists()
        } else {
            error.into()
        }
    })
}

/// The recipient and the purpose of a code or link. There may be no recipient, and then no reply may reveal it.
pub(crate) struct Receiver {
    pub(crate) user: Option<UserRow>,
    pub(crate) purpose: Purpose,
}

/// Finds, or for a registration creates with a new id, the user whom a code or link is for.
///
/// The API reveals who is known: 404 for a login by an unknown user, 400 for a registration of a user who has signed in
/// before. An app that conceals its users gives the same answer in all cases. Unknown and inactive users then get no
/// message, and registering a known identifier becomes a login for the person who reads the messages there.
pub(crate) fn receiver(
    tx: &Tx<'_>,
    app_id: &AppId,
    conceal: bool,
    purpose: Purpose,
    identifier: &Identifier,
    new_id: &UserId,
    now: Time,
) -> Result<Receiver, Refusal> {
    let found = find(tx, app_id, identifier)?;
    let to = |user, purpose| Ok(Receiver { user, purpose });
    match (found, purpose) {
        (None, Purpose::Register) => {
            let by = MadeBy::Themselves;
            let user = create(tx, app_id, new_id, identifier, by, now)?;
            to(Some(user), purpose)
        }
        // Clients create a user, then register them; and an abandoned registration may start again. The message only
        // reaches the owner of the identifier.
        (Some(user), Purpose::Register) if !conceal && user.is_pending() => to(Some(user), purpose),
        (Some(_), Purpose::Register) if !conceal => Err(Refusal::user_exists()),
        (None, _) if !conceal => Err(Refusal::user_not_found()),
        (Some(user), _) if user.is_inactive() && !conceal => Err(Refusal::user_not_active()),
        (found, _) => to(found.filter(|user| !user.is_inactive()), Purpose::Login),
    }
}

/// Whether the user has the identifier.
pub(crate) fn has(user: &UserRow, identifier: &Identifier) -> bool {
    let (own, _) = user.identifier(IdentifierKind::of(identifier));
    own == Some(identifier.as_str())
}

/// Removes from a user what strangers may not see. They know the identifier that they sent; the other one and the
/// metadata are no business of theirs.
pub(crate) fn conceal(user: &mut UserRow, asked: &Identifier) {
    user.set_identifier(IdentifierKind::of(asked).other(), None, false);
    user.external_id = None;
    user.clear_metadata();
}
