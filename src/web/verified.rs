//! What was verified for a request, kept in its extensions.

use crate::{Claims, Passage};

/// Claims together with who verified them.
///
/// Extractors trust only this type, which no other code can create, and not `Claims` in the
/// extensions, which anything in the service may have put there. The `Passage` is kept because a
/// service may have several: a token that is valid for one app is not valid for another.
#[derive(Clone)]
pub(crate) struct Verified {
    by: Passage,
    claims: Claims,
}

impl Verified {
    pub(crate) fn new(by: Passage, claims: Claims) -> Self {
        Self { by, claims }
    }

    /// The claims, if this very `Passage` or a clone of it verified them.
    pub(crate) fn claims_for(&self, passage: &Passage) -> Option<Claims> {
        self.by.is_same(passage).then(|| self.claims.clone())
    }

    #[cfg(any(feature = "actix", feature = "tower"))]
    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }
}
