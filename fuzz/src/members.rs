//! Header and claims of a good token, changed member by member.

use crate::{APP, ISSUER};

const HEADER: [&str; 8] = ["alg", "typ", "kid", "crit", "b64", "zip", "jwk", "jku"];
const CLAIMS: [&str; 8] = ["exp", "nbf", "iat", "iss", "aud", "sub", "azp", r"\u0073ub"];

/// What a member may be changed to: the first removes it.
fn values() -> Vec<String> {
    let fixed = [
        "",
        "null",
        "true",
        "0",
        "-0.0",
        "-1.5e-3",
        "1000000000",
        "253402300799",
        "1e18",
        "1e999",
        "123456789012345678901234567890",
        r#""""#,
        r#""0""#,
        r#"".""#,
        r#""..""#,
        r#""a\\b""#,
        r#""a\u0000""#,
        r#""\ud800""#,
        r#""\ud83d\ude00""#,
        r#""jane""#,
        r#""RS256""#,
        r#""rs256""#,
        r#""\u0052S256""#,
        r#""none""#,
        r#""HS256""#,
        r#""jwt""#,
        r#""JWT""#,
        r#""at+jwt""#,
        r#""one""#,
        r#""two""#,
        r#""three""#,
        "[]",
        "{}",
        "[7]",
        r#"["exp"]"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":1}"#,
        "01",
        "1.",
        "NaN",
        "'a'",
        "[1,]",
    ];
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let ours = [
        format!(r#""{APP}""#),
        format!(r#"["{APP}"]"#),
        format!(r#"["{APP}",7]"#),
        format!(r#"["{APP}",["{APP}"]]"#),
        format!(r#"["x","{APP}","{APP}"]"#),
        format!(r#"["{ISSUER}"]"#),
        format!(r#""{ISSUER}""#),
        format!(r#""{ISSUER}/""#),
        nested(15),
        nested(16),
        nested(200),
    ];
    fixed.map(str::to_owned).into_iter().chain(ours).collect()
}

/// Two bytes change one member: which one, the highest bit for one more of its name; and to what.
pub fn change(edits: &[u8]) -> (String, String) {
    let member = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut header = vec![
        member("alg", r#""RS256""#),
        member("typ", r#""JWT""#),
        member("kid", r#""one""#),
    ];
    let mut claims = vec![
        member("iss", &format!(r#""{ISSUER}""#)),
        member("aud", &format!(r#"["{APP}"]"#)),
        member("sub", r#""jane""#),
        member("exp", "253402300799"),
    ];
    let values = values();
    for edit in edits.chunks_exact(2) {
        let (which, to) = (usize::from(edit[0]), usize::from(edit[1]));
        let (members, names) = match which & 8 {
            0 => (&mut claims, CLAIMS),
            _ => (&mut header, HEADER),
        };
        let (name, value) = (names[which & 7], &values[to % values.len()]);
        if which < 128 {
            members.retain(|(known, _)| known != name);
        }
        if !value.is_empty() {
            members.push(member(name, value));
        }
    }
    (object(&header), object(&claims))
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!(r#""{name}":{value}"#))
        .collect();
    format!("{{{}}}", members.join(","))
}
