//! The pages of the test provider. They load nothing, and all outside data is escaped.

use std::fmt::Write as _;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};

use super::Account;
use crate::domain::social::{OAuthParams, SocialProvider};
use crate::http::html::escape;
use crate::http::reply;
use crate::ids;

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<style>
body { font: 1rem/1.5 sans-serif; max-width: 30rem; margin: 2rem auto; padding: 0 1rem }
li, p { margin: .5rem 0; overflow-wrap: anywhere }
input[type=email] { font: inherit; width: 100%; box-sizing: border-box; padding: .3rem }
button { font: inherit; padding: .3rem 1rem }
</style>
";

/// The only script: it submits the form of its page.
const SCRIPT: &str = "document.forms[0].submit()";

/// What the person adds to the request.
const ADDED: [&str; 3] = ["login_hint", "unverified", "cancel"];

/// A page. Forms may redirect to the app in the end, wherever that is, so `form-action` is not restricted.
fn page(html: String) -> Response {
    let hash = STANDARD.encode(ids::hash(SCRIPT));
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let mut response = reply::with_type(StatusCode::OK, "text/html; charset=utf-8", html);
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The page where people pick an account that was used before, or type an address. `hint` is the requested account if
/// it is not a valid address.
pub(super) fn choose(
    provider: SocialProvider,
    request: &OAuthParams,
    hint: Option<&str>,
    accounts: &[Account],
) -> Response {
    let name = provider.declaration().title;
    let kept = || request.iter().filter(|(name, _)| !ADDED.contains(name));
    let mut html = format!(
        "{HEAD}<title>Test provider for {name}</title>\n<h1>Who are you at {name}?</h1>\n\
         <p>This is passage-server's test provider. It stands for {name}, and believes what you say.</p>\n"
    );
    // Writing to a string cannot fail.
    if !accounts.is_empty() {
        html.push_str("<ul>\n");
    }
    for account in accounts {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept());
        query.append_pair("login_hint", &account.email);
        if !account.email_verified {
            query.append_pair("unverified", "1");
        }
        let _written = writeln!(
            html,
            "<li><a href=\"?{}\">{}</a>{}",
            escape(&query.finish()),
            escape(&account.email),
            if account.email_verified {
                ""
            } else {
                " (not verified)"
            },
        );
    }
    if !accounts.is_empty() {
        html.push_str("</ul>\n");
    }
    html.push_str("<form>\n");
    hidden(&mut html, kept());
    let _written = write!(
        html,
        "<p><label>E-mail address <input type=\"email\" name=\"login_hint\" value=\"{}\" required autofocus></label>\n\
         <p><label><input type=\"checkbox\" name=\"unverified\" value=\"1\"> {name} has not verified it</label>\n\
         <p><button>Continue</button> <button name=\"cancel\" value=\"1\" formnovalidate>Cancel</button>\n</form>\n",
        escape(hint.unwrap_or_default()),
    );
    page(html)
}

/// A page whose form the browser submits at once.
pub(super) fn post(action: &str, members: &[(&str, &str)]) -> Response {
    let mut html = format!(
        "{HEAD}<title>One moment</title>\n<form method=\"post\" action=\"{}\">\n",
        escape(action)
    );
    hidden(&mut html, members.iter().copied());
    let _written = write!(
        html,
        "<p><button>Continue</button>\n</form>\n<script>{SCRIPT}</script>\n"
    );
    page(html)
}

fn hidden<'a>(html: &mut String, members: impl Iterator<Item = (&'a str, &'a str)>) {
    for (name, value) in members {
        let _written = writeln!(
            html,
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            escape(name),
            escape(value)
        );
    }
}
