//! Magic links.

use std::time::Duration;

use axum::response::Response;
use bytes::Bytes;
use passage_identity::generated::management::types::{
    CreateMagicLinkRequest, MagicLink, MagicLinkChannel, MagicLinkLanguage, MagicLinkResponse,
    MagicLinkType,
};
use serde_json::{Map, Value};

use crate::delivery::{Channel, Language};
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::magic_links::{self, LinkOrder, LinkReceiver};
use crate::domain::users::{email, phone};
use crate::http::extract::{ApiKeyAuth, from_members, json};
use crate::http::reply;
use crate::identifier::Identifier;
use crate::store::Purpose;

/// Parses the body in the form that old SDKs sent as well: `""` and 0 for missing values, numbers and booleans as
/// strings.
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

fn check(request: CreateMagicLinkRequest, app: &App) -> Result<LinkOrder, Refusal> {
    let invalid = |problem: &'static str| Err(Refusal::invalid_request(problem));
    let channel = match request.channel {
        None => None,
        Some(MagicLinkChannel::Email) => Some(Channel::Email),
        Some(MagicLinkChannel::Phone) => Some(Channel::Phone),
        Some(_) => return invalid("channel: must be email or phone."),
    };
    let receiver = match (request.user_id, request.email, request.phone) {
        (Some(user_id), None, None) => LinkReceiver::UserId(user_id.into(), channel),
        (None, Some(text), None) => LinkReceiver::Reached(Identifier::Email(email(&text)?)),
        (None, None, Some(text)) => LinkReceiver::Reached(Identifier::Phone(phone(&text)?)),
        _ => return invalid("magic link: exactly one of user_id, email and phone is needed."),
    };
    if let (LinkReceiver::Reached(identifier), Some(channel)) = (&receiver, channel)
        && Channel::of(identifier) != channel
    {
        return invalid("channel: must be the kind of the identifier that is given.");
    }
    let send = match (request.send, channel) {
        (Some(true), None) => return invalid("channel: is needed when send is true."),
        (Some(true), channel) => channel,
        _ => None,
    };
    let ttl_minutes = request.ttl.unwrap_or(app.settings.magic_link_ttl / 60);
    // A year is more than enough.
    let Some(minutes) = u64::try_from(ttl_minutes)
        .ok()
        .filter(|it| (1..=525_600).contains(it))
    else {
        return invalid("ttl: must be a number of minutes from 1 to 525600.");
    };
    let lifetime = Duration::from_secs(minutes * 60);
    let purpose = match request.type_ {
        None | Some(MagicLinkType::Login) => Purpose::Login,
        Some(MagicLinkType::VerifyIdentifier) => Purpose::VerifyIdentifier,
        Some(_) => return invalid("type: must be login or verify_identifier."),
    };
    let language = request.language.unwrap_or(MagicLinkLanguage::En);
    if matches!(language, MagicLinkLanguage::Unknown(_)) {
        return invalid("language: must be de, en, es, it, pl, pt or zh.");
    }
    let path = magic_links::of_backend(app, request.magic_link_path)?;
    let redirect_url = magic_links::redirect_of_backend(request.redirect_url)?;
    Ok(LinkOrder {
        receiver,
        send,
        lifetime,
        purpose,
        language: Language::asked_for(Some(language.as_ref())),
        path,
        redirect_url,
    })
}

pub(crate) async fn create_magic_link(call: ApiKeyAuth, body: Bytes) -> Result<Response, Refusal> {
    let request = check(read(&body)?, &call.app)?;
    let (redirect_url, ttl) = (
        request.redirect_url.clone(),
        request.lifetime.as_secs() / 60,
    );
    let type_ = match request.purpose {
        Purpose::VerifyIdentifier => MagicLinkType::VerifyIdentifier,
        _ => MagicLinkType::Login,
    };
    let link = magic_links::create(&call.state, &call.app, request).await?;
    let magic_link = MagicLink {
        activated: false,
        app_id: call.app.id.clone().into(),
        id: link.id,
        identifier: link.identifier.as_str().to_owned(),
        redirect_url,
        secret: link.secret,
        ttl: i64::try_from(ttl).unwrap_or(i64::MAX),
        type_,
        url: link.url,
        user_id: link.user_id.into(),
    };
    Ok(reply::created(&MagicLinkResponse { magic_link }))
}
