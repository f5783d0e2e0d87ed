//! Where a browser may be sent with a code.

use crate::domain::settings::AppSettings;

/// Maximum length of a redirect URI, in characters.
const LONGEST: usize = 2048;
/// Parameters that the end of a login adds to the query. If they were there before, two parsers could pick different
/// ones.
const ADDED: [&str; 4] = ["code", "state", "error", "error_description"];
/// Schemes whose URLs contain code or data.
const UNSAFE_SCHEMES: [&str; 7] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "filesystem",
];

/// Whether a code may be sent there: to a page of the app's auth origin, or to an exact match of one of its callback
/// URLs. Anywhere else it would leak.
pub(super) fn is_allowed(settings: &AppSettings, uri: &str) -> bool {
    let listed = settings
        .allowed_callback_urls
        .iter()
        .any(|allowed| allowed == uri);
    let on_origin = uri
        .strip_prefix(settings.auth_origin.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    is_plain(uri) && (listed || on_origin)
}

/// Browsers treat a backslash as a slash, and drop whitespace and control characters. A fragment would swallow the
/// code.
fn is_plain(uri: &str) -> bool {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    uri.len() <= LONGEST
        && uri
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#')
        && !form_urlencoded::parse(query.as_bytes()).any(|(name, _)| ADDED.contains(&&*name))
}

/// Whether a text is valid as a callback URL of an app: absolute, with http, https or a custom scheme of a native app.
pub(crate) fn is_callback_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut letters = scheme.bytes();
    let known = letters
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let scheme = scheme.to_ascii_lowercase();
    let of_the_web = matches!(scheme.as_str(), "http" | "https");
    let host = rest
        .strip_prefix("//")
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?']));
    known && is_plain(text) && !UNSAFE_SCHEMES.contains(&&*scheme) && (host || !of_the_web)
}

/// A URI with additional query parameters.
pub(crate) fn with_query<'a>(
    uri: &str,
    members: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mark = if uri.contains('?') { '&' } else { '?' };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(members);
    format!("{uri}{mark}{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_to_the_app() {
        let settings = AppSettings {
            auth_origin: "https://app.example".to_owned(),
            allowed_callback_urls: vec![
                "my-app://callback".to_owned(),
                "https://other.example/back?a=b".to_owned(),
            ],
            ..AppSettings::default()
        };
        for good in [
            "https://app.example",
            "https://app.example/",
            "https://app.example/a/b?c=d&e",
            "https://app.example?a",
            "https://app.example//elsewhere.example",
            "my-app://callback",
            "https://other.example/back?a=b",
        ] {
            assert!(is_allowed(&settings, good), "{good}");
        }
        for bad in [
            "",
            "/",
            "//app.example/",
            "http://app.example/",
            "https://app.example.elsewhere.example/",
            "https://app.example@elsewhere.example/",
            "https://app.example:8443/",
            "https://app.example\\@elsewhere.example/",
            "https://app.example/\\elsewhere.example",
            "https://app.example/#fragment",
            "https://app.example/ a",
            "https://app.example/\n",
            "https://app.example/ä",
            "https://app.example/?code=theirs",
            "https://app.example/?a=b&%73tate=theirs",
            "https://elsewhere.example/https://app.example",
            "javascript:alert(1)//https://app.example",
            "my-app://callback/deeper",
            "my-app://Callback",
            "https://other.example/back",
            "https://other.example/back?a=b&c=d",
        ] {
            assert!(!is_allowed(&settings, bad), "{bad}");
        }
        let long = format!("https://app.example/{}", "a".repeat(LONGEST));
        assert!(!is_allowed(&settings, &long));
    }

    #[test]
    fn callback_urls() {
        for good in [
            "https://app.example/back",
            "http://localhost:5173",
            "my-app://callback",
            "com.example.app:/callback",
        ] {
            assert!(is_callback_url(good), "{good}");
        }
        for bad in [
            "",
            "/back",
            "app.example/back",
            "https:/back",
            "https:///back",
            "https://",
            "javascript:alert(1)",
            "DATA:text/html,a",
            "1app://callback",
            "my app://callback",
            "my-app://callback#a",
            "my-app://callback?code=a",
        ] {
            assert!(!is_callback_url(bad), "{bad}");
        }
    }

    #[test]
    fn members_are_added_to_a_query() {
        let add = |uri| with_query(uri, [("code", "a&b"), ("state", "c d")]);
        assert_eq!(add("x://y"), "x://y?code=a%26b&state=c+d");
        assert_eq!(add("x://y?z"), "x://y?z&code=a%26b&state=c+d");
    }
}
