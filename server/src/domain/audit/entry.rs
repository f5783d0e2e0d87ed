//! The audit log as programs read it.

use jiff::Timestamp;
use serde::Serialize;

use crate::store::audit::AuditRow;

/// A row of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Number of the row. Later rows have higher numbers.
    pub id: i64,
    /// When it happened.
    pub time: Timestamp,
    /// App that it happened in. `None` for what concerns all apps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// Who did it: `client` (somebody without a proof of who they are), `user`, `backend` (an API key), `operator` (the
    /// command line) or `server`.
    pub actor: String,
    /// Id of the user or of the API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// What was done, such as `sign_in` or `passkey_added`. What was refused ends in `_refused`.
    pub action: String,
    /// How it was done, such as `passkey`, or why it was refused, such as `wrong_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// User that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Id of the device, API key or signing key, or name of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// Address or number that was added, or else removed. Blank once the user is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Address of the client. Blank once the user is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// User agent of the client, at most 512 characters. Blank once the user is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// How often it happened: more than once in a row that counts refusals or imported users.
    pub count: i64,
}

impl AuditEntry {
    /// The entry as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A struct of strings and numbers always serializes.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The entry as a line of the server's log, in the form of the other lines there. It leaves out identifiers of
    /// users: in the table they can be blanked, in a log they cannot.
    pub(super) fn to_log_line(&self) -> String {
        #[derive(Serialize)]
        struct Line {
            timestamp: Timestamp,
            level: &'static str,
            target: &'static str,
            #[serde(flatten)]
            entry: AuditEntry,
        }
        let line = Line {
            timestamp: self.time,
            level: "INFO",
            target: super::TARGET,
            entry: Self {
                identifier: None,
                ..self.clone()
            },
        };
        serde_json::to_string(&line).unwrap_or_default()
    }
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            time: row.at.timestamp(),
            app_id: row.app_id,
            actor: row.actor.as_str().to_owned(),
            actor_id: row.actor_id,
            action: row.action.as_str().to_owned(),
            reason: row.reason.map(|reason| reason.as_str().to_owned()),
            user_id: row.user_id,
            object: row.object,
            identifier: row.identifier,
            address: row.address,
            agent: row.agent,
            count: row.count,
        }
    }
}
