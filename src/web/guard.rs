//! Which requests reach a service.

use super::Verified;
use crate::auth::Target;
use crate::error::{ErrorKind, Result};
use crate::{Passage, RequestHeaders};

/// Verifies requests on behalf of a layer or middleware.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    passage: Passage,
    required: bool,
}

impl Guard {
    pub(crate) fn required(passage: Passage) -> Self {
        Self {
            passage,
            required: true,
        }
    }

    pub(crate) fn optional(passage: Passage) -> Self {
        Self {
            passage,
            required: false,
        }
    }

    /// Lets a request through with the claims of its token, or without any if it has no token and
    /// does not need one. A token that is present must always be valid: a client whose session has
    /// ended must learn that, and not be treated as anonymous.
    pub(crate) fn check<'a, R>(
        &'a self,
        target: Target<'_>,
        request: &R,
    ) -> impl Future<Output = Result<Option<Verified>>> + Send + use<'a, R>
    where
        R: RequestHeaders + ?Sized,
    {
        let claims = self.passage.verify_request_to(target, request);
        async move {
            match claims.await {
                Ok(claims) => Ok(Some(Verified::new(self.passage.clone(), claims))),
                Err(error) if !self.required && error.kind() == ErrorKind::TokenMissing => Ok(None),
                Err(error) => Err(error),
            }
        }
    }
}
