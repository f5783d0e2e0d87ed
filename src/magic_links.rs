//! Magic links: links that sign a user in.

use std::fmt;
use std::time::Duration;

use crate::api::Api;
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::generated::management::types;
use crate::ids::{AppId, IntoId, UserId};
use crate::open_enum::open_enum;
use crate::secret::{Hidden, Secret};
use crate::wire::set;

const MINUTE: u64 = 60;

open_enum! {
    /// How a link is sent.
    pub enum MagicLinkChannel {
        Email = "email",
        Phone = "phone",
    }
}

open_enum! {
    /// What a link is for.
    pub enum MagicLinkType {
        /// To sign in.
        Login = "login",
        /// To verify an e-mail address or phone number.
        VerifyIdentifier = "verify_identifier",
    }
}

open_enum! {
    /// The language of the message.
    pub enum MagicLinkLanguage {
        /// German.
        De = "de",
        /// English.
        En = "en",
        /// Spanish.
        Es = "es",
        /// Italian.
        It = "it",
        /// Polish.
        Pl = "pl",
        /// Portuguese.
        Pt = "pt",
        /// Chinese.
        Zh = "zh",
    }
}

/// Magic links of an app. Created by [`Passage::magic_links`](crate::Passage::magic_links).
#[derive(Clone)]
pub struct MagicLinks {
    api: Api,
}

impl fmt::Debug for MagicLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MagicLinks")
            .field(self.api.app_id())
            .finish()
    }
}

impl MagicLinks {
    pub(crate) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Creates a link and returns it, for you to deliver (`createMagicLink` without `send`). Anyone
    /// who has the link can sign in as the user.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] before any request if the address, the number, the user id or
    /// the lifetime is invalid; [`ErrorKind::MissingApiKey`]; and errors of the call, see
    /// [`ErrorKind`].
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use passage_identity::magic_links::CreateMagicLink;
    ///
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let link = passage
    ///     .magic_links()
    ///     .create(CreateMagicLink::for_email("new@example.com").ttl(Duration::from_secs(15 * 60)))
    ///     .await?;
    /// deliver(link.url.expose());
    /// # Ok(())
    /// # }
    /// # fn deliver(_: &str) {}
    /// ```
    pub async fn create(&self, link: CreateMagicLink) -> Result<MagicLink> {
        self.request(link, false).await
    }

    /// Creates a link and has the server send it (`createMagicLink` with `send`).
    ///
    /// # Errors
    /// As [`create`](Self::create); the code `custom_provider_required` means that the app has no
    /// provider for messages.
    ///
    /// ```no_run
    /// use passage_identity::magic_links::{CreateMagicLink, MagicLinkChannel, MagicLinkLanguage};
    ///
    /// # async fn example(passage: passage_identity::Passage, id: passage_identity::UserId) -> passage_identity::Result<()> {
    /// let link = CreateMagicLink::for_user(&id, MagicLinkChannel::Email)?.language(MagicLinkLanguage::Es);
    /// passage.magic_links().send(link).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(&self, link: CreateMagicLink) -> Result<MagicLink> {
        self.request(link, true).await
    }

    async fn request(&self, link: CreateMagicLink, send: bool) -> Result<MagicLink> {
        let body = link.into_body(send)?;
        let reply = self
            .api
            .manage("createMagicLink", |api, app| {
                api.create_magic_link(app, &body)
            })
            .await?;
        Ok(reply.magic_link.into())
    }
}

#[derive(Clone)]
enum Recipient {
    Email(String),
    Phone(String),
    User(UserId, MagicLinkChannel),
}

/// A magic link to create.
#[derive(Clone)]
#[must_use = "hand it to magic_links().create(..) or .send(..)"]
pub struct CreateMagicLink {
    recipient: Recipient,
    link_type: Option<MagicLinkType>,
    language: Option<MagicLinkLanguage>,
    path: Option<String>,
    redirect_url: Option<String>,
    ttl: Option<Duration>,
}

impl CreateMagicLink {
    fn new(recipient: Recipient) -> Self {
        Self {
            recipient,
            link_type: None,
            language: None,
            path: None,
            redirect_url: None,
            ttl: None,
        }
    }

    /// A link for an e-mail address. If no user has it, one is created.
    pub fn for_email(email: impl Into<String>) -> Self {
        Self::new(Recipient::Email(email.into()))
    }

    /// A link for a phone number in E.164 form. If no user has it, one is created.
    pub fn for_phone(phone: impl Into<String>) -> Self {
        Self::new(Recipient::Phone(phone.into()))
    }

    /// A link for a user, by e-mail or phone.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] if the text cannot be a user id.
    pub fn for_user(id: impl IntoId<UserId>, channel: MagicLinkChannel) -> Result<Self> {
        Ok(Self::new(Recipient::User(id.into_id()?, channel)))
    }

    /// The purpose of the link. Defaults to signing in.
    pub fn link_type(mut self, link_type: MagicLinkType) -> Self {
        self.link_type = Some(link_type);
        self
    }

    /// The language of the message. Defaults to the app's.
    pub fn language(mut self, language: MagicLinkLanguage) -> Self {
        self.language = Some(language);
        self
    }

    /// The path on the app's site that the link opens.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Where the user lands after signing in.
    pub fn redirect_url(mut self, url: impl Into<String>) -> Self {
        self.redirect_url = Some(url.into());
        self
    }

    /// How long the link is valid: whole minutes, at least one. Defaults to the app's setting.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    fn into_body(self, send: bool) -> Result<types::CreateMagicLinkRequest> {
        let (mut email, mut phone, mut user_id) = (None, None, None);
        let channel = match self.recipient {
            Recipient::Email(address) => {
                check::email(&address)?;
                email = Some(address);
                MagicLinkChannel::Email
            }
            Recipient::Phone(number) => {
                check::phone(&number)?;
                phone = Some(number);
                MagicLinkChannel::Phone
            }
            Recipient::User(id, channel) => {
                user_id = Some(id.into());
                channel
            }
        };
        Ok(types::CreateMagicLinkRequest {
            channel: Some(channel.as_str().into()),
            email,
            language: self.language.map(|language| language.as_str().into()),
            magic_link_path: self.path,
            phone,
            redirect_url: self.redirect_url,
            send: Some(send),
            ttl: self.ttl.map(minutes).transpose()?,
            type_: self.link_type.map(|link_type| link_type.as_str().into()),
            user_id,
        })
    }
}

impl fmt::Debug for CreateMagicLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("CreateMagicLink");
        match &self.recipient {
            Recipient::Email(address) => debug.field("email", &Hidden::text(address)),
            Recipient::Phone(number) => debug.field("phone", &Hidden::text(number)),
            Recipient::User(id, channel) => debug.field("user_id", id).field("channel", channel),
        };
        debug.field("ttl", &self.ttl).finish_non_exhaustive()
    }
}

/// The API counts minutes. Rounding would give a link a lifetime that nobody asked for.
fn minutes(ttl: Duration) -> Result<i64> {
    let whole = ttl.subsec_nanos() == 0 && ttl.as_secs().is_multiple_of(MINUTE) && !ttl.is_zero();
    let minutes = whole
        .then(|| i64::try_from(ttl.as_secs() / MINUTE).ok())
        .flatten();
    minutes.ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidInput,
            "the time to live of a magic link is not whole minutes, one at least",
        )
    })
}

/// A magic link that was created. `Debug` shows neither link, nor secret, nor recipient.
#[derive(Clone)]
#[non_exhaustive]
pub struct MagicLink {
    /// The link's id, which does not open it.
    pub id: String,
    /// The app.
    pub app_id: AppId,
    /// The user whom the link signs in.
    pub user_id: UserId,
    /// The address or number the link is for.
    pub identifier: Option<String>,
    /// The purpose of the link.
    pub link_type: MagicLinkType,
    /// The secret in the link.
    pub secret: Secret,
    /// The link. Anyone who has it can sign in as the user.
    pub url: Secret,
    /// Where the user lands after signing in.
    pub redirect_url: Option<String>,
    /// How long the link is valid.
    pub ttl: Duration,
    /// Whether the link was used.
    pub activated: bool,
}

impl fmt::Debug for MagicLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MagicLink")
            // Who knows the id gets the tokens once the link has been opened.
            .field("id", &Hidden::text(&self.id))
            .field("user_id", &self.user_id)
            .field("identifier", &Hidden::option(self.identifier.as_ref()))
            .field("link_type", &self.link_type)
            .field("secret", &self.secret)
            .field("url", &self.url)
            .field("ttl", &self.ttl)
            .field("activated", &self.activated)
            .finish_non_exhaustive()
    }
}

impl From<types::MagicLink> for MagicLink {
    fn from(link: types::MagicLink) -> Self {
        Self {
            id: link.id,
            app_id: AppId::from_reply(link.app_id),
            user_id: UserId::from_reply(link.user_id),
            identifier: set(link.identifier),
            link_type: link.type_.as_str().into(),
            secret: link.secret.into(),
            url: link.url.into(),
            redirect_url: set(link.redirect_url),
            ttl: Duration::from_secs(
                u64::try_from(link.ttl)
                    .unwrap_or_default()
                    .saturating_mul(MINUTE),
            ),
            activated: link.activated,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn body(link: CreateMagicLink, send: bool) -> Value {
        serde_json::to_value(link.into_body(send).unwrap()).unwrap()
    }

    #[test]
    fn requests() {
        assert_eq!(
            body(CreateMagicLink::for_email("a@b.c"), true),
            json!({"channel": "email", "email": "a@b.c", "send": true})
        );
        assert_eq!(
            body(
                CreateMagicLink::for_phone("+15005550006").ttl(Duration::from_secs(3600)),
                false
            ),
            json!({"channel": "phone", "phone": "+15005550006", "send": false, "ttl": 60})
        );
        let all = CreateMagicLink::for_user("user1", MagicLinkChannel::Phone)
            .unwrap()
            .link_type(MagicLinkType::VerifyIdentifier)
            .language(MagicLinkLanguage::Pt)
            .path("/welcome")
            .redirect_url("https://example.com/in")
            .ttl(Duration::from_secs(60));
        assert_eq!(
            body(all, false),
            json!({
                "channel": "phone", "user_id": "user1", "type": "verify_identifier", "language": "pt", "send": false,
                "magic_link_path": "/welcome", "redirect_url": "https://example.com/in", "ttl": 1,
            })
        );
    }

    #[test]
    fn what_cannot_be_right_is_refused() {
        for ttl in [
            Duration::ZERO,
            Duration::from_secs(59),
            Duration::from_secs(61),
            Duration::from_millis(60_500),
            Duration::MAX,
        ] {
            assert!(minutes(ttl).unwrap_err().is_invalid_input(), "{ttl:?}");
        }
        assert!(
            CreateMagicLink::for_email("nobody")
                .into_body(true)
                .is_err()
        );
        assert!(CreateMagicLink::for_phone("12").into_body(true).is_err());
        assert!(CreateMagicLink::for_user("..", MagicLinkChannel::Email).is_err());
    }

    #[test]
    fn debug_hides_the_link_and_the_recipient() {
        let link: MagicLink = serde_json::from_value::<types::MagicLink>(json!({
            "id": "ml1", "app_id": "app", "user_id": "user1", "identifier": "jane@example.com", "type": "login",
            "secret": "hunter2", "url": "https://example.com/?psg_magic_link=hunter2", "redirect_url": "", "ttl": 60, "activated": false,
        }))
        .unwrap()
        .into();
        assert_eq!(
            (link.ttl, link.redirect_url.as_deref()),
            (Duration::from_secs(3600), None)
        );
        assert_eq!(link.secret.expose(), "hunter2");
        let text = format!(
            "{link:?} {:?} {:?}",
            CreateMagicLink::for_email("jane@example.com"),
            CreateMagicLink::for_phone("+15005550006")
        );
        assert!(
            !text.contains("hunter2") && !text.contains("jane") && !text.contains("5550006"),
            "{text}"
        );
    }
}
