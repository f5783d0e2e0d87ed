//! The keys that tokens are verified with.
//!
//! A [`Passage`](crate::Passage) fetches those of its app by itself; [`JwkSet`] is for keys that
//! you bring, and [`JwksHealth`] and [`JwksEvent`] tell of the fetches. [`KeySource`] does for the
//! keys of any other issuer what a `Passage` does for its app.

pub use crate::auth::{Algorithm, JwkSet, JwksEvent, JwksHealth, KeySource, KeySourceBuilder};
