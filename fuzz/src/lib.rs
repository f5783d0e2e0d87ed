//! What the fuzz targets share: fixed keys, the tokens minted with them, and a slow second
//! opinion on what must be accepted.
//!
//! The keys in `keys/` protect nothing. They are fixed so that an input which fails today fails
//! tomorrow.
#![forbid(unsafe_code)]

pub mod members;
mod mint;
pub mod reference;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{LazyLock, Mutex};
use std::task::{Context, Poll, Waker};

use passage_identity::keys::JwkSet;
use passage_identity::{AuthStrategy, Claims, ErrorKind, Passage, RequestHeaders};

pub use mint::{Key, Minted, sign};

pub const APP: &str = "fuzzapp";
pub const ISSUER: &str = "https://auth.example.com/v1/apps/fuzzapp";

/// The user of a token, or why it was refused.
pub type Verdict = Result<String, ErrorKind>;

/// Two clients that know the same keys: one remembers tokens, one does not.
pub struct Pair {
    cached: Passage,
    uncached: Passage,
}

impl Pair {
    pub fn new(strategy: AuthStrategy, keys: &JwkSet) -> Self {
        let build = |entries| {
            Passage::builder(APP)
                .server("http://127.0.0.1:1")
                .add_issuer(ISSUER)
                .auth_strategy(strategy)
                .jwks(keys.clone())
                .token_cache(entries)
                .build()
                .expect("the settings are good")
        };
        Self {
            cached: build(64),
            uncached: build(0),
        }
    }

    /// A pair that knows the keys `one` and `two`.
    pub fn with_fixed_keys(strategy: AuthStrategy) -> Self {
        let keys = format!(
            r#"{{"keys":[{},{}]}}"#,
            Key::one().jwk("one"),
            Key::two().jwk("two")
        );
        Self::new(
            strategy,
            &JwkSet::from_json(keys).expect("the fixed keys are good"),
        )
    }

    /// The verdict on a bare token, which has to be the same with the cache and without.
    pub fn verify(&self, token: &str) -> Verdict {
        self.agree(|passage| ready(passage.verify_token(token)))
    }

    /// The verdict on a request.
    pub fn verify_request(&self, headers: &impl RequestHeaders) -> Verdict {
        self.agree(|passage| ready(passage.verify_request(headers)))
    }

    fn agree(&self, verify: impl Fn(&Passage) -> passage_identity::Result<Claims>) -> Verdict {
        let verdict = judge(verify(&self.uncached));
        // The second time a good token is found in the cache.
        for round in ["a token not seen before", "a token seen before"] {
            assert_eq!(judge(verify(&self.cached)), verdict, "{round}");
        }
        verdict
    }
}

/// Keys are known, so there is no excuse: a refusal is the token's fault. What it shows depends on
/// its kind alone, so it shows nothing of the token.
fn judge(verified: passage_identity::Result<Claims>) -> Verdict {
    static SHOWN: LazyLock<Mutex<HashMap<ErrorKind, String>>> = LazyLock::new(Mutex::default);

    let error = match verified {
        Ok(claims) => return Ok(claims.user_id.to_string()),
        Err(error) => error,
    };
    let kind = error.kind();
    assert!(
        error.is_token_invalid() && !error.is_unavailable(),
        "{kind:?}"
    );
    assert_eq!(error.answer_status(), 401, "{kind:?}");
    let shows = format!("{error} {error:?}");
    let mut shown = SHOWN.lock().expect("no thread panics but the only one");
    assert_eq!(shown.entry(kind).or_insert_with(|| shows.clone()), &shows);
    Err(kind)
}

/// With pinned keys there is nothing to wait for.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("verifying with pinned keys waits for something"),
    }
}

/// Replaces `$0` to `$9` by texts, so that an input stays short and a seed readable.
pub fn expand(input: &[u8], texts: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = input;
    while let Some((&first, tail)) = rest.split_first() {
        let text = match (first, tail.first()) {
            (b'$', Some(digit @ b'0'..=b'9')) => texts.get(usize::from(digit - b'0')),
            _ => None,
        };
        match text {
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                rest = tail.get(1..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = tail;
            }
        }
    }
    out
}

/// The header fields of one name, one per line of the input; `None` if HTTP could not carry them.
pub fn fields(name: http::HeaderName, lines: &[u8]) -> Option<http::HeaderMap> {
    let mut headers = http::HeaderMap::new();
    for line in lines.split(|&byte| byte == b'\n') {
        headers.append(&name, http::HeaderValue::from_bytes(line).ok()?);
    }
    Some(headers)
}
