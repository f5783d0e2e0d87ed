//! Who is at the other end of a request.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use http::header::USER_AGENT;
use http::request::Parts;

use super::error::Refusal;
use crate::domain::apps::{App, AppState};
use crate::domain::rate_limits::Kind;
use crate::identifier::Identifier;
use crate::provider_name::ProviderName;
use crate::store::events::NewEvent;

/// Characters of a user agent that are kept.
const USER_AGENT_LENGTH: usize = 512;

/// The address that a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Who sends a request, as far as the list of events shows it.
pub(crate) struct ClientInfo {
    address: IpAddr,
    user_agent: String,
}

impl<S: Sync> FromRequestParts<S> for ClientInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        // Every connection sets it.
        let peer = parts.extensions.get::<Peer>();
        let address = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0);
        let user_agent = parts.headers.get(USER_AGENT);
        let user_agent = user_agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        Ok(Self {
            address,
            user_agent: user_agent
                .unwrap_or_default()
                .chars()
                .take(USER_AGENT_LENGTH)
                .collect(),
        })
    }
}

impl ClientInfo {
    /// Refuses a visitor who did this too often lately.
    pub(crate) fn check_rate_limit(&self, state: &AppState, kind: Kind) -> Result<(), Refusal> {
        let now = state.clock.micros();
        state.limits.address(kind, self.address, now)
    }

    /// Refuses a visitor who asked for messages too often lately, or for too many to one account.
    pub(crate) fn check_message_limits(
        &self,
        state: &AppState,
        app: &App,
        receiver: &Identifier,
    ) -> Result<(), Refusal> {
        self.check_rate_limit(state, Kind::Ask)?;
        state
            .limits
            .account(&app.id, receiver, state.clock.micros())
    }

    /// The browser or program that the visitor uses.
    pub(crate) fn user_agent(&self) -> &str {
        &self.user_agent
    }

    /// Something the visitor did, by this means.
    pub(crate) fn event(&self, action: &'static str, kind: &'static str) -> NewEvent {
        NewEvent {
            action,
            kind,
            provider: None,
            ip_addr: self.address.to_string(),
            user_agent: self.user_agent.clone(),
        }
    }

    /// Something the visitor did with an account at a provider.
    pub(crate) fn social_event(&self, action: &'static str, provider: ProviderName) -> NewEvent {
        NewEvent {
            provider: Some(provider),
            ..self.event(action, "social")
        }
    }
}
