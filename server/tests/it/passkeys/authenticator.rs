//! A browser with a software authenticator.

use async_trait::async_trait;
use passkey_authenticator::{
    Authenticator, CredentialStore, DiscoverabilitySupport, StoreInfo, UiHint, UserCheck,
    UserValidationMethod,
};
use passkey_client::{Client, DefaultClientData, WebauthnError};
use passkey_crypto::AvailableBackend;
use passkey_types::Passkey;
use passkey_types::ctap2::make_credential::{
    Options, PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity,
};
use passkey_types::ctap2::{Aaguid, Ctap2Error, StatusCode};
use passkey_types::webauthn::PublicKeyCredentialDescriptor;
use public_suffix::PublicSuffixList;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use webauthn_rs::prelude::Url;

/// The model of the authenticator.
const AAGUID: [u8; 16] = *b"software-wallet!";

/// What an authenticator keeps, newest last.
#[derive(Default)]
struct PasskeyStore(Vec<Passkey>);

#[async_trait]
impl CredentialStore for PasskeyStore {
    type PasskeyItem = Passkey;

    async fn find_credentials(
        &self,
        ids: Option<&[PublicKeyCredentialDescriptor]>,
        rp_id: &str,
        _: Option<&[u8]>,
    ) -> Result<Vec<Passkey>, StatusCode> {
        let wanted = |passkey: &&Passkey| {
            passkey.rp_id == rp_id
                && ids.is_none_or(|ids| ids.iter().any(|id| id.id == passkey.credential_id))
        };
        let found: Vec<_> = self.0.iter().rev().filter(wanted).cloned().collect();
        if found.is_empty() {
            Err(Ctap2Error::NoCredentials.into())
        } else {
            Ok(found)
        }
    }

    async fn save_credential(
        &mut self,
        passkey: Passkey,
        _: PublicKeyCredentialUserEntity,
        _: PublicKeyCredentialRpEntity,
        options: Options,
    ) -> Result<(), StatusCode> {
        assert!(
            options.rk,
            "the server asks for passkeys that can be discovered"
        );
        self.0.push(passkey);
        Ok(())
    }

    async fn update_credential(&mut self, passkey: &Passkey) -> Result<(), StatusCode> {
        let same = |known: &&mut Passkey| known.credential_id == passkey.credential_id;
        *self.0.iter_mut().find(same).unwrap() = passkey.clone();
        Ok(())
    }

    async fn get_info(&self) -> StoreInfo {
        StoreInfo {
            discoverability: DiscoverabilitySupport::Full,
        }
    }
}

/// A user who is there and agrees to everything.
struct ConsentingUser;

#[async_trait]
impl UserValidationMethod for ConsentingUser {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        hint: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        if matches!(hint, UiHint::InformExcludedCredentialFound(_)) {
            return Err(Ctap2Error::CredentialExcluded);
        }
        Ok(UserCheck {
            presence,
            verification,
        })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// A browser on the app's website.
pub struct Browser {
    client: Client<PasskeyStore, ConsentingUser, AvailableBackend, PublicSuffixList, ()>,
    origin: Url,
}

impl Browser {
    /// On the website that a server has by default.
    pub fn new() -> Self {
        Self::at("http://localhost:3000")
    }

    pub fn at(origin: &str) -> Self {
        let authenticator = Authenticator::new(
            Aaguid::from(AAGUID),
            PasskeyStore::default(),
            ConsentingUser,
            AvailableBackend,
        );
        Self {
            client: Client::new(authenticator).allows_insecure_localhost(true),
            origin: origin.parse().unwrap(),
        }
    }

    /// Has new passkeys count how often they are used.
    pub fn counting(mut self) -> Self {
        let authenticator = self.client.authenticator_mut();
        authenticator.set_make_credentials_with_signature_counter(true);
        self
    }

    /// `navigator.credentials.create`, from and to JSON.
    pub async fn create<T: DeserializeOwned>(
        &mut self,
        challenge: &impl Serialize,
    ) -> Result<T, WebauthnError> {
        let options = convert(challenge);
        let created = self
            .client
            .register(&self.origin, options, DefaultClientData);
        created.await.map(|created| convert(&created))
    }

    /// `navigator.credentials.get`, from and to JSON.
    pub async fn get<T: DeserializeOwned>(
        &mut self,
        challenge: &impl Serialize,
    ) -> Result<T, WebauthnError> {
        let options = convert(challenge);
        let signed = self
            .client
            .authenticate(&self.origin, options, DefaultClientData);
        signed.await.map(|signed| convert(&signed))
    }
}

fn convert<T: DeserializeOwned>(value: &impl Serialize) -> T {
    let json: Value = serde_json::to_value(value).unwrap();
    serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{json}: {error}"))
}
