//! Headers that are no JSON object, or one that two parsers read differently.

use passage_identity::test_util::TestToken;
use serde_json::json;

use crate::hostile::fixture::{Fixture, USER};
use crate::hostile::rows;
use crate::hostile::run::Case;

pub(crate) fn cases(fixture: &Fixture, cases: &mut Vec<Case>) {
    duplicates(fixture, cases);
    no_object(fixture, cases);
}

fn duplicates(fixture: &Fixture, cases: &mut Vec<Case>) {
    let kid = fixture.issuer.kid();
    let text = |members: &str| fixture.header_text(format!("{{{members}}}"));
    rows! { cases:
        Malformed, "header: alg twice, none first", "RFC 7515, 5.2", "names must be unique: which alg is meant?" => text(&format!(r#""alg":"none","alg":"RS256","kid":"{kid}""#));
        Malformed, "header: alg twice, none last", "RFC 7515, 5.2", "names must be unique: which alg is meant?" => text(&format!(r#""alg":"RS256","kid":"{kid}","alg":"none""#));
        Malformed, "header: alg twice, the same", "RFC 7515, 4", "names must be unique" => text(&format!(r#""alg":"RS256","alg":"RS256","kid":"{kid}""#));
        Malformed, "header: alg twice, one escaped", "RFC 7515, 4", "another spelling of the same name" => text(&format!(r#""alg":"RS256","\u0061lg":"none","kid":"{kid}""#));
        Malformed, "header: alg twice, both escaped", "RFC 7515, 4", "another spelling of the same name" => text(&format!(r#""a\u006cg":"RS256","al\u0067":"RS256","kid":"{kid}""#));
        Malformed, "header: kid twice", "RFC 7515, 4", "which key is meant?" => text(&format!(r#""alg":"RS256","kid":"canary","kid":"{kid}""#));
        Malformed, "header: kid twice, one escaped", "RFC 7515, 4", "which key is meant?" => text(&format!(r#""alg":"RS256","kid":"{kid}","\u006b\u0069\u0064":"canary""#));
        Malformed, "header: typ twice", "RFC 7515, 4", "which type is meant?" => text(&format!(r#""alg":"RS256","typ":"at+jwt","typ":"JWT","kid":"{kid}""#));
        Malformed, "header: crit twice", "RFC 7515, 4", "names must be unique" => text(&format!(r#""alg":"RS256","crit":[],"crit":["x"],"kid":"{kid}""#));
        Malformed, "header: an unknown name twice", "RFC 7515, 4", "names must be unique, known or not" => text(&format!(r#""alg":"RS256","x":1,"x":1,"kid":"{kid}""#));
        Malformed, "header: an empty name twice", "RFC 7515, 4", "names must be unique, the empty one too" => text(&format!(r#""alg":"RS256","":1,"":2,"kid":"{kid}""#));
        Malformed, "header: a name twice inside", "RFC 7515, 4", "at every level" => text(&format!(r#""alg":"RS256","kid":"{kid}","x":{{"y":1,"y":2}}"#));
        Malformed, "header: a name twice in an array", "RFC 7515, 4", "at every level" => text(&format!(r#""alg":"RS256","kid":"{kid}","x":[1,{{"y":1,"\u0079":2}}]"#));
    }
}

fn no_object(fixture: &Fixture, cases: &mut Vec<Case>) {
    let good = fixture.header().to_string();
    let text = |text: &str| fixture.header_text(text);
    let nested = |depth: usize| {
        let inside = format!("{}1{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        good.replace('}', &format!(r#","x":{inside}}}"#))
    };
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_be_bytes).collect();
    rows! { cases:
        Malformed, "header: nested 17 deep", "RFC 8259, 9", "a reader that calls itself needs stack" => text(&nested(17));
        Malformed, "header: nested 4,000 deep", "RFC 8259, 9", "a reader that calls itself needs stack" => text(&nested(4_000));
        Malformed, "header: objects 17 deep", "RFC 8259, 9", "a reader that calls itself needs stack" => text(&good.replace('}', &format!(r#","x":{}1{}}}"#, r#"{"x":"#.repeat(16), "}".repeat(16))));
        Malformed, "header: nested and never closed", "RFC 8259, 9", "a reader that calls itself needs stack" => text(&"[".repeat(8_000));
        Malformed, "header: a byte order mark", "RFC 8259, 8.1", "must not be added" => text(&format!("\u{feff}{good}"));
        Malformed, "header: a second object", "RFC 8259, 2", "one value is one text" => text(&format!("{good}{good}"));
        Malformed, "header: text after it", "RFC 8259, 2", "one value is one text" => text(&format!("{good}x"));
        Malformed, "header: NUL after it", "RFC 8259, 2", "a C string would end here" => text(&format!("{good}\0"));
        Malformed, "header: a comma too many", "RFC 8259, 4", "not JSON" => text(&good.replace('}', ",}"));
        Malformed, "header: a comment", "RFC 8259, 2", "not JSON" => text(&good.replace('}', "/* x */}"));
        Malformed, "header: single quotes", "RFC 8259, 7", "not JSON" => text(&good.replace('"', "'"));
        Malformed, "header: names without quotes", "RFC 8259, 4", "not JSON" => text(&good.replace(r#""alg""#, "alg"));
        Malformed, "header: cut off", "RFC 8259, 4", "not JSON" => text(good.trim_end_matches('}'));
        Malformed, "header: an array", "RFC 7515, 4", "the header is an object" => text(&format!("[{good}]"));
        Malformed, "header: a string", "RFC 7515, 4", "the header is an object" => text(&json!(good).to_string());
        Malformed, "header: a number", "RFC 7515, 4", "the header is an object" => text("256");
        Malformed, "header: null", "RFC 7515, 4", "the header is an object" => text("null");
        Malformed, "header: a blank", "RFC 7515, 4", "the header is an object" => text(" ");
        Malformed, "header: NaN inside", "RFC 8259, 6", "not JSON" => text(&good.replace('}', r#","x":NaN}"#));
        Malformed, "header: a number beyond all", "RFC 8259, 6", "no reader agrees on its value" => text(&good.replace('}', r#","x":1e999}"#));
        Malformed, "header: a leading zero", "RFC 8259, 6", "not JSON" => text(&good.replace('}', r#","x":01}"#));
        Malformed, "header: a line break in a string", "RFC 8259, 7", "control characters are escaped" => text(&good.replace('}', ",\"x\":\"\n\"}"));
        Malformed, "header: half a surrogate", "RFC 8259, 8.2", "readers disagree on what it is" => text(&good.replace('}', r#","x":"\ud800"}"#));
        Malformed, "header: not UTF-8", "RFC 8259, 8.1", "readers disagree on what it is" => fixture.header_text([good.trim_end_matches('}').as_bytes(), b",\"x\":\"\xff\"}"].concat());
        Malformed, "header: an overlong quote", "RFC 8259, 8.1", "UTF-8 of a quote in two bytes" => fixture.header_text([good.trim_end_matches('}').as_bytes(), b",\"x\":\"\xc0\xa2\"}"].concat());
        Malformed, "header: UTF-16", "RFC 8259, 8.1", "JSON is UTF-8" => fixture.header_text(utf16);
        Malformed, "header: zeros", "RFC 8259, 2", "not JSON" => fixture.header_text([0; 32]);
        UnsupportedAlgorithm, "header: an empty object", "RFC 7515, 4.1.1", "alg must be present" => text("{}");
        UnsupportedAlgorithm, "header: alg one level down", "RFC 7515, 4.1.1", "alg is a member of the header itself" => text(&format!(r#"{{"header":{good}}}"#));
        Malformed, "cty: a token in a token", "RFC 7519, 5.2", "the claims are another token" => nested_token(fixture);
    }
}

fn nested_token(fixture: &Fixture) -> String {
    let header = json!({"alg": "RS256", "cty": "JWT", "kid": fixture.issuer.kid()});
    let inner = fixture.mint(TestToken::new(USER));
    fixture.raw(header.to_string(), inner)
}
