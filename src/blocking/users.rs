//! Users.

use std::io::BufRead;

use super::{ExportUsers, ImportUsers, ListUsers, Runtime};
use crate::bulk::ImportUser;
use crate::error::Result;
use crate::ids::{DeviceId, ExternalId, IntoId, UserId};
use crate::users::{CreateUser, Device, UpdateUser, User};

/// [`crate::users::Users`] for programs without `async`. Created by [`Passage::users`](super::Passage::users).
///
/// ```no_run
/// use passage_identity::users::{CreateUser, UpdateUser};
///
/// # fn example(passage: passage_identity::blocking::Passage) -> passage_identity::Result<()> {
/// let users = passage.users();
/// let user = users.create(CreateUser::with_email("new@example.com"))?;
/// users.update(&user.id, UpdateUser::new().phone("+15005550006"))?;
/// users.deactivate(&user.id)?;
/// match users.get_by_identifier("somebody@example.com") {
///     Ok(user) => println!("{} is {}", user.id, user.status),
///     Err(error) if error.is_not_found() => println!("nobody"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Users {
    users: crate::users::Users,
    runtime: Runtime,
}

impl Users {
    pub(super) fn new(users: crate::users::Users, runtime: Runtime) -> Self {
        Self { users, runtime }
    }

    /// The user of this id: as [`crate::users::Users::get`] (`getUser`).
    ///
    /// # Errors
    /// The same errors.
    pub fn get(&self, id: impl IntoId<UserId>) -> Result<User> {
        let (users, id) = (self.users.clone(), id.into_id()?);
        self.runtime.call(async move { users.get(id).await })
    }

    /// The user who has this e-mail address or phone number: as
    /// [`crate::users::Users::get_by_identifier`].
    ///
    /// # Errors
    /// The same errors.
    pub fn get_by_identifier(&self, identifier: &str) -> Result<User> {
        let (users, identifier) = (self.users.clone(), identifier.to_owned());
        self.runtime
            .call(async move { users.get_by_identifier(&identifier).await })
    }

    /// The user of a Flex app to whom you gave this id: as
    /// [`crate::users::Users::get_by_external_id`].
    ///
    /// # Errors
    /// The same errors.
    pub fn get_by_external_id(&self, id: impl IntoId<ExternalId>) -> Result<User> {
        let (users, id) = (self.users.clone(), id.into_id()?);
        self.runtime
            .call(async move { users.get_by_external_id(id).await })
    }

    /// Creates a user: as [`crate::users::Users::create`] (`createUser`).
    ///
    /// # Errors
    /// The same errors.
    pub fn create(&self, user: CreateUser) -> Result<User> {
        let users = self.users.clone();
        self.runtime.call(async move { users.create(user).await })
    }

    /// Changes the values set in `changes` and leaves the others unchanged: as
    /// [`crate::users::Users::update`] (`updateUser`).
    ///
    /// # Errors
    /// The same errors.
    pub fn update(&self, id: impl IntoId<UserId>, changes: UpdateUser) -> Result<User> {
        let (users, id) = (self.users.clone(), id.into_id()?);
        self.runtime
            .call(async move { users.update(id, changes).await })
    }

    /// Allows a user to sign in: as [`crate::users::Users::activate`] (`activateUser`).
    ///
    /// # Errors
    /// The same errors.
    pub fn activate(&self, id: impl IntoId<UserId>) -> Result<User> {
        let (users, id) = (self.users.clone(), id.into_id()?);
        self.runtime.call(async move { users.activate(id).await })
    }

    /// Prevents a user from signing in: as [`crate::users::Users::deactivate`] (`deactivateUser`).
    ///
    /// # Errors
    /// The same errors.
    pub fn deactivate(&self, id: impl IntoId<UserId>) -> Result<User> {
        let (users, id) = (self.users.clone(), id.into_id()?);
        self.runtime.call(async move { users.deactivate(id).await })
    }

    /// Deletes a user permanently: as [`crate::users::Users::delete`] (`deleteUser`).
    ///
    /// # Errors
    /// The same errors.
    pub fn delete(&self, id: impl IntoId<UserId>) -> Result<()> {
        let (users, id) = (self.users.clone(), id.into_id()?);
        self.runtime.call(async move { users.delete(id).await })
    }

    /// Starts a list of users (`listPaginatedUsers`).
    ///
    /// ```no_run
    /// use passage_identity::users::{Order, SortBy};
    ///
    /// # fn example(passage: passage_identity::blocking::Passage) -> passage_identity::Result<()> {
    /// let newest = passage.users().list().order_by(SortBy::CreatedAt, Order::Desc).limit(10);
    /// for user in newest.send()? {
    ///     println!("{}", user.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> ListUsers {
        ListUsers::new(self.users.list(), self.runtime.clone())
    }

    /// The passkeys of a user: as [`crate::users::Users::list_devices`] (`listUserDevices`).
    ///
    /// # Errors
    /// The same errors.
    ///
    /// ```no_run
    /// # fn example(passage: passage_identity::blocking::Passage, id: passage_identity::UserId) -> passage_identity::Result<()> {
    /// let users = passage.users();
    /// for device in users.list_devices(&id)? {
    ///     users.revoke_device(&id, &device.id)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_devices(&self, id: impl IntoId<UserId>) -> Result<Vec<Device>> {
        let (users, id) = (self.users.clone(), id.into_id()?);
        self.runtime
            .call(async move { users.list_devices(id).await })
    }

    /// Revokes a passkey of a user: as [`crate::users::Users::revoke_device`]
    /// (`deleteUserDevices`).
    ///
    /// # Errors
    /// The same errors.
    pub fn revoke_device(
        &self,
        id: impl IntoId<UserId>,
        device: impl IntoId<DeviceId>,
    ) -> Result<()> {
        let (users, id, device) = (self.users.clone(), id.into_id()?, device.into_id()?);
        self.runtime
            .call(async move { users.revoke_device(id, device).await })
    }

    /// Revokes all refresh tokens of a user: as [`crate::users::Users::revoke_refresh_tokens`]
    /// (`revokeUserRefreshTokens`).
    ///
    /// # Errors
    /// The same errors.
    pub fn revoke_refresh_tokens(&self, id: impl IntoId<UserId>) -> Result<()> {
        let (users, id) = (self.users.clone(), id.into_id()?);
        self.runtime
            .call(async move { users.revoke_refresh_tokens(id).await })
    }

    /// Starts an import of these rows, several at a time: as [`crate::users::Users::import_users`].
    ///
    /// The rows are read on the thread that calls [`run`](ImportUsers::run), so they may borrow
    /// local values and need not be `Send`.
    ///
    /// ```no_run
    /// use passage_identity::users::CreateUser;
    ///
    /// # fn example(passage: passage_identity::blocking::Passage, addresses: &[String]) {
    /// let rows = addresses.iter().map(CreateUser::with_email);
    /// let report = passage.users().import_users(rows).run();
    /// println!("{} created, {} were there", report.progress.created, report.progress.existing);
    /// # }
    /// ```
    pub fn import_users<'a, S>(&self, rows: S) -> ImportUsers<'a>
    where
        S: IntoIterator<Item: Into<ImportUser>, IntoIter: 'a>,
    {
        ImportUsers::of_users(self.users.clone(), self.runtime.clone(), rows.into_iter())
    }

    /// As [`import_users`](Self::import_users), from JSON Lines: as
    /// [`crate::users::Users::import_json_lines`], which describes the lines.
    ///
    /// ```no_run
    /// use std::fs::File;
    /// use std::io::BufReader;
    ///
    /// # fn example(passage: passage_identity::blocking::Passage) -> std::io::Result<()> {
    /// let file = BufReader::new(File::open("users.jsonl")?);
    /// let report = passage.users().import_json_lines(file).run();
    /// for failure in &report.failures {
    ///     println!("line {}: {}", failure.line, failure.error);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn import_json_lines<'a, R>(&self, lines: R) -> ImportUsers<'a>
    where
        R: BufRead + 'a,
    {
        ImportUsers::of_lines(self.users.clone(), self.runtime.clone(), lines)
    }

    /// Starts an export of all users, oldest first: as [`crate::users::Users::export_users`].
    ///
    /// ```no_run
    /// # fn example(passage: passage_identity::blocking::Passage) -> Result<(), Box<dyn std::error::Error>> {
    /// let file = std::fs::File::create("users.jsonl")?;
    /// let written = passage.users().export_users().write_to(file)?;
    /// println!("{} users, {} bytes", written.users, written.bytes);
    /// # Ok(())
    /// # }
    /// ```
    pub fn export_users(&self) -> ExportUsers {
        ExportUsers::new(self.users.export_users(), self.runtime.clone())
    }
}
