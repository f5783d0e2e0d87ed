//! The keys that tokens are verified with.
//!
//! A [`Passage`](crate::Passage) fetches those of its app by itself. [`JwkSet`] is for keys that
//! you provide, and [`JwksHealth`] and [`JwksEvent`] report on the fetches. [`KeySource`] does the
//! same for the keys of any other issuer.

pub use crate::auth::{Algorithm, JwkSet, JwksEvent, JwksHealth, KeySource, KeySourceBuilder};
