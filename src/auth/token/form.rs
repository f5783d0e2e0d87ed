//! The form of a token: what is checked before anything is decoded.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::super::jwks::Key;
use crate::error::ErrorKind;

/// The longest token that is looked at.
pub(in crate::auth) const MAX_TOKEN: usize = 16 * 1024;

/// The longest signature that a key of 8192 bits makes, with room for how the decoder counts.
const MAX_SIGNATURE: usize = 1024 + 3;

/// The parts of a token, still encoded.
#[derive(Debug)]
pub(in crate::auth) struct Parts<'a> {
    pub(in crate::auth) header: &'a [u8],
    pub(in crate::auth) claims: &'a [u8],
    pub(in crate::auth) signature: &'a [u8],
    /// What is signed: header, dot, claims.
    pub(in crate::auth) signed: &'a [u8],
}

/// Splits a token into its three parts and checks their form, before anything is decoded.
pub(in crate::auth) fn split(token: &[u8]) -> Result<Parts<'_>, ErrorKind> {
    if token.is_empty() {
        return Err(ErrorKind::TokenMissing);
    }
    if token.len() > MAX_TOKEN {
        return Err(ErrorKind::TooLarge);
    }
    let mut dots = memchr::memchr_iter(b'.', token);
    let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
        return Err(ErrorKind::Malformed);
    };
    let part = |range: std::ops::Range<usize>| token.get(range).ok_or(ErrorKind::Malformed);
    let parts = Parts {
        header: part(0..first)?,
        claims: part(first + 1..second)?,
        signature: part(second + 1..token.len())?,
        signed: part(0..second)?,
    };
    // An empty signature is left to the caller: what is said of it depends on `alg`.
    let well_formed = !parts.header.is_empty()
        && !parts.claims.is_empty()
        && [parts.header, parts.claims, parts.signature]
            .into_iter()
            .all(is_canonical);
    if well_formed {
        Ok(parts)
    } else {
        Err(ErrorKind::Malformed)
    }
}

/// Whether the text is base64url without padding, and the only such text for its bytes: the bits
/// of the last symbol that belong to no byte are zero.
fn is_canonical(text: &[u8]) -> bool {
    let unused_bits = match text.len() % 4 {
        0 => 0,
        2 => 4,
        3 => 2,
        _ => return false,
    };
    let last = text.last().map_or(0, |&byte| value(byte));
    // Without a way out in the middle, so that many bytes are looked at in one instruction.
    let all_symbols = text.iter().fold(true, |all, &byte| all & is_symbol(byte));
    all_symbols && last & ((1 << unused_bits) - 1) == 0
}

fn is_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | (byte == b'-') | (byte == b'_')
}

/// The six bits that a symbol stands for.
fn value(symbol: u8) -> u8 {
    match symbol {
        b'A'..=b'Z' => symbol - b'A',
        b'a'..=b'z' => symbol - b'a' + 26,
        b'0'..=b'9' => symbol - b'0' + 52,
        b'-' => 62,
        _ => 63,
    }
}

pub(in crate::auth) fn decode(part: &[u8]) -> Result<Vec<u8>, ErrorKind> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| ErrorKind::Malformed)
}

/// Checks the signature with a key.
pub(in crate::auth) fn check_signature(key: &Key, parts: &Parts<'_>) -> Result<(), ErrorKind> {
    let mut buffer = [0; MAX_SIGNATURE];
    let length = URL_SAFE_NO_PAD
        .decode_slice(parts.signature, &mut buffer)
        .map_err(|_| ErrorKind::BadSignature)?;
    let signature = buffer.get(..length).ok_or(ErrorKind::BadSignature)?;
    key.verify(parts.signed, signature)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ErrorKind::{Malformed, TokenMissing, TooLarge};

    use super::*;

    #[test]
    fn form() {
        let long = format!("{}.AAAA.AAAA", "A".repeat(MAX_TOKEN - 10));
        let too_long = format!("{}.AAAA.AAAA", "A".repeat(MAX_TOKEN));
        for (token, expected) in [
            ("AAAA.BBBB.CCCC", Ok(())),
            ("AA.BBA.", Ok(())),
            ("-_-_.AAAA.AAAA", Ok(())),
            (&long, Ok(())),
            (&too_long, Err(TooLarge)),
            ("", Err(TokenMissing)),
            ("AAAA", Err(Malformed)),
            ("AAAA.AAAA", Err(Malformed)),
            ("AAAA.AAAA.AAAA.AAAA", Err(Malformed)),
            ("AAAA.AAAA.AAAA.AAAA.AAAA", Err(Malformed)),
            (".AAAA.AAAA", Err(Malformed)),
            ("AAAA..AAAA", Err(Malformed)),
            ("..", Err(Malformed)),
            (" AAAA.AAAA.AAAA", Err(Malformed)),
            ("AAAA.AAAA.AAAA ", Err(Malformed)),
            ("AAAA.AAAA.AAAA\n", Err(Malformed)),
            ("AA AA.AAAA.AAAA", Err(Malformed)),
            ("AA==.AAAA.AAAA", Err(Malformed)),
            ("AA+A.AAAA.AAAA", Err(Malformed)),
            ("AA/A.AAAA.AAAA", Err(Malformed)),
            ("AAAAA.AAAA.AAAA", Err(Malformed)),
            // Bits that belong to no byte are set: a second text for the same bytes.
            ("AB.AAAA.AAAA", Err(Malformed)),
            ("AAB.AAAA.AAAA", Err(Malformed)),
            ("AAAA.AAAA.AB", Err(Malformed)),
            ("ÄAA.AAAA.AAAA", Err(Malformed)),
        ] {
            assert_eq!(split(token.as_bytes()).map(|_| ()), expected, "{token:.40}");
        }
    }

    #[test]
    fn the_form_check_agrees_with_the_decoder() {
        for first in 0..=255_u8 {
            for text in [
                vec![first],
                vec![b'A', first],
                vec![b'A', b'A', first],
                vec![b'A', b'A', b'A', first],
            ] {
                assert_eq!(is_canonical(&text), decode(&text).is_ok(), "{text:?}");
            }
        }
    }

    #[test]
    fn parts_are_what_is_signed_and_the_signature() {
        let parts = split(b"AAAA.BBBB.CCCC").unwrap();
        assert_eq!((parts.header, parts.claims), (&b"AAAA"[..], &b"BBBB"[..]));
        assert_eq!(
            (parts.signed, parts.signature),
            (&b"AAAA.BBBB"[..], &b"CCCC"[..])
        );
    }
}
