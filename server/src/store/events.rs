//! Recent events of users.

use super::text_enum::text_enum;
use super::{SqlError, Tx, audit, columns};
use crate::clock::Time;
use crate::ids::{self, UserId};
use crate::provider_name::ProviderName;

/// Number of events that are kept and returned for each user.
const KEPT: i64 = 10;

text_enum! {
    /// What a user did.
    Action {
        Register = "register",
        Login = "login",
        Other = "other",
    }
}

text_enum! {
    /// How a user did it.
    EventKind {
        MagicLink = "magic_link",
        OneTimeCode = "otp",
        Passkey = "passkey",
        Social = "social",
    }
}

text_enum! {
    /// How far it got. Incomplete actions leave no event.
    EventStatus {
        Complete = "complete",
    }
}

/// An event as stored.
#[derive(Debug, Clone)]
pub(crate) struct EventRow {
    pub(crate) id: String,
    pub(crate) action: Action,
    pub(crate) r#type: EventKind,
    pub(crate) status: EventStatus,
    pub(crate) social_login_type: Option<String>,
    pub(crate) ip_addr: String,
    pub(crate) user_agent: String,
    pub(crate) created_at: Time,
    pub(crate) completed_at: Option<Time>,
}

columns!(EventRow {
    id,
    action,
    r#type,
    status,
    social_login_type,
    ip_addr,
    user_agent,
    created_at,
    completed_at
});

/// Something a user did.
#[derive(Debug, Clone)]
pub(crate) struct NewEvent {
    pub(crate) id: String,
    pub(crate) action: Action,
    pub(crate) kind: EventKind,
    /// The provider of a social login.
    pub(crate) provider: Option<ProviderName>,
    pub(crate) ip_addr: String,
    pub(crate) user_agent: String,
}

impl NewEvent {
    /// An event that a control caused on behalf of the user, as if with a passkey on this machine.
    pub(crate) fn by_control(action: Action) -> Self {
        Self {
            id: ids::new_id(),
            action,
            kind: EventKind::Passkey,
            provider: None,
            ip_addr: "127.0.0.1".to_owned(),
            user_agent: "passage-server controls".to_owned(),
        }
    }
}

/// Stores a completed event, also in the audit log, and deletes those that are too old to be shown.
pub(crate) fn insert(
    tx: &Tx<'_>,
    user_id: &UserId,
    event: &NewEvent,
    now: Time,
) -> Result<(), SqlError> {
    tx.run(
        "INSERT INTO events (id, user_id, action, type, status, social_login_type,
         ip_addr, user_agent, created_at, completed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            &event.id,
            user_id,
            event.action,
            event.kind,
            EventStatus::Complete,
            event.provider.as_ref().map(ProviderName::as_str),
            &event.ip_addr,
            &event.user_agent,
            now,
            now,
        ),
    )?;
    audit::insert_event(tx, user_id, event, now)?;
    tx.run(
        "DELETE FROM events WHERE user_id = ? AND id NOT IN
         (SELECT id FROM events WHERE user_id = ? ORDER BY created_at DESC, rowid DESC LIMIT ?)",
        (user_id, user_id, KEPT),
    )?;
    Ok(())
}

/// The events of a user, newest first.
pub(crate) fn list(tx: &Tx<'_>, user_id: &UserId) -> Result<Vec<EventRow>, SqlError> {
    tx.rows(
        "SELECT * FROM events WHERE user_id = ?
         ORDER BY created_at DESC, rowid DESC LIMIT ?",
        (user_id, KEPT),
    )
}
