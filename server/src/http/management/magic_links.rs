//! Magic links.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::management::types::{
    CreateMagicLinkRequest, MagicLink, MagicLinkChannel, MagicLinkLanguage, MagicLinkResponse,
    MagicLinkType,
};
use serde_json::{Map, Value};

use super::users::{email, phone};
use crate::delivery::{Channel, Content, Language, Message, NewMessage, Purpose};
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::magic_links::{self, LinkFor, NewLink};
use crate::domain::users;
use crate::http::extract::{ApiKeyAuth, from_members, json};
use crate::http::reply;
use crate::identifier::Identifier;
use crate::ids;
use crate::store;
use crate::store::Tx;
use crate::store::users::UserRow;

/// Whom a link is for.
#[derive(Clone)]
enum Receiver {
    UserId(String, Option<Channel>),
    Reached(Identifier),
}

/// A request that has been checked.
struct Checked {
    receiver: Receiver,
    /// By which way the server sends the link itself.
    send: Option<Channel>,
    ttl_minutes: i64,
    r#type: MagicLinkType,
    language: MagicLinkLanguage,
    path: String,
    redirect_url: String,
}

/// Reads the body as old SDKs also wrote it: `""` and 0 for what is not set, numbers and booleans as strings.
fn read(body: &Bytes) -> Result<CreateMagicLinkRequest, Refusal> {
    let mut members: Map<String, Value> = json(body)?;
    members.retain(|_, value| !value.is_null() && value != "");
    for name in ["ttl", "send"] {
        let plain = members
            .get(name)
            .and_then(Value::as_str)
            .and_then(|text| serde_json::from_str(text).ok());
        if let Some(plain) = plain {
            members.insert(name.to_owned(), plain);
        }
    }
    if members.get("ttl").and_then(Value::as_i64) == Some(0) {
        members.remove("ttl");
    }
    from_members(members)
}

fn check(request: CreateMagicLinkRequest, app: &App) -> Result<Checked, Refusal> {
    let invalid = |problem: &'static str| Err(Refusal::invalid_request(problem));
    let channel = match request.channel {
        None => None,
        Some(MagicLinkChannel::Email) => Some(Channel::Email),
        Some(MagicLinkChannel::Phone) => Some(Channel::Phone),
        Some(_) => return invalid("channel: must be email or phone."),
    };
    let receiver = match (request.user_id, request.email, request.phone) {
        (Some(user_id), None, None) => Receiver::UserId(user_id, channel),
        (None, Some(text), None) => Receiver::Reached(Identifier::Email(email(&text)?)),
        (None, None, Some(text)) => Receiver::Reached(Identifier::Phone(phone(&text)?)),
        _ => return invalid("magic link: exactly one of user_id, email and phone is needed."),
    };
    if let (Receiver::Reached(identifier), Some(channel)) = (&receiver, channel)
        && identifier.channel() != channel
    {
        return invalid("channel: must be the kind of the identifier that is given.");
    }
    let send = match (request.send, channel) {
        (Some(true), None) => return invalid("channel: is needed when send is true."),
        (Some(true), channel) => channel,
        _ => None,
    };
    let ttl_minutes = request.ttl.unwrap_or(app.settings.magic_link_ttl / 60);
    // A year is more than enough, and keeps the sum with the present time small.
    if !(1..=525_600).contains(&ttl_minutes) {
        return invalid("ttl: must be a number of minutes from 1 to 525600.");
    }
    let r#type = request.type_.unwrap_or(MagicLinkType::Login);
    if matches!(r#type, MagicLinkType::Unknown(_)) {
        return invalid("type: must be login or verify_identifier.");
    }
    let language = request.language.unwrap_or(MagicLinkLanguage::En);
    if matches!(language, MagicLinkLanguage::Unknown(_)) {
        return invalid("language: must be de, en, es, it, pl, pt or zh.");
    }
    let path = magic_links::landing(app, request.magic_link_path)?;
    let redirect_url = request.redirect_url.unwrap_or_default();
    Ok(Checked {
        receiver,
        send,
        ttl_minutes,
        r#type,
        language,
        path,
        redirect_url,
    })
}

/// The user whom the link is for, created if nobody has the identifier, and the identifier.
fn receive(
    tx: &Tx<'_>,
    app_id: &str,
    receiver: Receiver,
    now: i64,
) -> Result<(UserRow, Identifier), Refusal> {
    let (user, identifier) = match receiver {
        Receiver::UserId(id, channel) => {
            let user = store::users::get(tx, app_id, &id)?.ok_or_else(Refusal::user_not_found)?;
            let email = user.email.clone().map(Identifier::Email);
            let phone = user.phone.clone().map(Identifier::Phone);
            let identifier = match channel {
                Some(Channel::Email) => email,
                Some(Channel::Phone) => phone,
                None => email.or(phone),
            };
            (user, identifier)
        }
        Receiver::Reached(identifier) => {
            let user = match users::find(tx, app_id, &identifier)? {
                Some(user) => user,
                None => users::create(tx, app_id, &identifier, Map::new(), now)?,
            };
            (user, Some(identifier))
        }
    };
    if user.is_inactive() {
        return Err(Refusal::operation_not_allowed("user: not active."));
    }
    let identifier = identifier
        .ok_or_else(|| Refusal::invalid_request("channel: the user has no such identifier."))?;
    Ok((user, identifier))
}

pub(crate) async fn create_magic_link(call: ApiKeyAuth, body: Bytes) -> Result<Response, Refusal> {
    let checked = check(read(&body)?, &call.app)?;
    if checked
        .send
        .is_some_and(|channel| !call.state.sender.reaches(channel))
    {
        return Err(Refusal::custom_provider_required());
    }
    let now = call.state.clock.micros();
    let id = ids::new_id();
    let (app_id, receiver) = (call.app.id.clone(), checked.receiver.clone());
    let (link_id, redirect_url) = (id.clone(), checked.redirect_url.clone());
    let purpose = match checked.r#type {
        MagicLinkType::VerifyIdentifier => Purpose::VerifyIdentifier,
        _ => Purpose::Login,
    };
    let delivered = checked.send.is_some();
    let expires_at = now + checked.ttl_minutes * 60_000_000;
    let insert = call.state.store.write(move |tx| {
        let (user, identifier) = receive(tx, &app_id, receiver.clone(), now)?;
        let new = LinkFor {
            app_id: app_id.clone(),
            user_id: Some(user.id.clone()),
            purpose,
            identifier: &identifier,
            delivered,
            redirect_url: redirect_url.clone(),
            created_at: now,
            expires_at,
        };
        let link = NewLink::make(link_id.clone(), new);
        store::magic_links::insert(tx, &link.row)?;
        Ok::<_, Refusal>((link.secret, user.id, identifier))
    });
    let (secret, user_id, identifier) = insert.await?;
    let url = magic_links::url(&call.app, &checked.path, &secret);
    if delivered {
        let new = NewMessage {
            to: &identifier,
            user_id: user_id.clone(),
            purpose,
            language: Language::asked_for(Some(checked.language.as_ref())),
            content: Content::Link {
                id: id.clone(),
                url: url.clone(),
            },
            created_at: now,
            expires_at,
        };
        let message = Message::write(&call.app.settings.name, new);
        call.state.sender.send(message);
    }
    let magic_link = MagicLink {
        activated: false,
        app_id: call.app.id.clone(),
        id,
        identifier: identifier.as_str().to_owned(),
        redirect_url: checked.redirect_url,
        secret,
        ttl: checked.ttl_minutes,
        type_: checked.r#type,
        url,
        user_id,
    };
    Ok(reply::created(&MagicLinkResponse { magic_link }))
}
