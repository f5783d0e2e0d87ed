//! Users by the identifier that they type in.

use crate::http::error::ApiError;
use crate::identifier;
use crate::store::Conn;
use crate::store::users::{self, NewUser, UserRow};

/// An e-mail address or a phone number, in the form in which it is kept.
#[derive(Debug, Clone)]
pub(crate) enum Identifier {
    Email(String),
    Phone(String),
}

impl Identifier {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let email = identifier::email(text).map(Self::Email);
        let any = email.or_else(|| identifier::phone(text).map(Self::Phone));
        any.ok_or_else(|| {
            ApiError::invalid_request(
                "identifier: must be an e-mail address, or a phone number in E.164 form.",
            )
        })
    }

    /// The user who has it.
    pub(crate) async fn find(
        &self,
        conn: &mut Conn,
        app_id: &str,
    ) -> Result<Option<UserRow>, sqlx::Error> {
        match self {
            Self::Email(email) => users::by_email(conn, app_id, email).await,
            Self::Phone(phone) => users::by_phone(conn, app_id, phone).await,
        }
    }

    /// A user to be created with it.
    pub(crate) fn new_user(self) -> NewUser {
        match self {
            Self::Email(email) => NewUser {
                email: Some(email),
                ..NewUser::default()
            },
            Self::Phone(phone) => NewUser {
                phone: Some(phone),
                ..NewUser::default()
            },
        }
    }
}

/// What authenticators call a user.
pub(crate) fn name(user: &UserRow) -> String {
    let names = [&user.email, &user.phone, &user.external_id];
    names
        .into_iter()
        .flatten()
        .next()
        .unwrap_or(&user.id)
        .clone()
}
