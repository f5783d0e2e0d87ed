//! Whether an identifier must be proved before a passkey may be registered for it.

use crate::delivery::Channel;
use crate::domain::apps::App;
use crate::domain::error::{Reason, Refusal};
use crate::domain::settings::AppSettings;
use crate::domain::state::AppState;
use crate::identifier::Identifier;
use crate::store::users::UserRow;

/// The kinds of identifier that must be proved first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Required {
    pub(crate) email: bool,
    pub(crate) phone: bool,
}

/// What an app requires, on a server that reaches some kinds of identifier. An app without a setting requires a proof of
/// each kind that can be proved: the server can send to it, and the app uses codes or links.
pub(crate) fn of(settings: &AppSettings, reaches: impl Fn(Channel) -> bool) -> Required {
    let required = |channel| {
        let can = || settings.sends_messages() && reaches(channel);
        settings.require_identifier_verification.unwrap_or_else(can)
    };
    Required {
        email: required(Channel::Email),
        phone: required(Channel::Phone),
    }
}

/// What the app requires on this server.
pub(crate) fn required(state: &AppState, app: &App) -> Required {
    of(&app.settings, |channel| state.sender.reaches(channel))
}

impl Required {
    pub(crate) fn any(self) -> bool {
        self.email || self.phone
    }

    /// Refuses to register a passkey for an identifier that nobody has proved, before anything is looked up.
    pub(crate) fn check(self, identifier: &Identifier) -> Result<(), Refusal> {
        let required = match identifier {
            Identifier::Email(_) => self.email,
            Identifier::Phone(_) => self.phone,
        };
        if required { Err(unproved()) } else { Ok(()) }
    }

    /// Refuses a user who has an identifier that must be proved and is not.
    pub(crate) fn check_user(self, user: &UserRow) -> Result<(), Refusal> {
        let email = self.email && user.email.is_some() && !user.email_verified;
        let phone = self.phone && user.phone.is_some() && !user.phone_verified;
        if email || phone {
            Err(unproved())
        } else {
            Ok(())
        }
    }
}

/// The refusal of a passkey for an identifier that may be somebody else's.
pub(crate) fn unproved() -> Refusal {
    Refusal::new(
        Reason::IdentifierNotVerified,
        "identifier: must be verified first, with a one-time code or a magic link. Add the passkey after signing in.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(setting: Option<bool>, messages: bool, reached: Option<Channel>) -> (bool, bool) {
        let settings = AppSettings {
            require_identifier_verification: setting,
            magic_links: messages,
            one_time_codes: messages,
            ..AppSettings::default()
        };
        let required = of(&settings, |channel| reached == Some(channel));
        (required.email, required.phone)
    }

    #[test]
    fn by_default_whatever_can_be_proved_must_be() {
        let mail = Some(Channel::Email);
        let texts = Some(Channel::Phone);
        for (setting, messages, reached, expected) in [
            (None, true, None, (false, false)),
            (None, true, mail, (true, false)),
            (None, true, texts, (false, true)),
            (None, false, mail, (false, false)),
            (Some(true), true, mail, (true, true)),
            (Some(false), true, mail, (false, false)),
        ] {
            let found = required(setting, messages, reached);
            assert_eq!(found, expected, "{setting:?} {messages} {reached:?}");
        }
    }
}
