//! Well-signed tokens whose claims must not be accepted.

use passage_identity::test_util::{TestClock, TestToken};
use serde_json::{Value, json};

use crate::hostile::fixture::{Fixture, USER};
use crate::hostile::rows;
use crate::hostile::run::Case;

pub(crate) fn cases(fixture: &Fixture, cases: &mut Vec<Case>) {
    expiry(fixture, cases);
    other_times(fixture, cases);
    issuer(fixture, cases);
    audience(fixture, cases);
    subject(fixture, cases);
    json(fixture, cases);
}

fn expiry(fixture: &Fixture, cases: &mut Vec<Case>) {
    let now = TestClock::START.as_second();
    let exp = |value: Value| fixture.claim("exp", value);
    rows! { cases:
        MissingClaim, "exp: absent", "RFC 8725, 3.8", "a token that never ends" => fixture.without_claim("exp");
        MissingClaim, "exp: only in the header", "RFC 7519, 4.1.4", "exp is a claim" => fixture.mint(TestToken::new(USER).without_claim("exp").header("exp", now + 3600));
        MissingClaim, "exp: in another case", "RFC 7519, 4", "names mind the case" => fixture.mint(TestToken::new(USER).without_claim("exp").claim("EXP", now + 3600));
        Expired, "exp: an hour ago", "RFC 7519, 4.1.4", "over" => exp(json!(now - 3600));
        Expired, "exp: just past the leeway", "RFC 7519, 4.1.4", "on or after exp is over, and the leeway is 5 s" => exp(json!(now - 5));
        Expired, "exp: past the leeway with a fraction", "RFC 7519, 2", "fractions count" => exp(json!(now as f64 - 5.25));
        Expired, "exp: zero", "RFC 7519, 4.1.4", "1970, not for ever" => exp(json!(0));
        Expired, "exp: minus zero", "RFC 7519, 4.1.4", "1970, not for ever" => exp(json!(-0.0));
        Expired, "exp: minus one", "RFC 7519, 4.1.4", "1969, not for ever" => exp(json!(-1));
        Expired, "exp: the smallest integer", "RFC 7519, 4.1.4", "an overflow when the leeway is subtracted" => exp(json!(i64::MIN));
        Expired, "exp: hugely negative", "RFC 7519, 4.1.4", "beyond every integer" => exp(json!(-1e300));
        Expired, "exp: tiny", "RFC 7519, 4.1.4", "next to zero" => exp(json!(5e-324));
        Malformed, "exp: a string", "CVE-2026-25537", "of the wrong type is not the same as absent" => exp(json!((now + 3600).to_string()));
        Malformed, "exp: the word never", "CVE-2026-25537", "of the wrong type is not the same as absent" => exp(json!("never"));
        Malformed, "exp: an empty string", "RFC 7519, 4.1.4", "exp is a number" => exp(json!(""));
        Malformed, "exp: a date", "RFC 7519, 2", "seconds, not a date" => exp(json!("2099-01-01T00:00:00Z"));
        Malformed, "exp: null", "RFC 7519, 4.1.4", "exp is a number" => exp(json!(null));
        Malformed, "exp: true", "RFC 7519, 4.1.4", "exp is a number" => exp(json!(true));
        Malformed, "exp: an array", "RFC 7519, 4.1.4", "exp is a number" => exp(json!([now + 3600]));
        Malformed, "exp: an object", "RFC 7519, 4.1.4", "exp is a number" => exp(json!({"$gt": 0}));
        Malformed, "exp: the word Infinity", "RFC 7519, 4.1.4", "exp is a number" => exp(json!("Infinity"));
        Malformed, "exp: infinity", "RFC 8259, 6", "not JSON" => with_text(fixture, "exp", "Infinity");
        Malformed, "exp: NaN", "RFC 8259, 6", "not JSON, and no comparison with it holds" => with_text(fixture, "exp", "NaN");
        Malformed, "exp: beyond all numbers", "RFC 8259, 6", "infinity for some readers" => with_text(fixture, "exp", "1e999");
        Malformed, "exp: hexadecimal", "RFC 8259, 6", "not JSON" => with_text(fixture, "exp", "0x7fffffff");
        Malformed, "exp: with a plus", "RFC 8259, 6", "not JSON" => with_text(fixture, "exp", "+9999999999");
    }
}

fn other_times(fixture: &Fixture, cases: &mut Vec<Case>) {
    let now = TestClock::START.as_second();
    let nbf = |value: Value| fixture.claim("nbf", value);
    let iat = |value: Value| fixture.claim("iat", value);
    rows! { cases:
        NotYetValid, "nbf: in an hour", "RFC 7519, 4.1.5", "not yet" => nbf(json!(now + 3600));
        NotYetValid, "nbf: just past the leeway", "RFC 7519, 4.1.5", "the leeway is 5 s" => nbf(json!(now + 6));
        NotYetValid, "nbf: past the leeway with a fraction", "RFC 7519, 2", "fractions count" => nbf(json!(now as f64 + 5.25));
        NotYetValid, "nbf: the largest integer", "RFC 7519, 4.1.5", "an overflow when the leeway is added" => nbf(json!(u64::MAX));
        NotYetValid, "nbf: beyond every integer", "RFC 7519, 4.1.5", "never" => nbf(json!(1e300));
        Malformed, "nbf: a string", "CVE-2026-25537", "of the wrong type is not the same as absent" => nbf(json!("99999999999"));
        Malformed, "nbf: a string of the past", "CVE-2026-25537", "nbf is a number" => nbf(json!("0"));
        Malformed, "nbf: null", "RFC 7519, 4.1.5", "nbf is a number" => nbf(json!(null));
        Malformed, "nbf: false", "RFC 7519, 4.1.5", "nbf is a number" => nbf(json!(false));
        Malformed, "nbf: an array", "RFC 7519, 4.1.5", "nbf is a number" => nbf(json!([]));
        Malformed, "nbf: an object", "RFC 7519, 4.1.5", "nbf is a number" => nbf(json!({}));
        Malformed, "iat: a string", "RFC 7519, 4.1.6", "iat is a number" => iat(json!(now.to_string()));
        Malformed, "iat: null", "RFC 7519, 4.1.6", "iat is a number" => iat(json!(null));
        Malformed, "iat: true", "RFC 7519, 4.1.6", "iat is a number" => iat(json!(true));
        Malformed, "iat: an array", "RFC 7519, 4.1.6", "iat is a number" => iat(json!([now]));
        Malformed, "iat: an object", "RFC 7519, 4.1.6", "iat is a number" => iat(json!({"now": now}));
    }
}

fn issuer(fixture: &Fixture, cases: &mut Vec<Case>) {
    let ours = fixture.issuer.issuer();
    let iss = |value: Value| fixture.claim("iss", value);
    let changed = |from: &str, to: &str| {
        assert!(ours.contains(from));
        iss(json!(ours.replacen(from, to, 1)))
    };
    rows! { cases:
        MissingClaim, "iss: absent", "RFC 8725, 3.8", "who says so?" => fixture.without_claim("iss");
        BadIssuer, "iss: somebody else", "RFC 7519, 4.1.1", "not our server" => iss(json!("https://evil.example/auth/v1/apps/app"));
        BadIssuer, "iss: another app of our server", "RFC 8725, 3.8", "its users are not ours" => changed("testAppId", "testAppIe");
        BadIssuer, "iss: the app id alone", "RFC 7519, 4.1.1", "what tokens had before 2023, and is not configured here" => iss(json!(fixture.issuer.app_id()));
        BadIssuer, "iss: an array of ours", "CVE-2025-30144", "iss is a string" => iss(json!([ours]));
        BadIssuer, "iss: an array of ours and another", "CVE-2025-30144", "iss is a string" => iss(json!(["https://evil.example", ours]));
        BadIssuer, "iss: the start of ours", "CVE-2024-53861", "compared as a whole" => iss(json!(&ours[..ours.len() - 1]));
        BadIssuer, "iss: a part of ours", "CVE-2024-53861", "compared as a whole" => iss(json!(&ours[8..]));
        BadIssuer, "iss: more than ours", "RFC 7519, 4.1.1", "compared as a whole" => iss(json!(format!("{ours}x")));
        BadIssuer, "iss: a slash behind", "RFC 7519, 4.1.1", "compared as it is" => iss(json!(format!("{ours}/")));
        BadIssuer, "iss: a blank behind", "RFC 7519, 4.1.1", "compared as it is" => iss(json!(format!("{ours} ")));
        BadIssuer, "iss: NUL behind", "RFC 7519, 4.1.1", "a C string would end here" => iss(json!(format!("{ours}\u{0}.evil.example")));
        BadIssuer, "iss: a line break behind", "RFC 7519, 4.1.1", "an end of line that a pattern overlooks" => iss(json!(format!("{ours}\n")));
        BadIssuer, "iss: in capitals", "RFC 7519, 4.1.1", "strings mind the case" => iss(json!(ours.to_uppercase()));
        BadIssuer, "iss: the scheme in capitals", "RFC 7519, 2", "a string, not a URL to be normalised" => changed("https", "HTTPS");
        BadIssuer, "iss: without TLS", "RFC 7519, 4.1.1", "another issuer" => changed("https", "http");
        BadIssuer, "iss: with the port that is the default", "RFC 7519, 2", "a string, not a URL to be normalised" => changed(".invalid", ".invalid:443");
        BadIssuer, "iss: with a user", "RFC 7519, 2", "the host is another one" => changed("passage.invalid", "passage.invalid@evil.example");
        BadIssuer, "iss: a dot segment", "RFC 7519, 2", "a string, not a URL to be normalised" => changed("/apps/", "/apps/x/../");
        BadIssuer, "iss: percent encoding", "RFC 7519, 2", "a string, not a URL to be normalised" => changed("/apps/", "/%61pps/");
        BadIssuer, "iss: a Cyrillic letter", "RFC 7519, 7.3", "looks the same, is not" => changed("passage", "p\u{430}ssage");
        BadIssuer, "iss: wide letters", "RFC 7519, 7.3", "no normalisation before comparing" => changed("passage", "ｐassage");
        BadIssuer, "iss: ours in the fragment", "RFC 7519, 4.1.1", "a check of the end only" => iss(json!(format!("https://evil.example/#{ours}")));
        BadIssuer, "iss: empty", "RFC 7519, 4.1.1", "nobody" => iss(json!(""));
        BadIssuer, "iss: null", "RFC 7519, 4.1.1", "iss is a string" => iss(json!(null));
        BadIssuer, "iss: a number", "RFC 7519, 4.1.1", "iss is a string" => iss(json!(0));
        BadIssuer, "iss: an object", "RFC 7519, 4.1.1", "iss is a string" => iss(json!({"value": ours}));
        MissingClaim, "iss: only in the header", "RFC 7519, 5.3", "a replicated claim is no claim" => fixture.mint(TestToken::new(USER).without_claim("iss").header("iss", ours));
    }
}

fn audience(fixture: &Fixture, cases: &mut Vec<Case>) {
    let app = fixture.issuer.app_id().as_str();
    let aud = |value: Value| fixture.claim("aud", value);
    rows! { cases:
        MissingClaim, "aud: absent", "RFC 8725, 3.9", "for whom is it?" => fixture.without_claim("aud");
        BadAudience, "aud: another app", "RFC 7519, 4.1.3", "not for us" => aud(json!("anotherAppId00000000"));
        BadAudience, "aud: an array of others", "RFC 7519, 4.1.3", "not for us" => aud(json!(["anotherAppId00000000", "https://example.com"]));
        BadAudience, "aud: an empty array", "CVE-2020-26160", "for nobody" => aud(json!([]));
        BadAudience, "aud: an array of nothing", "CVE-2020-26160", "for nobody" => aud(json!([""]));
        BadAudience, "aud: empty", "RFC 7519, 4.1.3", "for nobody" => aud(json!(""));
        BadAudience, "aud: null", "RFC 7519, 4.1.3", "aud is a string or an array of them" => aud(json!(null));
        BadAudience, "aud: a number", "RFC 7519, 4.1.3", "aud is a string or an array of them" => aud(json!(7));
        BadAudience, "aud: true", "RFC 7519, 4.1.3", "aud is a string or an array of them" => aud(json!(true));
        BadAudience, "aud: an object", "RFC 7519, 4.1.3", "a name is no value" => aud(json!({app: true}));
        BadAudience, "aud: ours beside a number", "RFC 7519, 4.1.3", "an array of strings only" => aud(json!([app, 7]));
        BadAudience, "aud: ours beside null", "RFC 7519, 4.1.3", "an array of strings only" => aud(json!([null, app]));
        BadAudience, "aud: an array in an array", "RFC 7519, 4.1.3", "an array of strings only" => aud(json!([[app]]));
        BadAudience, "aud: the start of ours", "RFC 7519, 4.1.3", "compared as a whole" => aud(json!(&app[..app.len() - 1]));
        BadAudience, "aud: more than ours", "RFC 7519, 4.1.3", "compared as a whole" => aud(json!(format!("{app}0")));
        BadAudience, "aud: several in one string", "RFC 7519, 4.1.3", "one string is one audience" => aud(json!(format!("other,{app}")));
        BadAudience, "aud: several with blanks", "RFC 7519, 4.1.3", "one string is one audience" => aud(json!(format!("other {app}")));
        BadAudience, "aud: a JSON array in a string", "RFC 7519, 4.1.3", "one string is one audience" => aud(json!(json!([app]).to_string()));
        BadAudience, "aud: in another case", "RFC 7519, 4.1.3", "strings mind the case" => aud(json!(app.to_lowercase()));
        BadAudience, "aud: with a blank", "RFC 7519, 4.1.3", "compared as it is" => aud(json!(format!(" {app}")));
        BadAudience, "aud: NUL behind", "RFC 7519, 4.1.3", "a C string would end here" => aud(json!(format!("{app}\u{0}x")));
        BadAudience, "aud: a letter that looks alike", "RFC 7519, 7.3", "looks the same, is not" => aud(json!(app.replacen('e', "\u{435}", 1)));
        BadAudience, "aud: a pattern", "RFC 7519, 4.1.3", "compared as it is" => aud(json!("*"));
        BadAudience, "aud: our issuer", "RFC 7519, 4.1.3", "who says it is not for whom" => aud(json!(fixture.issuer.issuer()));
        BadAudience, "aud: ours as azp", "RFC 7519, 4.1.3", "another claim" => fixture.mint(TestToken::new(USER).audience("anotherAppId00000000").claim("azp", app));
    }
}

fn subject(fixture: &Fixture, cases: &mut Vec<Case>) {
    let sub = |value: Value| fixture.claim("sub", value);
    rows! { cases:
        MissingClaim, "sub: absent", "RFC 8725, 3.8", "who is it?" => fixture.without_claim("sub");
        MissingClaim, "sub: only as user_id", "RFC 7519, 4.1.2", "another claim" => fixture.mint(TestToken::new(USER).without_claim("sub").claim("user_id", USER));
        BadSubject, "sub: empty", "RFC 7519, 4.1.2", "nobody" => sub(json!(""));
        BadSubject, "sub: a dot", "RFC 3986, 5.2.4", "would change the path of a request" => sub(json!("."));
        BadSubject, "sub: two dots", "RFC 3986, 5.2.4", "would change the path of a request" => sub(json!(".."));
        BadSubject, "sub: a backslash", "RFC 3986, 5.2.4", "read as a slash in a path" => sub(json!("..\\..\\canary"));
        BadSubject, "sub: NUL inside", "RFC 8725, 3.10", "a C string would end here" => sub(json!("canary\u{0}User"));
        BadSubject, "sub: a line break", "RFC 8725, 3.10", "a forged line in a log or a header" => sub(json!("canaryUser\r\nset-cookie: x=1"));
        BadSubject, "sub: a tab", "RFC 8725, 3.10", "a control character" => sub(json!("canary\tUser"));
        BadSubject, "sub: an escape", "RFC 8725, 3.10", "commands to a terminal" => sub(json!("canary\u{1b}[2J"));
        BadSubject, "sub: DEL", "RFC 8725, 3.10", "a control character" => sub(json!("canary\u{7f}"));
        BadSubject, "sub: a line break of C1", "RFC 8725, 3.10", "U+0085, a control character" => sub(json!("canary\u{85}User"));
        BadSubject, "sub: a number", "RFC 7519, 4.1.2", "sub is a string" => sub(json!(1_234_567));
        BadSubject, "sub: null", "RFC 7519, 4.1.2", "sub is a string" => sub(json!(null));
        BadSubject, "sub: true", "RFC 7519, 4.1.2", "sub is a string" => sub(json!(true));
        BadSubject, "sub: an array", "RFC 7519, 4.1.2", "sub is a string" => sub(json!([USER]));
        BadSubject, "sub: an object", "RFC 7519, 4.1.2", "sub is a string" => sub(json!({"$ne": null}));
    }
}

fn json(fixture: &Fixture, cases: &mut Vec<Case>) {
    let good = fixture.claims().to_string();
    let text = |text: &str| fixture.claims_text(text);
    let add = |members: &str| fixture.claims_text(good.replacen('{', &format!("{{{members},"), 1));
    let nested =
        |depth: usize| format!(r#""x":{}1{}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bytes = |inside: &[u8]| {
        fixture.claims_text([b"{\"x\":\"", inside, b"\",", &good.as_bytes()[1..]].concat())
    };
    rows! { cases:
        MissingClaim, "claims: an empty object", "RFC 7519, 7.2", "says nothing" => text("{}");
        MissingClaim, "claims: one level down", "RFC 7519, 4", "claims are members of the object itself" => text(&format!(r#"{{"claims":{good}}}"#));
        Malformed, "claims: sub twice", "RFC 7519, 4", "which user is it?" => add(r#""sub":"canaryAdmin""#);
        Malformed, "claims: sub twice, one escaped", "RFC 7519, 4", "another spelling of the same name" => add(r#""\u0073ub":"canaryAdmin""#);
        Malformed, "claims: exp twice", "RFC 7519, 4", "until when?" => add(r#""exp":9999999999"#);
        Malformed, "claims: aud twice", "RFC 7519, 4", "for whom?" => add(r#""aud":"other""#);
        Malformed, "claims: iss twice", "RFC 7519, 4", "who says so?" => add(r#""iss":"https://evil.example""#);
        Malformed, "claims: an unknown name twice", "RFC 7519, 4", "names must be unique, known or not" => add(r#""role":"user","role":"admin""#);
        Malformed, "claims: a name twice inside", "RFC 7519, 4", "at every level" => add(r#""x":{"role":"user","role":"admin"}"#);
        Malformed, "claims: a name twice deep inside", "RFC 7519, 4", "at every level" => add(r#""x":[[{"y":[{"role":1,"ro\u006ce":2}]}]]"#);
        Malformed, "claims: nested 17 deep", "RFC 8259, 9", "a reader that calls itself needs stack" => add(&nested(17));
        Malformed, "claims: nested 4,000 deep", "RFC 8259, 9", "a reader that calls itself needs stack" => add(&nested(4_000));
        Malformed, "claims: a byte order mark", "RFC 8259, 8.1", "must not be added" => text(&format!("\u{feff}{good}"));
        Malformed, "claims: a second object", "RFC 8259, 2", "one value is one text" => text(&format!("{good}{good}"));
        Malformed, "claims: text after it", "RFC 8259, 2", "one value is one text" => text(&format!("{good} x"));
        Malformed, "claims: NUL after it", "RFC 8259, 2", "a C string would end here" => text(&format!("{good}\0"));
        Malformed, "claims: a comma too many", "RFC 8259, 4", "not JSON" => text(&good.replacen('}', ",}", 1));
        Malformed, "claims: cut off", "RFC 8259, 4", "not JSON" => text(good.trim_end_matches('}'));
        Malformed, "claims: an array", "RFC 7519, 7.2", "the claims are an object" => text(&format!("[{good}]"));
        Malformed, "claims: a string", "RFC 7519, 7.2", "the claims are an object" => text(&json!(good).to_string());
        Malformed, "claims: null", "RFC 7519, 7.2", "the claims are an object" => text("null");
        Malformed, "claims: a number", "RFC 7519, 7.2", "the claims are an object" => text("1234567");
        Malformed, "claims: a form", "RFC 7519, 7.2", "the claims are an object" => text("sub=canaryUser&exp=9999999999");
        Malformed, "claims: a line break in a string", "RFC 8259, 7", "control characters are escaped" => add("\"x\":\"\n\"");
        Malformed, "claims: half a surrogate", "RFC 8259, 8.2", "readers disagree on what it is" => add(r#""x":"\udc00""#);
        Malformed, "claims: not UTF-8", "RFC 8259, 8.1", "readers disagree on what it is" => bytes(b"\xff\xfe");
        Malformed, "claims: a surrogate in UTF-8", "RFC 8259, 8.1", "CESU-8 is not UTF-8" => bytes(b"\xed\xa0\x80");
        Malformed, "claims: UTF-16", "RFC 8259, 8.1", "JSON is UTF-8" => fixture.claims_text(utf16);
        Malformed, "claims: compressed", "CVE-2024-28176", "zip without saying so" => fixture.claims_text([0x78, 0x9c, 0x03, 0, 0, 0, 0, 1]);
    }
}

/// A token with a claim of this text, which need not be JSON.
fn with_text(fixture: &Fixture, name: &str, value: &str) -> String {
    let mut claims = fixture.claims();
    claims.as_object_mut().unwrap().remove(name);
    fixture.claims_text(
        claims
            .to_string()
            .replacen('{', &format!("{{\"{name}\":{value},"), 1),
    )
}
