//! Passage Flex.

use super::Runtime;
use crate::error::Result;
use crate::ids::{DeviceId, ExternalId, IntoId, TransactionId};
use crate::users::{Device, User};

/// [`crate::flex::Flex`] for programs without `async`. Created by [`Passage::flex`](super::Passage::flex).
///
/// ```no_run
/// # fn example(passage: passage_identity::blocking::Passage, nonce: &str) -> passage_identity::Result<()> {
/// let flex = passage.flex();
/// let transaction = flex.register_transaction("customer-42", "Jane's account")?;
/// println!("for the browser: {transaction}");
///
/// // Later, with what the browser brings back.
/// let user = flex.verify_nonce(nonce)?;
/// println!("signed in: {user}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Flex {
    flex: crate::flex::Flex,
    runtime: Runtime,
}

impl Flex {
    pub(super) fn new(flex: crate::flex::Flex, runtime: Runtime) -> Self {
        Self { flex, runtime }
    }

    /// Starts to register a passkey: as [`crate::flex::Flex::register_transaction`]
    /// (`createRegisterTransaction`).
    ///
    /// # Errors
    /// The same errors.
    pub fn register_transaction(
        &self,
        user: impl IntoId<ExternalId>,
        display_name: impl Into<String>,
    ) -> Result<TransactionId> {
        let (flex, user, name) = (self.flex.clone(), user.into_id()?, display_name.into());
        self.runtime
            .call(async move { flex.register_transaction(user, name).await })
    }

    /// Starts to sign a user in with a passkey: as [`crate::flex::Flex::authenticate_transaction`]
    /// (`createAuthenticateTransaction`).
    ///
    /// # Errors
    /// The same errors.
    pub fn authenticate_transaction(&self, user: impl IntoId<ExternalId>) -> Result<TransactionId> {
        let (flex, user) = (self.flex.clone(), user.into_id()?);
        self.runtime
            .call(async move { flex.authenticate_transaction(user).await })
    }

    /// Verifies the nonce that the browser got, and returns your id of the user: as
    /// [`crate::flex::Flex::verify_nonce`] (`authenticateVerifyNonce`).
    ///
    /// # Errors
    /// The same errors.
    pub fn verify_nonce(&self, nonce: impl Into<String>) -> Result<ExternalId> {
        let (flex, nonce) = (self.flex.clone(), nonce.into());
        self.runtime
            .call(async move { flex.verify_nonce(nonce).await })
    }

    /// The user to whom you gave this id: as [`crate::flex::Flex::get_user`].
    ///
    /// # Errors
    /// The same errors.
    pub fn get_user(&self, user: impl IntoId<ExternalId>) -> Result<User> {
        let (flex, user) = (self.flex.clone(), user.into_id()?);
        self.runtime.call(async move { flex.get_user(user).await })
    }

    /// The passkeys of the user to whom you gave this id: as [`crate::flex::Flex::list_devices`].
    ///
    /// # Errors
    /// The same errors.
    pub fn list_devices(&self, user: impl IntoId<ExternalId>) -> Result<Vec<Device>> {
        let (flex, user) = (self.flex.clone(), user.into_id()?);
        self.runtime
            .call(async move { flex.list_devices(user).await })
    }

    /// Revokes a passkey of the user to whom you gave this id: as
    /// [`crate::flex::Flex::revoke_device`].
    ///
    /// # Errors
    /// The same errors.
    pub fn revoke_device(
        &self,
        user: impl IntoId<ExternalId>,
        device: impl IntoId<DeviceId>,
    ) -> Result<()> {
        let (flex, user, device) = (self.flex.clone(), user.into_id()?, device.into_id()?);
        self.runtime
            .call(async move { flex.revoke_device(user, device).await })
    }
}
