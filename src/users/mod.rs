//! Users: the handler, its arguments and its results.

mod cursor;
mod device;
mod event;
mod filter;
mod given;
mod input;
mod list;
mod model;
mod page;
mod social;
mod stream;

use std::fmt;

pub use cursor::ListCursor;
pub use device::{Device, DeviceIcons, WebAuthnType};
pub use event::{EventAction, EventStatus, RecentEvent};
pub use filter::{CountFilter, TextFilter, TimeFilter};
pub use input::{CreateUser, UpdateUser};
pub use list::{ListUsers, Order, SortBy};
pub use model::{User, UserStatus, UserSummary};
pub use page::Page;
pub use social::{SocialConnection, SocialConnections, SocialProvider};
pub use stream::UserStream;

use crate::api::Api;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::ids::{DeviceId, ExternalId, IntoId, UserId};
use crate::transport::Limits;

/// The users of an app. Created by [`Passage::users`](crate::Passage::users).
///
/// Ids can be a [`UserId`], a reference to one, or text. Without an API key every call fails with
/// [`ErrorKind::MissingApiKey`] before any request.
#[derive(Clone)]
pub struct Users {
    api: Api,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Users").field(self.api.app_id()).finish()
    }
}

impl Users {
    pub(crate) fn new(api: Api) -> Self {
        Self { api }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.api.limits()
    }

    /// The user with this id (`getUser`).
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is none, [`ErrorKind::InvalidInput`] if the text is not a
    /// valid id, and errors of the call, see [`ErrorKind`].
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// match passage.users().get("kV9dQz1xNf3hTrA8bYm2").await {
    ///     Ok(user) => println!("{} is {}", user.id, user.status),
    ///     Err(error) if error.is_not_found() => println!("nobody"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get(&self, id: impl IntoId<UserId>) -> Result<User> {
        let id = id.into_id()?;
        let reply = self
            .api
            .manage("getUser", |api, app| api.get_user(app, id.as_str()))
            .await?;
        Ok(reply.user.into())
    }

    /// The user who has this e-mail address or phone number.
    ///
    /// The API has no operation for this, so it takes two: `listPaginatedUsers` for the id, then
    /// `getUser`. Addresses are looked up in lower case, which is how the server stores them.
    ///
    /// # Errors
    /// [`Error::is_not_found`] with code `user_not_found` if there is none,
    /// [`ErrorKind::InvalidInput`] if the text is empty, and errors of the calls.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let user = passage.users().get_by_identifier("New@Example.com").await?;
    /// println!("{}", user.id);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_by_identifier(&self, identifier: &str) -> Result<User> {
        let wanted = if identifier.contains('@') {
            identifier.to_lowercase()
        } else {
            identifier.to_owned()
        };
        let hit = self.first(wanted).await?.ok_or_else(no_such_user)?;
        self.get(&hit.id).await
    }

    /// The user of a Flex app to whom you gave this id. As
    /// [`get_by_identifier`](Self::get_by_identifier), but case-sensitive.
    ///
    /// # Errors
    /// As [`get_by_identifier`](Self::get_by_identifier).
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let user = passage.users().get_by_external_id("customer-42").await?;
    /// println!("{}", user.id);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_by_external_id(&self, id: impl IntoId<ExternalId>) -> Result<User> {
        let id = id.into_id()?;
        // The filter matches e-mail addresses and phone numbers too.
        let hit = self
            .first(id.to_string())
            .await?
            .filter(|hit| hit.external_id.as_ref() == Some(&id));
        self.get(&hit.ok_or_else(no_such_user)?.id).await
    }

    async fn first(&self, identifier: String) -> Result<Option<UserSummary>> {
        if identifier.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "the identifier is empty",
            ));
        }
        let page = self.list().identifier(identifier).limit(1).send().await?;
        Ok(page.items.into_iter().next())
    }

    /// Creates a user (`createUser`), whose status is `pending` until the first sign-in.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] before any request if an e-mail address or phone number is
    /// malformed; [`Error::is_conflict`] if it is taken; and errors of the call, see [`ErrorKind`].
    ///
    /// ```no_run
    /// use passage_identity::users::CreateUser;
    ///
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let user = passage.users().create(CreateUser::with_email("new@example.com").phone("+15005550006")).await?;
    /// println!("{}", user.id);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create(&self, user: CreateUser) -> Result<User> {
        let body = user.into_body()?;
        let reply = self
            .api
            .manage("createUser", |api, app| api.create_user(app, &body))
            .await?;
        Ok(reply.user.into())
    }

    /// Changes the members set or cleared in `changes` and leaves the others unchanged
    /// (`updateUser`).
    ///
    /// # Errors
    /// As [`create`](Self::create), and [`Error::is_not_found`].
    ///
    /// ```no_run
    /// use passage_identity::users::UpdateUser;
    ///
    /// # async fn example(passage: passage_identity::Passage, id: passage_identity::UserId) -> passage_identity::Result<()> {
    /// let changes = UpdateUser::new().email("a@example.com").phone("+15005550006");
    /// let user = passage.users().update(&id, changes).await?;
    /// println!("{}", user.updated_at);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update(&self, id: impl IntoId<UserId>, changes: UpdateUser) -> Result<User> {
        let (id, body) = (id.into_id()?, changes.into_body()?);
        let reply = self
            .api
            .manage("updateUser", |api, app| {
                api.update_user(app, id.as_str(), &body)
            })
            .await?;
        Ok(reply.user.into())
    }

    /// Allows a user to sign in (`activateUser`).
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, id: passage_identity::UserId) -> passage_identity::Result<()> {
    /// assert!(passage.users().activate(&id).await?.is_active());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn activate(&self, id: impl IntoId<UserId>) -> Result<User> {
        let id = id.into_id()?;
        let reply = self
            .api
            .manage("activateUser", |api, app| {
                api.activate_user(app, id.as_str())
            })
            .await?;
        Ok(reply.user.into())
    }

    /// Prevents a user from signing in (`deactivateUser`), and ends their sign-ins for good. Services
    /// that verify auth tokens themselves accept those that were issued until they expire.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, id: passage_identity::UserId) -> passage_identity::Result<()> {
    /// assert!(!passage.users().deactivate(&id).await?.is_active());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn deactivate(&self, id: impl IntoId<UserId>) -> Result<User> {
        let id = id.into_id()?;
        let reply = self
            .api
            .manage("deactivateUser", |api, app| {
                api.deactivate_user(app, id.as_str())
            })
            .await?;
        Ok(reply.user.into())
    }

    /// Deletes a user permanently (`deleteUser`).
    ///
    /// # Errors
    /// [`Error::is_not_found`] with code `user_not_found` if there is no such user: a missing user
    /// never counts as deleted. Otherwise as [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, id: passage_identity::UserId) -> passage_identity::Result<()> {
    /// passage.users().delete(&id).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete(&self, id: impl IntoId<UserId>) -> Result<()> {
        let id = id.into_id()?;
        self.api
            .manage("deleteUser", |api, app| api.delete_user(app, id.as_str()))
            .await
    }

    /// Starts a list of users (`listPaginatedUsers`): a page with [`send`](ListUsers::send), all of
    /// them with [`stream`](ListUsers::stream).
    ///
    /// ```no_run
    /// use passage_identity::users::{Order, SortBy, TextFilter, UserStatus};
    ///
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let page = passage
    ///     .users()
    ///     .list()
    ///     .identifier(TextFilter::like("example.com"))
    ///     .status(UserStatus::Active)
    ///     .order_by(SortBy::CreatedAt, Order::Desc)
    ///     .limit(100)
    ///     .send()
    ///     .await?;
    /// println!("{} of {}", page.items.len(), page.total);
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> ListUsers {
        ListUsers::new(self.api.clone())
    }

    /// The passkeys of a user (`listUserDevices`).
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, id: passage_identity::UserId) -> passage_identity::Result<()> {
    /// for device in passage.users().list_devices(&id).await? {
    ///     println!("{}: used {} times", device.friendly_name, device.usage_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list_devices(&self, id: impl IntoId<UserId>) -> Result<Vec<Device>> {
        let id = id.into_id()?;
        let reply = self
            .api
            .manage("listUserDevices", |api, app| {
                api.list_user_devices(app, id.as_str())
            })
            .await?;
        Ok(reply.devices.into_iter().map(Into::into).collect())
    }

    /// Revokes a passkey of a user (`deleteUserDevices`).
    ///
    /// # Errors
    /// [`Error::is_not_found`] with code `user_not_found` if there is no such user, and with
    /// `device_not_found` if the user has no such passkey: a missing passkey never counts as
    /// revoked. Otherwise as [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, id: passage_identity::UserId) -> passage_identity::Result<()> {
    /// for device in passage.users().list_devices(&id).await? {
    ///     passage.users().revoke_device(&id, &device.id).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn revoke_device(
        &self,
        id: impl IntoId<UserId>,
        device: impl IntoId<DeviceId>,
    ) -> Result<()> {
        let (id, device) = (id.into_id()?, device.into_id()?);
        self.api
            .manage("deleteUserDevices", |api, app| {
                api.delete_user_devices(app, id.as_str(), device.as_str())
            })
            .await
    }

    /// Ends all sign-ins of a user, with their refresh tokens (`revokeUserRefreshTokens`). Services
    /// that verify auth tokens themselves accept those that were issued until they expire.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, id: passage_identity::UserId) -> passage_identity::Result<()> {
    /// passage.users().revoke_refresh_tokens(&id).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn revoke_refresh_tokens(&self, id: impl IntoId<UserId>) -> Result<()> {
        let id = id.into_id()?;
        self.api
            .manage("revokeUserRefreshTokens", |api, app| {
                api.revoke_user_refresh_tokens(app, id.as_str())
            })
            .await
    }
}

/// The server answers a search without a hit with an empty page, not with an error.
fn no_such_user() -> Error {
    Error::new(ErrorKind::Api, "no user has this identifier")
        .with_code(ErrorCode::UserNotFound)
        .with_operation("listPaginatedUsers")
        .with_attempts(1)
}
