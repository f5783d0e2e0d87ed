//! What the headers of a reply say about an error.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// Where servers and proxies put the id of a request.
const REQUEST_ID: [&str; 4] = ["x-request-id", "request-id", "x-correlation-id", "cf-ray"];
const MAX_REQUEST_ID: usize = 128;

/// No wait is longer than this; a number beyond it is a mistake or an attack.
const MAX_WAIT: Duration = Duration::from_secs(366 * 24 * 3600);

/// The id of the request, if it is short and plain enough for a log.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = REQUEST_ID
        .into_iter()
        .find_map(|name| headers.get(name))?
        .to_str()
        .ok()?;
    let plain = !id.is_empty()
        && id.len() <= MAX_REQUEST_ID
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(&b));
    plain.then(|| id.to_owned())
}

/// `Retry-After` in either of its forms (RFC 9110, 10.2.3). A date that has passed is no wait.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers
        .get(http::header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().map_or(MAX_WAIT, |seconds| {
            Duration::from_secs(seconds).min(MAX_WAIT)
        }));
    }
    let at = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let wait = at.duration_since(now);
    Some(
        Duration::try_from(wait)
            .unwrap_or(Duration::ZERO)
            .min(MAX_WAIT),
    )
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn retry_after_in_both_forms() {
        // Sun, 06 Nov 1994 08:49:00 GMT
        let now = Timestamp::from_second(784_111_740).unwrap();
        for (text, expected) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("100000000000000000000", Some(MAX_WAIT.as_secs())),
            ("18446744073709551615", Some(MAX_WAIT.as_secs())),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Sun, 06 Nov 1994 08:48:59 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ] {
            assert_eq!(
                retry_after(&headers("retry-after", text), now),
                expected.map(Duration::from_secs),
                "{text}"
            );
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn request_ids_are_plain() {
        for (name, id, expected) in [
            ("x-request-id", "0af7651916cd43dd", Some("0af7651916cd43dd")),
            (
                "cf-ray",
                "230b030023ae2822-SJC",
                Some("230b030023ae2822-SJC"),
            ),
            ("x-request-id", "a b", None),
            ("x-request-id", "jane@example.com", None),
            ("x-other", "1", None),
        ] {
            assert_eq!(
                request_id(&headers(name, id)).as_deref(),
                expected,
                "{name}: {id}"
            );
        }
        assert_eq!(request_id(&headers("x-request-id", &"x".repeat(129))), None);
    }
}
