//! Tokens that do not have the form of a token: parts, alphabet, padding, size, bytes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use passage_identity::test_util::TestToken;
use serde_json::json;

use crate::hostile::fixture::{Fixture, USER, b64, parts};
use crate::hostile::rows;
use crate::hostile::run::Case;

pub(crate) fn cases(fixture: &Fixture, cases: &mut Vec<Case>) {
    let good = fixture.good();
    let [h, p, s] = parts(&good);
    number_of_parts(cases, h, p, s);
    wrapped(cases, &good);
    alphabet(fixture, cases, h, p, s);
    foreign_bytes(cases, &good);
    size(fixture, cases, &good);
}

fn number_of_parts(cases: &mut Vec<Case>, h: &str, p: &str, s: &str) {
    rows! { cases:
        TokenMissing, "form: empty", "RFC 7519, 7.2", "there is no token" => "";
        Malformed, "form: one part", "RFC 7519, 7.2", "a token has at least one dot" => h;
        Malformed, "form: two parts", "RFC 7515, 7.1", "the signature is cut off with its dot" => format!("{h}.{p}");
        Malformed, "form: no signature", "RFC 7515, 7.1", "RS256 without a signature is unsigned" => format!("{h}.{p}.");
        Malformed, "form: no claims", "RFC 7519, 7.2", "an empty text is no JSON" => format!("{h}..{s}");
        Malformed, "form: no header", "RFC 7519, 7.2", "an empty text is no JSON" => format!(".{p}.{s}");
        Malformed, "form: detached content", "RFC 7515, Appendix F", "the content is elsewhere, not in the token" => format!("{h}..");
        Malformed, "form: only dots", "RFC 7519, 7.2", "three empty parts" => "..";
        Malformed, "form: four parts", "RFC 7515, 7.1", "which part is the signature?" => format!("{h}.{p}.{s}.{s}");
        Malformed, "form: a dot at the end", "RFC 7515, 7.1", "four parts, the last one empty" => format!("{h}.{p}.{s}.");
        Malformed, "form: a dot in front", "RFC 7515, 7.1", "four parts, the first one empty" => format!(".{h}.{p}.{s}");
        Malformed, "form: five parts", "RFC 7516, 7.1", "an encrypted token is not a signed one" => format!("{h}.{p}.{s}.{s}.{s}");
        Malformed, "form: nothing but dots", "CVE-2025-30204", "splitting at every dot costs memory" => ".".repeat(16_000);
        Malformed, "form: a selective disclosure", "RFC 7515, 7.1", "what follows a tilde is not signed" => format!("{h}.{p}.{s}~{p}~");
        Malformed, "form: two tokens with a comma", "RFC 7515, 7.1", "two parsers may take different ones" => format!("{h}.{p}.{s},{h}.{p}.{s}");
        Malformed, "form: two tokens with a blank", "RFC 7515, 7.1", "two parsers may take different ones" => format!("{h}.{p}.{s} {h}.{p}.{s}");
    }
}

fn wrapped(cases: &mut Vec<Case>, good: &str) {
    let [h, p, s] = parts(good);
    let flattened = json!({"payload": p, "protected": h, "signature": s});
    let general = json!({"payload": p, "signatures": [{"protected": h, "signature": s}]});
    let mixed = format!(r#"{{"  {h}.":"","payload":"{p}","protected":"{h}","signature":"{s}"}}"#);
    rows! { cases:
        Malformed, "form: flattened JSON", "RFC 7515, 7.2.2", "a JWT is compact only (RFC 7519, 1)" => flattened.to_string();
        Malformed, "form: general JSON", "RFC 7515, 7.2.1", "a JWT is compact only (RFC 7519, 1)" => general.to_string();
        Malformed, "form: JSON that looks compact", "CVE-2022-39227", "one parser reads JSON, the other splits at dots" => mixed;
        Malformed, "form: encoded as a whole", "RFC 7515, 7.1", "base64url twice" => b64(good);
        Malformed, "form: in single quotes", "RFC 7515, 7.1", "quotes are no base64url" => format!("'{good}'");
        Malformed, "form: one double quote", "RFC 7515, 7.1", "a quote without its partner" => format!("\"{good}");
        Malformed, "form: with its scheme", "RFC 6750, 2.1", "the scheme is no part of the token" => format!("Bearer {good}");
        Malformed, "form: dots in percent encoding", "RFC 7515, 7.1", "a token is never percent-decoded" => good.replace('.', "%2E");
        Malformed, "form: with a fragment", "RFC 7515, 7.1", "copied out of a URL" => format!("{good}#");
        Malformed, "form: the word null", "RFC 7515, 7.1", "what scripts send for no token" => "null";
        Malformed, "form: armoured", "RFC 7515, 7.1", "PEM armour around it" => format!("-----BEGIN JWT-----{good}-----END JWT-----");
    }
}

fn alphabet(fixture: &Fixture, cases: &mut Vec<Case>, h: &str, p: &str, s: &str) {
    // A signature that has both of the symbols in which the two alphabets differ.
    let mut odd = String::new();
    for nonce in 0.. {
        odd = fixture.claim("nonce", nonce);
        if parts(&odd)[2].contains('-') && parts(&odd)[2].contains('_') {
            break;
        }
    }
    let signature_of = |signed: String| {
        let signature = fixture.issuer.sign(&signed).unwrap();
        format!("{signed}.{}", b64(signature))
    };
    // Signed as they stand, so that nothing but the encoding is wrong.
    let header = fixture.header().to_string();
    let blank = if header.len().is_multiple_of(3) {
        " "
    } else {
        ""
    };
    let claims = |len: usize| {
        let mut claims = fixture.claims().to_string();
        while claims.len() % 3 != len {
            claims.push(' ');
        }
        claims
    };
    let last_changed = |text: &str| {
        let (start, last) = text.split_at(text.len() - 1);
        let next = char::from(last.as_bytes()[0] + 1);
        format!("{start}{next}")
    };
    // 256 bytes leave four bits of the last symbol unused, all zero: A, Q, g or w.
    let bits = last_changed(s);
    rows! { cases:
        Malformed, "form: the other alphabet", "RFC 7515, 2", "plus and slash are not base64url" => odd.replace('-', "+").replace('_', "/");
        Malformed, "form: a plus for a minus", "RFC 7515, 2", "plus is not base64url" => odd.replace('-', "+");
        Malformed, "form: a slash for an underscore", "RFC 7515, 2", "slash is not base64url" => odd.replace('_', "/");
        Malformed, "form: signature padded", "RFC 7515, 2", "all trailing = are omitted" => format!("{h}.{p}.{s}==");
        Malformed, "form: signature padded too much", "RFC 7515, 2", "all trailing = are omitted" => format!("{h}.{p}.{s}====");
        Malformed, "form: header padded and signed", "RFC 7515, 2", "the padded text itself is signed" => signature_of(format!("{}.{p}", URL_SAFE.encode(header.clone() + blank)));
        Malformed, "form: claims padded and signed", "RFC 7515, 2", "the padded text itself is signed" => signature_of(format!("{h}.{}", URL_SAFE.encode(claims(1))));
        Malformed, "form: claims in standard base64", "RFC 7515, 2", "the text itself is signed" => signature_of(format!("{h}.{}", STANDARD.encode(claims(0).replace(USER, "??>>~~ÿÿ"))));
        Malformed, "form: header in standard base64", "RFC 7515, 2", "the text itself is signed" => signature_of(format!("{}.{p}", STANDARD_NO_PAD.encode(header.replace('}', r#","x":"??>>~~ÿÿ"}"#))));
        Malformed, "form: unused bits of the signature", "RFC 4648, 3.5", "a second text for the same signature, which a block list would miss" => format!("{h}.{p}.{bits}");
        Malformed, "form: unused bits of the claims", "RFC 4648, 3.5", "a second text for the same claims, signed as it is" => signature_of(format!("{h}.{}", last_changed(&b64(claims(1)))));
        Malformed, "form: two unused bits of the claims", "RFC 4648, 3.5", "a second text for the same claims, signed as it is" => signature_of(format!("{h}.{}", last_changed(&b64(claims(2)))));
        Malformed, "form: a symbol too many", "RFC 4648, 4", "one symbol is no byte" => format!("{h}.{p}.{}A", &s[..s.len() - 2].to_owned());
        Malformed, "form: a lone symbol", "RFC 4648, 4", "one symbol is no byte" => format!("{h}.{p}.A");
    }
}

fn foreign_bytes(cases: &mut Vec<Case>, good: &str) {
    let [h, p, s] = parts(good);
    let (start, end) = s.split_at(s.len() / 2);
    let with = |inside: &str| format!("{h}.{p}.{start}{inside}{end}");
    let bytes = |inside: &[u8]| {
        [
            h.as_bytes(),
            b".",
            p.as_bytes(),
            b".",
            start.as_bytes(),
            inside,
            end.as_bytes(),
        ]
        .concat()
    };
    rows! { cases:
        Malformed, "form: a blank in front", "RFC 7515, 2", "no white space, though some decoders skip it" => format!(" {good}");
        Malformed, "form: a blank behind", "RFC 7515, 2", "no white space, though some decoders skip it" => format!("{good} ");
        Malformed, "form: a line break behind", "RFC 7515, 2", "no line breaks, though some decoders skip them" => format!("{good}\n");
        Malformed, "form: a blank inside", "RFC 7515, 2", "no white space, though some decoders skip it" => with(" ");
        Malformed, "form: a tab inside", "RFC 7515, 2", "no white space, though some decoders skip it" => with("\t");
        Malformed, "form: a line break inside", "RFC 7515, 2", "MIME breaks lines, base64url does not" => with("\r\n");
        Malformed, "form: a vertical tab inside", "RFC 7515, 2", "no white space, though some decoders skip it" => with("\u{b}");
        Malformed, "form: a blank after a dot", "RFC 7515, 2", "no white space, though some decoders skip it" => format!("{h}. {p}.{s}");
        Malformed, "form: NUL inside", "RFC 7515, 2", "a C string would end here" => with("\0");
        Malformed, "form: NUL behind", "RFC 7515, 2", "a C string would end here" => format!("{good}\0");
        Malformed, "form: DEL inside", "RFC 7515, 2", "not base64url" => with("\u{7f}");
        Malformed, "form: a letter with an accent", "RFC 7515, 2", "not base64url" => with("é");
        Malformed, "form: a byte of no text", "RFC 7515, 2", "not UTF-8, so not base64url either" => bytes(b"\xff");
        Malformed, "form: half a character", "RFC 7515, 2", "UTF-8 that is cut off" => bytes(b"\xe2\x82");
        Malformed, "form: an overlong letter", "RFC 7515, 2", "UTF-8 of A in two bytes" => bytes(b"\xc1\x81");
        Malformed, "form: dots that look alike", "RFC 7515, 7.1", "U+2024, one dot leader" => good.replace('.', "\u{2024}");
        Malformed, "form: wide dots", "RFC 7515, 7.1", "U+FF0E, which some normalise to a dot" => good.replace('.', "\u{ff0e}");
        Malformed, "form: wide letters", "RFC 7515, 2", "U+FF45, which some normalise to e" => good.replacen('e', "\u{ff45}", 1);
        Malformed, "form: a space of no width", "RFC 7515, 2", "U+200B, which nobody sees" => with("\u{200b}");
        Malformed, "form: a soft hyphen", "RFC 7515, 2", "U+00AD, which nobody sees" => with("\u{ad}");
        Malformed, "form: a byte order mark in front", "RFC 7515, 2", "U+FEFF, which some skip" => format!("\u{feff}{good}");
        Malformed, "form: a byte order mark behind", "RFC 7515, 2", "U+FEFF, which some skip" => format!("{good}\u{feff}");
        Malformed, "form: a no-break space in front", "RFC 7515, 2", "U+00A0, which Unicode trimming removes" => format!("\u{a0}{good}");
        Malformed, "form: an asterisk", "RFC 7515, 2", "not base64url" => with("*");
    }
}

fn size(fixture: &Fixture, cases: &mut Vec<Case>, good: &str) {
    rows! { cases:
        TooLarge, "form: one byte too long", "RFC 7519, 11", "16 KiB and one byte, well signed" => of_length(fixture, 16 * 1024 + 1);
        TooLarge, "form: dots beyond the limit", "CVE-2025-27144", "splitting at every dot costs memory" => ".".repeat(16 * 1024 + 1);
        TooLarge, "form: a megabyte", "RFC 7519, 11", "nothing of it may be decoded" => "A".repeat(1 << 20);
        TooLarge, "form: a megabyte after a good token", "RFC 7519, 11", "the good start does not help" => format!("{good}{}", "A".repeat(1 << 20));
        TooLarge, "form: much white space", "RFC 7519, 11", "trimming it would be work" => format!("{}{good}", "\t".repeat(1 << 16));
    }
}

/// A good token of exactly this length.
pub(crate) fn of_length(fixture: &Fixture, length: usize) -> String {
    // Base64url has no text of 4n + 1 symbols: the header makes up for it.
    for header in 0..4 {
        let token = TestToken::new(USER).header("x", "x".repeat(header));
        let mut filler = length / 4 * 3 - 1_200;
        loop {
            let filled = token.clone().claim("filler", "f".repeat(filler));
            let minted = fixture.mint(filled);
            if minted.len() == length {
                return minted;
            }
            if minted.len() > length {
                break;
            }
            filler += ((length - minted.len()) / 4 * 3).max(1);
        }
    }
    panic!("no token has {length} bytes");
}
