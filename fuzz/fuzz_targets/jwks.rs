//! Bodies of key sets; `$1` and `$2` stand for the moduli of two keys that signed a token each.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use passage_fuzz::reference::Json;
use passage_fuzz::{Key, Minted, Pair, expand};
use passage_identity::keys::JwkSet;
use passage_identity::AuthStrategy;

struct Signed {
    token: String,
    kid: &'static str,
    modulus: String,
}

static RIG: LazyLock<([Signed; 2], Vec<String>)> = LazyLock::new(|| {
    let minted = Minted::new();
    let signed = |index: usize, kid, key: &Key| Signed {
        token: minted.good[index].0.clone(),
        kid,
        modulus: key.modulus(),
    };
    let signed = [signed(0, "one", Key::one()), signed(2, "two", Key::two())];
    let texts = vec![
        String::new(),
        signed[0].modulus.clone(),
        signed[1].modulus.clone(),
    ];
    (signed, texts)
});

fuzz_target!(|input: &[u8]| {
    let (signed, texts) = &*RIG;
    let body = expand(input, texts);
    let set = JwkSet::from_json(&body);
    let json = Json::parse(&body);
    let keys = json.as_ref().and_then(|json| match json.get("keys") {
        Some(Json::List(keys)) => Some(keys.as_slice()),
        _ => None,
    });
    if must_be_read(&body, json.as_ref(), keys) {
        assert!(set.is_ok(), "a good set is refused");
    }
    let Ok(set) = set else {
        return;
    };
    let keys = keys.expect("a body that is accepted is a JSON object with a list of keys");
    let pair = Pair::new(AuthStrategy::Header, &set);
    for signed in signed {
        let accepted = pair.verify(&signed.token).is_ok();
        let named: Vec<&Json> = keys
            .iter()
            .filter(|key| says(key, "kid", |kid| kid.text() == Some(signed.kid)))
            .collect();
        if accepted {
            assert!(
                named.iter().any(|key| may_verify(key, signed)),
                "a token was accepted that no key of the set signed"
            );
        }
        if let [key] = named[..]
            && is_plain(key, signed)
        {
            assert!(accepted, "a token was refused whose key is in the set");
        }
    }
});

/// Whether there is no doubt that the body is a good set.
fn must_be_read(body: &[u8], json: Option<&Json>, keys: Option<&[Json]>) -> bool {
    let (Some(json), Some(keys)) = (json, keys) else {
        return false;
    };
    let ([one, _], _) = &*RIG;
    let mut named = keys
        .iter()
        .filter(|key| says(key, "kid", |kid| kid.text() == Some(one.kid)));
    body.len() <= 64 * 1024
        && keys.len() <= 100
        && !json.repeats_a_name()
        && named.next().is_some_and(|key| is_plain(key, one))
        && named.next().is_none()
}

/// Whether a member of this name is there with such a value. A name may be there twice, and which
/// one counts is not said.
fn says(key: &Json, name: &str, value: impl Fn(&Json) -> bool) -> bool {
    match key {
        Json::Object(members) => members.iter().any(|(n, v)| n == name && value(v)),
        _ => false,
    }
}

/// Whether the key could have signed the token and says nothing to the contrary.
fn may_verify(key: &Json, signed: &Signed) -> bool {
    let is = |name, expected: &str| says(key, name, |value| value.text() == Some(expected));
    let absent = |name| key.get(name).is_none() || says(key, name, |value| *value == Json::Null);
    // Leading zero bytes are forgiven, and shift every symbol: then the text cannot be compared.
    let starts_with_zeros =
        |name| says(key, name, |v| v.text().is_some_and(|t| t.starts_with('A')));
    let may_verify = says(key, "key_ops", |value| match value {
        Json::List(list) => list.iter().any(|item| item.text() == Some("verify")),
        _ => false,
    });
    is("kty", "RSA")
        && (is("n", &signed.modulus) || starts_with_zeros("n"))
        && (is("e", "AQAB") || starts_with_zeros("e"))
        && (is("use", "sig") || absent("use"))
        && (is("alg", "RS256") || absent("alg"))
        && (may_verify || absent("key_ops"))
}

/// Whether the key is the one that signed the token, with the usual members and no others.
fn is_plain(key: &Json, signed: &Signed) -> bool {
    let Json::Object(members) = key else {
        return false;
    };
    let members_are_usual = members.iter().all(|(name, value)| {
        let expected = match name.as_str() {
            "kty" => "RSA",
            "use" => "sig",
            "alg" => "RS256",
            "kid" => signed.kid,
            "n" => signed.modulus.as_str(),
            "e" => "AQAB",
            _ => return false,
        };
        value.text() == Some(expected)
    });
    members_are_usual
        && !key.repeats_a_name()
        && ["kty", "n", "e"].iter().all(|name| key.get(name).is_some())
}
