//! The kinds of failure, with the family of each.

use std::fmt;

macro_rules! kinds {
    ($( $(#[$meta:meta])* $variant:ident, $family:ident, $name:literal, $message:literal; )+) => {
        /// What kind of failure an [`Error`](super::Error) is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $( $(#[$meta])* $variant, )+
        }

        impl ErrorKind {
            /// Every kind, for tests and for metrics with a fixed set of labels.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// A short name that stays the same: a label for logs and metrics.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $name, )+
                }
            }

            pub(crate) const fn message(self) -> &'static str {
                match self {
                    $( Self::$variant => $message, )+
                }
            }

            /// The challenge of RFC 6750, section 3, that tells of a token of this kind.
            pub(crate) const fn invalid_token_challenge(self) -> &'static str {
                match self {
                    $( Self::$variant => concat!(
                        "Bearer error=\"invalid_token\", error_description=\"", $message, "\""
                    ), )+
                }
            }

            const fn family(self) -> Family {
                match self {
                    $( Self::$variant => Family::$family, )+
                }
            }
        }
    };
}

#[derive(PartialEq)]
enum Family {
    /// An invalid argument or setting.
    Caller,
    /// The token is invalid: 401.
    Token,
    /// The request comes from another site: 403.
    Site,
    /// The keys are unavailable: 503.
    Keys,
    /// A call of the API failed.
    Call,
}

kinds! {
    /// A setting is missing or wrong.
    Config, Caller, "config", "the configuration is wrong";
    /// The call needs an API key and none was set.
    MissingApiKey, Caller, "missing_api_key",
        "no API key is set: give one to Passage::builder(..).api_key(..) or set PASSAGE_API_KEY";
    /// An argument is invalid, so no request was made.
    InvalidInput, Caller, "invalid_input", "an argument is not valid";
    /// The reader or writer that was given to an import or export failed.
    Io, Caller, "io", "reading the input or writing the output failed";

    /// The request carries no token where the auth strategy looks for it.
    TokenMissing, Token, "token_missing", "the request carries no token";
    /// The token does not have the form of a JWT, or one of its parts is malformed.
    Malformed, Token, "malformed", "the token is malformed";
    /// The token is longer than 16 KiB.
    TooLarge, Token, "too_large", "the token is too large";
    /// `alg` is not exactly `RS256`.
    UnsupportedAlgorithm, Token, "unsupported_algorithm", "the token's algorithm is not RS256";
    /// The header has `crit`, `b64` or `zip`, which change how a token is to be read.
    UnsupportedCritical, Token, "unsupported_critical", "the token uses an extension that is not supported";
    /// `typ` is neither absent nor `JWT`.
    BadType, Token, "bad_type", "the token is not of type JWT";
    /// `kid` is absent or names no key of the app.
    UnknownKey, Token, "unknown_key", "the token names no known key";
    /// `kid` names a key that cannot be used for RS256.
    BadKey, Token, "bad_key", "the token names a key that cannot be used";
    /// `kid` names more than one key.
    AmbiguousKey, Token, "ambiguous_key", "the token names more than one key";
    /// The signature is not one of the named key over this token.
    BadSignature, Token, "bad_signature", "the token's signature is wrong";
    /// A required claim is missing.
    MissingClaim, Token, "missing_claim", "the token lacks a claim that is required";
    /// `exp` has passed.
    Expired, Token, "expired", "the token has expired";
    /// `nbf` is in the future.
    NotYetValid, Token, "not_yet_valid", "the token is not valid yet";
    /// `iss` is none of the accepted issuers.
    BadIssuer, Token, "bad_issuer", "the token's issuer is not accepted";
    /// `aud` has none of the accepted audiences.
    BadAudience, Token, "bad_audience", "the token's audience is not accepted";
    /// `sub` cannot be the id of a user.
    BadSubject, Token, "bad_subject", "the token's subject is not a user id";
    /// The request carries several tokens that disagree.
    AmbiguousRequest, Token, "ambiguous_request", "the request carries more than one token";

    /// The app's keys could not be fetched, so no token can be verified.
    JwksUnavailable, Keys, "jwks_unavailable", "the keys of the app could not be fetched";

    /// A request with a cookie was made by a page of another site, or may have been.
    CrossSite, Site, "cross_site", "the request comes from another site";

    /// The server answered with an error.
    Api, Call, "api", "the server refused the request";
    /// The server did not answer in time.
    Timeout, Call, "timeout", "the server did not answer in time";
    /// The server could not be reached, or the connection broke.
    Connection, Call, "connection", "the server could not be reached, or the connection broke";
    /// The server's reply does not have the shape that the API description promises.
    Decode, Call, "decode", "the reply does not have the expected shape";
    /// The server's reply is larger than this crate accepts.
    ResponseTooLarge, Call, "response_too_large", "the reply is too large";
    /// The server answered with a status that the API description does not have.
    UnexpectedResponse, Call, "unexpected_response", "the server answered in an unexpected way";
}

impl ErrorKind {
    pub(super) fn is_token(self) -> bool {
        self.family() == Family::Token
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Words for a status: the server's own words may repeat what a user typed.
pub(super) fn status_message(status: u16) -> &'static str {
    match status {
        400 => "the server refused the request as invalid",
        401 => "the server refused the credential",
        403 => "the server does not allow this",
        404 => "not found",
        409 => "the request conflicts with what is there",
        429 => "too many requests",
        500.. => "the server failed",
        _ => "the server refused the request",
    }
}

#[cfg(test)]
mod tests {
    use super::super::Error;
    use super::*;

    #[test]
    fn every_kind_belongs_to_one_family() {
        for &kind in ErrorKind::ALL {
            let error = Error::of(kind);
            assert!(
                !(error.is_token_invalid() && error.is_unavailable()),
                "{kind}"
            );
            let answer = match kind.family() {
                Family::Token => 401,
                Family::Site => 403,
                Family::Keys => 503,
                Family::Caller => 500,
                Family::Call => continue,
            };
            assert_eq!(error.answer_status(), answer, "{kind}");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorKind::ALL.len());
    }
}
