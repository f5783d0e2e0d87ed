//! What a token is made of, each part with its checks: its form, its header, its claims.

mod claims;
mod form;
mod header;
mod json;
mod unverified;

pub(super) use claims::Accepted;
pub(crate) use claims::Policy;
pub use claims::{Claims, ClaimsSet};
pub(super) use form::{check_signature, split};
pub(super) use header::{Header, Headers};
pub(crate) use unverified::UnverifiedToken;
