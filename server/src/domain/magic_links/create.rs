//! Creating a link for an app's backend, which receives the link itself and can have it sent as well.

use std::time::Duration;

use super::landing::url;
use super::{LinkFor, NewLink};
use crate::clock::Time;
use crate::delivery::{Channel, Content, Language, Message, NewMessage};
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::state::AppState;
use crate::domain::users;
use crate::identifier::Identifier;
use crate::ids::{AppId, UserId};
use crate::store;
use crate::store::users::{MadeBy, UserRow};
use crate::store::{Purpose, Tx};

/// The recipient of a link.
pub(crate) enum LinkReceiver {
    /// A user, and which of their identifiers to use.
    UserId(UserId, Option<Channel>),
    /// The user who has this identifier.
    Reached(Identifier),
}

/// A link that a backend requests.
pub(crate) struct LinkOrder {
    pub(crate) receiver: LinkReceiver,
    /// How the server sends the link itself.
    pub(crate) send: Option<Channel>,
    pub(crate) lifetime: Duration,
    pub(crate) purpose: Purpose,
    pub(crate) language: Language,
    /// The page of the app that the link opens, as returned by [`of_backend`](super::of_backend).
    pub(crate) path: String,
    pub(crate) redirect_url: String,
}

/// A link that was created.
pub(crate) struct CreatedLink {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) url: String,
    pub(crate) identifier: Identifier,
    pub(crate) user_id: UserId,
}

/// Creates a link, and sends it if requested.
pub(crate) async fn create(
    state: &AppState,
    app: &App,
    order: LinkOrder,
) -> Result<CreatedLink, Refusal> {
    if order
        .send
        .is_some_and(|channel| !state.sender.reaches(channel))
    {
        return Err(Refusal::custom_provider_required());
    }
    let created_at = state.clock.now();
    let expires_at = created_at + order.lifetime;
    let (purpose, delivered) = (order.purpose, order.send.is_some());
    let (link, new_id) = (NewLink::make(), UserId::new());
    let id = link.id.clone();
    let (app_id, receiver, redirect_url) = (app.id.clone(), order.receiver, order.redirect_url);
    let insert = state.store.write(move |tx| {
        let (user, identifier) = receive(tx, &app_id, &receiver, &new_id, created_at)?;
        let (secret, row) = link.for_user(&LinkFor {
            app_id: &app_id,
            user_id: Some(&user.id),
            purpose,
            identifier: &identifier,
            delivered,
            redirect_url: &redirect_url,
            asker: None,
            sign_in: None,
            created_at,
            expires_at,
        });
        store::magic_links::insert(tx, &row)?;
        Ok::<_, Refusal>((secret, user.id, identifier))
    });
    let (secret, user_id, identifier) = insert.await?;
    let url = url(app, &order.path, &secret);
    if delivered {
        let content = Content::Link {
            id: id.clone(),
            url: url.clone(),
        };
        let new = NewMessage {
            to: &identifier,
            user_id: user_id.clone(),
            purpose,
            language: order.language,
            content,
            account: None,
            requester: None,
            created_at,
            expires_at,
        };
        state.sender.send(Message::write(&app.settings.name, new));
    }
    Ok(CreatedLink {
        id,
        secret,
        url,
        identifier,
        user_id,
    })
}

/// The recipient of the link, created if nobody has the identifier, and the identifier.
fn receive(
    tx: &Tx<'_>,
    app_id: &AppId,
    receiver: &LinkReceiver,
    new_id: &UserId,
    now: Time,
) -> Result<(UserRow, Identifier), Refusal> {
    let (user, identifier) = match receiver {
        LinkReceiver::UserId(id, channel) => {
            let user = store::users::get(tx, app_id, id)?.ok_or_else(Refusal::user_not_found)?;
            let email = user.email.clone().map(Identifier::Email);
            let phone = user.phone.clone().map(Identifier::Phone);
            let identifier = match channel {
                Some(Channel::Email) => email,
                Some(Channel::Phone) => phone,
                None => email.or(phone),
            };
            (user, identifier)
        }
        LinkReceiver::Reached(identifier) => {
            let user = match users::find(tx, app_id, identifier)? {
                Some(user) => user,
                None => users::create(tx, app_id, new_id, identifier, MadeBy::Backend, now)?,
            };
            (user, Some(identifier.clone()))
        }
    };
    if user.is_inactive() {
        return Err(Refusal::operation_not_allowed("user: not active."));
    }
    let identifier = identifier
        .ok_or_else(|| Refusal::invalid_request("channel: the user has no such identifier."))?;
    Ok((user, identifier))
}
