//! Passkeys: the ceremonies that create them and sign in with them.
//!
//! A ceremony has two steps. The first returns a challenge and stores in the database what is needed to verify the
//! outcome; the second verifies it, once. `webauthn-rs` does the verification.

pub(crate) mod add_device;
pub(crate) mod ceremony;
pub(crate) mod credential;
pub(crate) mod decoys;
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
