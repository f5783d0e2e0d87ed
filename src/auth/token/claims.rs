//! The claims of a token, and whether they are for us and valid now.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::{Map, Value};

use super::json::{Found, read_object};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::UserId;

/// The claims of a token that was verified.
///
/// `C` is a type of yours that is read from all claims; see
/// [`Passage::verify_token_as`](crate::Passage::verify_token_as). `Debug` omits it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Claims<C = ClaimsSet> {
    /// `sub`: the user.
    pub user_id: UserId,
    /// `iss`: who issued the token, one of the accepted issuers.
    pub issuer: String,
    /// `aud`: the audience of the token; at least one of them is accepted.
    pub audience: Vec<String>,
    /// `exp`: when the token expires. A time beyond the range of `Timestamp` becomes its maximum.
    pub expires_at: Timestamp,
    /// `nbf`: when the token becomes valid.
    pub not_before: Option<Timestamp>,
    /// `iat`: when the token was issued.
    pub issued_at: Option<Timestamp>,
    /// `auth_time`: when the user signed in, which a refresh does not change. `None` if the token
    /// does not say it.
    pub authenticated_at: Option<Timestamp>,
    /// `sid`: the id of the sign-in that the token comes from. `None` if the token does not say it.
    pub sign_in_id: Option<String>,
    /// The claims as `C`. By default, all of them by name.
    pub custom: C,
}

impl<C> fmt::Debug for Claims<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("user_id", &self.user_id)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("expires_at", &self.expires_at)
            .field("not_before", &self.not_before)
            .field("issued_at", &self.issued_at)
            .field("authenticated_at", &self.authenticated_at)
            .field("sign_in_id", &self.sign_in_id)
            .finish_non_exhaustive()
    }
}

impl Claims {
    /// The same claims with a type of yours as [`custom`](Self::custom), read from all of them.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if the claims do not fit your type.
    ///
    /// ```
    /// #[derive(serde::Deserialize)]
    /// struct Tenancy {
    ///     tenant: String,
    /// }
    ///
    /// fn tenant(claims: passage_identity::Claims) -> passage_identity::Result<String> {
    ///     Ok(claims.with_custom::<Tenancy>()?.custom.tenant)
    /// }
    /// ```
    pub fn with_custom<C: DeserializeOwned>(self) -> Result<Claims<C>> {
        Ok(Claims {
            custom: self.custom.read_as()?,
            user_id: self.user_id,
            issuer: self.issuer,
            audience: self.audience,
            expires_at: self.expires_at,
            not_before: self.not_before,
            issued_at: self.issued_at,
            authenticated_at: self.authenticated_at,
            sign_in_id: self.sign_in_id,
        })
    }
}

/// All claims of a token by their names, as a [`Map`] of JSON values.
///
/// The map is created on first use. `Debug` shows the names only.
///
/// ```
/// fn plan(claims: &passage_identity::Claims) -> Option<&str> {
///     claims.custom.get("plan")?.as_str()
/// }
/// ```
#[derive(Clone)]
pub struct ClaimsSet {
    /// A JSON object that was read to its end before.
    json: Bytes,
    map: OnceLock<Map<String, Value>>,
}

impl ClaimsSet {
    fn new(json: Bytes) -> Self {
        Self {
            json,
            map: OnceLock::new(),
        }
    }

    /// Reads claims that were not read before.
    pub(in crate::auth) fn read(json: Vec<u8>) -> Result<Self, ErrorKind> {
        read_object(&json, |_, _| {}).map_err(|_| ErrorKind::Malformed)?;
        Ok(Self::new(json.into()))
    }

    /// Reads the claims as a type of yours.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if the claims do not fit the type.
    pub fn read_as<C: DeserializeOwned>(&self) -> Result<C> {
        read_as(&self.json).map_err(Error::of)
    }
}

impl Deref for ClaimsSet {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        self.map
            .get_or_init(|| serde_json::from_slice(&self.json).unwrap_or_default())
    }
}

impl PartialEq for ClaimsSet {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for ClaimsSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys()).finish()
    }
}

impl<'de> Deserialize<'de> for ClaimsSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::deserialize(deserializer)?;
        let json = serde_json::to_vec(&map).map_err(serde::de::Error::custom)?;
        Ok(Self::new(json.into()))
    }
}

fn read_as<C: DeserializeOwned>(json: &[u8]) -> Result<C, ErrorKind> {
    serde_json::from_slice(json).map_err(|_| ErrorKind::Malformed)
}

/// The claims of a token whose signature is valid and which is accepted, except for its times.
#[derive(Clone)]
pub(in crate::auth) struct Accepted {
    pub(in crate::auth) user_id: UserId,
    issuer: String,
    audience: Vec<String>,
    times: Times,
    authenticated_at: Option<f64>,
    sign_in_id: Option<String>,
    json: Bytes,
}

impl Accepted {
    pub(in crate::auth) fn check_times(
        &self,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<(), ErrorKind> {
        self.times.check(policy.leeway, now)
    }

    pub(in crate::auth) fn into_claims(self) -> Claims {
        let custom = ClaimsSet::new(self.json.clone());
        self.into_claims_with(custom)
    }

    pub(in crate::auth) fn into_claims_as<C: DeserializeOwned>(
        self,
    ) -> Result<Claims<C>, ErrorKind> {
        let custom = read_as(&self.json)?;
        Ok(self.into_claims_with(custom))
    }

    fn into_claims_with<C>(self, custom: C) -> Claims<C> {
        Claims {
            user_id: self.user_id,
            issuer: self.issuer,
            audience: self.audience,
            expires_at: timestamp(self.times.exp),
            not_before: self.times.nbf.map(timestamp),
            issued_at: self.times.iat.map(timestamp),
            authenticated_at: self.authenticated_at.map(timestamp),
            sign_in_id: self.sign_in_id,
            custom,
        }
    }
}

/// In seconds since 1970.
#[derive(Clone, Copy)]
struct Times {
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
}

impl Times {
    fn check(&self, leeway: Duration, now: Timestamp) -> Result<(), ErrorKind> {
        let now = now.as_duration().as_secs_f64();
        let leeway = leeway.as_secs_f64();
        if now >= self.exp + leeway {
            return Err(ErrorKind::Expired);
        }
        if self.nbf.is_some_and(|nbf| now + leeway < nbf) {
            return Err(ErrorKind::NotYetValid);
        }
        Ok(())
    }
}

/// What claims are accepted.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) issuers: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) leeway: Duration,
}

impl Policy {
    /// Checks the claims of a token whose signature is valid.
    pub(in crate::auth) fn check(
        &self,
        json: Vec<u8>,
        now: Timestamp,
    ) -> Result<Accepted, ErrorKind> {
        let registered = Registered::read(&json)?;
        let required = |claim| Option::ok_or(claim, ErrorKind::MissingClaim);
        let (exp, iss, aud, sub) = (
            required(registered.exp)?,
            required(registered.iss)?,
            required(registered.aud)?,
            required(registered.sub)?,
        );
        let times = Times {
            exp: seconds(exp)?,
            nbf: registered.nbf.map(seconds).transpose()?,
            iat: registered.iat.map(seconds).transpose()?,
        };
        let issuer = match iss {
            Found::String(iss) if self.issuers.iter().any(|known| *known == iss) => iss,
            _ => return Err(ErrorKind::BadIssuer),
        };
        let audience = match aud {
            Found::String(one) => vec![one],
            Found::Strings(many) => many,
            _ => return Err(ErrorKind::BadAudience),
        };
        if !audience
            .iter()
            .any(|aud| self.audiences.iter().any(|known| known == aud))
        {
            return Err(ErrorKind::BadAudience);
        }
        let user_id = match sub {
            Found::String(sub) => UserId::new(sub).map_err(|_| ErrorKind::BadSubject)?,
            _ => return Err(ErrorKind::BadSubject),
        };
        times.check(self.leeway, now)?;
        // These two only inform, so a token with anything else in them is as good as one without.
        let sign_in_id = match registered.sid {
            Some(Found::String(id)) => Some(id.into_owned()),
            _ => None,
        };
        Ok(Accepted {
            user_id,
            issuer: issuer.into_owned(),
            audience: audience.into_iter().map(Into::into).collect(),
            times,
            authenticated_at: registered.auth_time.and_then(|time| seconds(time).ok()),
            sign_in_id,
            json: json.into(),
        })
    }
}

/// The claims that are checked (RFC 7519, 4.1) or shown, as they were found.
#[derive(Default)]
struct Registered<'a> {
    exp: Option<Found<'a>>,
    nbf: Option<Found<'a>>,
    iat: Option<Found<'a>>,
    iss: Option<Found<'a>>,
    aud: Option<Found<'a>>,
    sub: Option<Found<'a>>,
    auth_time: Option<Found<'a>>,
    sid: Option<Found<'a>>,
}

impl<'a> Registered<'a> {
    fn read(json: &'a [u8]) -> Result<Self, ErrorKind> {
        let mut this = Self::default();
        read_object(json, |name, value| {
            let claim = match name {
                "exp" => &mut this.exp,
                "nbf" => &mut this.nbf,
                "iat" => &mut this.iat,
                "iss" => &mut this.iss,
                "aud" => &mut this.aud,
                "sub" => &mut this.sub,
                "auth_time" => &mut this.auth_time,
                "sid" => &mut this.sid,
                _ => return,
            };
            *claim = Some(value);
        })
        .map_err(|_| ErrorKind::Malformed)?;
        Ok(this)
    }
}

/// A NumericDate (RFC 7519, 2): seconds since 1970, with a fraction perhaps.
fn seconds(value: Found<'_>) -> Result<f64, ErrorKind> {
    match value {
        // Finite: JSON has no other numbers, and the reader refuses those that are too large.
        Found::Number(seconds) => Ok(seconds),
        _ => Err(ErrorKind::Malformed),
    }
}

fn timestamp(seconds: f64) -> Timestamp {
    let (min, max) = (
        Timestamp::MIN.as_microsecond(),
        Timestamp::MAX.as_microsecond(),
    );
    // The cast saturates, so the clamp catches what lies beyond the range.
    #[allow(clippy::cast_possible_truncation)]
    let micros = ((seconds * 1e6) as i64).clamp(min, max);
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
