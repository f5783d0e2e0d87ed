//! Runs a case every way in which it could reach a service.

use std::error::Error as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use passage_identity::keys::JwkSet;
use passage_identity::{AuthStrategy, Claims, Error, ErrorKind, Passage, PassageBuilder};
use serde_json::Value;

use crate::hostile::fixture::Fixture;

#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Where the danger is written down.
    pub(crate) source: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) expected: ErrorKind,
    pub(crate) input: Input,
}

/// A case that must be accepted.
pub(crate) struct Control {
    pub(crate) name: String,
    pub(crate) input: Input,
    /// What is set besides keys and clock.
    pub(crate) settings: Option<fn(PassageBuilder) -> PassageBuilder>,
}

#[derive(Debug)]
pub(crate) enum Input {
    /// A token, to be sent in every place that can hold its bytes.
    Token(Vec<u8>),
    /// Fields of a request to a service with this strategy.
    Request(AuthStrategy, Vec<(HeaderName, Vec<u8>)>),
    /// A token that meets these keys.
    Keys { set: String, token: String },
}

impl From<String> for Input {
    fn from(token: String) -> Self {
        Self::Token(token.into())
    }
}

impl From<&str> for Input {
    fn from(token: &str) -> Self {
        Self::Token(token.into())
    }
}

impl From<Vec<u8>> for Input {
    fn from(token: Vec<u8>) -> Self {
        Self::Token(token)
    }
}

/// One service that gets a case: where it looks for tokens, and whether it remembers them.
pub(crate) struct Lane {
    how: &'static str,
    strategy: AuthStrategy,
    passage: Passage,
}

impl Lane {
    fn new(builder: &PassageBuilder, strategy: AuthStrategy, cache: usize) -> Self {
        let builder = builder.clone().auth_strategy(strategy).token_cache(cache);
        let how = match (strategy, cache) {
            (AuthStrategy::Cookie, 0) => "cookie, cache off",
            (AuthStrategy::Cookie, _) => "cookie, cache on",
            (_, 0) => "header, cache off",
            (_, _) => "header, cache on",
        };
        Self {
            how,
            strategy,
            passage: builder.build().unwrap(),
        }
    }
}

const CACHE: usize = 1_024;

/// Every combination, for the keys of the fixture: made once, so that what one case leaves in a cache
/// meets all the others.
pub(crate) fn lanes(builder: &PassageBuilder) -> Vec<Lane> {
    let strategies = [AuthStrategy::Cookie, AuthStrategy::Header];
    strategies
        .into_iter()
        .flat_map(|strategy| [CACHE, 0].map(|cache| Lane::new(builder, strategy, cache)))
        .collect()
}

/// Has a good token remembered.
pub(crate) async fn warm_up(fixture: &Fixture) {
    for lane in &fixture.lanes {
        lane.passage.verify_token(&fixture.good()).await.unwrap();
    }
}

/// Each strategy and each setting of the cache once: a `Passage` takes time to build, and where a
/// token comes from changes nothing about its key.
fn some_lanes(builder: &PassageBuilder) -> Vec<Lane> {
    vec![
        Lane::new(builder, AuthStrategy::Cookie, CACHE),
        Lane::new(builder, AuthStrategy::Header, 0),
    ]
}

/// What came of one way to send a case.
type Outcome = (String, Result<Claims, Error>);

/// Each way twice, so that a cache that learned from the first cannot change the second.
async fn outcomes(lanes: &[Lane], input: &Input) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for lane in lanes {
        let request = match input {
            Input::Request(strategy, fields) => {
                (*strategy == lane.strategy).then(|| headers(fields))
            }
            Input::Token(token) => request(lane.strategy, token),
            Input::Keys { token, .. } => request(lane.strategy, token.as_bytes()),
        };
        for time in ["first", "second"] {
            if let Some(request) = &request {
                let how = format!("{}, {time} time", lane.how);
                outcomes.push((how, lane.passage.verify_request(request).await));
            }
            if let Some(token) = bare(input) {
                let how = format!("{}, bare, {time} time", lane.how);
                outcomes.push((how, lane.passage.verify_token(token).await));
            }
        }
    }
    outcomes
}

fn bare(input: &Input) -> Option<&str> {
    match input {
        Input::Token(token) => std::str::from_utf8(token).ok(),
        Input::Keys { token, .. } => Some(token),
        Input::Request(..) => None,
    }
}

fn headers(fields: &[(HeaderName, Vec<u8>)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(name.clone(), HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

/// The token in a request, if its bytes would arrive as they are.
fn request(strategy: AuthStrategy, token: &[u8]) -> Option<HeaderMap> {
    let (name, value) = match strategy {
        AuthStrategy::Cookie => {
            let blank = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
            if token.contains(&b';') || blank(token.first()) || blank(token.last()) {
                return None;
            }
            if token.first() == Some(&b'"') && token.last() == Some(&b'"') {
                return None;
            }
            (COOKIE, [b"psg_auth_token=", token].concat())
        }
        _ if token.first() == Some(&b' ') => return None,
        _ => (AUTHORIZATION, [b"Bearer ", token].concat()),
    };
    let value = HeaderValue::from_bytes(&value).ok()?;
    Some(HeaderMap::from_iter([(name, value)]))
}

/// Runs a case that must be refused; says what went wrong.
pub(crate) async fn refusal(fixture: &Fixture, case: &Case) -> Vec<String> {
    let own;
    let lanes = match &case.input {
        Input::Keys { set, .. } => match JwkSet::from_json(set) {
            Ok(keys) => {
                own = some_lanes(&fixture.issuer.builder().jwks(keys));
                &own
            }
            Err(error) => return vec![format!("{}: the whole set is refused: {error}", case.name)],
        },
        _ => &fixture.lanes,
    };
    let secrets = secrets(&case.input);
    let mut failures = Vec::new();
    let outcomes = outcomes(lanes, &case.input).await;
    if outcomes.is_empty() {
        failures.push(format!("{}: there is no way to send it", case.name));
    }
    for (how, outcome) in outcomes {
        let what = format!("{} ({how}; {}; {})", case.name, case.source, case.reason);
        match outcome {
            Ok(_) => failures.push(format!("{what}: ACCEPTED, not {}", case.expected)),
            Err(error) => {
                if error.kind() != case.expected {
                    failures.push(format!("{what}: {}, not {}", error.kind(), case.expected));
                }
                if !error.is_token_invalid()
                    || error.is_unavailable()
                    || error.answer_status() != 401
                {
                    failures.push(format!("{what}: is not answered with 401"));
                }
                let shown = shown(&error);
                if let Some(secret) = secrets.iter().find(|secret| shown.contains(*secret)) {
                    failures.push(format!("{what}: the error shows {secret:?}: {shown}"));
                }
            }
        }
    }
    failures
}

/// Runs a case that must be accepted; says what went wrong.
pub(crate) async fn acceptance(fixture: &Fixture, case: &Control) -> Vec<String> {
    let own;
    let lanes = match (&case.input, case.settings) {
        (Input::Keys { set, .. }, _) => {
            let keys = JwkSet::from_json(set).unwrap();
            own = some_lanes(&fixture.issuer.builder().jwks(keys));
            &own
        }
        (_, Some(settings)) => {
            own = some_lanes(&settings(fixture.issuer.builder()));
            &own
        }
        (_, None) => &fixture.lanes,
    };
    let mut failures = Vec::new();
    let outcomes = outcomes(lanes, &case.input).await;
    if outcomes.is_empty() {
        failures.push(format!("{}: there is no way to send it", case.name));
    }
    for (how, outcome) in outcomes {
        if let Err(error) = outcome {
            failures.push(format!(
                "{} ({how}): refused as {}",
                case.name,
                error.kind()
            ));
        }
    }
    failures
}

/// All that an error says of itself and of its causes.
fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    text
}

/// The token and its parts, every value among its claims, and the `kid`.
fn secrets(input: &Input) -> Vec<String> {
    let text = match input {
        Input::Token(token) => String::from_utf8_lossy(token).into_owned(),
        Input::Keys { token, .. } => token.clone(),
        Input::Request(_, fields) => fields
            .iter()
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect::<Vec<_>>()
            .join(" "),
    };
    let mut secrets = vec![text.clone()];
    for part in text.split(['.', ' ', ';', '=', ',', '"']) {
        secrets.push(part.to_owned());
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(part) else {
            continue;
        };
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) if value.get("alg").is_some() => {
                secrets.extend(value.get("kid").and_then(Value::as_str).map(str::to_owned))
            }
            Ok(value) => leaves(&value, &mut secrets),
            Err(_) => secrets.extend(String::from_utf8(bytes)),
        }
    }
    // Shorter ones are part of ordinary words.
    secrets.retain(|secret| secret.len() >= 6);
    secrets
}

fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Number(number) => found.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(members) => members.values().for_each(|member| leaves(member, found)),
        Value::Null | Value::Bool(_) => {}
    }
}
