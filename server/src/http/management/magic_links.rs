//! Magic links.

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::management::types::{
    CreateMagicLinkRequest, MagicLink, MagicLinkChannel, MagicLinkLanguage, MagicLinkResponse,
    MagicLinkType,
};
use serde_json::{Map, Value};

use super::users::{email, phone, stored};
use crate::clock::time;
use crate::core::App;
use crate::dev::{Channel, Message};
use crate::http::error::ApiError;
use crate::http::extract::{Managed, json};
use crate::http::reply;
use crate::ids;
use crate::store::Conn;
use crate::store::magic_links::{self, NewMagicLink};
use crate::store::users::{self, NewUser, UserRow};

/// Whom a link is for.
#[derive(Clone)]
enum Receiver {
    UserId(String, Option<Channel>),
    Email(String),
    Phone(String),
}

/// A request that has been checked.
struct Checked {
    receiver: Receiver,
    send: bool,
    ttl_minutes: i64,
    r#type: MagicLinkType,
    language: MagicLinkLanguage,
    path: String,
    redirect_url: String,
}

/// Reads the body as old SDKs also wrote it: `""` and 0 for what is not set, numbers and booleans as strings.
fn read(body: &Bytes) -> Result<CreateMagicLinkRequest, ApiError> {
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
    serde_json::from_value(Value::Object(members))
        .map_err(|error| ApiError::invalid_request(format!("body: {error}.")))
}

fn check(request: CreateMagicLinkRequest, app: &App) -> Result<Checked, ApiError> {
    let invalid = |problem: &'static str| Err(ApiError::invalid_request(problem));
    let channel = match request.channel {
        None => None,
        Some(MagicLinkChannel::Email) => Some(Channel::Email),
        Some(MagicLinkChannel::Phone) => Some(Channel::Phone),
        Some(_) => return invalid("channel: must be email or phone."),
    };
    let receiver = match (request.user_id, request.email, request.phone) {
        (Some(user_id), None, None) => Receiver::UserId(user_id, channel),
        (None, Some(text), None) => Receiver::Email(email(&text)?),
        (None, None, Some(text)) => Receiver::Phone(phone(&text)?),
        _ => return invalid("magic link: exactly one of user_id, email and phone is needed."),
    };
    match (&receiver, channel) {
        (Receiver::Email(_), Some(Channel::Phone)) | (Receiver::Phone(_), Some(Channel::Email)) => {
            return invalid("channel: must be the kind of the identifier that is given.");
        }
        _ => {}
    }
    let send = request.send.unwrap_or(false);
    if send && channel.is_none() {
        return invalid("channel: is needed when send is true.");
    }
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
    let path = request
        .magic_link_path
        .unwrap_or_else(|| app.settings.login_url.clone());
    // What stands before the first slash, query or fragment could be a scheme, and what follows two slashes a host.
    let first = path.split(['/', '?', '#']).next().unwrap_or_default();
    if first.contains(':') || path.starts_with("//") {
        return invalid("magic_link_path: must be a path on the app's auth origin.");
    }
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

/// The user whom the link is for, created if nobody has the identifier, with the channel and the identifier.
async fn receive(
    conn: &mut Conn,
    app_id: &str,
    receiver: Receiver,
    now: i64,
) -> Result<(UserRow, Channel, String), ApiError> {
    let (user, channel) = match receiver {
        Receiver::UserId(id, channel) => {
            let user = users::get(conn, app_id, &id)
                .await?
                .ok_or_else(ApiError::user_not_found)?;
            let default = if user.email.is_some() {
                Channel::Email
            } else {
                Channel::Phone
            };
            (user, channel.unwrap_or(default))
        }
        Receiver::Email(email) => {
            let user = match users::by_email(conn, app_id, &email).await? {
                Some(user) => user,
                None => {
                    let new = NewUser {
                        email: Some(email),
                        ..NewUser::default()
                    };
                    stored(users::insert(conn, app_id, &new, now).await)?
                }
            };
            (user, Channel::Email)
        }
        Receiver::Phone(phone) => {
            let user = match users::by_phone(conn, app_id, &phone).await? {
                Some(user) => user,
                None => {
                    let new = NewUser {
                        phone: Some(phone),
                        ..NewUser::default()
                    };
                    stored(users::insert(conn, app_id, &new, now).await)?
                }
            };
            (user, Channel::Phone)
        }
    };
    if user.is_inactive() {
        return Err(ApiError::operation_not_allowed("user: not active."));
    }
    let identifier = if channel == Channel::Email {
        user.email.clone()
    } else {
        user.phone.clone()
    };
    let identifier = identifier
        .ok_or_else(|| ApiError::invalid_request("channel: the user has no such identifier."))?;
    Ok((user, channel, identifier))
}

/// The link: a page of the app with the secret in its query, which comes before a fragment.
fn url(app: &App, path: &str, secret: &str) -> String {
    let origin = app.settings.auth_origin.trim_end_matches('/');
    let (path, fragment) = path.split_at(path.find('#').unwrap_or(path.len()));
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{origin}{slash}{path}{mark}psg_magic_link={secret}{fragment}")
}

pub(crate) async fn create_magic_link(call: Managed, body: Bytes) -> Result<Response, ApiError> {
    let checked = check(read(&body)?, &call.app)?;
    let now = call.core.clock.micros();
    let id = ids::new_id();
    let (app_id, receiver) = (call.app.id.clone(), checked.receiver.clone());
    let (link_id, r#type, redirect_url) = (
        id.clone(),
        checked.r#type.to_string(),
        checked.redirect_url.clone(),
    );
    let ttl_minutes = checked.ttl_minutes;
    let insert = call.core.store.write(move |conn| {
        Box::pin(async move {
            let (user, channel, identifier) = receive(conn, &app_id, receiver, now).await?;
            let secret = format!("ml.{}.{}.{}", ids::new_id(), user.id, ids::new_id());
            let link = NewMagicLink {
                id: link_id,
                user_id: user.id,
                hash: ids::hash(&secret),
                identifier,
                r#type,
                redirect_url,
                ttl_minutes,
                created_at: now,
                expires_at: now + ttl_minutes * 60_000_000,
            };
            magic_links::insert(conn, &link).await?;
            Ok::<_, ApiError>((link, channel, secret))
        })
    });
    let (link, channel, secret) = insert.await?;
    let url = url(&call.app, &checked.path, &secret);
    if checked.send {
        call.core.dev.outbox.put(Message {
            id: ids::new_id(),
            created_at: time(now),
            channel,
            to: link.identifier.clone(),
            purpose: link.r#type,
            language: checked.language.to_string(),
            user_id: link.user_id.clone(),
            magic_link_id: link.id,
            url: url.clone(),
        });
    }
    let magic_link = MagicLink {
        activated: false,
        app_id: call.app.id.clone(),
        id,
        identifier: link.identifier,
        redirect_url: checked.redirect_url,
        secret,
        ttl: checked.ttl_minutes,
        type_: checked.r#type,
        url,
        user_id: link.user_id,
    };
    Ok(reply::created(&MagicLinkResponse { magic_link }))
}
