//! The form of a token: what is checked before anything is decoded.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::auth::algorithm::Algorithm;
use crate::auth::jwks::Key;
use crate::error::ErrorKind;

/// The longest token that is looked at.
pub(in crate::auth) const MAX_TOKEN: usize = 16 * 1024;

/// The signature of a key of 8,192 bits has 1,024 bytes; the decoder asks for three more.
const MAX_SIGNATURE: usize = 1027;

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
    let last_symbols: Option<&[u8]> = match text.len() % 4 {
        0 => None,
        // The symbols whose last four bits are zero, and those whose last two are.
        2 => Some(b"AQgw"),
        3 => Some(b"AEIMQUYcgkosw048"),
        _ => return false,
    };
    let may_be_last = |byte| last_symbols.is_none_or(|symbols| symbols.contains(byte));
    // Without a way out in the middle, so that many bytes are looked at in one instruction.
    text.iter().fold(true, |all, &byte| all & is_symbol(byte))
        && text.last().is_none_or(may_be_last)
}

fn is_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Checks the signature with a key. `algorithm` is the one that the token's header names.
pub(in crate::auth) fn check_signature(
    key: &Key,
    algorithm: Algorithm,
    parts: &Parts<'_>,
) -> Result<(), ErrorKind> {
    // A key serves one algorithm, whatever the token says.
    if key.algorithm() != algorithm {
        return Err(ErrorKind::BadKey);
    }
    let mut buffer = [0; MAX_SIGNATURE];
    let length = URL_SAFE_NO_PAD
        .decode_slice(parts.signature, &mut buffer)
        .map_err(|_| ErrorKind::BadSignature)?;
    let signature = buffer.get(..length).ok_or(ErrorKind::BadSignature)?;
    key.verify(parts.signed, signature)
}

#[cfg(test)]
mod tests {
    use ErrorKind::{Malformed, TokenMissing, TooLarge};

    use super::*;
    use crate::auth::base64url::decode;
    use crate::auth::jwks::JwkSet;

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

    #[test]
    fn the_longest_key_there_may_be_can_sign() {
        use aws_lc_rs::rand::SystemRandom;
        use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};

        // 8,192 bits, which take too long to make in a test.
        let pair = include_bytes!("../../../tests/fixtures/rsa-8192.der");
        let pair = RsaKeyPair::from_pkcs8(pair).unwrap();
        let public = pair.public_key();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwks = serde_json::json!({"keys": [{
            "kty": "RSA", "kid": "long",
            "n": encode(public.modulus().big_endian_without_leading_zero()),
            "e": encode(public.exponent().big_endian_without_leading_zero()),
        }]});
        let keys = JwkSet::from_json(jwks.to_string()).unwrap();
        let key = keys.keys().find("long").unwrap();

        let mut signature = vec![0; pair.public_modulus_len()];
        let random = SystemRandom::new();
        pair.sign(&RSA_PKCS1_SHA256, &random, b"AAAA.BBBB", &mut signature)
            .unwrap();
        let token = format!("AAAA.BBBB.{}", encode(&signature));
        let parts = split(token.as_bytes()).unwrap();
        assert_eq!(check_signature(key, Algorithm::Rs256, &parts), Ok(()));
        // One byte more than any key's signature fits nowhere, and is no panic.
        let longer = format!("{token}AAAA");
        let parts = split(longer.as_bytes()).unwrap();
        assert_eq!(
            check_signature(key, Algorithm::Rs256, &parts),
            Err(ErrorKind::BadSignature)
        );
    }
}
