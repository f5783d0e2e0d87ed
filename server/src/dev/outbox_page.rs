//! The outbox as a page: a mailbox for all users.

use std::fmt::Write as _;

use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};

use crate::delivery::Message;
use crate::http::html::escape;
use crate::http::reply;

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<meta http-equiv=\"refresh\" content=\"5\">
<title>Outbox</title>
<style>
body { font: 1rem/1.5 sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem }
article { border-top: 1px solid #999; padding: 1rem 0 }
h2 { font-size: 1.1rem; margin: 0 }
p { margin: .5rem 0 0; overflow-wrap: anywhere; white-space: pre-wrap }
code { font-size: 1.5rem; letter-spacing: .1em }
</style>
<h1>Outbox</h1>
";

/// Nothing is loaded and no script runs, whatever a message contains; the styles are those above.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page, newest message first. It reloads itself every five seconds.
pub(super) fn page(messages: &[Message]) -> Response {
    let mut response = reply::with_type(StatusCode::OK, "text/html; charset=utf-8", html(messages));
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn html(messages: &[Message]) -> String {
    let mut page = HEAD.to_owned();
    if messages.is_empty() {
        page.push_str("<p>No messages yet.</p>\n");
    }
    for message in messages.iter().rev() {
        // Writing to a string cannot fail.
        let _written = write!(
            page,
            "<article id=\"{}\">\n<h2>{}</h2>\n<div>To {} at <time>{}</time>, for {}</div>\n",
            escape(&message.id),
            escape(&message.subject),
            escape(&message.to),
            message.created_at,
            escape(&message.purpose),
        );
        if let Some(code) = &message.code {
            let _written = writeln!(page, "<p><code>{}</code></p>", escape(code));
        }
        let _written = writeln!(page, "<p>{}</p>\n</article>", text(message));
    }
    page
}

/// The text of a message, with its link as a clickable link.
fn text(message: &Message) -> String {
    let text = escape(&message.text);
    let Some(url) = message.url.as_deref().map(escape) else {
        return text;
    };
    // The link leads to the app, whose origin is checked when the server starts.
    let link = format!("<a href=\"{url}\" rel=\"noreferrer\">{url}</a>");
    text.replacen(&url, &link, 1)
}
