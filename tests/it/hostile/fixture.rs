//! The issuer that the attacks are aimed at, and what makes tokens of it.

use std::sync::LazyLock;

use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use passage_identity::test_util::{TestClock, TestIssuer, TestToken};
use serde_json::{Map, Value, json};

use crate::hostile::rsa::Rsa;
use crate::hostile::run::{Lane, lanes};

/// A claim's value of which no error may speak.
pub(crate) const USER: &str = "canaryUser0000000001";

pub(crate) struct Fixture {
    /// Signs with the second of the two keys in its set.
    pub(crate) issuer: TestIssuer,
    /// The same app before it made its second key: signs with the first.
    pub(crate) before: TestIssuer,
    /// Somebody with a key of their own, who names it like the second and knows all the rest.
    pub(crate) attacker: TestIssuer,
    /// The second key, for other algorithms.
    pub(crate) pair: RsaKeyPair,
    /// The second key, for arithmetic.
    pub(crate) raw: Rsa,
    /// The first key, for arithmetic.
    pub(crate) raw_before: Rsa,
    /// Services with the issuer's keys.
    pub(crate) lanes: Vec<Lane>,
}

impl Fixture {
    pub(crate) fn shared() -> &'static Self {
        static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
            let before = TestIssuer::new().unwrap();
            let mut issuer = before.clone();
            issuer.rotate().unwrap();
            let mut attacker = before.clone();
            attacker.rotate().unwrap();
            let der = issuer.signing_key_pkcs8().unwrap();
            Fixture {
                pair: RsaKeyPair::from_pkcs8(&der).unwrap(),
                raw: Rsa::from_pkcs8(&der),
                lanes: lanes(&issuer.builder()),
                raw_before: Rsa::from_pkcs8(&before.signing_key_pkcs8().unwrap()),
                before,
                attacker,
                issuer,
            }
        });
        &FIXTURE
    }

    /// A good token.
    pub(crate) fn good(&self) -> String {
        self.mint(TestToken::new(USER))
    }

    pub(crate) fn mint(&self, token: TestToken) -> String {
        self.issuer.mint(token).unwrap()
    }

    /// A token of exactly these texts, with a good signature.
    pub(crate) fn raw(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
        self.issuer.sign_raw(header, claims).unwrap()
    }

    /// A token whose header is this text; the rest is good.
    pub(crate) fn header_text(&self, header: impl AsRef<[u8]>) -> String {
        self.raw(header, self.claims().to_string())
    }

    /// A token whose claims are this text; the rest is good.
    pub(crate) fn claims_text(&self, claims: impl AsRef<[u8]>) -> String {
        self.raw(self.header().to_string(), claims)
    }

    /// A token of which one member of the header is another.
    pub(crate) fn header_with(&self, name: &str, value: impl Into<Value>) -> String {
        self.mint(TestToken::new(USER).header(name, value))
    }

    /// A token of which one claim is another.
    pub(crate) fn claim(&self, name: &str, value: impl Into<Value>) -> String {
        self.mint(TestToken::new(USER).claim(name, value))
    }

    pub(crate) fn without_claim(&self, name: &str) -> String {
        self.mint(TestToken::new(USER).without_claim(name))
    }

    pub(crate) fn header(&self) -> Value {
        json!({"alg": "RS256", "typ": "JWT", "kid": self.issuer.kid()})
    }

    pub(crate) fn claims(&self) -> Value {
        let now = TestClock::START.as_second();
        json!({
            "iss": self.issuer.issuer(), "aud": [self.issuer.app_id()], "sub": USER,
            "exp": now + 3600, "nbf": now - 5, "iat": now,
        })
    }

    /// What a signature is over, for a good token with this `alg`.
    pub(crate) fn signed(&self, alg: &str) -> String {
        self.signed_with(&[("alg", json!(alg))])
    }

    /// The same, with more members in the header.
    pub(crate) fn signed_with(&self, members: &[(&str, Value)]) -> String {
        let mut header: Map<String, Value> = self.header().as_object().unwrap().clone();
        for (name, value) in members {
            header.insert((*name).to_owned(), value.clone());
        }
        format!(
            "{}.{}",
            b64(Value::Object(header).to_string()),
            b64(self.claims().to_string())
        )
    }
}

/// The JWK of the key that signs.
pub(crate) fn signing_jwk(issuer: &TestIssuer) -> Value {
    let set: Value = serde_json::from_str(&issuer.jwks_json()).unwrap();
    let keys = set["keys"].as_array().unwrap();
    let ours = keys.iter().find(|key| key["kid"] == issuer.kid());
    ours.unwrap().clone()
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of signed text and signature.
pub(crate) fn token(signed: &str, signature: impl AsRef<[u8]>) -> String {
    format!("{signed}.{}", b64(signature))
}

/// The three parts of a token.
pub(crate) fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<_> = token.split('.').collect();
    parts.try_into().unwrap()
}
