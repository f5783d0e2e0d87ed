//! Options of codes and links.

use super::ServerBuilder;
use crate::delivery::Delivery;

impl ServerBuilder {
    /// Who delivers messages. What is not said stays in the outbox.
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// Whether users can ask for magic links to sign in with. If not said, they can. Links that the Management API
    /// makes, and those that confirm a change of address or number, work in any case.
    pub fn magic_links(mut self, enabled: bool) -> Self {
        self.settings.magic_links = Some(enabled);
        self
    }

    /// Whether users can ask for one-time codes. If not said, they can.
    pub fn one_time_codes(mut self, enabled: bool) -> Self {
        self.settings.one_time_codes = Some(enabled);
        self
    }

    /// Whether requests for codes and links are answered alike for users who are known, unknown and inactive.
    ///
    /// If not said, they are not, as the API has it: a login by nobody is 404, a registration of a taken identifier
    /// 400. When users are concealed, nobody and inactive users get no message, and the registration of a taken
    /// identifier is a login for whoever gets the message. The look-up `GET users?identifier=` still tells that
    /// somebody is known, which is its purpose, but nothing else of them; `POST users` tells when it is refused.
    pub fn conceal_users(mut self, conceal: bool) -> Self {
        self.settings.conceal_users = Some(conceal);
        self
    }
}
