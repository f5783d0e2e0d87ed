//! What the modules for web frameworks have in common: the answer to a refused request, the
//! guard before a service, and what extractors make of verified claims.

mod answer;
#[cfg(any(feature = "actix", feature = "axum"))]
mod extract;
#[cfg(any(feature = "actix", feature = "tower"))]
mod guard;
#[cfg(any(feature = "actix", feature = "axum"))]
mod rejection;
#[cfg(any(feature = "axum", feature = "tower"))]
mod response;
#[cfg(any(feature = "actix", feature = "axum", feature = "tower"))]
#[cfg_attr(
    not(any(feature = "actix", feature = "axum")),
    allow(dead_code, reason = "only extractors ask who verified")
)]
mod verified;

#[cfg(any(feature = "actix", feature = "axum", feature = "tower"))]
pub(crate) use answer::Answer;
#[cfg(any(feature = "actix", feature = "axum"))]
pub use extract::{CurrentUser, PassageClaims, PassageUser};
#[cfg(any(feature = "actix", feature = "axum"))]
pub(crate) use extract::{Extract, absent};
#[cfg(any(feature = "actix", feature = "tower"))]
pub(crate) use guard::Guard;
#[cfg(any(feature = "actix", feature = "axum"))]
pub use rejection::Rejection;
#[cfg(any(feature = "axum", feature = "tower"))]
pub(crate) use response::response;
#[cfg(any(feature = "actix", feature = "axum", feature = "tower"))]
pub(crate) use verified::Verified;
