//! What a token is to say.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// A token to be minted by [`TestIssuer::mint`](super::TestIssuer::mint).
///
/// By default it is a valid token for this user; each method changes one thing. Values are not
/// restricted: invalid tokens are what tests need most.
///
/// ```
/// use passage_identity::ErrorKind;
/// use passage_identity::test_util::{TestIssuer, TestToken};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> passage_identity::Result<()> {
/// let issuer = TestIssuer::new()?;
/// let passage = issuer.passage()?;
/// let user = TestToken::new("user id");
/// for (token, kind) in [
///     (user.clone().expired(), ErrorKind::Expired),
///     (user.clone().issuer("https://elsewhere.example"), ErrorKind::BadIssuer),
///     (user.clone().without_claim("exp"), ErrorKind::MissingClaim),
///     (user.clone().header("alg", "none"), ErrorKind::UnsupportedAlgorithm),
///     (user.clone().wrong_key(), ErrorKind::BadSignature),
/// ] {
///     let error = passage.verify_token(&issuer.mint(token)?).await.unwrap_err();
///     assert_eq!(error.kind(), kind);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a token is minted by TestIssuer::mint"]
pub struct TestToken {
    header: Members,
    claims: Members,
    pub(super) wrong_key: bool,
}

type Members = BTreeMap<String, Member>;

#[derive(Clone, Debug)]
enum Member {
    Is(Value),
    /// This duration after the time of minting.
    InTime(SignedDuration),
    Absent,
}

impl TestToken {
    /// A valid token for the user with this id.
    pub fn new(user_id: impl Into<String>) -> Self {
        Self {
            header: Members::new(),
            claims: Members::new(),
            wrong_key: false,
        }
        .claim("sub", user_id.into())
    }

    /// Sets `aud` to this one string. For several, use `.claim("aud", json!(["a", "b"]))`.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.claim("aud", audience.into())
    }

    /// Sets `iss`.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.claim("iss", issuer.into())
    }

    /// Sets `exp` to this duration after the issuer's clock at the time of minting.
    pub fn expires_in(self, lifetime: Duration) -> Self {
        let lifetime = SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX);
        self.set("exp", Member::InTime(lifetime))
    }

    /// Sets `exp` to two minutes ago, which is more than any leeway.
    pub fn expired(self) -> Self {
        self.set("exp", Member::InTime(SignedDuration::from_secs(-120)))
    }

    /// Sets `exp`.
    pub fn expires_at(self, time: Timestamp) -> Self {
        self.claim("exp", numeric_date(time))
    }

    /// Sets `nbf`.
    pub fn not_before(self, time: Timestamp) -> Self {
        self.claim("nbf", numeric_date(time))
    }

    /// Sets `iat`.
    pub fn issued_at(self, time: Timestamp) -> Self {
        self.claim("iat", numeric_date(time))
    }

    /// Sets any claim to any value.
    pub fn claim(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.set(name, Member::Is(value.into()))
    }

    /// Leaves a claim out.
    pub fn without_claim(self, name: impl Into<String>) -> Self {
        self.set(name, Member::Absent)
    }

    /// Sets any member of the header. The signature stays one of RS256, whatever `alg` says.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), Member::Is(value.into()));
        self
    }

    /// Leaves a member of the header out.
    pub fn without_header(mut self, name: impl Into<String>) -> Self {
        self.header.insert(name.into(), Member::Absent);
        self
    }

    /// Sets the `kid`, the name of the key. The key that signs stays the same.
    pub fn kid(self, kid: impl Into<String>) -> Self {
        self.header("kid", kid.into())
    }

    /// Signs with a key that is in no issuer's set, under the name of the right one: a forgery.
    pub fn wrong_key(mut self) -> Self {
        self.wrong_key = true;
        self
    }

    fn set(mut self, name: impl Into<String>, member: Member) -> Self {
        self.claims.insert(name.into(), member);
        self
    }

    /// Header and claims as JSON.
    pub(super) fn texts(
        &self,
        kid: &str,
        issuer: &str,
        app_id: &str,
        now: Timestamp,
    ) -> (String, String) {
        let mut header = object([
            ("alg", "RS256".into()),
            ("typ", "JWT".into()),
            ("kid", kid.into()),
        ]);
        let after = |seconds| at(now, SignedDuration::from_secs(seconds));
        let mut claims = object([
            ("iss", issuer.into()),
            ("aud", json!([app_id])),
            ("exp", after(3600)),
            ("nbf", after(-5)),
            ("iat", after(0)),
        ]);
        for (object, changes) in [(&mut header, &self.header), (&mut claims, &self.claims)] {
            for (name, member) in changes {
                match member {
                    Member::Is(value) => object.insert(name.clone(), value.clone()),
                    Member::InTime(after) => object.insert(name.clone(), at(now, *after)),
                    Member::Absent => object.remove(name),
                };
            }
        }
        (
            Value::Object(header).to_string(),
            Value::Object(claims).to_string(),
        )
    }
}

/// A valid token for the user with this id.
impl From<&str> for TestToken {
    fn from(user_id: &str) -> Self {
        Self::new(user_id)
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn at(now: Timestamp, after: SignedDuration) -> Value {
    let end = if after.is_negative() {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    numeric_date(now.checked_add(after).unwrap_or(end))
}

/// Seconds since 1970 (RFC 7519, 2), with a fraction only if the time has one.
fn numeric_date(time: Timestamp) -> Value {
    if time.subsec_nanosecond() == 0 {
        time.as_second().into()
    } else {
        time.as_duration().as_secs_f64().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(token: &TestToken) -> (Value, Value) {
        let now = Timestamp::from_second(1_000).unwrap();
        let (header, claims) = token.texts("key", "issuer", "app", now);
        (
            serde_json::from_str(&header).unwrap(),
            serde_json::from_str(&claims).unwrap(),
        )
    }

    #[test]
    fn the_default_is_a_good_token() {
        let (header, claims) = texts(&TestToken::new("user"));
        assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "key"}));
        assert_eq!(
            claims,
            json!({"iss": "issuer", "aud": ["app"], "sub": "user", "exp": 4600, "nbf": 995, "iat": 1000})
        );
    }

    #[test]
    fn every_method_changes_one_thing() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let token = TestToken::new("user");
        for (token, part, name, value) in [
            (token.clone().audience("a"), 1, "aud", json!("a")),
            (token.clone().issuer("i"), 1, "iss", json!("i")),
            (
                token.clone().expires_in(Duration::from_secs(7)),
                1,
                "exp",
                json!(1007),
            ),
            (
                token.clone().expires_in(Duration::MAX),
                1,
                "exp",
                numeric_date(Timestamp::MAX),
            ),
            (token.clone().expired(), 1, "exp", json!(880)),
            (token.clone().expires_at(at(3)), 1, "exp", json!(3)),
            (
                token.clone().not_before(at(4) + Duration::from_millis(500)),
                1,
                "nbf",
                json!(4.5),
            ),
            (token.clone().issued_at(at(5)), 1, "iat", json!(5)),
            (token.clone().claim("x", json!([1])), 1, "x", json!([1])),
            (token.clone().without_claim("nbf"), 1, "nbf", json!(null)),
            (token.clone().header("alg", "none"), 0, "alg", json!("none")),
            (token.clone().without_header("typ"), 0, "typ", json!(null)),
            (token.clone().kid("k"), 0, "kid", json!("k")),
        ] {
            let (good, changed) = (texts(&TestToken::new("user")), texts(&token));
            let (mut expected, changed) = if part == 0 {
                assert_eq!(good.1, changed.1, "{name}");
                (good.0, changed.0)
            } else {
                assert_eq!(good.0, changed.0, "{name}");
                (good.1, changed.1)
            };
            let members = expected.as_object_mut().unwrap();
            match value {
                Value::Null => members.remove(name),
                value => members.insert(name.to_owned(), value),
            };
            assert_eq!(changed, expected, "{name}");
        }
    }
}
