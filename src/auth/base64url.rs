//! The encoding of every part of a token and of a key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::ErrorKind;

pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, ErrorKind> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| ErrorKind::Malformed)
}
