//! The issuer of a test's tokens.

use std::sync::Arc;

use serde_json::json;

use super::{TestClock, TestToken, key::TestKey};
use crate::auth::JwkSet;
use crate::error::Result;
use crate::ids::AppId;
use crate::passage::{Passage, PassageBuilder};

/// A name that never resolves (RFC 6761, 6.4): whatever is sent there by mistake stays here.
const SERVER: &str = "https://passage.invalid";

/// An app of a server that exists only in the test: it has keys, a clock and an issuer's name,
/// and mints tokens.
///
/// ```
/// use passage_identity::test_util::{TestIssuer, TestToken};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> passage_identity::Result<()> {
/// let issuer = TestIssuer::new()?;
/// let passage = issuer.passage()?;
/// let token = issuer.mint(TestToken::new("user id").claim("tenant", "blue"))?;
/// let claims = passage.verify_token(&token).await?;
/// assert_eq!(claims.user_id, "user id");
/// assert_eq!(claims.custom["tenant"], "blue");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TestIssuer {
    app_id: AppId,
    issuer: String,
    clock: TestClock,
    /// The key that signs, with its `kid`.
    current: (String, TestKey),
    old: Vec<(String, TestKey)>,
    rotations: u32,
    jwks: JwkSet,
}

impl TestIssuer {
    /// The app id of [`TestIssuer::new`].
    pub const APP_ID: &'static str = "testAppId00000000000";

    /// An issuer for the app [`APP_ID`](Self::APP_ID).
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the system has no random numbers to
    /// make a key of.
    pub fn new() -> Result<Self> {
        Self::for_app(Self::APP_ID)
    }

    /// An issuer for the app of this id. All issuers of a process start with the same key, so
    /// what keeps their tokens apart is the app: `iss` and `aud`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the text cannot be an app
    /// id, otherwise as [`new`](Self::new).
    pub fn for_app(app_id: impl Into<String>) -> Result<Self> {
        let app_id = AppId::new(app_id)?;
        let current = (kid(0), TestKey::shared()?);
        Ok(Self {
            issuer: format!("{SERVER}/auth/v1/apps/{app_id}"),
            app_id,
            clock: TestClock::new(),
            jwks: JwkSet::from_json(set(&[], &current))?,
            current,
            old: Vec::new(),
            rotations: 0,
        })
    }

    /// Mints a token. A plain text is the id of a user: `issuer.mint("user id")?`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the system has no random numbers to
    /// sign with.
    pub fn mint(&self, token: impl Into<TestToken>) -> Result<String> {
        let token = token.into();
        let (kid, key) = &self.current;
        let (header, claims) =
            token.texts(kid, &self.issuer, self.app_id.as_str(), self.clock.now());
        if token.wrong_key {
            TestKey::stranger()?.token(header, claims)
        } else {
            key.token(header, claims)
        }
    }

    /// A token of exactly this header and these claims, which need not be JSON, with a good
    /// signature of the current key.
    ///
    /// ```
    /// use passage_identity::ErrorKind;
    /// use passage_identity::test_util::TestIssuer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> passage_identity::Result<()> {
    /// let issuer = TestIssuer::new()?;
    /// let twice = format!(r#"{{"alg":"RS256","alg":"RS256","kid":"{}"}}"#, issuer.kid());
    /// let token = issuer.sign_raw(twice, "{}")?;
    /// let error = issuer.passage()?.verify_token(&token).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Malformed);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`mint`](Self::mint).
    pub fn sign_raw(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> Result<String> {
        self.current.1.token(header, claims)
    }

    /// The signature of the current key over any bytes: RSASSA-PKCS1-v1_5 with SHA-256. In a
    /// token it is over the encoded header, a dot and the encoded claims.
    ///
    /// # Errors
    /// As [`mint`](Self::mint).
    pub fn sign(&self, message: impl AsRef<[u8]>) -> Result<Vec<u8>> {
        self.current.1.sign(message.as_ref())
    }

    /// Makes a new key, which signs from now on. Earlier keys stay in the set until
    /// [`forget_old_keys`](Self::forget_old_keys). A `Passage` made before does not know it.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn rotate(&mut self) -> Result<()> {
        let new = (kid(self.rotations + 1), TestKey::generate()?);
        self.rotations += 1;
        self.old.push(std::mem::replace(&mut self.current, new));
        self.jwks = JwkSet::from_json(self.jwks_json())?;
        Ok(())
    }

    /// Takes all keys but the current one out of the set.
    ///
    /// # Errors
    /// None that is known; [`ErrorKind::Config`](crate::ErrorKind::Config) if the key turned
    /// unusable.
    pub fn forget_old_keys(&mut self) -> Result<()> {
        self.old.clear();
        self.jwks = JwkSet::from_json(self.jwks_json())?;
        Ok(())
    }

    /// A `Passage` of this app that verifies with this issuer's keys and by its clock. It makes
    /// no requests to verify tokens; a call of the management API fails, since there is no
    /// server.
    ///
    /// # Errors
    /// As [`PassageBuilder::build`].
    pub fn passage(&self) -> Result<Passage> {
        self.builder().build()
    }

    /// As [`passage`](Self::passage), to set more: the auth strategy, the leeway, a server for
    /// the management API.
    ///
    /// ```
    /// use passage_identity::AuthStrategy;
    /// use passage_identity::test_util::{self, TestIssuer};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> passage_identity::Result<()> {
    /// let issuer = TestIssuer::new()?;
    /// let passage = issuer.builder().auth_strategy(AuthStrategy::Header).build()?;
    /// let request = test_util::bearer(issuer.mint("user id")?)?;
    /// assert_eq!(passage.authenticate(&request).await?, "user id");
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(&self) -> PassageBuilder {
        Passage::builder(self.app_id.as_str())
            .server(SERVER)
            // So that another server set later does not turn away this issuer's tokens.
            .add_issuer(&self.issuer)
            .jwks(self.jwks.clone())
            .clock(Arc::new(self.clock.clone()))
    }

    /// The id of the app.
    #[must_use]
    pub fn app_id(&self) -> &AppId {
        &self.app_id
    }

    /// The `iss` of the tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The `kid` of the key that signs.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.current.0
    }

    /// The clock of this issuer and of every `Passage` it made; clones of the issuer share it.
    #[must_use]
    pub fn clock(&self) -> TestClock {
        self.clock.clone()
    }

    /// The public keys.
    #[must_use]
    pub fn jwks(&self) -> JwkSet {
        self.jwks.clone()
    }

    /// The public keys as a server publishes them: `{"keys":[..]}`.
    #[must_use]
    pub fn jwks_json(&self) -> String {
        set(&self.old, &self.current)
    }

    /// The private key that signs, as PKCS #8 DER: for other libraries and other algorithms.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if it cannot be encoded.
    pub fn signing_key_pkcs8(&self) -> Result<Vec<u8>> {
        self.current.1.pkcs8()
    }
}

/// As the server's: 24 letters and digits.
fn kid(rotations: u32) -> String {
    format!("testKey{rotations:017}")
}

fn set(old: &[(String, TestKey)], current: &(String, TestKey)) -> String {
    let keys: Vec<_> = old
        .iter()
        .chain([current])
        .map(|(kid, key)| key.jwk(kid))
        .collect();
    json!({ "keys": keys }).to_string()
}
