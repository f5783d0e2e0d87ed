//! The user types of this crate.
//!
//! Unset texts, which the API sends as `""`, read as `None`, and so does the zero time of
//! somebody who never signed in. `Debug` hides what identifies a person.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::device::{Device, WebAuthnType};
use super::event::RecentEvent;
use super::social::SocialConnections;
use crate::generated::management::types;
use crate::ids::{ExternalId, UserId};
use crate::open_enum::open_enum;
use crate::secret::Hidden;
use crate::wire::{count, happened, set};

open_enum! {
    /// Whether a user can sign in.
    pub enum UserStatus {
        /// the user can sign in.
        Active = "active",
        /// the user was deactivated and cannot sign in.
        Inactive = "inactive",
        /// the user has never signed in.
        Pending = "pending",
    }
}

/// A user, whole.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct User {
    /// The user's id: the `sub` of the user's tokens.
    pub id: UserId,
    /// E-mail address, in lower case.
    pub email: Option<String>,
    /// Phone number in E.164 form.
    pub phone: Option<String>,
    /// Whether the user can sign in; see [`is_active`](Self::is_active).
    pub status: UserStatus,
    /// Whether the user's e-mail address is verified.
    pub email_verified: bool,
    /// Whether the user's phone number is verified.
    pub phone_verified: bool,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub updated_at: Timestamp,
    /// When the user last signed in, if ever.
    pub last_login_at: Option<Timestamp>,
    /// How often the user signed in.
    pub login_count: u64,
    /// Whether the user has a passkey.
    pub webauthn: bool,
    /// The kinds of the user's passkeys.
    pub webauthn_types: Vec<WebAuthnType>,
    /// The user's passkeys.
    pub webauthn_devices: Vec<Device>,
    /// The user's recent actions.
    pub recent_events: Vec<RecentEvent>,
    /// Accounts at other providers that the user can sign in with.
    pub social_connections: SocialConnections,
    /// The user's metadata; empty if there is none.
    pub user_metadata: Map<String, Value>,
    /// Your own id of the user, in a Flex app.
    pub external_id: Option<ExternalId>,
}

impl User {
    /// Whether the status is `active`.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == UserStatus::Active
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("email", &Hidden::option(self.email.as_ref()))
            .field("phone", &Hidden::option(self.phone.as_ref()))
            .field("status", &self.status)
            .field("created_at", &self.created_at)
            .field("last_login_at", &self.last_login_at)
            .field("login_count", &self.login_count)
            .field("webauthn", &self.webauthn)
            .finish_non_exhaustive()
    }
}

impl From<types::UserInfo> for User {
    fn from(user: types::UserInfo) -> Self {
        Self {
            id: UserId::from_reply(user.id),
            email: set(user.email),
            phone: set(user.phone),
            status: user.status.as_str().into(),
            email_verified: user.email_verified,
            phone_verified: user.phone_verified,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_login_at: happened(user.last_login_at),
            login_count: count(user.login_count),
            webauthn: user.webauthn,
            webauthn_types: user
                .webauthn_types
                .iter()
                .map(|kind| kind.as_str().into())
                .collect(),
            webauthn_devices: user.webauthn_devices.into_iter().map(Into::into).collect(),
            recent_events: user.recent_events.into_iter().map(Into::into).collect(),
            social_connections: user.social_connections.into(),
            user_metadata: user.user_metadata.unwrap_or_default(),
            external_id: set(user.external_id).map(ExternalId::from_reply),
        }
    }
}

/// A user as a list shows it: without devices, events and connections.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UserSummary {
    /// The user's id.
    pub id: UserId,
    /// E-mail address, in lower case.
    pub email: Option<String>,
    /// Phone number in E.164 form.
    pub phone: Option<String>,
    /// Whether the user can sign in.
    pub status: UserStatus,
    /// Whether the user's e-mail address is verified.
    pub email_verified: bool,
    /// Whether the user's phone number is verified.
    pub phone_verified: bool,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub updated_at: Timestamp,
    /// When the user last signed in, if ever.
    pub last_login_at: Option<Timestamp>,
    /// How often the user signed in.
    pub login_count: u64,
    /// The user's metadata; empty if there is none.
    pub user_metadata: Map<String, Value>,
    /// Your own id of the user, in a Flex app.
    pub external_id: Option<ExternalId>,
}

impl UserSummary {
    /// Whether the status is `active`.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == UserStatus::Active
    }
}

impl fmt::Debug for UserSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSummary")
            .field("id", &self.id)
            .field("email", &Hidden::option(self.email.as_ref()))
            .field("phone", &Hidden::option(self.phone.as_ref()))
            .field("status", &self.status)
            .field("created_at", &self.created_at)
            .field("last_login_at", &self.last_login_at)
            .field("login_count", &self.login_count)
            .finish_non_exhaustive()
    }
}

impl From<types::ListPaginatedUsersItem> for UserSummary {
    fn from(user: types::ListPaginatedUsersItem) -> Self {
        Self {
            id: UserId::from_reply(user.id),
            email: set(user.email),
            phone: set(user.phone),
            status: user.status.as_str().into(),
            email_verified: user.email_verified,
            phone_verified: user.phone_verified,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_login_at: happened(user.last_login_at),
            login_count: count(user.login_count),
            user_metadata: user.user_metadata.unwrap_or_default(),
            external_id: set(user.external_id).map(ExternalId::from_reply),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::device::DeviceIcons;
    use super::super::event::EventAction;
    use super::super::social::SocialProvider;
    use super::*;

    fn reply() -> Value {
        json!({
            "id": "user1", "email": "jane@example.com", "phone": "", "status": "active",
            "email_verified": true, "phone_verified": false,
            "created_at": "2024-05-01T10:00:00Z", "updated_at": "2024-05-02T10:00:00.123456Z",
            "last_login_at": "0001-01-01T00:00:00Z", "login_count": 3,
            "webauthn": true, "webauthn_types": ["passkey", "hologram"],
            "webauthn_devices": [{
                "id": "device1", "cred_id": "cred", "friendly_name": "Phone", "type": "passkey", "usage_count": 2,
                "created_at": "2024-05-01T10:00:00Z", "updated_at": "2024-05-01T10:00:00Z",
                "last_login_at": "2024-05-03T10:00:00Z", "icons": {"light": null, "dark": "data:x"},
            }],
            "recent_events": [{
                "id": "event1", "type": "login", "action": "login", "status": "complete",
                "created_at": "2024-05-01T10:00:00Z", "completed_at": null, "ip_addr": "127.0.0.1",
                "user_agent": "ua", "user_agent_display": "UA", "social_login_type": "google",
            }],
            "social_connections": {"google": {
                "provider_id": "g1", "provider_identifier": "jane@example.com",
                "created_at": "2024-05-01T10:00:00Z", "last_login_at": "2024-05-01T10:00:00Z",
            }},
            "user_metadata": {"nick": "J"}, "external_id": "",
        })
    }

    fn read(reply: Value) -> User {
        serde_json::from_value::<types::UserInfo>(reply)
            .unwrap()
            .into()
    }

    #[test]
    fn a_reply_is_read_whole() {
        let user = read(reply());
        assert_eq!(user.id, "user1");
        assert_eq!(user.email.as_deref(), Some("jane@example.com"));
        assert_eq!(
            (
                user.phone.clone(),
                user.external_id.clone(),
                user.last_login_at
            ),
            (None, None, None)
        );
        assert!(user.is_active() && user.email_verified && !user.phone_verified && user.webauthn);
        assert_eq!(user.login_count, 3);
        assert_eq!(user.updated_at.to_string(), "2024-05-02T10:00:00.123456Z");
        assert_eq!(
            user.webauthn_types,
            [
                WebAuthnType::Passkey,
                WebAuthnType::Unknown("hologram".into())
            ]
        );
        let [device] = user.webauthn_devices.as_slice() else {
            unreachable!("one device")
        };
        assert_eq!((device.id.as_str(), device.usage_count), ("device1", 2));
        assert_eq!(
            device.icons,
            DeviceIcons {
                light: None,
                dark: Some("data:x".into())
            }
        );
        let [event] = user.recent_events.as_slice() else {
            unreachable!("one event")
        };
        assert_eq!(
            (event.action.clone(), event.completed_at),
            (EventAction::Login, None)
        );
        assert_eq!(event.social_login_type, Some(SocialProvider::Google));
        assert_eq!(
            user.social_connections.google.as_ref().unwrap().provider_id,
            "g1"
        );
        assert!(user.social_connections.apple.is_none());
        assert_eq!(user.user_metadata.get("nick"), Some(&json!("J")));
    }

    #[test]
    fn null_metadata_and_new_values_are_no_failure() {
        let mut reply = reply();
        let members = reply.as_object_mut().unwrap();
        members.insert("user_metadata".into(), Value::Null);
        members.insert("webauthn_devices".into(), Value::Null);
        members.insert("status".into(), json!("asleep"));
        members.insert("shoe_size".into(), json!(44));
        let user = read(reply);
        assert!(user.user_metadata.is_empty() && user.webauthn_devices.is_empty());
        assert_eq!(user.status, UserStatus::Unknown("asleep".into()));
        assert!(!user.is_active());
    }

    #[test]
    fn debug_shows_no_identifier() {
        let text = format!("{:?}", read(reply()));
        assert!(
            text.contains("user1") && !text.contains("jane@example.com"),
            "{text}"
        );
        let user = read(reply());
        let parts = format!("{:?} {:?}", user.webauthn_devices, user.recent_events);
        for hidden in ["\"cred\"", "Phone", "127.0.0.1", "\"ua\"", "UA"] {
            assert!(!parts.contains(hidden), "{hidden}: {parts}");
        }
        assert!(parts.contains("device1"), "{parts}");
        let connections = format!("{:?}", read(reply()).social_connections);
        assert!(!connections.contains("jane@example.com"), "{connections}");
    }
}
