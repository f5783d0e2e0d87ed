//! The client of a request.

use std::net::IpAddr;

use crate::clock::Time;
use crate::delivery::Requester;
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::passkeys::device;
use crate::domain::rate_limits::{self, Kind};
use crate::domain::state::AppState;
use crate::identifier::Identifier;
use crate::ids;
use crate::provider_name::ProviderName;
use crate::store::acting::Acting;
use crate::store::events::{Action, EventKind, NewEvent};

/// Maximum length of a user agent that is kept, in characters.
const USER_AGENT_LENGTH: usize = 512;

/// The address that a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The client of a request, as needed for rate limits and events.
#[derive(Clone)]
pub(crate) struct ClientInfo {
    address: IpAddr,
    user_agent: String,
}

impl ClientInfo {
    /// A client at this address. Only the start of its user agent is kept.
    pub(crate) fn new(address: IpAddr, user_agent: &str) -> Self {
        Self {
            address,
            user_agent: user_agent.chars().take(USER_AGENT_LENGTH).collect(),
        }
    }

    /// Refuses a client that did this too often recently.
    pub(crate) fn check_rate_limit(&self, state: &AppState, kind: Kind) -> Result<(), Refusal> {
        let now = state.clock.now();
        state.limits.address(kind, self.address, now)
    }

    /// Refuses a client that requested too many messages recently, or too many for one account.
    pub(crate) fn check_message_limits(
        &self,
        state: &AppState,
        app: &App,
        receiver: &Identifier,
    ) -> Result<(), Refusal> {
        self.check_rate_limit(state, Kind::Ask)?;
        state.limits.account(&app.id, receiver, state.clock.now())
    }

    /// The browser or program that sends the request.
    pub(crate) fn user_agent(&self) -> &str {
        &self.user_agent
    }

    /// What clients that count as the same have in common: a hash of network and user agent. `None` if the address is
    /// unknown, as in a server that is nested without addresses: such a client is like no other.
    pub(crate) fn fingerprint(&self) -> Option<Vec<u8>> {
        let network = rate_limits::network(self.address);
        let known = !network.is_unspecified();
        known.then(|| ids::hash(&format!("{network}\n{}", self.user_agent)))
    }

    /// Who sends the request, for the message that it causes.
    pub(crate) fn requester(&self, now: Time) -> Requester {
        Requester {
            client: device::browser_and_system(&self.user_agent),
            address: self.address.to_string(),
            at: now,
        }
    }

    /// The client as the one on whose behalf a request is served.
    pub(crate) fn acting(&self, now: Time) -> Acting {
        Acting::client(self.address, self.user_agent.clone(), now)
    }

    /// An action of the client, and how it was done.
    pub(crate) fn event(&self, action: Action, kind: EventKind) -> NewEvent {
        NewEvent {
            id: ids::new_id(),
            action,
            kind,
            provider: None,
            ip_addr: self.address.to_string(),
            user_agent: self.user_agent.clone(),
        }
    }

    /// An action of the client with an account at a provider.
    pub(crate) fn social_event(&self, action: Action, provider: ProviderName) -> NewEvent {
        NewEvent {
            provider: Some(provider),
            ..self.event(action, EventKind::Social)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_the_same_by_network_and_user_agent() {
        let print = |address: &str, user_agent: &str| {
            let address: Option<IpAddr> = address.parse().ok();
            address.and_then(|address| ClientInfo::new(address, user_agent).fingerprint())
        };
        for (one, other, same) in [
            (("192.0.2.1", "a"), ("192.0.2.1", "a"), true),
            (("192.0.2.1", "a"), ("192.0.2.1", "b"), false),
            (("192.0.2.1", "a"), ("192.0.2.2", "a"), false),
            (("::ffff:192.0.2.1", "a"), ("192.0.2.1", "a"), true),
            (("::ffff:192.0.2.1", "a"), ("::ffff:192.0.2.2", "a"), false),
            (("2001:db8::1", "a"), ("2001:db8::ffff:2", "a"), true),
            (("2001:db8::1", "a"), ("2001:db8:0:1::1", "a"), false),
            (("192.0.2.1", ""), ("192.0.2.1", ""), true),
            (("192.0.2.1", ""), ("192.0.2.1", "a"), false),
        ] {
            let (one, other) = (print(one.0, one.1), print(other.0, other.1));
            assert!(one.is_some() && other.is_some());
            assert_eq!(one == other, same);
        }
        for unknown in ["0.0.0.0", "::", "::ffff:0.0.0.0"] {
            assert_eq!(print(unknown, "a"), None, "{unknown}");
        }
    }
}
