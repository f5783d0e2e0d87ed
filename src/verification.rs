#![doc = include_str!("../docs/verification.md")]

pub use crate::auth::{AUTH_COOKIE, ClaimsSet, CrossSitePolicy};
