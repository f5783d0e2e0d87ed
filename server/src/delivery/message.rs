//! A message with a code or a link.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::language::Language;
use super::notice::Requester;
use super::texts::Texts;
use crate::clock::Time;
use crate::identifier::Identifier;
use crate::ids::{self, UserId};
use crate::store::Purpose;

/// How a message is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Channel {
    /// By e-mail.
    Email,
    /// As a text message.
    Phone,
}

impl Channel {
    /// How messages reach an identifier.
    pub(crate) fn of(identifier: &Identifier) -> Self {
        match identifier {
            Identifier::Email(_) => Self::Email,
            Identifier::Phone(_) => Self::Phone,
        }
    }
}

/// A message that was, or would have been, delivered. Its `Debug` output omits the link, the code and the text that
/// contains them: anyone who has one of them can sign in.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// Id of the message.
    pub id: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its code or link expires.
    pub expires_at: Timestamp,
    /// How it is delivered.
    pub channel: Channel,
    /// The e-mail address or phone number it goes to.
    pub to: String,
    /// What it is for: `login`, `register`, `verify_identifier` or `change_identifier`; or `security_notice`, which tells
    /// owners of a change to their account.
    pub purpose: String,
    /// Two-letter code of its language.
    pub language: String,
    /// Id of the user it goes to.
    pub user_id: String,
    /// Id of the magic link, if the message contains one.
    pub magic_link_id: Option<String>,
    /// The link itself.
    pub url: Option<String>,
    /// Id of the one-time code, if the message contains one.
    pub otp_id: Option<String>,
    /// The code itself: six digits.
    pub code: Option<String>,
    /// Subject, for an e-mail.
    pub subject: String,
    /// The text, in the message's language.
    pub text: String,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("channel", &self.channel)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// What a message contains.
pub(crate) enum Content {
    Link { id: String, url: String },
    Code { id: String, code: String },
}

/// A message to write.
pub(crate) struct NewMessage<'a> {
    pub(crate) to: &'a Identifier,
    pub(crate) user_id: UserId,
    pub(crate) purpose: Purpose,
    pub(crate) language: Language,
    pub(crate) content: Content,
    /// The account that would get the identifier, for a change of identifier.
    pub(crate) account: Option<String>,
    /// `None` if the app's backend requested it.
    pub(crate) requester: Option<Requester>,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
}

impl Message {
    /// Writes a message in the name of an app.
    pub(crate) fn write(app_name: &str, new: NewMessage<'_>) -> Self {
        let texts = new.language.texts();
        let time_left = time_left(new.expires_at.since(new.created_at), texts);
        let code = match &new.content {
            Content::Code { code, .. } => code.as_str(),
            Content::Link { .. } => "",
        };
        // The name is inserted last, so that nothing in it is mistaken for a placeholder.
        let fill = |text: &str| {
            let filled = text.replace("{code}", code).replace("{time}", &time_left);
            let account = new.account.as_deref().unwrap_or_default();
            let filled = filled.replace("{account}", &one_line(account));
            filled.replace("{app}", &one_line(app_name))
        };
        let [subject, text] = match (&new.content, new.purpose) {
            (Content::Code { .. }, _) => texts.code,
            (_, Purpose::Login | Purpose::Register) => texts.sign_in,
            (_, Purpose::VerifyIdentifier) => texts.confirm,
            (_, Purpose::ChangeIdentifier) => texts.change,
        };
        let channel = Channel::of(new.to);
        // A text message has no room for it.
        let requester = new.requester.filter(|_| channel == Channel::Email);
        let requester = requester.map(|it| format!("{}\n\n", it.line(new.language)));
        let requester = requester.unwrap_or_default();
        let (subject, text, end) = (fill(subject), fill(text), fill(texts.end));
        let text = match &new.content {
            // Alone on its line, so that mail readers take no more and no less for the link.
            Content::Link { url, .. } => format!("{text}\n\n{url}\n\n{requester}{end}"),
            Content::Code { .. } if requester.is_empty() => format!("{text} {end}"),
            Content::Code { .. } => format!("{text}\n\n{requester}{end}"),
        };
        let (magic_link_id, url, otp_id, code) = match new.content {
            Content::Link { id, url } => (Some(id), Some(url), None, None),
            Content::Code { id, code } => (None, None, Some(id), Some(code)),
        };
        Self {
            id: ids::new_id(),
            created_at: new.created_at.timestamp(),
            expires_at: new.expires_at.timestamp(),
            channel,
            to: new.to.as_str().to_owned(),
            purpose: new.purpose.as_str().to_owned(),
            language: new.language.code().to_owned(),
            user_id: new.user_id.into(),
            magic_link_id,
            url,
            otp_id,
            code,
            subject,
            text,
        }
    }
}

/// A lifetime in minutes or hours, in words.
pub(super) fn time_left(lifetime: Duration, texts: &Texts) -> String {
    match lifetime.as_secs() / 60 {
        minutes @ ..=120 => format!("{}{}", minutes.max(1), texts.minutes),
        minutes => format!("{}{}", minutes / 60, texts.hours),
    }
}

/// A name that is safe in a mail header: a line break would begin another header.
pub(super) fn one_line(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
