//! Signatures that are not the right key's over this text, and forgeries of such.

use aws_lc_rs::digest;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding};
use num_bigint::BigUint;
use passage_identity::test_util::TestToken;
use serde_json::json;

use crate::hostile::fixture::{Fixture, USER, b64, parts, signing_jwk, token};
use crate::hostile::rows;
use crate::hostile::rsa::{SHA256_INFO, cube_root, cube_root_of_end, fixed, padded, sha256};
use crate::hostile::run::{Case, Input};

pub(crate) fn cases(fixture: &Fixture, cases: &mut Vec<Case>) {
    changed_bytes(fixture, cases);
    borrowed(fixture, cases);
    other_texts(fixture, cases);
    other_schemes(fixture, cases);
    other_paddings(fixture, cases);
    small_exponent(fixture, cases);
}

/// Signed text and signature of a good token.
fn good(fixture: &Fixture) -> (String, Vec<u8>) {
    let signed = fixture.signed("RS256");
    let signature = fixture.issuer.sign(&signed).unwrap();
    (signed, signature)
}

fn changed_bytes(fixture: &Fixture, cases: &mut Vec<Case>) {
    let (signed, signature) = good(fixture);
    let with = |signature: &[u8]| token(&signed, signature);
    let n = fixture.raw.n();
    let len = signature.len();
    let flipped = |at: usize, bit: u8| {
        let mut signature = signature.clone();
        signature[at] ^= bit;
        with(&signature)
    };
    let number = BigUint::from_bytes_be(&signature);
    let reversed: Vec<u8> = signature.iter().rev().copied().collect();
    rows! { cases:
        BadSignature, "signature: the last byte cut off", "RFC 8017, 8.2.2", "as long as the modulus, or invalid" => with(&signature[..len - 1]);
        BadSignature, "signature: the first byte cut off", "RFC 8017, 8.2.2", "as long as the modulus, or invalid" => with(&signature[1..]);
        BadSignature, "signature: half of it", "RFC 8017, 8.2.2", "as long as the modulus, or invalid" => with(&signature[..len / 2]);
        BadSignature, "signature: one byte", "RFC 8017, 8.2.2", "a comparison that stops at the shorter end" => with(&signature[..1]);
        BadSignature, "signature: a zero behind", "RFC 8017, 8.2.2", "as long as the modulus, or invalid" => with(&[&signature[..], &[0]].concat());
        BadSignature, "signature: a zero in front", "RFC 8017, 8.2.2", "the same number, but too long" => with(&[&[0], &signature[..]].concat());
        BadSignature, "signature: a kilobyte of zeros in front", "RFC 8017, 8.2.2", "the same number, but too long" => with(&[&[0; 1024], &signature[..]].concat());
        BadSignature, "signature: twice in a row", "RFC 8017, 8.2.2", "as long as the modulus, or invalid" => with(&signature.repeat(2));
        BadSignature, "signature: eight kilobytes", "RFC 8017, 8.2.2", "longer than that of any key" => with(&[0x55; 8 * 1024]);
        BadSignature, "signature: all zero", "CVE-2022-21449", "0 to any power is 0" => with(&vec![0; len]);
        BadSignature, "signature: one", "RFC 8017, 5.2.2", "1 to any power is 1" => with(&fixed(&1_u32.into(), len));
        BadSignature, "signature: modulus less one", "RFC 8017, 5.2.2", "-1 to any odd power is -1" => with(&fixed(&(&n - 1_u32), len));
        BadSignature, "signature: the modulus", "RFC 8017, 5.2.2", "must be less than the modulus" => with(&fixed(&n, len));
        BadSignature, "signature: all ones", "RFC 8017, 5.2.2", "must be less than the modulus" => with(&vec![0xff; len]);
        BadSignature, "signature: the modulus added, one byte longer", "RFC 8017, 5.2.2", "the same number modulo the modulus" => with(&fixed(&(&number + &n), len + 1));
        BadSignature, "signature: subtracted from the modulus", "RFC 8017, 5.2.2", "minus the signature" => with(&fixed(&(&n - &number), len));
        BadSignature, "signature: first bit flipped", "RFC 7515, 5.2", "one bit is enough" => flipped(0, 0x80);
        BadSignature, "signature: a bit in the middle flipped", "RFC 7515, 5.2", "one bit is enough" => flipped(len / 2, 1);
        BadSignature, "signature: last bit flipped", "RFC 7515, 5.2", "one bit is enough" => flipped(len - 1, 1);
        BadSignature, "signature: last byte first", "RFC 8017, 4.1", "the number is big-endian" => with(&reversed);
        BadSignature, "signature: in DER", "RFC 7518, 3.3", "the bytes themselves, without a wrapping" => with(&[&[0x04, 0x82, 1, 0], &signature[..]].concat());
        BadSignature, "signature: in base64 twice", "RFC 7515, 5.1", "encoded once" => with(b64(&signature).as_bytes());
        BadSignature, "signature: in hexadecimal", "RFC 7515, 5.1", "the bytes themselves" => with(number.to_str_radix(16).as_bytes());
    }
    if let Some(token) = plus_modulus(fixture) {
        rows! { cases:
            BadSignature, "signature: the modulus added", "RFC 8017, 5.2.2", "the same number modulo the modulus" => token;
        }
    }
    let (signed, short) = leading_zero(fixture);
    rows! { cases:
        BadSignature, "signature: a leading zero cut off", "RFC 8017, 4.1", "the same number, but too short" => token(&signed, &short[1..]);
    }
}

/// A token whose signature plus the modulus still has as many bytes as the modulus. For a modulus
/// close to the end of the range there may be none.
fn plus_modulus(fixture: &Fixture) -> Option<String> {
    let n = fixture.raw.n();
    (0..200).find_map(|nonce| {
        let (signed, signature) = nonced(fixture, nonce);
        let sum = BigUint::from_bytes_be(&signature) + &n;
        (sum.bits() <= 2048).then(|| token(&signed, fixed(&sum, 256)))
    })
}

/// Signed text and a good signature that starts with a zero byte.
pub(crate) fn leading_zero(fixture: &Fixture) -> (String, Vec<u8>) {
    let mut tokens = (0..).map(|nonce| nonced(fixture, nonce));
    tokens.find(|(_, signature)| signature[0] == 0).unwrap()
}

fn nonced(fixture: &Fixture, nonce: u32) -> (String, Vec<u8>) {
    let signed = fixture.signed_with(&[("nonce", json!(nonce))]);
    let signature = fixture.issuer.sign(&signed).unwrap();
    (signed, signature)
}

/// Good signatures of something else.
fn borrowed(fixture: &Fixture, cases: &mut Vec<Case>) {
    let (one, two) = (fixture.good(), fixture.claim("sub", "canaryUser0000000002"));
    let ([h, p, s], [_, p2, s2]) = (parts(&one), parts(&two));
    let other_header = fixture.header_with("x", 1);
    let h3 = parts(&other_header)[0];
    let spaced = b64(format!(" {}", fixture.claims()));
    let longer = fixture.mint(TestToken::new(USER).claim("exp", 9_999_999_999_i64));
    let reordered = b64(fixture.claims().to_string().replacen('{', r#"{"a":1,"#, 1));
    rows! { cases:
        BadSignature, "signature: of a forger", "RFC 7515, 5.2", "a key that nobody knows" => fixture.attacker.mint(USER).unwrap();
        BadSignature, "signature: of the other key in the set", "RFC 7515, 4.1.4", "a good key, but not the named one" => fixture.issuer.mint(TestToken::new(USER).kid(fixture.before.kid())).unwrap();
        BadSignature, "signature: of the old key under the new name", "RFC 7515, 4.1.4", "a good key, but not the named one" => fixture.before.mint(TestToken::new(USER).kid(fixture.issuer.kid())).unwrap();
        BadSignature, "signature: of another user's token", "RFC 7515, 5.2", "the user of one, the signature of the other" => format!("{h}.{p2}.{s}");
        BadSignature, "signature: of this token for another user", "RFC 7515, 5.2", "the user of one, the signature of the other" => format!("{h}.{p}.{s2}");
        BadSignature, "signature: of the same claims under another header", "RFC 7515, 5.1", "the header is signed too" => format!("{h3}.{p}.{s}");
        BadSignature, "signature: of a shorter lifetime", "RFC 7515, 5.2", "exp changed afterwards" => format!("{h}.{}.{s}", parts(&longer)[1]);
        BadSignature, "signature: of the same claims without a blank", "RFC 7515, 5.2", "the text is signed, not what it means" => format!("{h}.{spaced}.{s}");
        BadSignature, "signature: of the claims before one was added", "RFC 7515, 5.2", "a claim added afterwards" => format!("{h}.{reordered}.{s}");
    }
}

/// Good signatures of the right key, over something else than header, dot and claims.
fn other_texts(fixture: &Fixture, cases: &mut Vec<Case>) {
    let (signed, _) = good(fixture);
    let over = |text: &[u8]| token(&signed, fixture.issuer.sign(text).unwrap());
    let (header, claims) = signed.split_once('.').unwrap();
    let decoded = format!("{}.{}", fixture.header(), fixture.claims());
    rows! { cases:
        BadSignature, "signature: over the claims only", "RFC 7515, 5.1", "the header would be free to change" => over(claims.as_bytes());
        BadSignature, "signature: over the header only", "RFC 7515, 5.1", "the claims would be free to change" => over(header.as_bytes());
        BadSignature, "signature: over the parts without the dot", "RFC 7515, 5.1", "the border would be free to move" => over(signed.replace('.', "").as_bytes());
        BadSignature, "signature: over the decoded parts", "RFC 7515, 5.1", "the encoded text is signed" => over(decoded.as_bytes());
        BadSignature, "signature: over a line break more", "RFC 7515, 5.1", "what a shell adds" => over(format!("{signed}\n").as_bytes());
        BadSignature, "signature: over the hash", "RFC 8017, 8.2.1", "hashed twice" => over(&sha256(signed.as_bytes()));
        BadSignature, "signature: over nothing", "RFC 7515, 5.2", "a token of other content" => over(b"");
        BadSignature, "signature: over UTF-16", "RFC 7515, 5.1", "the bytes of the ASCII text are signed" => over(&signed.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    }
}

/// The right key, another scheme, and `alg` says RS256 all the same.
fn other_schemes(fixture: &Fixture, cases: &mut Vec<Case>) {
    let (signed, _) = good(fixture);
    let by = |encoding: &'static dyn RsaEncoding| {
        let mut signature = vec![0; fixture.pair.public_modulus_len()];
        let random = SystemRandom::new();
        fixture
            .pair
            .sign(encoding, &random, signed.as_bytes(), &mut signature)
            .unwrap();
        token(&signed, signature)
    };
    let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, signed.as_bytes());
    let sha1_info = [
        0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0, 4, 0x14,
    ];
    let sha1 = [&sha1_info[..], sha1.as_ref()].concat();
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &fixture.raw.n().to_bytes_be());
    rows! { cases:
        BadSignature, "scheme: SHA-1", "RFC 8725, 3.2", "a hash that no longer resists" => token(&signed, fixture.raw.apply(&padded(1, 0xff, 256, &sha1)));
        BadSignature, "scheme: SHA-384", "RFC 7518, 3.3", "RS256 is SHA-256" => by(&RSA_PKCS1_SHA384);
        BadSignature, "scheme: SHA-512", "RFC 7518, 3.3", "RS256 is SHA-256" => by(&RSA_PKCS1_SHA512);
        BadSignature, "scheme: PSS", "RFC 7518, 3.3", "RS256 is PKCS1-v1_5" => by(&RSA_PSS_SHA256);
        BadSignature, "scheme: HMAC with the modulus", "CVE-2015-9235", "32 bytes are no RSA signature" => token(&signed, hmac::sign(&secret, signed.as_bytes()));
        BadSignature, "scheme: the bare hash", "RFC 8017, 8.2.2", "32 bytes are no RSA signature" => token(&signed, sha256(signed.as_bytes()));
        BadSignature, "scheme: the padded hash, not signed", "RFC 8017, 8.2.2", "what comes out, put in" => token(&signed, padded(1, 0xff, 256, &info(&signed)));
    }
}

/// DigestInfo of SHA-256 over a text.
fn info(signed: &str) -> Vec<u8> {
    [&SHA256_INFO[..], &sha256(signed.as_bytes())].concat()
}

/// Blocks that differ a little from the right one, well signed by the right key.
fn other_paddings(fixture: &Fixture, cases: &mut Vec<Case>) {
    let (signed, _) = good(fixture);
    let signing = |block: &[u8]| {
        assert_eq!(block.len(), 256);
        token(&signed, fixture.raw.apply(block))
    };
    let (hash, info) = (sha256(signed.as_bytes()), info(&signed));
    let right = padded(1, 0xff, 256, &info);
    let changed = |at: usize, byte: u8| {
        let mut block = right.clone();
        block[at] = byte;
        signing(&block)
    };
    // Few filler bytes, then the DigestInfo, then what pleases.
    let garbage_behind = {
        let mut block = [&[0, 1][..], &[0xff; 8], &[0], &info].concat();
        block.resize(256, 0x5a);
        block
    };
    let without_null = [&[0x30, 0x2f, 0x30, 0x0b], &info[4..15], &info[17..]].concat();
    let long_lengths = [&[0x30, 0x81, 0x31], &info[2..]].concat();
    // Parameters that are 191 bytes of anything, for a reader that skips them.
    let in_parameters = [
        &[0, 1][..],
        &[0xff; 8],
        &[0, 0x30, 0x81, 242, 0x30, 0x81, 205],
        &info[4..15],
        &[0x04, 0x81, 191],
        &[0x5a; 191],
        &info[17..],
    ]
    .concat();
    rows! { cases:
        BadSignature, "padding: for encryption", "RFC 8017, 9.2", "block type 2 is for encryption" => signing(&padded(2, 0xff, 256, &info));
        BadSignature, "padding: block type 0", "RFC 8017, 9.2", "zeros as filler" => signing(&padded(0, 0, 256, &info));
        BadSignature, "padding: one filler byte wrong", "CVE-2016-1494", "a reader that skips the filler" => changed(100, 0xfe);
        BadSignature, "padding: the first filler byte wrong", "CVE-2016-1494", "a reader that skips the filler" => changed(2, 0xf0);
        BadSignature, "padding: no zero before the hash", "RFC 8017, 9.2", "the filler does not end" => changed(256 - info.len() - 1, 0xff);
        BadSignature, "padding: a zero too early", "RFC 8017, 9.2", "the filler ends twice" => changed(256 - info.len() - 20, 0);
        BadSignature, "padding: bytes behind the hash", "CVE-2006-4339", "a reader that stops after the hash" => signing(&garbage_behind);
        BadSignature, "padding: bytes in the parameters", "CVE-2014-1568", "a reader that does not look at all of ASN.1" => signing(&in_parameters);
        BadSignature, "padding: long form of a length", "CVE-2014-1568", "DER has one form of a length" => signing(&padded(1, 0xff, 256, &long_lengths));
        BadSignature, "padding: no NULL", "RFC 8017, 9.2", "the parameters of SHA-256 are NULL" => signing(&padded(1, 0xff, 256, &without_null));
        BadSignature, "padding: no DigestInfo", "RFC 8017, 9.2", "which hash is it?" => signing(&padded(1, 0xff, 256, &hash));
        BadSignature, "padding: the OID of SHA-512", "RFC 8017, 9.2", "the hash of one, the name of another" => changed(256 - info.len() + 14, 3);
        BadSignature, "padding: a byte of the hash wrong", "RFC 8017, 8.2.2", "another text" => changed(255, right[255] ^ 1);
    }
}

/// Forged without any private key: with an exponent of 3, roots are taken of whole numbers.
fn small_exponent(fixture: &Fixture, cases: &mut Vec<Case>) {
    // An even number at the end has no root: the hash must be odd.
    let signed = (0..)
        .map(|nonce| fixture.signed_with(&[("nonce", json!(nonce))]))
        .find(|signed| sha256(signed.as_bytes())[31] % 2 == 1)
        .unwrap();
    let info = info(&signed);
    let mut key = signing_jwk(&fixture.issuer);
    key["e"] = json!("Aw");
    let set = json!({ "keys": [key] }).to_string();
    let cube = |root: &BigUint| fixed(&root.pow(3), 256);
    let forged = |root: &BigUint| Input::Keys {
        set: set.clone(),
        token: token(&signed, fixed(root, 256)),
    };
    // Right at the start, free at the end.
    let start = {
        let mut block = [&[0, 1][..], &[0xff; 8], &[0], &info].concat();
        block.resize(256, 0);
        let root = cube_root(&block);
        assert!(cube(&root).starts_with(&block[..11 + info.len()]));
        root
    };
    // Right at the end, free in the middle: the lower half of one root, the upper of another.
    let end = |block_type: u8| {
        let suffix = [&[0][..], &info].concat();
        let low = cube_root_of_end(&suffix);
        let mut block = vec![0, block_type];
        // In the middle of what begins like this, since another lower half moves the cube a little.
        block.resize(256, 0x80);
        let bits = suffix.len() * 8;
        let root = ((cube_root(&block) >> bits) << bits) + low;
        assert!(cube(&root).starts_with(&[0, block_type]) && cube(&root).ends_with(&suffix));
        root
    };
    rows! { cases:
        BadSignature, "forged: the start of the block, e = 3", "CVE-2006-4339", "a cube root, and what comes after the hash is not looked at" => forged(&start);
        BadSignature, "forged: the cube root of nothing, e = 3", "RFC 8017, 5.2.2", "1 is its own cube root" => forged(&1_u32.into());
        BadSignature, "forged: the end of the block, e = 3", "CVE-2016-1494", "a cube root, and the filler is not looked at" => forged(&end(1));
        BadSignature, "forged: the end of a block of type 2, e = 3", "CVE-2016-1494", "a cube root, and neither filler nor type are looked at" => forged(&end(2));
    }
}
