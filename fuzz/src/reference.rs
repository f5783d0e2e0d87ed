//! The policy again, written to be read and not to be fast.

use std::fmt;
use std::time::SystemTime;

use passage_identity::ErrorKind;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::{APP, ISSUER, Minted};

/// Any JSON, with every member of every object as it was written.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool,
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok()?;
        serde_json::from_slice(bytes).ok()
    }

    /// The members of an object that has no name twice at any depth and is not nested too deep.
    pub fn plain_object(bytes: &[u8]) -> Option<Self> {
        let json = Self::parse(bytes)?;
        let plain = matches!(json, Self::Object(_)) && json.depth() <= 16 && !json.repeats_a_name();
        plain.then_some(json)
    }

    fn children(&self) -> Vec<&Json> {
        match self {
            Self::List(items) => items.iter().collect(),
            Self::Object(members) => members.iter().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        }
    }

    fn depth(&self) -> usize {
        let inner = self.children().into_iter().map(Json::depth).max();
        match self {
            Self::List(_) | Self::Object(_) => 1 + inner.unwrap_or(0),
            _ => 0,
        }
    }

    pub fn repeats_a_name(&self) -> bool {
        let mut names: Vec<&String> = match self {
            Self::Object(members) => members.iter().map(|(name, _)| name).collect(),
            _ => Vec::new(),
        };
        let count = names.len();
        names.sort();
        names.dedup();
        names.len() < count || self.children().into_iter().any(Json::repeats_a_name)
    }

    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Self::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What must be said of a token that key `one` signed.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    Accept(String),
    Refuse,
    /// A time is so near to now that the answer depends on when the test runs.
    Either,
}

/// Judges a token by the texts of its header and its claims.
pub fn judge_signed(token: &str, header: &[u8], claims: &[u8]) -> Expected {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_or(0.0, |now| now.as_secs_f64());
    if token.len() > 16 * 1024 || !good_header(header) {
        return Expected::Refuse;
    }
    let Some(claims) = Json::plain_object(claims) else {
        return Expected::Refuse;
    };
    let time = |name| match claims.get(name) {
        None => Ok(None),
        Some(Json::Number(seconds)) => Ok(Some(*seconds)),
        Some(_) => Err(()),
    };
    let (Ok(Some(exp)), Ok(nbf), Ok(_)) = (time("exp"), time("nbf"), time("iat")) else {
        return Expected::Refuse;
    };
    let good_issuer = claims.get("iss").and_then(Json::text) == Some(ISSUER);
    let good_audience = match claims.get("aud") {
        Some(Json::Text(aud)) => aud == APP,
        Some(Json::List(list)) => {
            list.iter().all(|item| item.text().is_some())
                && list.iter().any(|item| item.text() == Some(APP))
        }
        _ => false,
    };
    let user = claims.get("sub").and_then(Json::text).filter(|sub| {
        !["", ".", ".."].contains(sub) && !sub.chars().any(|c| c.is_control() || c == '\\')
    });
    let (true, true, Some(user)) = (good_issuer, good_audience, user) else {
        return Expected::Refuse;
    };
    if [Some(exp), nbf]
        .into_iter()
        .flatten()
        .any(|time| (time - now).abs() < 600.0)
    {
        return Expected::Either;
    }
    if exp < now || nbf.is_some_and(|nbf| nbf > now) {
        return Expected::Refuse;
    }
    Expected::Accept(user.to_owned())
}

fn good_header(header: &[u8]) -> bool {
    let Some(header) = Json::plain_object(header) else {
        return false;
    };
    let text = |name| header.get(name).and_then(Json::text);
    let good_type = match header.get("typ") {
        None => true,
        Some(typ) => typ
            .text()
            .is_some_and(|typ| typ.eq_ignore_ascii_case("jwt")),
    };
    text("alg") == Some("RS256")
        && text("kid") == Some("one")
        && good_type
        && ["crit", "b64", "zip"]
            .iter()
            .all(|name| header.get(name).is_none())
}

/// The tokens in the `Cookie` fields, as a slow reader finds them.
pub fn cookies(lines: &[u8]) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    for pair in lines.split(|&byte| byte == b'\n' || byte == b';') {
        let Some(equals) = pair.iter().position(|&byte| byte == b'=') else {
            continue;
        };
        let (name, value) = (&pair[..equals], &pair[equals + 1..]);
        // White space is trimmed around the pair, not around the equals sign.
        if name.trim_ascii_start() != b"psg_auth_token" {
            continue;
        }
        let mut value = value.trim_ascii_end();
        if value.len() >= 2 && value.starts_with(b"\"") && value.ends_with(b"\"") {
            value = &value[1..value.len() - 1];
        }
        if !value.is_empty() && !found.iter().any(|known| known == value) {
            found.push(value.to_vec());
        }
    }
    found
}

/// What must be said of those tokens.
pub fn judge_cookies(minted: &Minted, tokens: &[Vec<u8>]) -> Result<&'static str, Refusal> {
    if tokens.is_empty() {
        return Err(Refusal::Exactly(ErrorKind::TokenMissing));
    }
    let mut users: Vec<_> = tokens
        .iter()
        .filter_map(|token| minted.user_of(token))
        .collect();
    users.sort_unstable();
    users.dedup();
    match users[..] {
        [user] if tokens.len() <= 4 => Ok(user),
        // One token is judged by itself, several that leave no user are ambiguous.
        [] if tokens.len() == 1 => Err(Refusal::Any),
        _ => Err(Refusal::Exactly(ErrorKind::AmbiguousRequest)),
    }
}

#[derive(Debug)]
pub enum Refusal {
    Exactly(ErrorKind),
    /// For a reason that the token has in itself.
    Any,
}

/// Holds a verdict against what it must be.
pub fn compare(verdict: &crate::Verdict, expected: &Result<&'static str, Refusal>) {
    let agree = match (verdict, expected) {
        (Ok(user), Ok(expected)) => user == expected,
        (Err(kind), Err(Refusal::Exactly(expected))) => kind == expected,
        (Err(kind), Err(Refusal::Any)) => {
            ![ErrorKind::TokenMissing, ErrorKind::AmbiguousRequest].contains(kind)
        }
        _ => false,
    };
    assert!(agree, "the verdict is {verdict:?}, it must be {expected:?}");
}

/// What must be said of the `Authorization` fields.
pub fn judge_authorization(minted: &Minted, lines: &[u8]) -> Result<&'static str, Refusal> {
    if lines.contains(&b'\n') {
        return Err(Refusal::Exactly(ErrorKind::AmbiguousRequest));
    }
    let missing = Err(Refusal::Exactly(ErrorKind::TokenMissing));
    let scheme: Vec<u8> = lines
        .iter()
        .copied()
        .take_while(|&byte| byte != b' ')
        .collect();
    let rest: Vec<u8> = lines[scheme.len()..].to_vec();
    let token: Vec<u8> = rest
        .iter()
        .copied()
        .skip_while(|&byte| byte == b' ')
        .collect();
    if !scheme.eq_ignore_ascii_case(b"bearer") || token.is_empty() {
        return missing;
    }
    minted.user_of(&token).ok_or(Refusal::Any)
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Bool)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}
