//! Which user an account at a provider belongs to.

use super::Identity;
use crate::clock::Time;
use crate::domain::error::Refusal;
use crate::domain::sign_ins::Session;
use crate::domain::state::AppState;
use crate::domain::users::{self, proof};
use crate::identifier::Identifier;
use crate::ids::{AppId, UserId};
use crate::store;
use crate::store::Tx;
use crate::store::events::Action;
use crate::store::social_connections::ConnectionRow;
use crate::store::users::{MadeBy, UserRow};

/// The user whom an account signs in, and whether this is a `login` or a `register`.
///
/// A known connection signs its user in. Any other account is new, and must have a verified e-mail address that no user
/// has; it gets the new id. An address alone never gives access to an existing user: providers reassign addresses. The user can still
/// connect the account with `link`.
pub(super) fn user(
    tx: &Tx<'_>,
    app_id: &AppId,
    identity: &Identity,
    new_id: &UserId,
    now: Time,
) -> Result<(UserId, Action), Refusal> {
    let provider = identity.provider.as_str();
    let known = store::social_connections::by_account(tx, app_id, provider, &identity.subject)?;
    if let Some(connection) = known {
        let user = active(tx, app_id, &connection.user_id)?;
        store::social_connections::note_login(tx, &connection, identity.identifier(), now)?;
        return Ok((user.id, Action::Login));
    }
    // With an unverified address somebody could register in another person's name and wait for them to sign in.
    let verified = identity.email.clone().filter(|_| identity.email_verified);
    let email = verified.ok_or_else(Refusal::identifier_not_verified)?;
    let identifier = Identifier::Email(email);
    let by = MadeBy::Themselves;
    let user = users::create(tx, app_id, new_id, &identifier, by, now)?;
    let id = user.id.clone();
    proof::adopt(tx, user, &identifier, now)?;
    let row = connection(&id, identity, now, now);
    store::social_connections::insert(tx, app_id, &row)?;
    Ok((id, Action::Register))
}

/// Connects an account to a user. Connecting it again is not an error.
pub(super) fn connect(
    tx: &Tx<'_>,
    app_id: &AppId,
    user_id: &UserId,
    identity: &Identity,
    now: Time,
) -> Result<(), Refusal> {
    let user = active(tx, app_id, user_id)?;
    let provider = identity.provider.as_str();
    let known = store::social_connections::by_account(tx, app_id, provider, &identity.subject)?;
    match known {
        Some(connection) if connection.user_id == user.id => return Ok(()),
        Some(_) => {
            return Err(Refusal::operation_not_allowed(
                "social login: the account is connected to another user.",
            ));
        }
        None => {}
    }
    let row = connection(&user.id, identity, now, Time::NEVER);
    match store::social_connections::insert(tx, app_id, &row) {
        Err(error) if error.is_taken() => Err(Refusal::operation_not_allowed(
            "social login: another account of this provider is connected, remove it first.",
        )),
        other => Ok(other?),
    }
}

/// Removes a user's connection to a provider.
pub(crate) async fn disconnect(
    state: &AppState,
    (user_id, session): (UserId, Session),
    provider: String,
) -> Result<(), Refusal> {
    let delete = state.store.write(move |tx| {
        session.check(tx)?;
        Ok::<_, Refusal>(store::social_connections::delete(tx, &user_id, &provider)?)
    });
    if delete.await? {
        Ok(())
    } else {
        Err(Refusal::social_connection_not_found())
    }
}

fn active(tx: &Tx<'_>, app_id: &AppId, user_id: &UserId) -> Result<UserRow, Refusal> {
    let user = store::users::get(tx, app_id, user_id)?.ok_or_else(Refusal::user_not_found)?;
    if user.is_inactive() {
        return Err(Refusal::user_not_active());
    }
    Ok(user)
}

fn connection(
    user_id: &UserId,
    identity: &Identity,
    created_at: Time,
    last_login_at: Time,
) -> ConnectionRow {
    ConnectionRow {
        user_id: user_id.to_owned(),
        r#type: identity.provider.as_str().to_owned(),
        provider_id: identity.subject.clone(),
        provider_identifier: identity.identifier().to_owned(),
        created_at,
        last_login_at,
    }
}
