//! Options of codes and links.

use super::ServerBuilder;
use crate::delivery::Delivery;
use crate::domain::settings::ConcealUsers;

impl ServerBuilder {
    /// The delivery providers. Messages without a provider stay in the outbox.
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// Whether users can sign in with magic links. Defaults to `true`. Links created by the Management API, and those
    /// that confirm a change of address or number, work in any case.
    pub fn magic_links(mut self, enabled: bool) -> Self {
        self.settings.magic_links = Some(enabled);
        self
    }

    /// Whether users can sign in with one-time codes. Defaults to `true`.
    pub fn one_time_codes(mut self, enabled: bool) -> Self {
        self.settings.one_time_codes = Some(enabled);
        self
    }

    /// Whether requests for codes and links get the same answer for known, unknown and inactive users.
    ///
    /// Defaults to `false`, as in the API: a login by an unknown user is 404, a registration of a taken identifier 400.
    /// With `true`, unknown and inactive users get no message, and registering a taken identifier is a login for the
    /// person who receives the message. The lookup `GET users?identifier=` still tells that a user exists, which is its
    /// purpose, but nothing else about them; a refused `POST users` tells it too. With [`ConcealUsers::All`] no request
    /// without a credential tells it.
    pub fn conceal_users(mut self, conceal: impl Into<ConcealUsers>) -> Self {
        self.settings.conceal_users = Some(conceal.into());
        self
    }

    /// Whether a passkey can be registered only for an identifier that was verified by a code or a link, as by default
    /// in `passage-server serve`.
    ///
    /// Defaults to `false`, as in the API: whoever registers an identifier first gets its user. With `true` a
    /// registration with a passkey is refused with 403 `identifier_not_verified`, and users add their first passkey
    /// after signing in with a code or a link.
    pub fn require_identifier_verification(mut self, required: bool) -> Self {
        self.settings.require_identifier_verification = Some(required);
        self
    }

    /// Whether users whom the backend or an import made can be claimed by registering a passkey, if nobody has signed
    /// in as them yet. Defaults to `true`, as in the API; `passage-server serve` has `false`.
    pub fn claim_pending(mut self, claimed: bool) -> Self {
        self.settings.claim_pending = Some(claimed);
        self
    }
}
