//! What the server cannot have proved, since it sends no messages of a kind.

use crate::delivery::Channel;
use crate::domain::settings::AppSettings;
use crate::domain::users::verification;

/// The kinds of messages that the server sends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sends {
    pub(super) mail: bool,
    pub(super) texts: bool,
}

impl Sends {
    pub(super) fn anything(self) -> bool {
        self.mail || self.texts
    }

    fn to(self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.mail,
            Channel::Phone => self.texts,
        }
    }
}

/// Why an app cannot require that identifiers are verified.
pub(super) fn problem(settings: &AppSettings, sends: Sends) -> Option<&'static str> {
    if settings.require_identifier_verification != Some(true) {
        return None;
    }
    if !sends.anything() {
        return Some(
            "has require_identifier_verification = true, but without [mail] or [texts] nobody can verify anything: add \
             one of the two, or leave it out",
        );
    }
    if !settings.sends_messages() {
        return Some(
            "has require_identifier_verification = true, but neither magic_links nor one_time_codes, with which users \
             verify identifiers: use one of the two, or leave it out",
        );
    }
    None
}

/// What an operator should know about each kind of identifier.
pub(super) fn notes(app: &str, settings: &AppSettings, sends: Sends) -> Vec<String> {
    let required = verification::of(settings, |channel| sends.to(channel));
    let mut notes = Vec::new();
    for (channel, required, identifiers, table) in [
        (Channel::Email, required.email, "e-mail addresses", "[mail]"),
        (Channel::Phone, required.phone, "phone numbers", "[texts]"),
    ] {
        let can = sends.to(channel) && settings.sends_messages();
        let reason = match sends.to(channel) {
            true => "the app uses neither codes nor links".to_owned(),
            false => format!("there is no {table}"),
        };
        match (can, required) {
            (false, true) => notes.push(format!(
                "app `{app}`: nobody can register a passkey with one of the {identifiers} that \
                 require_identifier_verification covers, as {reason}"
            )),
            (false, false) if settings.require_identifier_verification.is_none() => {
                notes.push(format!(
                    "app `{app}`: require_identifier_verification is off for {identifiers}, as {reason}: whoever \
                     registers a passkey for one first has its account"
                ));
            }
            _ => {}
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Sends = Sends {
        mail: false,
        texts: false,
    };
    const MAIL: Sends = Sends {
        mail: true,
        texts: false,
    };
    const BOTH: Sends = Sends {
        mail: true,
        texts: true,
    };

    fn app(setting: Option<bool>) -> AppSettings {
        AppSettings {
            require_identifier_verification: setting,
            ..AppSettings::for_production()
        }
    }

    #[test]
    fn what_is_not_verified_is_said() {
        for (setting, sends, count) in [
            (None, NOTHING, 2),
            (None, MAIL, 1),
            (None, BOTH, 0),
            (Some(true), MAIL, 1),
            (Some(true), BOTH, 0),
            (Some(false), NOTHING, 0),
        ] {
            let notes = notes("shop", &app(setting), sends);
            assert_eq!(notes.len(), count, "{setting:?} {sends:?}: {notes:?}");
        }
    }

    #[test]
    fn nobody_can_be_asked_for_what_cannot_be_done() {
        let silent = AppSettings {
            magic_links: false,
            one_time_codes: false,
            ..app(Some(true))
        };
        assert!(problem(&app(Some(true)), NOTHING).is_some());
        assert!(problem(&silent, BOTH).is_some());
        assert!(problem(&app(Some(true)), MAIL).is_none());
        for setting in [None, Some(false)] {
            assert!(problem(&app(setting), NOTHING).is_none());
        }
    }
}
