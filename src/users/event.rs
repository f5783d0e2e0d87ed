//! Recent actions of a user.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::social::SocialProvider;
use crate::generated::management::types;
use crate::open_enum::open_enum;
use crate::wire::happened;

open_enum! {
    /// The user's action.
    pub enum EventAction {
        Register = "register",
        Login = "login",
        Other = "other",
    }
}

open_enum! {
    /// Whether an event was completed.
    pub enum EventStatus {
        Complete = "complete",
        Incomplete = "incomplete",
    }
}

/// An action of a user.
///
/// `Debug` omits the address and the browser.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RecentEvent {
    /// The event's id.
    pub id: String,
    /// The kind of event, in the server's words.
    pub event_type: String,
    /// What the user did.
    pub action: EventAction,
    /// Whether it was completed.
    pub status: EventStatus,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended, if it did.
    pub completed_at: Option<Timestamp>,
    /// The address that it came from.
    pub ip_addr: String,
    /// The browser's user agent.
    pub user_agent: String,
    /// The browser, in readable form.
    pub user_agent_display: String,
    /// The provider, for a social login.
    pub social_login_type: Option<SocialProvider>,
}

impl fmt::Debug for RecentEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecentEvent")
            .field("id", &self.id)
            .field("event_type", &self.event_type)
            .field("action", &self.action)
            .field("status", &self.status)
            .field("created_at", &self.created_at)
            .field("completed_at", &self.completed_at)
            .field("social_login_type", &self.social_login_type)
            .finish_non_exhaustive()
    }
}

impl From<types::UserRecentEvent> for RecentEvent {
    fn from(event: types::UserRecentEvent) -> Self {
        Self {
            id: event.id,
            event_type: event.type_,
            action: event.action.as_str().into(),
            status: event.status.as_str().into(),
            created_at: event.created_at,
            completed_at: event.completed_at.and_then(happened),
            ip_addr: event.ip_addr,
            user_agent: event.user_agent,
            user_agent_display: event.user_agent_display,
            social_login_type: event
                .social_login_type
                .map(|provider| provider.as_str().into()),
        }
    }
}
