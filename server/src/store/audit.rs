//! The audit log: who did what to whom, and who was refused. Rows are only added. Never is a secret among them: not a
//! code, not a link, not a token, and of an API key only its id.

mod names;

use std::net::IpAddr;

pub(crate) use self::names::{ActorKind, AuditAction, AuditReason};
use super::acting::{Acting, Actor};
use super::events::{self, EventKind, NewEvent};
use super::tx::params;
use super::{SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::{AppId, UserId};
use crate::provider_name::ProviderName;

/// Maximum number of rows that are deleted at once, so that nothing waits for long.
const MOST: i64 = 1000;

impl Actor {
    fn parts(&self) -> (ActorKind, Option<&str>) {
        match self {
            Self::Client => (ActorKind::Client, None),
            Self::User(id) => (ActorKind::User, Some(id.as_str())),
            Self::Backend(key) => (ActorKind::Backend, Some(key)),
            Self::Operator => (ActorKind::Operator, None),
            Self::Server => (ActorKind::Server, None),
        }
    }
}

/// A row.
#[derive(Debug, Clone)]
pub(crate) struct AuditRow {
    pub(crate) id: i64,
    pub(crate) at: Time,
    pub(crate) app_id: Option<String>,
    pub(crate) actor: ActorKind,
    pub(crate) actor_id: Option<String>,
    pub(crate) action: AuditAction,
    pub(crate) reason: Option<AuditReason>,
    pub(crate) user_id: Option<String>,
    pub(crate) object: Option<String>,
    pub(crate) identifier: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) count: i64,
}

columns!(AuditRow {
    id,
    at,
    app_id,
    actor,
    actor_id,
    action,
    reason,
    user_id,
    object,
    identifier,
    address,
    agent,
    count
});

/// A change, as part of the command that makes it. Who makes it is known to the command.
pub(crate) struct Change<'c> {
    action: AuditAction,
    reason: Option<AuditReason>,
    at: Option<Time>,
    actor: Option<Actor>,
    app_id: Option<&'c AppId>,
    user_id: Option<&'c UserId>,
    object: Option<&'c str>,
    identifier: Option<&'c str>,
    count: i64,
}

impl<'c> Change<'c> {
    pub(crate) fn new(action: AuditAction) -> Self {
        Self {
            action,
            reason: None,
            at: None,
            actor: None,
            app_id: None,
            user_id: None,
            object: None,
            identifier: None,
            count: 1,
        }
    }

    pub(crate) fn reason(mut self, reason: AuditReason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// The time, if the command knows it. Defaults to that of the request.
    pub(crate) fn at(mut self, at: Time) -> Self {
        self.at = Some(at);
        self
    }

    /// Somebody who proves by this very command who they are.
    pub(crate) fn by(mut self, actor: Actor) -> Self {
        self.actor = Some(actor);
        self
    }

    /// The app. Defaults to that of the user.
    pub(crate) fn app(mut self, app_id: &'c AppId) -> Self {
        self.app_id = Some(app_id);
        self
    }

    pub(crate) fn user(mut self, user_id: &'c UserId) -> Self {
        self.user_id = Some(user_id);
        self
    }

    /// The id of what was changed: of a device, an API key or a signing key, or the name of a provider.
    pub(crate) fn object(mut self, object: &'c str) -> Self {
        self.object = Some(object);
        self
    }

    /// The address or number that was added, or else removed.
    pub(crate) fn identifier(mut self, identifier: Option<&'c str>) -> Self {
        self.identifier = identifier;
        self
    }

    pub(crate) fn count(mut self, count: u64) -> Self {
        self.count = i64::try_from(count).unwrap_or(i64::MAX);
        self
    }

    /// Stores the row.
    pub(crate) fn insert(self, tx: &Tx<'_>) -> Result<(), SqlError> {
        let acting = tx.acting();
        let actor = self.actor.unwrap_or_else(|| acting.known().actor);
        let (actor, actor_id) = actor.parts();
        tx.run(
            "INSERT INTO audit (at, app_id, actor, actor_id, action, reason, user_id, object, identifier, address,
             agent, count)
             VALUES (?1, coalesce(?2, (SELECT app_id FROM users WHERE id = ?7)), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
             ?12)",
            params![
                self.at.unwrap_or_else(|| acting.at()),
                self.app_id,
                actor,
                actor_id,
                self.action,
                self.reason,
                self.user_id,
                self.object,
                self.identifier,
                acting.address().map(|address| address.to_string()),
                given(acting.agent()),
                self.count,
            ],
        )?;
        Ok(())
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// Stores what a user did as their event says. A connection has a row already.
pub(super) fn insert_event(
    tx: &Tx<'_>,
    user_id: &UserId,
    event: &NewEvent,
    now: Time,
) -> Result<(), SqlError> {
    let action = match (event.action, event.kind) {
        (events::Action::Register, _) => AuditAction::Registration,
        (events::Action::Login, _) => AuditAction::SignIn,
        (events::Action::Other, EventKind::Social) => return Ok(()),
        (events::Action::Other, _) => AuditAction::LinkOpened,
    };
    let reason = match event.kind {
        EventKind::MagicLink => AuditReason::ByMagicLink,
        EventKind::OneTimeCode => AuditReason::ByOneTimeCode,
        EventKind::Passkey => AuditReason::ByPasskey,
        EventKind::Social => AuditReason::BySocial,
    };
    let change = Change::new(action).reason(reason).at(now).user(user_id);
    let change = change.by(Actor::User(user_id.clone()));
    let provider = event.provider.as_ref().map(ProviderName::as_str);
    match provider {
        Some(provider) => change.object(provider).insert(tx),
        None => change.insert(tx),
    }
}

/// A refusal, or how many there were.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) at: Time,
    pub(crate) app_id: Option<AppId>,
    pub(crate) actor: Actor,
    pub(crate) action: AuditAction,
    pub(crate) reason: Option<AuditReason>,
    pub(crate) user_id: Option<UserId>,
    /// The client's address, or its network.
    pub(crate) address: Option<String>,
    pub(crate) agent: String,
    pub(crate) count: i64,
}

impl Refused {
    /// One refusal of whoever acts.
    pub(crate) fn once(
        acting: &Acting,
        app_id: Option<AppId>,
        action: AuditAction,
        reason: AuditReason,
    ) -> Self {
        let known = acting.known();
        let own = match &known.actor {
            Actor::User(id) => Some(id.clone()),
            _ => None,
        };
        Self {
            at: acting.at(),
            app_id,
            actor: known.actor,
            action,
            reason: Some(reason),
            // Whose code was tried counts, also if somebody tries it who is signed in as another user.
            user_id: known.user.or(own),
            address: acting.address().map(|address: IpAddr| address.to_string()),
            agent: acting.agent().to_owned(),
            count: 1,
        }
    }
}

/// Stores refusals. Those of a user who was deleted in the meantime say no more than a deleted user's rows do.
pub(crate) fn insert_refused(tx: &Tx<'_>, refused: &[Refused]) -> Result<(), SqlError> {
    for refused in refused {
        let (actor, actor_id) = refused.actor.parts();
        tx.run(
            "INSERT INTO audit (at, app_id, actor, actor_id, action, reason, user_id, address, agent, count)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, iif(gone, NULL, ?8), iif(gone, NULL, ?9), ?10
             FROM (SELECT (?7 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE id = ?7))
             OR (?3 = 'user' AND NOT EXISTS (SELECT 1 FROM users WHERE id = ?4)) AS gone)",
            params![
                refused.at,
                refused.app_id,
                actor,
                actor_id,
                refused.action,
                refused.reason,
                refused.user_id,
                refused.address,
                given(&refused.agent),
                refused.count,
            ],
        )?;
    }
    Ok(())
}

/// Which rows to read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) since: Option<Time>,
    pub(crate) app_id: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) action: Option<String>,
}

/// The next rows after one, in the order in which they were added.
pub(crate) fn list(
    tx: &Tx<'_>,
    filter: &Filter,
    after: i64,
    limit: i64,
) -> Result<Vec<AuditRow>, SqlError> {
    tx.rows(
        "SELECT * FROM audit WHERE id > ?1 AND (?2 IS NULL OR at >= ?2) AND (?3 IS NULL OR app_id = ?3)
         AND (?4 IS NULL OR user_id = ?4) AND (?5 IS NULL OR action = ?5) ORDER BY id LIMIT ?6",
        params![
            after,
            filter.since,
            filter.app_id,
            filter.user_id,
            filter.action,
            limit
        ],
    )
}

/// The id of the newest row, 0 if there is none.
pub(crate) fn newest(tx: &Tx<'_>) -> Result<i64, SqlError> {
    tx.value("SELECT coalesce(max(id), 0) FROM audit", ())
}

/// Deletes rows from before a time, the oldest first. Returns whether there may be more.
pub(crate) fn sweep(tx: &Tx<'_>, before: Time) -> Result<bool, SqlError> {
    let deleted = tx.run(
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY at LIMIT ?)",
        (before, MOST),
    )?;
    Ok(i64::try_from(deleted).is_ok_and(|deleted| deleted >= MOST))
}

/// Blanks what is personal in the rows of a user: those that concern them, and what they did to others.
pub(super) fn blank_user(tx: &Tx<'_>, user_id: &UserId) -> Result<(), SqlError> {
    tx.run(
        "UPDATE audit SET identifier = NULL, address = NULL, agent = NULL WHERE user_id = ?",
        (user_id,),
    )?;
    tx.run(
        "UPDATE audit SET identifier = NULL, address = NULL, agent = NULL
         WHERE actor = 'user' AND actor_id = ? AND actor_id <> user_id",
        (user_id,),
    )?;
    Ok(())
}

/// Blanks what is personal in the rows of all users of an app.
pub(super) fn blank_app(tx: &Tx<'_>, app_id: &AppId) -> Result<(), SqlError> {
    tx.run(
        "UPDATE audit SET identifier = NULL, address = NULL, agent = NULL
         WHERE app_id = ? AND user_id IS NOT NULL",
        (app_id,),
    )?;
    Ok(())
}

/// Makes every new row fail, or no longer, as a full disk would.
#[cfg(test)]
pub(crate) fn refuse_rows(tx: &Tx<'_>, refuse: bool) -> Result<(), SqlError> {
    let change = if refuse {
        "CREATE TRIGGER refuse_rows BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END"
    } else {
        "DROP TRIGGER refuse_rows"
    };
    tx.run(change, ())?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
