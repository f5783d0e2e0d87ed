//! Passage Flex: passkeys for users that you manage yourself, under your own ids.
//!
//! You create a transaction here, the browser runs the ceremony and gets a nonce, and you verify
//! the nonce here.

use std::fmt;

use crate::api::Api;
use crate::error::{Error, ErrorKind, Result};
use crate::generated::management::types;
use crate::ids::{DeviceId, ExternalId, IntoId, TransactionId};
use crate::users::{Device, User, Users};

/// Passkeys for users that you manage yourself. Created by [`Passage::flex`](crate::Passage::flex).
#[derive(Clone)]
pub struct Flex {
    api: Api,
}

impl fmt::Debug for Flex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Flex").field(self.api.app_id()).finish()
    }
}

impl Flex {
    pub(crate) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Starts registering a passkey (`createRegisterTransaction`). Pass the id to the browser.
    ///
    /// `display_name` is what the user sees when choosing among passkeys.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] before any request if an argument is empty;
    /// [`ErrorKind::MissingApiKey`]; and errors of the call, see [`ErrorKind`].
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let transaction = passage.flex().register_transaction("customer-42", "Jane's account").await?;
    /// println!("{transaction}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn register_transaction(
        &self,
        user: impl IntoId<ExternalId>,
        display_name: impl Into<String>,
    ) -> Result<TransactionId> {
        let body = types::CreateTransactionRegisterRequest {
            external_id: user.into_id()?.into(),
            passkey_display_name: display_name.into(),
        };
        if body.passkey_display_name.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "the display name of the passkey is empty",
            ));
        }
        let reply = self
            .api
            .manage("createRegisterTransaction", |api, app| {
                api.create_register_transaction(app, &body)
            })
            .await?;
        Ok(TransactionId::from_reply(reply.transaction_id))
    }

    /// Starts signing a user in with a passkey (`createAuthenticateTransaction`). Pass the id to
    /// the browser.
    ///
    /// # Errors
    /// As [`register_transaction`](Self::register_transaction), and [`Error::is_conflict`] with
    /// code `user_has_no_passkeys`.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let transaction = passage.flex().authenticate_transaction("customer-42").await?;
    /// println!("{transaction}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn authenticate_transaction(
        &self,
        user: impl IntoId<ExternalId>,
    ) -> Result<TransactionId> {
        let body = types::CreateTransactionAuthenticateRequest {
            external_id: user.into_id()?.into(),
        };
        let reply = self
            .api
            .manage("createAuthenticateTransaction", |api, app| {
                api.create_authenticate_transaction(app, &body)
            })
            .await?;
        Ok(TransactionId::from_reply(reply.transaction_id))
    }

    /// Verifies the nonce that the browser got at the end of a ceremony, and returns your id of the
    /// user (`authenticateVerifyNonce`). A nonce can be used once.
    ///
    /// # Errors
    /// Code `invalid_nonce` if the nonce is invalid or used: answer 401, as
    /// [`Error::answer_status`] returns. [`ErrorKind::InvalidInput`] if it is empty;
    /// [`ErrorKind::MissingApiKey`]; and errors of the call, see [`ErrorKind`].
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, nonce: &str) -> passage_identity::Result<()> {
    /// let user = passage.flex().verify_nonce(nonce).await?;
    /// println!("signed in: {user}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn verify_nonce(&self, nonce: impl Into<String>) -> Result<ExternalId> {
        let body = types::Nonce {
            nonce: nonce.into(),
        };
        if body.nonce.is_empty() {
            return Err(Error::new(ErrorKind::InvalidInput, "the nonce is empty"));
        }
        let reply = self
            .api
            .manage("authenticateVerifyNonce", |api, app| {
                api.authenticate_verify_nonce(app, &body)
            })
            .await?;
        // An empty id would stand for nobody in particular; early servers sent none.
        ExternalId::new(reply.external_id).map_err(|error| {
            Error::of(ErrorKind::Decode)
                .with_operation("authenticateVerifyNonce")
                .with_source(error)
        })
    }

    /// The user to whom you gave this id: short for
    /// [`Users::get_by_external_id`](crate::users::Users::get_by_external_id).
    ///
    /// # Errors
    /// The same errors.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// println!("{}", passage.flex().get_user("customer-42").await?.webauthn);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_user(&self, user: impl IntoId<ExternalId>) -> Result<User> {
        Users::new(self.api.clone()).get_by_external_id(user).await
    }

    /// The passkeys of the user to whom you gave this id.
    ///
    /// # Errors
    /// As [`get_user`](Self::get_user).
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// println!("{}", passage.flex().list_devices("customer-42").await?.len());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list_devices(&self, user: impl IntoId<ExternalId>) -> Result<Vec<Device>> {
        let user = self.get_user(user).await?;
        Users::new(self.api.clone()).list_devices(&user.id).await
    }

    /// Revokes a passkey of the user to whom you gave this id.
    ///
    /// # Errors
    /// [`Error::is_not_found`] with code `user_not_found` if there is no such user, and with
    /// `device_not_found` if the user has no such passkey: a missing passkey never counts as
    /// revoked. Otherwise as [`get_user`](Self::get_user).
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage, device: passage_identity::ids::DeviceId) -> passage_identity::Result<()> {
    /// passage.flex().revoke_device("customer-42", &device).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn revoke_device(
        &self,
        user: impl IntoId<ExternalId>,
        device: impl IntoId<DeviceId>,
    ) -> Result<()> {
        let device = device.into_id()?;
        let user = self.get_user(user).await?;
        Users::new(self.api.clone())
            .revoke_device(&user.id, device)
            .await
    }
}
