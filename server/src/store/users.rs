//! Users.

mod identifiers;

use serde_json::{Map, Value};

pub(crate) use self::identifiers::IdentifierKind;
use super::audit::{self, AuditAction, Change};
use super::text_enum::text_enum;
use super::{SqlError, Tx, columns, undo_offers};
use crate::clock::Time;
use crate::ids::{AppId, UserId};

text_enum! {
    /// Whether a user may sign in.
    UserStatus {
        /// Has never signed in.
        Pending = "pending",
        Active = "active",
        /// Was deactivated.
        Inactive = "inactive",
    }
}

text_enum! {
    /// Who made a user, which decides who may claim the account.
    MadeBy {
        /// The app's backend, or nobody knows: users from before this was noted count as its.
        Backend = "backend",
        Import = "import",
        /// Somebody who signed up with the identifier, and has proved nothing by that.
        Themselves = "themselves",
    }
}

/// A user as stored.
#[derive(Debug, Clone)]
pub(crate) struct UserRow {
    pub(crate) id: UserId,
    pub(crate) email: Option<String>,
    pub(crate) email_verified: bool,
    pub(crate) phone: Option<String>,
    pub(crate) phone_verified: bool,
    pub(crate) external_id: Option<String>,
    pub(crate) status: UserStatus,
    pub(crate) made_by: MadeBy,
    pub(crate) login_count: i64,
    pub(crate) last_login_at: Time,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    user_metadata: String,
}

columns!(UserRow {
    id,
    email,
    email_verified,
    phone,
    phone_verified,
    external_id,
    status,
    made_by,
    login_count,
    last_login_at,
    created_at,
    updated_at,
    user_metadata
});

impl UserRow {
    /// Metadata values by field name.
    pub(crate) fn metadata(&self) -> Map<String, Value> {
        // Only what `metadata_text` wrote is ever read here.
        serde_json::from_str(&self.user_metadata).unwrap_or_default()
    }

    /// Whether the user was deactivated.
    pub(crate) fn is_inactive(&self) -> bool {
        self.status == UserStatus::Inactive
    }

    /// Whether the user never signed in.
    pub(crate) fn is_pending(&self) -> bool {
        self.status == UserStatus::Pending
    }

    /// Whether the user made the account themselves, which anybody could have done in their name.
    pub(crate) fn made_themselves(&self) -> bool {
        self.made_by == MadeBy::Themselves
    }

    /// Removes the metadata, for callers who may not see it.
    pub(crate) fn clear_metadata(&mut self) {
        self.user_metadata = metadata_text(&Map::new());
    }
}

fn metadata_text(metadata: &Map<String, Value>) -> String {
    serde_json::to_string(metadata).unwrap_or_else(|_| "{}".to_owned())
}

/// The initial values of a new user.
#[derive(Debug, Clone)]
pub(crate) struct NewUser {
    pub(crate) id: UserId,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) made_by: MadeBy,
    pub(crate) metadata: Map<String, Value>,
}

impl NewUser {
    /// A user with this id and nothing else.
    pub(crate) fn new(id: UserId, made_by: MadeBy) -> Self {
        Self {
            id,
            email: None,
            phone: None,
            external_id: None,
            made_by,
            metadata: Map::new(),
        }
    }
}

/// Creates a pending user. A unique violation means that an identifier is taken.
pub(crate) fn insert(
    tx: &Tx<'_>,
    app_id: &AppId,
    new: &NewUser,
    now: Time,
) -> Result<UserRow, SqlError> {
    let user: UserRow = tx.row(
        "INSERT INTO users (id, app_id, email, phone, external_id, status, made_by,
         created_at, updated_at, user_metadata)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
        (
            &new.id,
            app_id,
            &new.email,
            &new.phone,
            &new.external_id,
            UserStatus::Pending,
            new.made_by,
            now,
            now,
            metadata_text(&new.metadata),
        ),
    )?;
    let identifier = user.email.as_deref().or(user.phone.as_deref());
    let change = Change::new(AuditAction::UserCreated).at(now).user(&user.id);
    change.identifier(identifier).insert(tx)?;
    Ok(user)
}

/// One user.
pub(crate) fn get(tx: &Tx<'_>, app_id: &AppId, id: &UserId) -> Result<Option<UserRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM users WHERE app_id = ? AND id = ?",
        (app_id, id),
    )
}

/// The user with this e-mail address, in lower case.
pub(crate) fn by_email(
    tx: &Tx<'_>,
    app_id: &AppId,
    email: &str,
) -> Result<Option<UserRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM users WHERE app_id = ? AND email = ?",
        (app_id, email),
    )
}

/// The user with this phone number.
pub(crate) fn by_phone(
    tx: &Tx<'_>,
    app_id: &AppId,
    phone: &str,
) -> Result<Option<UserRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM users WHERE app_id = ? AND phone = ?",
        (app_id, phone),
    )
}

/// The user with this external id.
pub(crate) fn by_external_id(
    tx: &Tx<'_>,
    app_id: &AppId,
    external_id: &str,
) -> Result<Option<UserRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM users WHERE app_id = ? AND external_id = ?",
        (app_id, external_id),
    )
}

/// Stores the changed identifiers and metadata of a user, and who vouches for them.
pub(crate) fn update(
    tx: &Tx<'_>,
    user: &UserRow,
    metadata: &Map<String, Value>,
    now: Time,
) -> Result<UserRow, SqlError> {
    let before: UserRow = tx.row("SELECT * FROM users WHERE id = ?", (&user.id,))?;
    let after: UserRow = tx.row(
        "UPDATE users SET email = ?, email_verified = ?, phone = ?, phone_verified = ?,
         made_by = ?, user_metadata = ?, updated_at = ? WHERE id = ? RETURNING *",
        (
            &user.email,
            user.email_verified,
            &user.phone,
            user.phone_verified,
            user.made_by,
            metadata_text(metadata),
            now,
            &user.id,
        ),
    )?;
    record_update(tx, &before, &after, now)?;
    Ok(after)
}

/// Adds what changed to the audit log.
fn record_update(
    tx: &Tx<'_>,
    before: &UserRow,
    after: &UserRow,
    now: Time,
) -> Result<(), SqlError> {
    let identifiers = [
        (
            (&before.email, &after.email),
            before.email_verified,
            after.email_verified,
            [AuditAction::EmailChanged, AuditAction::EmailVerified],
        ),
        (
            (&before.phone, &after.phone),
            before.phone_verified,
            after.phone_verified,
            [AuditAction::PhoneChanged, AuditAction::PhoneVerified],
        ),
    ];
    for ((old, new), was_verified, is_verified, [changed, verified]) in identifiers {
        let row = |action| {
            let identifier = new.as_deref().or(old.as_deref());
            let change = Change::new(action).at(now).user(&after.id);
            change.identifier(identifier).insert(tx)
        };
        if old != new {
            row(changed)?;
        }
        if is_verified && (!was_verified || old != new) {
            row(verified)?;
        }
    }
    if before.user_metadata != after.user_metadata {
        let change = Change::new(AuditAction::MetadataChanged).at(now);
        change.user(&after.id).insert(tx)?;
    }
    Ok(())
}

/// Sets the status. `None` if there is no such user.
pub(crate) fn set_status(
    tx: &Tx<'_>,
    app_id: &AppId,
    id: &UserId,
    status: UserStatus,
    now: Time,
) -> Result<Option<UserRow>, SqlError> {
    let user = tx.maybe_row(
        "UPDATE users SET status = ?, updated_at = ? WHERE app_id = ? AND id = ?
         RETURNING *",
        (status, now, app_id, id),
    )?;
    if user.is_some() {
        let action = match status {
            UserStatus::Inactive => AuditAction::UserDeactivated,
            UserStatus::Active | UserStatus::Pending => AuditAction::UserActivated,
        };
        Change::new(action).at(now).user(id).insert(tx)?;
    }
    Ok(user)
}

/// Counts a login, which also activates a pending user.
pub(crate) fn count_login(tx: &Tx<'_>, id: &UserId, now: Time) -> Result<(), SqlError> {
    tx.run(
        "UPDATE users SET login_count = login_count + 1, last_login_at = ?, updated_at = ?,
         status = ? WHERE id = ?",
        (now, now, UserStatus::Active, id),
    )?;
    Ok(())
}

/// Deletes a user with everything that belongs to them. Returns whether there was one.
pub(crate) fn delete(tx: &Tx<'_>, app_id: &AppId, id: &UserId) -> Result<bool, SqlError> {
    if get(tx, app_id, id)?.is_none() {
        return Ok(false);
    }
    // They name the external id, which another user may have later.
    undo_offers::end_transactions(tx, id)?;
    let deleted = tx.hits(
        "DELETE FROM users WHERE app_id = ? AND id = ?",
        (app_id, id),
    )?;
    if deleted {
        note_deleted(tx, app_id, id)?;
    }
    Ok(deleted)
}

/// Deletes a user who registered themselves, never signed in, and no longer has anything to do so with.
pub(crate) fn delete_unreachable(tx: &Tx<'_>, app_id: &AppId, id: &UserId) -> Result<(), SqlError> {
    let deleted = tx.hits(
        "DELETE FROM users WHERE app_id = ? AND id = ? AND made_by = 'themselves' AND status = ?
         AND email IS NULL AND phone IS NULL AND external_id IS NULL",
        (app_id, id, UserStatus::Pending),
    )?;
    if deleted {
        note_deleted(tx, app_id, id)?;
    }
    Ok(())
}

/// Writes that a user was deleted, and blanks what is personal in their rows of the audit log.
fn note_deleted(tx: &Tx<'_>, app_id: &AppId, id: &UserId) -> Result<(), SqlError> {
    let change = Change::new(AuditAction::UserDeleted).app(app_id);
    change.user(id).insert(tx)?;
    audit::blank_user(tx, id)
}
