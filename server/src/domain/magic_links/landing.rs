//! Where a link leads: a page of the app, and nowhere else, with one secret in it.

use crate::domain::apps::App;
use crate::domain::error::Refusal;

/// The entry of `magic_link_paths` that stands for any path on the app's origin.
pub(crate) const ANY_PATH: &str = "*";

/// The parameter that holds the secret.
const PARAMETER: &str = "psg_magic_link";

/// Maximum length of a path or URL in a request, in bytes.
const LONGEST: usize = 2048;

/// The page that a link requested with an API key opens. `None` or an empty path means the app's login page.
pub(crate) fn of_backend(app: &App, path: Option<String>) -> Result<String, Refusal> {
    match path.filter(|path| !path.is_empty()) {
        None => Ok(app.settings.login_url.clone()),
        Some(path) => checked(path),
    }
}

/// The page that a link requested without an API key opens. Whoever requests it may be a stranger to its reader, so it
/// opens one of the pages that the app lists, as they are spelt there, and otherwise the app's login page.
pub(super) fn of_client(app: &App, path: Option<String>) -> Result<String, Refusal> {
    let login_url = &app.settings.login_url;
    let Some(path) = path.filter(|path| !path.is_empty()) else {
        return Ok(login_url.clone());
    };
    let path = checked(path)?;
    let listed = &app.settings.magic_link_paths;
    if listed.iter().any(|known| known == ANY_PATH) {
        return Ok(path);
    }
    let asked = normal(&path);
    let mut pages = std::iter::once(login_url).chain(listed);
    let page = pages.find(|page| normal(page) == asked);
    Ok(page.unwrap_or(login_url).clone())
}

fn checked(path: String) -> Result<String, Refusal> {
    let (in_path, _, _) = split(&path);
    if path.len() > LONGEST {
        Err(Refusal::invalid_request(
            "magic_link_path: must not be longer than 2,048 bytes.",
        ))
    } else if !is_reference(&path) {
        Err(Refusal::invalid_request(
            "magic_link_path: must contain only characters that RFC 3986 allows; percent-encode others.",
        ))
    } else if !is_page(&path) {
        Err(Refusal::invalid_request(
            "magic_link_path: must be a path on the app's auth origin.",
        ))
    } else if mentions_secret(in_path) {
        Err(Refusal::invalid_request(
            "magic_link_path: must not contain psg_magic_link, which the server adds.",
        ))
    } else {
        Ok(path)
    }
}

/// Checks where a user goes after opening a link that the app's backend requested.
pub(crate) fn redirect_of_backend(url: Option<String>) -> Result<String, Refusal> {
    let url = url.unwrap_or_default();
    // A host may be an IPv6 address.
    let plain: String = url.chars().filter(|c| !matches!(c, '[' | ']')).collect();
    if url.len() <= LONGEST && is_reference(&plain) {
        Ok(url)
    } else {
        Err(Refusal::invalid_request(
            "redirect_url: must contain only characters that RFC 3986 allows, and at most 2,048 bytes.",
        ))
    }
}

/// Where a user goes after using the link. The client that requests a change of identifier chooses it, so it must not
/// lead away from the app: the message may go to a stranger's address.
pub(super) fn redirect_of_client(app: &App, url: Option<String>) -> Result<String, Refusal> {
    let Some(url) = url.filter(|url| !url.is_empty()) else {
        return Ok(String::new());
    };
    let rest = url
        .strip_prefix(app.settings.auth_origin.trim_end_matches('/'))
        .unwrap_or(&url);
    // Two slashes begin a host.
    let inside = rest.is_empty() || (rest.starts_with('/') && !rest.starts_with("//"));
    if inside && url.len() <= LONGEST && is_reference(rest) {
        Ok(url)
    } else {
        Err(Refusal::invalid_request(
            "redirect_url: must be a path, or a URL on the app's auth origin, of at most 2,048 bytes and only of \
             characters that RFC 3986 allows.",
        ))
    }
}

/// Whether the text names a page of the app, and cannot lead elsewhere.
pub(crate) fn is_page(path: &str) -> bool {
    // The part before the first slash, query or fragment could be a scheme, and the part after two slashes a host.
    let first = path.split(['/', '?', '#']).next().unwrap_or_default();
    let blank = path.contains(|c: char| c.is_whitespace() || c.is_control());
    !(first.contains(':') || path.starts_with("//") || blank)
}

/// Whether the text can be an entry of `magic_link_paths`.
pub(crate) fn is_listed_path(path: &str) -> bool {
    let plain = !path.is_empty() && path.len() <= LONGEST && !path.contains(['?', '#']);
    path == ANY_PATH || (plain && is_page(path) && is_reference(path) && !mentions_secret(path))
}

/// Path, query and fragment, without what separates them.
fn split(reference: &str) -> (&str, &str, &str) {
    let (before, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    let (path, query) = before.split_once('?').unwrap_or((before, ""));
    (path, query, fragment)
}

/// Whether a path with an optional query and fragment has only characters that RFC 3986 allows there.
fn is_reference(text: &str) -> bool {
    let (path, query, fragment) = split(text);
    let mut parts = [(path, "/"), (query, "/?"), (fragment, "/?")].into_iter();
    parts.all(|(part, more)| {
        let mut bytes = part.bytes();
        while let Some(byte) = bytes.next() {
            let allowed = match byte {
                b'%' => {
                    let digits = (bytes.next(), bytes.next());
                    let is_digit = |it: Option<u8>| it.is_some_and(|it| it.is_ascii_hexdigit());
                    is_digit(digits.0) && is_digit(digits.1)
                }
                _ => {
                    byte.is_ascii_alphanumeric()
                        || b"-._~!$&'()*+,;=:@".contains(&byte)
                        || more.as_bytes().contains(&byte)
                }
            };
            if !allowed {
                return false;
            }
        }
        true
    })
}

/// Decodes one layer of percent-encoded bytes, all of them or only the unreserved ones.
fn decoded(text: &str, only_unreserved: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = match (first, after) {
            (b'%', &[high, low, ..]) => hex(high).zip(hex(low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        match code {
            Some(byte) if !only_unreserved || is_unreserved(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            // The case of what stays encoded does not matter.
            Some(_) => {
                bytes.push(b'%');
                bytes.extend(after.iter().take(2).map(u8::to_ascii_uppercase));
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// The segments of the path, so that spellings of one path are equal: without dot segments, empty ones and needless
/// encoding.
fn normal(reference: &str) -> Vec<String> {
    let (path, _, _) = split(reference);
    let mut segments = Vec::new();
    for segment in decoded(path, true).split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment.to_owned()),
        }
    }
    segments
}

/// Whether a part names the parameter of the secret, however often it is encoded: some readers decode twice, ignore
/// case, or separate parameters by other characters.
fn mentions_secret(part: &str) -> bool {
    let mut text = part.to_owned();
    loop {
        // Each round that changes it leaves less to decode.
        let next = decoded(&text, false);
        if next == text {
            return next.to_ascii_lowercase().contains(PARAMETER);
        }
        text = next;
    }
}

/// The URL of the link: a page of the app with the secret in its query, before any fragment. Whoever wrote the page
/// cannot give the link another secret.
pub(super) fn url(app: &App, page: &str, secret: &str) -> String {
    let origin = app.settings.auth_origin.trim_end_matches('/');
    let (path, query, fragment) = split(page);
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut url = format!("{origin}{slash}{}?", whole(path));
    let kept = query.split('&');
    for parameter in kept.filter(|it| !it.is_empty() && !mentions_secret(it)) {
        url.push_str(&whole(parameter));
        url.push('&');
    }
    url.extend([PARAMETER, "=", secret]);
    if !fragment.is_empty() && !mentions_secret(fragment) {
        url.extend(["#", &whole(fragment)]);
    }
    url
}

/// A part of a URL in which mail readers see no end: they break URLs at some punctuation, and take what follows for
/// another link.
fn whole(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for c in part.chars() {
        if matches!(c, '\'' | '(' | ')' | ',' | ';') {
            text.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
