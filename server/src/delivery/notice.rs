//! Notices: messages that tell owners of a change to their account.

use std::time::Duration;

use super::harmless;
use super::language::Language;
use super::message::{Channel, Message, one_line, time_left};
use crate::clock::Time;
use crate::identifier::Identifier;
use crate::ids::{self, UserId};

/// The `purpose` of a notice.
const PURPOSE: &str = "security_notice";

/// How long an owner can undo a change of identifier.
pub(crate) const UNDO_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// What an owner is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A passkey with this name was added.
    PasskeyAdded(String),
    /// A passkey with this name was removed.
    PasskeyRemoved(String),
    /// This identifier was added, beside the one that the notice goes to.
    IdentifierAdded { new: String, undo: Option<Undo> },
    /// The identifier that the notice goes to was replaced.
    IdentifierChanged { new: String, undo: Option<Undo> },
    /// The identifier that the notice goes to was removed.
    IdentifierRemoved,
    /// This identifier was removed, because the user returned to the one that the notice goes to.
    AdditionRemoved(String),
    /// A change was undone, so that the account has the identifier that the notice goes to.
    ChangeUndone,
    /// This identifier left the account, because somebody else proved it.
    IdentifierLost(String),
    /// The first proof of an identifier removed what others may have added.
    AccountCleared,
}

/// A link that undoes a change. `Debug` omits it: anyone who has it can use it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Undo(pub(crate) String);

impl std::fmt::Debug for Undo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Undo")
    }
}

/// Who sent the request that a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requester {
    /// Browser and system, such as `Firefox on Windows`, if they are known.
    pub(crate) client: Option<String>,
    /// Network address.
    pub(crate) address: String,
    pub(crate) at: Time,
}

impl Requester {
    /// A line about the requester in a language.
    pub(super) fn line(&self, language: Language) -> String {
        let at = self.at.timestamp().strftime("%Y-%m-%d %H:%M UTC");
        let texts = language.texts();
        let client = self.client.as_deref().unwrap_or(texts.unknown_client);
        texts
            .requester
            .replace("{client}", &one_line(client))
            .replace("{address}", &self.address)
            .replace("{at}", &at.to_string())
    }
}

/// A notice to write.
pub(crate) struct NewNotice<'a> {
    pub(crate) to: &'a Identifier,
    pub(crate) user_id: UserId,
    pub(crate) notice: Notice,
    /// `None` if the app's backend did it.
    pub(crate) requester: Option<Requester>,
    pub(crate) language: Language,
    pub(crate) created_at: Time,
}

impl Message {
    /// Writes a notice in the name of an app.
    pub(crate) fn notify(app_name: &str, new: NewNotice<'_>) -> Self {
        let texts = new.language.texts();
        let ([subject, text], undo) = match &new.notice {
            Notice::PasskeyAdded(_) => (texts.passkey_added, None),
            Notice::PasskeyRemoved(_) => (texts.passkey_removed, None),
            Notice::IdentifierAdded { undo, .. } => (texts.identifier_added, undo.as_ref()),
            Notice::IdentifierChanged { undo, .. } => (texts.identifier_changed, undo.as_ref()),
            Notice::IdentifierRemoved => (texts.identifier_removed, None),
            Notice::AdditionRemoved(_) => (texts.addition_removed, None),
            Notice::ChangeUndone => (texts.change_undone, None),
            Notice::IdentifierLost(_) => (texts.identifier_lost, None),
            Notice::AccountCleared => (texts.account_cleared, None),
        };
        let detail = match &new.notice {
            Notice::PasskeyAdded(name) | Notice::PasskeyRemoved(name) => harmless::name(name),
            Notice::IdentifierAdded { new, .. }
            | Notice::IdentifierChanged { new, .. }
            | Notice::AdditionRemoved(new)
            | Notice::IdentifierLost(new) => harmless::address(new),
            Notice::IdentifierRemoved | Notice::AccountCleared | Notice::ChangeUndone => {
                String::new()
            }
        };
        // Placeholders in a name are text, so each part is filled once, and names last.
        let time = time_left(UNDO_LIFETIME, texts);
        let fill = |text: &str| {
            fill(text, |placeholder| match placeholder {
                "app" => Some(one_line(app_name)),
                "name" | "new" => Some(one_line(&detail)),
                "time" => Some(time.clone()),
                _ => None,
            })
        };
        let mut parts = vec![fill(text)];
        parts.extend(new.requester.as_ref().map(|it| it.line(new.language)));
        match undo {
            Some(Undo(url)) => parts.extend([fill(texts.undo), url.clone()]),
            None => parts.push(fill(texts.notice_end)),
        }
        Self {
            id: ids::new_id(),
            created_at: new.created_at.timestamp(),
            expires_at: (new.created_at + UNDO_LIFETIME).timestamp(),
            channel: Channel::of(new.to),
            to: new.to.as_str().to_owned(),
            purpose: PURPOSE.to_owned(),
            language: new.language.code().to_owned(),
            user_id: new.user_id.into(),
            magic_link_id: None,
            url: undo.map(|Undo(url)| url.clone()),
            otp_id: None,
            code: None,
            subject: fill(subject),
            text: parts.join("\n\n"),
        }
    }
}

/// Replaces each `{placeholder}` of a text once. What it is replaced with is not searched again.
fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}') {
            Some((name, end)) => {
                match value(name) {
                    Some(value) => filled.push_str(&value),
                    None => filled.extend(["{", name, "}"]),
                }
                rest = end;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::language::LANGUAGES;
    use super::*;

    fn message(notice: Notice, language: Language) -> Message {
        let to = Identifier::Email("ada@example.com".to_owned());
        let requester = Requester {
            client: Some("Firefox on\nWindows".to_owned()),
            address: "203.0.113.7".to_owned(),
            at: Time::from_second(1_800_000_000),
        };
        let new = NewNotice {
            to: &to,
            user_id: "ada".into(),
            notice,
            requester: Some(requester),
            language,
            created_at: Time::from_second(1_800_000_000),
        };
        Message::notify("The {name} Shop", new)
    }

    #[test]
    fn a_notice_says_what_changed_and_who_asked_for_it() {
        let message = message(
            Notice::PasskeyAdded("{app}\r\nBcc: x".to_owned()),
            Language::En,
        );
        assert_eq!(message.subject, "New passkey for The {name} Shop");
        assert_eq!(
            message.text,
            "The passkey “{app}  Bcc: x” was added to your account at The {name} Shop.\n\n\
             Requested by Firefox on Windows, network address 203.0.113.7, 2027-01-15 08:00 UTC.\n\n\
             If this was not you, sign in to The {name} Shop, check your passkeys and contact details, and sign out \
             everywhere."
        );
        assert_eq!(message.url, None);
    }

    #[test]
    fn a_link_that_undoes_is_alone_on_its_line_and_not_in_debug_output() {
        let notice = Notice::IdentifierChanged {
            new: "eve@example.com".to_owned(),
            undo: Some(Undo("https://shop.example.com/?undo=secret".to_owned())),
        };
        assert!(!format!("{notice:?}").contains("secret"));
        let message = message(notice, Language::En);
        assert!(message.text.contains("now uses eve@example.com in place"));
        assert!(message.text.contains("within 24 h to undo"));
        assert!(
            message
                .text
                .lines()
                .any(|line| line == "https://shop.example.com/?undo=secret")
        );
    }

    #[test]
    fn no_language_leaves_a_placeholder_or_drops_a_value() {
        for language in LANGUAGES {
            let notices = [
                Notice::PasskeyAdded("my-phone".to_owned()),
                Notice::PasskeyRemoved("my-phone".to_owned()),
                Notice::IdentifierAdded {
                    new: "my-phone".to_owned(),
                    undo: None,
                },
                Notice::IdentifierLost("my-phone".to_owned()),
                Notice::AdditionRemoved("my-phone".to_owned()),
                Notice::IdentifierChanged {
                    new: "my-phone".to_owned(),
                    undo: Some(Undo("https://example.com/".to_owned())),
                },
                Notice::IdentifierRemoved,
                Notice::AccountCleared,
                Notice::ChangeUndone,
            ];
            for notice in notices {
                let plain = [
                    Notice::IdentifierRemoved,
                    Notice::AccountCleared,
                    Notice::ChangeUndone,
                ];
                let has_detail = !plain.contains(&notice);
                let message = message(notice, language);
                let own = message.text.replace("The {name} Shop", "");
                assert!(!own.contains('{'), "{}: {own}", language.code());
                assert_eq!(own.contains("my-phone"), has_detail, "{own}");
                assert!(own.contains("203.0.113.7"), "{own}");
            }
        }
    }
}
