//! Passkeys: the ceremonies that make them and sign in with them.
//!
//! A ceremony has two steps. The first answers with a challenge and keeps what is needed to check its outcome in the
//! database; the second checks the outcome, once. The checks themselves are those of `webauthn-rs`.

pub(crate) mod add_device;
pub(crate) mod ceremony;
pub(crate) mod credential;
pub(crate) mod device;
mod limit;
pub(crate) mod readiness;
pub(crate) mod register;
pub(crate) mod relying_party;
pub(crate) mod response;
pub(crate) mod sign_in;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use self::limit::add;
pub(crate) use crate::store::passkeys::Credential;
