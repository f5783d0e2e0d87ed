//! Requests that carry a token where none should be read, or more than one.

use http::header::{AUTHORIZATION, COOKIE, HeaderName};
use passage_identity::AuthStrategy;
use passage_identity::test_util::TestToken;

use crate::hostile::fixture::{Fixture, USER, b64};
use crate::hostile::rows;
use crate::hostile::run::{Case, Input};

pub(crate) fn cases(fixture: &Fixture, cases: &mut Vec<Case>) {
    names_of_cookies(fixture, cases);
    values_of_cookies(fixture, cases);
    several_cookies(fixture, cases);
    schemes(fixture, cases);
    credentials(fixture, cases);
    several_fields(fixture, cases);
    wrong_places(fixture, cases);
}

/// Cookie fields, to a service that reads the cookie.
pub(crate) fn cookies<T: AsRef<[u8]>>(fields: impl IntoIterator<Item = T>) -> Input {
    request(AuthStrategy::Cookie, &COOKIE, fields)
}

/// Authorization fields, to a service that reads that header.
pub(crate) fn authorization<T: AsRef<[u8]>>(fields: impl IntoIterator<Item = T>) -> Input {
    request(AuthStrategy::Header, &AUTHORIZATION, fields)
}

fn request<T: AsRef<[u8]>>(
    strategy: AuthStrategy,
    name: &HeaderName,
    fields: impl IntoIterator<Item = T>,
) -> Input {
    let field = |value: T| (name.clone(), value.as_ref().to_vec());
    Input::Request(strategy, fields.into_iter().map(field).collect())
}

fn names_of_cookies(fixture: &Fixture, cases: &mut Vec<Case>) {
    let t = fixture.good();
    let cookie = |text: String| cookies([text]);
    rows! { cases:
        TokenMissing, "cookie: none", "RFC 6265, 5.4", "no field at all" => cookies::<&str>([]);
        TokenMissing, "cookie: an empty field", "RFC 6265, 4.2.1", "no pair in it" => cookie(String::new());
        TokenMissing, "cookie: only others", "RFC 6265, 4.2.1", "none of our name" => cookie("a=1; b=2".into());
        TokenMissing, "cookie: a letter before the name", "RFC 6265, 5.4", "a search for the end of the name" => cookie(format!("xpsg_auth_token={t}"));
        TokenMissing, "cookie: a digit behind the name", "RFC 6265, 5.4", "a search for the start of the name" => cookie(format!("psg_auth_token2={t}"));
        TokenMissing, "cookie: a dash behind the name", "RFC 6265, 5.4", "a search for a whole word" => cookie(format!("psg_auth_token-old={t}"));
        TokenMissing, "cookie: a dot before the name", "RFC 6265, 5.4", "a search for a whole word" => cookie(format!("a.psg_auth_token={t}"));
        TokenMissing, "cookie: the name in capitals", "RFC 6265, 5.4", "names mind the case" => cookie(format!("PSG_AUTH_TOKEN={t}"));
        TokenMissing, "cookie: the host prefix", "RFC 6265, 4.1.1", "another name" => cookie(format!("__Host-psg_auth_token={t}"));
        TokenMissing, "cookie: the secure prefix", "RFC 6265, 4.1.1", "another name" => cookie(format!("__Secure-psg_auth_token={t}"));
        TokenMissing, "cookie: the name in percent encoding", "RFC 6265, 4.1.1", "names are not decoded" => cookie(format!("psg%5Fauth%5Ftoken={t}"));
        TokenMissing, "cookie: the name in quotes", "RFC 6265, 4.1.1", "only values have quotes" => cookie(format!("\"psg_auth_token\"={t}"));
        TokenMissing, "cookie: a blank in the name", "RFC 6265, 4.1.1", "another name" => cookie(format!("psg auth token={t}"));
        TokenMissing, "cookie: a Cyrillic letter in the name", "RFC 6265, 4.1.1", "looks the same, is not" => cookie(format!("\u{440}sg_auth_token={t}"));
        TokenMissing, "cookie: a no-break space before the name", "RFC 6265, 4.1.1", "only ASCII space is trimmed" => cookie(format!("\u{a0}psg_auth_token={t}"));
        TokenMissing, "cookie: the name as the value of another", "RFC 6265, 5.2", "a value ends at the semicolon" => cookie(format!("x=psg_auth_token={t}"));
        TokenMissing, "cookie: behind a comma", "RFC 6265, 4.2.1", "pairs are parted by semicolons" => cookie(format!("x=1, psg_auth_token={t}"));
        TokenMissing, "cookie: behind an ampersand", "RFC 6265, 4.2.1", "a cookie is no form" => cookie(format!("x=1&psg_auth_token={t}"));
        TokenMissing, "cookie: a colon for the equals sign", "RFC 6265, 4.1.1", "no pair" => cookie(format!("psg_auth_token: {t}"));
        TokenMissing, "cookie: the refresh token", "RFC 6265, 5.4", "another name" => cookie(format!("psg_refresh_token={t}"));
        TokenMissing, "cookie: the field of a response", "RFC 6265, 4.1", "Set-Cookie is not sent by browsers" => request(AuthStrategy::Cookie, &http::header::SET_COOKIE, [format!("psg_auth_token={t}")]);
    }
}

fn values_of_cookies(fixture: &Fixture, cases: &mut Vec<Case>) {
    let t = fixture.good();
    let cookie = |text: String| cookies([text]);
    let bytes = |inside: &[u8]| cookies([[b"psg_auth_token=", t.as_bytes(), inside].concat()]);
    rows! { cases:
        TokenMissing, "cookie: no value", "RFC 6265, 5.2", "a cleared cookie" => cookie("psg_auth_token=".into());
        TokenMissing, "cookie: no equals sign", "RFC 6265, 5.2", "a name alone" => cookie("psg_auth_token".into());
        TokenMissing, "cookie: empty in quotes", "RFC 6265, 4.1.1", "a cleared cookie" => cookie("psg_auth_token=\"\"".into());
        Malformed, "cookie: two equals signs", "RFC 6265, 5.2", "the value starts at the first" => cookie(format!("psg_auth_token=={t}"));
        Malformed, "cookie: a quote in front only", "RFC 6265, 4.1.1", "quotes come in pairs" => cookie(format!("psg_auth_token=\"{t}"));
        Malformed, "cookie: a quote behind only", "RFC 6265, 4.1.1", "quotes come in pairs" => cookie(format!("psg_auth_token={t}\""));
        Malformed, "cookie: two pairs of quotes", "RFC 6265, 4.1.1", "one pair is taken off" => cookie(format!("psg_auth_token=\"\"{t}\"\""));
        Malformed, "cookie: single quotes", "RFC 6265, 4.1.1", "only double quotes quote" => cookie(format!("psg_auth_token='{t}'"));
        Malformed, "cookie: blanks in the quotes", "RFC 6265, 4.1.1", "nothing is trimmed in quotes" => cookie(format!("psg_auth_token=\" {t} \""));
        Malformed, "cookie: a semicolon in quotes", "RFC 6265, 5.2", "quotes do not protect a semicolon" => cookie(format!("x=\"a; psg_auth_token={t}\""));
        Malformed, "cookie: dots in percent encoding", "RFC 6265, 4.1.1", "values are not decoded" => cookie(format!("psg_auth_token={}", t.replace('.', "%2E")));
        Malformed, "cookie: as Express signs it", "RFC 6265, 4.1.1", "s: and a signature of another kind" => cookie(format!("psg_auth_token=s:{t}.abcd"));
        Malformed, "cookie: in JSON", "RFC 6265, 4.1.1", "the token itself, not JSON" => cookie(format!("psg_auth_token=j:{{\"token\":\"{t}\"}}"));
        Malformed, "cookie: a comma and another", "RFC 6265, 4.2.1", "pairs are parted by semicolons" => cookie(format!("psg_auth_token={t}, x=1"));
        Malformed, "cookie: a byte of no text", "RFC 6265, 4.1.1", "values are ASCII" => bytes(b"\xff");
        Malformed, "cookie: Latin-1", "RFC 6265, 4.1.1", "values are ASCII" => bytes(b"\xe9");
        Malformed, "cookie: a tab inside", "RFC 6265, 4.1.1", "no white space in a value" => bytes(b"\tx");
        TooLarge, "cookie: a large one", "RFC 6265, 6.1", "larger than any browser's" => cookie(format!("psg_auth_token={t}{}", "A".repeat(64 * 1024)));
        Malformed, "cookie: encoded as a whole", "RFC 6265, 4.1.1", "the token itself" => cookie(format!("psg_auth_token={}", b64(&t)));
    }
}

fn several_cookies(fixture: &Fixture, cases: &mut Vec<Case>) {
    let t = fixture.good();
    let other = fixture.mint(TestToken::new("canaryUser0000000002"));
    let expired = fixture.mint(TestToken::new(USER).expired());
    let forged = fixture.attacker.mint(USER).unwrap();
    let c = |token: &str| format!("psg_auth_token={token}");
    let five = |first: &str| {
        let rest = (1..5).map(|n| format!("; psg_auth_token={n}"));
        c(first) + &rest.collect::<String>()
    };
    rows! { cases:
        AmbiguousRequest, "tossing: two users", "RFC 6265, 8.6", "a sister site has set its own" => cookies([format!("{}; {}", c(&t), c(&other))]);
        AmbiguousRequest, "tossing: two users, the other first", "RFC 6265, 8.6", "a longer path comes first" => cookies([format!("{}; {}", c(&other), c(&t))]);
        AmbiguousRequest, "tossing: two users in two fields", "RFC 6265, 8.6", "HTTP/2 parts the field" => cookies([c(&t), c(&other)]);
        AmbiguousRequest, "tossing: two users, one in quotes", "RFC 6265, 8.6", "another spelling" => cookies([format!("psg_auth_token=\"{t}\"; {}", c(&other))]);
        AmbiguousRequest, "tossing: two users and garbage", "RFC 6265, 8.6", "which one is it?" => cookies([format!("{}; {}; {}", c("x"), c(&t), c(&other))]);
        AmbiguousRequest, "tossing: one user three times, then another", "RFC 6265, 8.6", "which one is it?" => cookies([format!("{}; {}; {}", c(&t), c(&t), c(&other))]);
        AmbiguousRequest, "tossing: two that are bad", "RFC 6265, 8.6", "none is accepted, none is blamed" => cookies([format!("{}; {}", c(&expired), c(&forged))]);
        AmbiguousRequest, "tossing: two that are garbage", "RFC 6265, 8.6", "none is accepted, none is blamed" => cookies([format!("{}; {}", c("a"), c("b"))]);
        AmbiguousRequest, "tossing: five, ours first", "RFC 6265, 6.1", "more than four are not looked at" => cookies([five(&t)]);
        AmbiguousRequest, "tossing: five, ours last", "RFC 6265, 6.1", "more than four are not looked at" => cookies([format!("{}; {}", five("x"), c(&t))]);
        AmbiguousRequest, "tossing: five in five fields", "RFC 6265, 6.1", "more than four are not looked at" => cookies([c("a"), c("b"), c("c"), c("d"), c(&t)]);
        AmbiguousRequest, "tossing: a thousand", "RFC 6265, 6.1", "each would cost a verification" => cookies([(0..1_000).map(|n| format!("psg_auth_token={n}; ")).collect::<String>()]);
        Expired, "tossing: the same bad one twice", "RFC 6265, 5.3", "one value, so its own fault is told" => cookies([format!("{}; {}", c(&expired), c(&expired))]);
        BadSignature, "tossing: a forgery and an empty one", "RFC 6265, 5.2", "a cleared cookie does not count" => cookies([format!("psg_auth_token=; {}", c(&forged))]);
        BadSignature, "tossing: a forgery and a look-alike", "RFC 6265, 5.4", "the look-alike does not count" => cookies([format!("psg_auth_token2={t}; {}", c(&forged))]);
    }
}

fn schemes(fixture: &Fixture, cases: &mut Vec<Case>) {
    let t = fixture.good();
    let field = |text: String| authorization([text]);
    rows! { cases:
        TokenMissing, "authorization: none", "RFC 6750, 2.1", "no field at all" => authorization::<&str>([]);
        TokenMissing, "authorization: empty", "RFC 6750, 2.1", "no scheme" => field(String::new());
        TokenMissing, "authorization: the token alone", "RFC 6750, 2.1", "no scheme" => field(t.clone());
        TokenMissing, "authorization: the scheme alone", "RFC 6750, 2.1", "no token" => field("Bearer".into());
        TokenMissing, "authorization: the scheme and blanks", "RFC 6750, 2.1", "no token" => field("Bearer    ".into());
        TokenMissing, "authorization: Basic", "RFC 7617, 2", "another scheme" => field("Basic Y2FuYXJ5OmNhbmFyeQ==".into());
        TokenMissing, "authorization: the token as Basic", "RFC 7617, 2", "another scheme" => field(format!("Basic {t}"));
        TokenMissing, "authorization: Digest", "RFC 7616, 3.4", "another scheme" => field("Digest username=\"canaryUser\"".into());
        TokenMissing, "authorization: Token", "RFC 6750, 2.1", "another scheme" => field(format!("Token {t}"));
        TokenMissing, "authorization: JWT", "RFC 6750, 2.1", "another scheme" => field(format!("JWT {t}"));
        TokenMissing, "authorization: DPoP", "RFC 9449, 7.1", "another scheme, which needs a proof" => field(format!("DPoP {t}"));
        TokenMissing, "authorization: a longer scheme", "RFC 6750, 2.1", "compared as a whole" => field(format!("BearerX {t}"));
        TokenMissing, "authorization: a shorter scheme", "RFC 6750, 2.1", "compared as a whole" => field(format!("Beare {t}"));
        TokenMissing, "authorization: a scheme before it", "RFC 6750, 2.1", "the first word is the scheme" => field(format!("Token Bearer {t}"));
        TokenMissing, "authorization: no blank", "RFC 6750, 2.1", "one space or more" => field(format!("Bearer{t}"));
        TokenMissing, "authorization: a colon", "RFC 6750, 2.1", "one space or more" => field(format!("Bearer: {t}"));
        TokenMissing, "authorization: an equals sign", "RFC 6750, 2.1", "one space or more" => field(format!("Bearer={t}"));
        TokenMissing, "authorization: a tab", "RFC 6750, 2.1", "a space, not a tab" => field(format!("Bearer\t{t}"));
        TokenMissing, "authorization: a no-break space", "RFC 6750, 2.1", "a space of ASCII" => field(format!("Bearer\u{a0}{t}"));
        TokenMissing, "authorization: a plus for the blank", "RFC 6750, 2.1", "a header is no form" => field(format!("Bearer+{t}"));
        TokenMissing, "authorization: a blank in percent encoding", "RFC 6750, 2.1", "a header is no URL" => field(format!("Bearer%20{t}"));
        TokenMissing, "authorization: wide letters", "RFC 6750, 2.1", "some normalise them" => field(format!("Ｂearer {t}"));
        TokenMissing, "authorization: a comma before it", "RFC 9110, 11.6.2", "one credential, not a list" => field(format!(", Bearer {t}"));
        TokenMissing, "authorization: Basic, then Bearer", "RFC 9110, 11.6.2", "one credential, not a list" => field(format!("Basic Y2FuYXJ5OmNhbmFyeQ==, Bearer {t}"));
    }
}

fn credentials(fixture: &Fixture, cases: &mut Vec<Case>) {
    let t = fixture.good();
    let field = |text: String| authorization([text]);
    let bytes = |inside: &[u8]| authorization([[b"Bearer ", t.as_bytes(), inside].concat()]);
    rows! { cases:
        Malformed, "authorization: a blank behind", "RFC 6750, 2.1", "nothing after the token" => field(format!("Bearer {t} "));
        Malformed, "authorization: a tab after the blank", "RFC 6750, 2.1", "spaces only" => field(format!("Bearer \t{t}"));
        Malformed, "authorization: two tokens", "RFC 6750, 2.1", "nothing after the token" => field(format!("Bearer {t} {t}"));
        Malformed, "authorization: a list", "RFC 9110, 11.6.2", "one credential, not a list" => field(format!("Bearer {t}, Bearer {t}"));
        Malformed, "authorization: a parameter behind", "RFC 6750, 2.1", "nothing after the token" => field(format!("Bearer {t}; realm=x"));
        Malformed, "authorization: a comma behind", "RFC 6750, 2.1", "nothing after the token" => field(format!("Bearer {t},"));
        Malformed, "authorization: as a parameter", "RFC 6750, 2.1", "the token itself" => field(format!("Bearer token={t}"));
        Malformed, "authorization: in quotes", "RFC 6750, 2.1", "a token has no quotes" => field(format!("Bearer \"{t}\""));
        Malformed, "authorization: in angle brackets", "RFC 6750, 2.1", "a placeholder left standing" => field(format!("Bearer <{t}>"));
        Malformed, "authorization: the scheme twice", "RFC 6750, 2.1", "the second is no token" => field(format!("Bearer Bearer {t}"));
        Malformed, "authorization: the word undefined", "RFC 6750, 2.1", "what scripts send for no token" => field("Bearer undefined".into());
        Malformed, "authorization: padded", "RFC 6750, 2.1", "b64token allows =, a JWT does not" => field(format!("Bearer {t}="));
        Malformed, "authorization: an opaque token", "RFC 6750, 2.1", "not a JWT" => field("Bearer mF_9.B5f-4.1JqM/+".into());
        Malformed, "authorization: a byte of no text", "RFC 6750, 2.1", "tokens are ASCII" => bytes(b"\xff");
        Malformed, "authorization: a cookie", "RFC 6750, 2.1", "the token itself" => field(format!("Bearer psg_auth_token={t}"));
        TooLarge, "authorization: a megabyte", "RFC 6750, 2.1", "nothing of it may be decoded" => field(format!("Bearer {}", "A".repeat(1 << 20)));
    }
}

fn several_fields(fixture: &Fixture, cases: &mut Vec<Case>) {
    let t = fixture.good();
    let other = fixture.mint(TestToken::new("canaryUser0000000002"));
    let bearer = |token: &str| format!("Bearer {token}");
    rows! { cases:
        AmbiguousRequest, "authorization: two fields, the same", "RFC 9110, 5.3", "two parsers may take different ones" => authorization([bearer(&t), bearer(&t)]);
        AmbiguousRequest, "authorization: two users", "RFC 9110, 5.3", "two parsers may take different ones" => authorization([bearer(&t), bearer(&other)]);
        AmbiguousRequest, "authorization: Basic and Bearer", "RFC 9110, 5.3", "a proxy may have checked the other" => authorization(["Basic Y2FuYXJ5OmNhbmFyeQ==".to_owned(), bearer(&t)]);
        AmbiguousRequest, "authorization: Bearer and Basic", "RFC 9110, 5.3", "a proxy may have checked the other" => authorization([bearer(&t), "Basic Y2FuYXJ5OmNhbmFyeQ==".to_owned()]);
        AmbiguousRequest, "authorization: an empty field before it", "RFC 9110, 5.3", "two parsers may take different ones" => authorization([String::new(), bearer(&t)]);
        AmbiguousRequest, "authorization: an empty field after it", "RFC 9110, 5.3", "two parsers may take different ones" => authorization([bearer(&t), String::new()]);
    }
}

fn wrong_places(fixture: &Fixture, cases: &mut Vec<Case>) {
    let t = fixture.good();
    let (cookie, bearer) = (format!("psg_auth_token={t}"), format!("Bearer {t}"));
    let sent = |strategy: AuthStrategy, name: &'static str, value: &str| {
        request(strategy, &HeaderName::from_static(name), [value])
    };
    let both = |strategy: AuthStrategy, cookie: &str, authorization: &str| {
        Input::Request(
            strategy,
            vec![
                (COOKIE, cookie.into()),
                (AUTHORIZATION, authorization.into()),
            ],
        )
    };
    let expired = fixture.mint(TestToken::new(USER).expired());
    use AuthStrategy::{Cookie, Header};
    rows! { cases:
        TokenMissing, "place: the header, but the cookie is read", "RFC 8725, 3.1", "no fallback" => sent(Cookie, "authorization", &bearer);
        TokenMissing, "place: the cookie, but the header is read", "RFC 6265, 8.2", "no fallback: a cookie comes without the user's doing" => sent(Header, "cookie", &cookie);
        Expired, "place: an expired cookie and a good header", "RFC 8725, 3.1", "no fallback" => both(Cookie, &format!("psg_auth_token={expired}"), &bearer);
        Expired, "place: a good cookie and an expired header", "RFC 8725, 3.1", "no fallback" => both(Header, &cookie, &format!("Bearer {expired}"));
        TokenMissing, "place: a proxy's authorization", "RFC 9110, 11.7.2", "meant for a proxy" => sent(Header, "proxy-authorization", &bearer);
        TokenMissing, "place: a header of a gateway", "RFC 6750, 2.1", "anybody can set it" => sent(Header, "x-forwarded-authorization", &bearer);
        TokenMissing, "place: a header named like the cookie", "RFC 6265, 4.2", "a cookie is in the field Cookie" => sent(Cookie, "psg-auth-token", &t);
        TokenMissing, "place: the old field for cookies", "RFC 6265, 9.3", "Cookie2 is obsolete" => sent(Cookie, "cookie2", &cookie);
    }
}
