//! Passkeys: ceremonies with a software authenticator, and with answers that no authenticator would give.

pub mod authenticator;
mod bound;
mod concurrent;
mod devices;
mod flex;
mod flex_sdk;
pub mod forge;
mod logins;
mod readiness;
mod refused_logins;
mod refused_registrations;
mod registrations;
mod steps;
