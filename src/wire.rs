//! Values of the wire that mean "nothing".

use jiff::Timestamp;

/// The API sends `""` for a text that is not set.
pub(crate) fn set(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// The API sends a zero time, of the year 1, for what never happened. Nothing here happened
/// before 1970.
pub(crate) fn happened(at: Timestamp) -> Option<Timestamp> {
    (at > Timestamp::UNIX_EPOCH).then_some(at)
}

/// Counts are signed in the API description and never negative in a reply.
pub(crate) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
