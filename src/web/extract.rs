//! What extractors return from the verified claims of a request.

use serde::de::DeserializeOwned;

use super::Rejection;
use crate::error::{ErrorCode, ErrorKind};
use crate::users::{User, UserStatus};
use crate::verification::ClaimsSet;
use crate::{Claims, Passage, UserId};

/// It holds the user's id from the request's verified token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PassageUser(pub UserId);

/// It holds the claims of the request's verified token. `C` is a type of yours that is read from all claims, and then is [`Claims::custom`]. Claims
/// that do not fit it make the token [malformed](ErrorKind::Malformed) for your service: 401.
#[derive(Clone, Debug, PartialEq)]
pub struct PassageClaims<C = ClaimsSet>(pub Claims<C>);

/// It holds the user who made the request, fetched from the management API for every request: its
/// data is current, not that of the time when the token was issued.
///
/// Besides an invalid token:
///
/// | What happens | Answer |
/// |---|---|
/// | the user does not exist (any more): `user_not_found` | 401, `invalid_token` |
/// | the user's status is `inactive`, or one that this crate does not know | 403 |
/// | the API cannot be reached, is too slow, fails, or has too many requests (429) | 503 |
/// | no API key is set, or the server does not accept it, or it does not know the app | 500 |
///
/// A user whose status is `pending` is let through: the token proves a sign-in.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentUser(pub User);

/// Something that can be created from verified claims.
pub(crate) trait Extract: Sized {
    fn extract(
        passage: Passage,
        claims: Claims,
    ) -> impl Future<Output = Result<Self, Rejection>> + Send;
}

impl Extract for PassageUser {
    async fn extract(_: Passage, claims: Claims) -> Result<Self, Rejection> {
        Ok(Self(claims.user_id))
    }
}

impl<C: DeserializeOwned + Send> Extract for PassageClaims<C> {
    async fn extract(_: Passage, claims: Claims) -> Result<Self, Rejection> {
        Ok(Self(claims.with_custom()?))
    }
}

impl Extract for CurrentUser {
    async fn extract(passage: Passage, claims: Claims) -> Result<Self, Rejection> {
        match passage.users().get(claims.user_id).await {
            Ok(user) => match user.status {
                UserStatus::Active | UserStatus::Pending => Ok(Self(user)),
                _ => Err(Rejection::user_is_not_active()),
            },
            // By the code: a 404 without it comes from a wrong address, and is no word on a user.
            Err(error) if error.code() == Some(&ErrorCode::UserNotFound) => {
                Err(Rejection::user_is_gone(error))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The result of an optional extractor: only a request without any token has nobody.
pub(crate) fn absent<T>(result: Result<T, Rejection>) -> Result<Option<T>, Rejection> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(rejection) if rejection.error().kind() == ErrorKind::TokenMissing => Ok(None),
        Err(rejection) => Err(rejection),
    }
}
