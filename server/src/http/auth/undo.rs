//! The page behind the link that undoes a change of identifier. It works without the app, and without scripts. Opening it
//! changes nothing, because mail scanners open links too; its button does.

use std::fmt::Write as _;

use axum::extract::RawQuery;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header::RETRY_AFTER;

use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::users::undo::{self, UndoProblem};
use crate::http::audit::Refused;
use crate::http::extract::{AppContext, form_values};
use crate::http::html::{escape, page};
use crate::http::reply;
use crate::identifier::Identifier;
use crate::store::audit::AuditReason;
use crate::store::undo_offers::OfferRow;

/// Says what the button does.
pub(crate) async fn ask(
    call: Result<AppContext, Refusal>,
    client: ClientInfo,
    RawQuery(query): RawQuery,
) -> Response {
    let secret = token(query.unwrap_or_default().as_bytes());
    let asked = async {
        let call = call?;
        let offer = undo::look(&call.state, &call.app, &secret, &client).await?;
        Ok((call, offer))
    };
    match asked.await {
        Ok((call, offer)) => question(&call.app.settings.name, &offer, &secret),
        Err(problem) => refused(problem),
    }
}

/// Undoes the change.
pub(crate) async fn apply(
    call: Result<AppContext, Refusal>,
    client: ClientInfo,
    body: Bytes,
) -> Response {
    let undone = async {
        let call = call?;
        let offer = undo::apply(&call.state, &call.app, &token(&body), &client).await?;
        Ok((call, offer))
    };
    match undone.await {
        Ok((call, offer)) => done(&call.app.settings.name, &offer),
        Err(problem) => refused(problem),
    }
}

/// The secret in a query or a form, empty without one.
fn token(form: &[u8]) -> String {
    form_values(form, &["token"]).next().unwrap_or_default()
}

/// What the account has after the change was undone.
fn restored(offer: &OfferRow) -> Option<Identifier> {
    offer.identifier.as_deref().map(Identifier::stored)
}

fn question(app: &str, offer: &OfferRow, secret: &str) -> Response {
    let at = offer.changed_at.timestamp().strftime("%Y-%m-%d %H:%M UTC");
    let app = escape(app);
    let mut content = format!(
        "<p>The contact details of your account at <b>{app}</b> were changed on {at}. If this was not you, undo it:</p>\n<ul>\n"
    );
    // Writing to a string cannot fail.
    let _written = match restored(offer) {
        Some(old) => writeln!(
            content,
            "<li>Your account has <b>{}</b> again.",
            escape(old.as_str())
        ),
        None => writeln!(content, "<li>The new address or number is removed."),
    };
    let _written = write!(
        content,
        "<li>Passkeys and connected accounts that were added since are removed.\n\
         <li>All devices are signed out.\n</ul>\n\
         <form method=\"post\" action=\"?\">\n<input type=\"hidden\" name=\"token\" value=\"{}\">\n\
         <button>Undo the change</button>\n</form>\n\
         <p>If it was you, close this page: nothing happens.</p>\n",
        escape(secret)
    );
    page(StatusCode::OK, "Undo the change?", &content)
}

fn done(app: &str, offer: &OfferRow) -> Response {
    let app = escape(app);
    let account = match restored(offer) {
        Some(old) => format!(
            "Your account at <b>{app}</b> has <b>{}</b> again.",
            escape(old.as_str())
        ),
        None => format!("The new address or number was removed from your account at <b>{app}</b>."),
    };
    let content = format!(
        "<p>{account} What was added since the change was removed, and all devices were signed out.</p>\n\
         <p>Now sign in to {app}, and remove passkeys that are not yours: those from before the change are still there.</p>\n"
    );
    page(StatusCode::OK, "The change is undone", &content)
}

fn refused(problem: UndoProblem) -> Response {
    let reason = match &problem {
        UndoProblem::Over => Some(AuditReason::InvalidMagicLink),
        UndoProblem::Taken => Some(AuditReason::UserExists),
        UndoProblem::Refused(refusal) => refusal.audit_reason(),
    };
    let mut response = refusal_page(problem);
    if let Some(reason) = reason {
        response.extensions_mut().insert(Refused(reason));
    }
    response
}

fn refusal_page(problem: UndoProblem) -> Response {
    match problem {
        UndoProblem::Over => page(
            StatusCode::NOT_FOUND,
            "This link does not work",
            "<p>It was used already, its 24 hours are over, or it is incomplete. A later change may also have been undone with \
             another link: look for the oldest message about your contact details.</p>\n\
             <p>If somebody else has your account, ask the people who run the service.</p>\n",
        ),
        UndoProblem::Taken => page(
            StatusCode::CONFLICT,
            "This cannot be undone here",
            "<p>Your address or number belongs to another account by now, where it was confirmed. Nothing was changed.</p>\n\
             <p>Delete that account, or ask the people who run the service, and open this link again.</p>\n",
        ),
        UndoProblem::Refused(refusal) => failed(&refusal),
    }
}

fn failed(refusal: &Refusal) -> Response {
    let (status, _) = reply::status_and_code(refusal.reason);
    let content = format!("<p>{}</p>\n", escape(&refusal.message));
    let mut response = page(status, "This did not work", &content);
    if let Some(wait) = refusal.retry_after {
        let seconds = wait.as_secs().into();
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}
