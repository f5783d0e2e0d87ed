//! The audit log as programs read it.

use std::fmt::Write as _;

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
    /// The entry as one line of JSON. What [`Self::is_unprintable`] names is escaped.
    #[must_use]
    pub fn to_json(&self) -> String {
        one_line(self)
    }

    /// Whether a character steers a terminal, ends a line, is invisible, or changes the order of the text around it.
    /// Clients choose their user agents: whoever shows an entry to people must not pass these on.
    #[must_use]
    pub fn is_unprintable(c: char) -> bool {
        c.is_control()
            || matches!(
                c,
                '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            )
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
        one_line(&line)
    }
}

/// JSON that contains no characters of disguise. They only occur inside strings, so an escape means the same.
fn one_line(value: &impl Serialize) -> String {
    // A struct of strings and numbers always serializes.
    let json = serde_json::to_string(value).unwrap_or_default();
    if !json.contains(AuditEntry::is_unprintable) {
        return json;
    }
    let mut line = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if AuditEntry::is_unprintable(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _written = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(c);
        }
    }
    line
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_escapes_and_means_the_same() {
        let agent = "\u{9b}2J\u{85}\u{7f}\u{1b}\n\u{2028}\u{202e}\\\u{200f}\u{e0041}\"é👋";
        let entry = AuditEntry {
            id: 1,
            time: Timestamp::UNIX_EPOCH,
            app_id: None,
            actor: "client".to_owned(),
            actor_id: None,
            action: "sign_in_refused".to_owned(),
            reason: None,
            user_id: None,
            object: None,
            identifier: None,
            address: None,
            agent: Some(agent.to_owned()),
            count: 1,
        };
        for line in [entry.to_json(), entry.to_log_line()] {
            assert!(!line.contains(AuditEntry::is_unprintable), "{line:?}");
            assert!(line.contains("\\u009b2J") && line.contains("é👋"), "{line}");
            let read: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(read.get("agent").unwrap(), agent);
        }
    }
}
