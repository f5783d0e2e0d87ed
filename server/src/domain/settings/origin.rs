//! Origins and hosts, in the form that browsers send.

use url::{Host, Url};

/// The origin in the form of the URL standard: lower case, in ASCII, without the default port of its scheme. `None` if
/// the text is anything but an http or https scheme with a host and an optional port.
pub(crate) fn origin(text: &str) -> Option<String> {
    let (_, rest) = web(text)?;
    if rest.contains(['/', '\\', '?', '#', '@']) {
        return None;
    }
    Some(parse(text)?.origin().ascii_serialization())
}

/// The URL of a server, to which paths are added: an origin, optionally with a path without a trailing slash.
pub(crate) fn base_url(text: &str) -> Option<String> {
    let (_, rest) = web(text)?;
    if rest.contains(['\\', '?', '#', '@']) || rest.ends_with('/') {
        return None;
    }
    let url = parse(text)?;
    Some(url.as_str().trim_end_matches('/').to_owned())
}

/// A host, in the form used in an origin.
pub(crate) fn host(text: &str) -> Option<String> {
    Host::parse(text).ok().map(|host| host.to_string())
}

/// The scheme of an http or https URL, and the rest. This is stricter than URL parsers, which tolerate other forms.
fn web(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let known = ["http", "https"];
    let known = known.iter().any(|name| scheme.eq_ignore_ascii_case(name));
    let blank = rest.contains(|c: char| c.is_whitespace() || c.is_control());
    (known && !blank && !rest.starts_with(['/', ':'])).then_some((scheme, rest))
}

/// A name that ends with a dot is the same host to the network, but another origin to browsers, without passkeys.
fn parse(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?;
    (!host.is_empty() && !host.ends_with('.') && url.port() != Some(0)).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        for (text, usual) in [
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://app.example", "https://app.example"),
            ("http://[::1]:1", "http://[::1]:1"),
            ("https://app.example:443", "https://app.example"),
            ("http://app.example:80", "http://app.example"),
            ("http://app.example:443", "http://app.example:443"),
            ("HTTPS://App.Example:8443", "https://app.example:8443"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("https://192.0.2.1", "https://192.0.2.1"),
        ] {
            assert_eq!(origin(text).as_deref(), Some(usual), "{text}");
            assert_eq!(origin(usual).as_deref(), Some(usual), "{text}");
        }
        for bad in [
            "",
            "app.example",
            "https://",
            "https:///app.example",
            "https://app.example/",
            "https://app.example\\",
            "https://app.example/login",
            "https://app.example?",
            "https://app.example?a",
            "https://app.example#a",
            "https://me@app.example",
            "https://app example",
            " https://app.example",
            "https://app.example\n",
            "https://app.example.",
            "https://app.example:0",
            "https://app.example:65536",
            "https://:443",
            "https://999.0.0.1",
            "ftp://app.example",
        ] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }

    #[test]
    fn base_urls() {
        for (text, usual) in [
            ("https://auth.example.com", "https://auth.example.com"),
            (
                "HTTPS://Auth.example.com:443/a/b",
                "https://auth.example.com/a/b",
            ),
            ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ] {
            assert_eq!(base_url(text).as_deref(), Some(usual), "{text}");
        }
        for bad in [
            "auth.example.com",
            "https://auth.example.com/",
            "https://auth.example.com/a/",
            "https://auth.example.com?a",
            "https://auth.example.com/a?",
            "https://auth.example.com#a",
            "https://me@auth.example.com",
            "ftp://auth.example.com",
        ] {
            assert_eq!(base_url(bad), None, "{bad}");
        }
    }
}
