//! What changes when somebody proves that an account, or an identifier, is theirs.

use super::audit::{AuditAction, Change};
use super::{SqlError, Tx, sign_ins, undo_offers};
use crate::clock::Time;
use crate::identifier::Identifier;
use crate::ids::UserId;

/// Removes everything by which somebody else could get into a user's account: passkeys, sign-ins, connections to
/// providers, and whatever was begun for the user or can be undone. The identifiers stay, and so do the link that is
/// being opened, and codes and links that were sent to the proved identifier, which prove the same. Returns whether
/// there was anything that somebody had or used.
pub(crate) fn clear(
    tx: &Tx<'_>,
    user_id: &UserId,
    proved: &Identifier,
    opened: Option<&[u8]>,
    now: Time,
) -> Result<bool, SqlError> {
    let signed_in: bool = tx.value(
        "SELECT EXISTS (SELECT 1 FROM sign_ins WHERE user_id = ? AND expires_at > ?)",
        (user_id, now),
    )?;
    sign_ins::end_all_but(tx, user_id, opened, now)?;
    let mut removed = signed_in;
    for statement in [
        "DELETE FROM devices WHERE user_id = ?",
        "DELETE FROM social_connections WHERE user_id = ?",
    ] {
        removed |= tx.hits(statement, (user_id,))?;
    }
    tx.run("DELETE FROM ceremonies WHERE user_id = ?", (user_id,))?;
    tx.run(
        "DELETE FROM one_time_codes WHERE user_id = ? AND identifier <> ?",
        (user_id, proved.as_str()),
    )?;
    tx.run(
        "DELETE FROM magic_links WHERE user_id = ? AND id_hash IS NOT ?
         AND NOT (delivered AND identifier = ? AND purpose <> 'change_identifier')",
        (user_id, opened, proved.as_str()),
    )?;
    undo_offers::forget(tx, user_id)?;
    // The next passkey must not have the handle of those that were made for somebody else.
    tx.run(
        "UPDATE users SET user_handle = NULL WHERE id = ?",
        (user_id,),
    )?;
    if removed {
        let change = Change::new(AuditAction::AccountCleared).at(now);
        change.user(user_id).insert(tx)?;
    }
    Ok(removed)
}

/// Ends whatever was begun for a user and is still under way: links, codes and ceremonies, and the transactions of their
/// external id with the proofs of completed ones.
pub(crate) fn end_begun(tx: &Tx<'_>, user_id: &UserId) -> Result<(), SqlError> {
    for statement in [
        "DELETE FROM magic_links WHERE user_id = ?",
        "DELETE FROM one_time_codes WHERE user_id = ?",
        "DELETE FROM ceremonies WHERE user_id = ?",
    ] {
        tx.run(statement, (user_id,))?;
    }
    undo_offers::end_transactions(tx, user_id)
}

/// Takes an identifier from a user. Returns whether the user had it, unverified.
pub(crate) fn take_identifier(
    tx: &Tx<'_>,
    user_id: &UserId,
    identifier: &Identifier,
    now: Time,
) -> Result<bool, SqlError> {
    let (statement, action) = match identifier {
        Identifier::Email(_) => (
            "UPDATE users SET email = NULL, updated_at = ?
             WHERE id = ? AND email = ? AND email_verified = 0",
            AuditAction::EmailChanged,
        ),
        Identifier::Phone(_) => (
            "UPDATE users SET phone = NULL, updated_at = ?
             WHERE id = ? AND phone = ? AND phone_verified = 0",
            AuditAction::PhoneChanged,
        ),
    };
    let taken = tx.hits(statement, (now, user_id, identifier.as_str()))?;
    if taken {
        let change = Change::new(action).at(now).user(user_id);
        change.identifier(Some(identifier.as_str())).insert(tx)?;
    }
    Ok(taken)
}

/// Gives a link to another user: the one whom its opening made.
pub(crate) fn give_link(tx: &Tx<'_>, id_hash: &[u8], user_id: &UserId) -> Result<(), SqlError> {
    tx.run(
        "UPDATE magic_links SET user_id = ? WHERE id_hash = ?",
        (user_id, id_hash),
    )?;
    Ok(())
}
