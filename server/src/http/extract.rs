//! What handlers extract from a request: the app that it addresses, and its caller.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use bytes::Bytes;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problem::unreadable;
use crate::domain::api_keys;
use crate::domain::apps::App;
use crate::domain::client::{ClientInfo, Peer};
use crate::domain::error::Refusal;
use crate::domain::sign_ins::Session;
use crate::domain::state::AppState;
use crate::domain::users::account::{self, OwnToken};
use crate::store::api_keys::ApiKeyRow;
use crate::store::audit::AuditReason;
use crate::store::devices::DeviceRow;
use crate::store::social_connections::ConnectionRow;
use crate::store::users::UserRow;

/// The parameters of the path.
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| Refusal::invalid_request("path: is not UTF-8."))?;
        Ok(Self(
            params
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        ))
    }
}

impl Params {
    /// A parameter by its name in the route.
    pub(crate) fn get(&self, name: &str) -> String {
        // Nested in a route of somebody else's, that route's parameters come first.
        self.0
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }
}

/// A request to an app that needs no credentials.
pub(crate) struct AppContext {
    pub(crate) state: Arc<AppState>,
    pub(crate) app: Arc<App>,
}

impl FromRequestParts<Arc<AppState>> for AppContext {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let params = Params::from_request_parts(parts, state).await?;
        let app = state.app(&params.get("app_id").into())?;
        Ok(Self {
            state: Arc::clone(state),
            app,
        })
    }
}

/// A request to an app with an API key of that app.
pub(crate) struct ApiKeyAuth {
    pub(crate) state: Arc<AppState>,
    pub(crate) app: Arc<App>,
    pub(crate) params: Params,
}

impl FromRequestParts<Arc<AppState>> for ApiKeyAuth {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let params = Params::from_request_parts(parts, state).await?;
        let key = bearer(parts)?.ok_or_else(|| missing("api key: missing."))?;
        let app = state.app(&params.get("app_id").into())?;
        api_keys::authenticate(state, &app, key).await?;
        Ok(Self {
            state: Arc::clone(state),
            app,
            params,
        })
    }
}

/// A request that returns more with an API key, but does not need one.
pub(crate) struct MaybeApiKeyAuth {
    pub(crate) state: Arc<AppState>,
    pub(crate) app: Arc<App>,
    pub(crate) key: Option<ApiKeyRow>,
}

impl FromRequestParts<Arc<AppState>> for MaybeApiKeyAuth {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let params = Params::from_request_parts(parts, state).await?;
        let app = state.app(&params.get("app_id").into())?;
        let key = match bearer(parts)? {
            Some(key) => Some(api_keys::authenticate(state, &app, key).await?),
            None => None,
        };
        Ok(Self {
            state: Arc::clone(state),
            app,
            key,
        })
    }
}

/// A request by a signed-in user.
pub(crate) struct UserAuth {
    pub(crate) state: Arc<AppState>,
    pub(crate) app: Arc<App>,
    pub(crate) user: UserRow,
    pub(crate) devices: Vec<DeviceRow>,
    pub(crate) connections: Vec<ConnectionRow>,
    pub(crate) session: Session,
}

impl UserAuth {
    /// Refuses users who signed in too long ago to change how they sign in.
    pub(crate) fn check_recent(&self) -> Result<(), Refusal> {
        let now = self.state.clock.now();
        self.session.check_recent(&self.app.settings, now)
    }
}

impl FromRequestParts<Arc<AppState>> for UserAuth {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let params = Params::from_request_parts(parts, state).await?;
        let app = state.app(&params.get("app_id").into())?;
        let token = bearer(parts)?.ok_or_else(|| missing("auth token: missing."))?;
        let account = account::authenticate(state, &app, token).await?;
        Ok(Self {
            state: Arc::clone(state),
            app,
            user: account.user,
            devices: account.devices,
            connections: account.connections,
            session: account.session,
        })
    }
}

/// A request that needs no credentials, but can carry the auth token of a user. A bad token counts as none.
pub(crate) struct MaybeUserAuth {
    pub(crate) state: Arc<AppState>,
    pub(crate) app: Arc<App>,
    pub(crate) own: Option<OwnToken>,
}

impl FromRequestParts<Arc<AppState>> for MaybeUserAuth {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let params = Params::from_request_parts(parts, state).await?;
        let app = state.app(&params.get("app_id").into())?;
        let own = match bearer(parts) {
            Ok(Some(token)) => account::recognize(state, &app, token).await?,
            Ok(None) | Err(_) => None,
        };
        Ok(Self {
            state: Arc::clone(state),
            app,
            own,
        })
    }
}

/// The client that sent a request. This never fails, so any handler can use it.
impl<S: Sync> FromRequestParts<S> for ClientInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        // Every connection sets it.
        let peer = parts.extensions.get::<Peer>();
        let address = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0);
        let user_agent = parts.headers.get(USER_AGENT);
        let user_agent = user_agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        Ok(Self::new(address, &user_agent.unwrap_or_default()))
    }
}

fn missing(problem: &'static str) -> Refusal {
    Refusal::invalid_access_token(problem).because(AuditReason::MissingCredential)
}

/// The token of an `Authorization: Bearer` header, `None` without such a header.
fn bearer(parts: &Parts) -> Result<Option<&str>, Refusal> {
    let problem = || Refusal::invalid_access_token("authorization: must be `Bearer` and a token.");
    let Some(header) = parts.headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let (scheme, token) = header
        .to_str()
        .ok()
        .and_then(|text| text.trim().split_once(' '))
        .ok_or_else(problem)?;
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
        Ok(Some(token))
    } else {
        Err(problem())
    }
}

/// Parses a JSON body, whatever the content type is.
pub(crate) fn json<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    // Otherwise an array would be accepted too, as the members in the order of their declaration.
    if !is_object(body) {
        return Err(Refusal::invalid_request("body: a JSON object is needed."));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(unreadable)?;
    reader
        .end()
        .map_err(|error| Refusal::invalid_request(format!("body: {error}.")))?;
    Ok(value)
}

/// Whether a body begins as a JSON object does.
pub(crate) fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'{')
}

/// The values of the members of a form or query that have one of these names.
pub(crate) fn form_values<'a>(
    form: &'a [u8],
    names: &'a [&str],
) -> impl Iterator<Item = String> + 'a {
    form_urlencoded::parse(form)
        .filter(move |(name, _)| names.contains(&name.as_ref()))
        .map(|(_, value)| value.into_owned())
}

/// Reads the members of a JSON body.
pub(crate) fn from_members<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(Value::Object(members)).map_err(unreadable)
}
