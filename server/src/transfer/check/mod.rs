//! From lines to stored records: each member is checked, and given its default or its normal form.

mod app;
mod device;
#[cfg(test)]
mod tests;
mod user;

pub(super) use self::app::app;
pub(super) use self::user::user;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::problem::LineErrors;
use crate::clock::Time;
use crate::domain::settings::is_id;
use crate::ids;

/// The given id, or a new one.
fn id<T: From<String>>(given: Option<String>, member: &str, findings: &mut LineErrors<'_>) -> T {
    match given {
        None => ids::new_id().into(),
        Some(id) => {
            if !is_id(&id) {
                findings.add(
                    member,
                    "must be 1 to 64 letters, digits, - and _; without it a new one is made",
                );
            }
            id.into()
        }
    }
}

/// A time in microseconds, or the default if none was given.
fn time(
    given: Option<&str>,
    otherwise: Time,
    member: impl Into<String>,
    findings: &mut LineErrors<'_>,
) -> Time {
    let Some(text) = given else {
        return otherwise;
    };
    let time = text.parse::<Timestamp>().ok();
    let time = time.map(Time::from).filter(|time| *time >= Time::NEVER);
    let wrong = "must be a time in the form of RFC 3339, such as 2026-01-31T12:00:00Z";
    findings
        .check(member, time.ok_or(wrong))
        .unwrap_or(otherwise)
}

/// A number that is not negative.
fn count(given: i64, member: impl Into<String>, findings: &mut LineErrors<'_>) -> i64 {
    if given < 0 {
        findings.add(member, "must not be negative");
    }
    given
}

/// Bytes in base64url, with padding or without.
fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}
