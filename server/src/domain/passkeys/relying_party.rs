//! The app as a relying party: creates challenges for its origin, and verifies the outcomes.

use std::time::Duration;

use passage_identity::generated::auth::types::{
    AuthenticatorAttachment, CredentialCreation, CredentialCreationPublicKey,
    CredentialCreationPublicKeyExcludeCredentialsInner, CredentialDescriptor,
    ProtocolCredentialAssertion, ProtocolCredentialAssertionPublicKey,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use webauthn_rs::DEFAULT_AUTHENTICATOR_TIMEOUT;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, PasskeyRegistration, Url, Uuid, Webauthn, WebauthnBuilder,
    WebauthnError,
};

use super::Credential;
use super::response::{Assertion, Creation};
use crate::domain::error::Refusal;
use crate::domain::settings::AppSettings;
use crate::store::audit::AuditReason;

/// How long a ceremony may take: the timeout that the browser gets.
pub(crate) const LIFETIME: Duration = DEFAULT_AUTHENTICATOR_TIMEOUT;

/// The error for a rejected outcome.
pub(crate) type Refuse = fn(&'static str) -> Refusal;

/// The app as a relying party.
pub(crate) struct RelyingParty(Webauthn);

/// What a passkey reports when it signs.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) sign_count: i64,
    pub(crate) backed_up: bool,
}

/// Options for creating a passkey, not yet for a particular user.
pub(crate) struct CreationOptions(CredentialCreationPublicKey);

impl CreationOptions {
    /// The options for a user with this handle and name, who has these passkeys already.
    pub(crate) fn for_user(
        self,
        handle: &[u8],
        name: &str,
        known: &[Credential],
    ) -> CredentialCreation {
        let Self(mut options) = self;
        let user = options.user.get_or_insert_default();
        user.id = Some(super::response::base64url(handle));
        user.name = Some(name.to_owned());
        user.display_name = Some(name.to_owned());
        let exclude =
            known
                .iter()
                .map(|known| CredentialCreationPublicKeyExcludeCredentialsInner {
                    id: Some(known.cred_id.clone()),
                    transports: known.transports(),
                    type_: Some("public-key".to_owned()),
                });
        options.exclude_credentials = exclude.collect();
        CredentialCreation {
            public_key: Some(options),
        }
    }
}

/// Options for signing in, not yet for particular passkeys.
pub(crate) struct AssertionOptions(ProtocolCredentialAssertionPublicKey);

impl AssertionOptions {
    /// The options to sign in with one of these passkeys, or with any if there are none.
    pub(crate) fn allowing(self, allowed: &[Credential]) -> ProtocolCredentialAssertion {
        let Self(mut options) = self;
        let allow = allowed.iter().map(|credential| CredentialDescriptor {
            id: credential.cred_id.clone(),
            transports: credential.transports(),
            type_: "public-key".to_owned(),
        });
        options.allow_credentials = allow.collect();
        ProtocolCredentialAssertion {
            public_key: options,
        }
    }
}

impl RelyingParty {
    /// Browsers offer passkeys only to pages with https, and on localhost.
    pub(crate) fn new(settings: &AppSettings) -> Result<Self, Refusal> {
        let secure = |origin: &Url| {
            let local = |host: &str| host == "localhost" || host.ends_with(".localhost");
            origin.scheme() == "https" || origin.domain().is_some_and(local)
        };
        let origin = Url::parse(&settings.auth_origin).ok().filter(secure);
        let webauthn = origin.zip(settings.rp_id()).and_then(|(origin, rp_id)| {
            let builder = WebauthnBuilder::new(&rp_id, &origin).ok()?;
            builder.rp_name(&settings.name).build().ok()
        });
        webauthn.map(Self).ok_or_else(|| {
            Refusal::operation_not_allowed(
                "passkeys: need an auth origin with a host name, and with https if it is not localhost.",
            )
        })
    }

    /// A challenge for creating a passkey, and the state for verifying the outcome.
    ///
    /// The state contains no user and no passkeys: those that exist when the ceremony finishes are decisive.
    pub(crate) fn start_creation(
        &self,
        attachment: &AuthenticatorAttachment,
    ) -> Result<(CreationOptions, String), Refusal> {
        // The library requires a UUID as handle and a name, but does not look at them again.
        let (options, state) = self
            .0
            .start_passkey_registration(Uuid::nil(), "user", "user", None)
            .map_err(|error| Refusal::internal(&error))?;
        let mut options: CredentialCreationPublicKey = convert(&options.public_key)?;
        let selection = options.authenticator_selection.get_or_insert_default();
        // A passkey that is not discoverable could not sign in without an identifier.
        selection.resident_key = Some("required".to_owned());
        selection.require_resident_key = Some(true);
        selection.authenticator_attachment = match attachment {
            AuthenticatorAttachment::Any => None,
            other => Some(other.to_string()),
        };
        Ok((CreationOptions(options), remember(&state)?))
    }

    /// Verifies the outcome, and reads the new passkey from it.
    pub(crate) fn finish_creation(
        &self,
        creation: &Creation,
        state: &str,
        refuse: Refuse,
    ) -> Result<Credential, Refusal> {
        let state: PasskeyRegistration = recall(state)?;
        let sent = &creation.credential;
        let made = self.0.finish_passkey_registration(sent, &state);
        let made = made.map_err(|error| problem(&error).refusal(refuse))?;
        if *made.cred_id() != sent.raw_id {
            let problem = "passkey: has another id than it says.";
            return Err(Problem(problem, AuditReason::PasskeyIdDiffers).refusal(refuse));
        }
        Credential::read(
            &sent.response.attestation_object,
            &creation.transports,
            &made,
        )
        .ok_or_else(|| BAD_KEY.refusal(refuse))
    }

    /// A challenge for signing in, and the state for verifying the outcome.
    ///
    /// The state contains no passkeys: those that the user has when the ceremony finishes are decisive.
    pub(crate) fn start_assertion(&self) -> Result<(AssertionOptions, String), Refusal> {
        let (options, state) = self
            .0
            .start_discoverable_authentication()
            .map_err(|error| Refusal::internal(&error))?;
        let options = convert(&options.public_key)?;
        Ok((AssertionOptions(options), remember(&state)?))
    }

    /// Verifies that this passkey signed the challenge.
    pub(crate) fn finish_assertion(
        &self,
        assertion: &Assertion,
        state: &str,
        credential: &Credential,
        refuse: Refuse,
    ) -> Result<Signed, Refusal> {
        // The library checks this only in a registration.
        if framed(&assertion.credential.response.client_data_json) {
            return Err(problem(&WebauthnError::CredentialCrossOrigin).refusal(refuse));
        }
        let state: DiscoverableAuthentication = recall(state)?;
        let passkey = credential.passkey();
        let passkey = passkey.ok_or_else(|| {
            Problem("passkey: its key cannot be read.", AuditReason::PasskeyKey).refusal(refuse)
        })?;
        let signed = self
            .0
            .finish_discoverable_authentication_v2(&assertion.credential, state, &passkey)
            .map_err(|error| problem(&error).refusal(refuse))?;
        Ok(Signed {
            sign_count: signed.counter().into(),
            backed_up: signed.backup_state(),
        })
    }
}

/// Whether the browser reports a cross-origin frame, where another page can be laid over.
fn framed(client_data: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ClientData {
        cross_origin: Option<bool>,
    }
    // The library refuses what cannot be parsed.
    serde_json::from_slice::<ClientData>(client_data)
        .is_ok_and(|client_data| client_data.cross_origin == Some(true))
}

/// The library's options in the types of the API description, which have the same JSON.
fn convert<T: DeserializeOwned>(options: &impl Serialize) -> Result<T, Refusal> {
    serde_json::to_value(options)
        .and_then(serde_json::from_value)
        .map_err(|error| Refusal::internal(&error))
}

fn remember(state: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(state).map_err(|error| Refusal::internal(&error))
}

fn recall<T: DeserializeOwned>(state: &str) -> Result<T, Refusal> {
    serde_json::from_str(state).map_err(|error| Refusal::internal(&error))
}

/// What is wrong with an outcome, for the client, and the reason for the audit log.
#[derive(Clone, Copy)]
pub(crate) struct Problem(pub(crate) &'static str, pub(crate) AuditReason);

impl Problem {
    pub(crate) fn refusal(self, refuse: Refuse) -> Refusal {
        refuse(self.0).because(self.1)
    }
}

const BAD_KEY: Problem = Problem(
    "passkey: its key is not of a kind that was asked for, or not in the form of the standard.",
    AuditReason::PasskeyKey,
);

/// What the library found. All of it is in the outcome that the client sent, so the text may name it.
fn problem(error: &WebauthnError) -> Problem {
    use AuditReason as Why;
    let (text, reason) = match error {
        WebauthnError::InvalidClientDataType => (
            "passkey: did something else than was asked for.",
            Why::PasskeyOperation,
        ),
        WebauthnError::MismatchedChallenge => {
            ("passkey: answers another challenge.", Why::PasskeyChallenge)
        }
        WebauthnError::InvalidRPOrigin => (
            "passkey: used on another origin than the app's.",
            Why::PasskeyOrigin,
        ),
        WebauthnError::CredentialCrossOrigin => (
            "passkey: used in a frame of another origin.",
            Why::PasskeyFramed,
        ),
        WebauthnError::InvalidRPIDHash => (
            "passkey: belongs to another relying party.",
            Why::PasskeyRelyingParty,
        ),
        WebauthnError::UserNotPresent => {
            ("passkey: nobody was present.", Why::PasskeyUserNotPresent)
        }
        WebauthnError::UserNotVerified => (
            "passkey: the user was not verified.",
            Why::PasskeyUserNotVerified,
        ),
        WebauthnError::CredentialPossibleCompromise => {
            ("passkey: its counter went back.", Why::PasskeyCounter)
        }
        WebauthnError::CredentialBackupEligibilityInconsistent => (
            "passkey: whether it can be backed up (flag BE) has changed since it was registered.",
            Why::PasskeyBackupEligibility,
        ),
        WebauthnError::CredentialMayNotBeHardwareBound => (
            "passkey: is backed up (flag BS), but says that it cannot be (flag BE).",
            Why::PasskeyBackupState,
        ),
        WebauthnError::AuthenticationFailure | WebauthnError::SignatureInvalid => {
            ("passkey: wrong signature.", Why::PasskeySignature)
        }
        WebauthnError::CredentialAlteredAlgFromRequest
        | WebauthnError::COSEKeyInvalidAlgorithm
        | WebauthnError::CredentialInsecureCryptography => (
            "passkey: has a key of another kind than was asked for.",
            Why::PasskeyAlgorithm,
        ),
        WebauthnError::COSEKeyInvalidCBORValue
        | WebauthnError::COSEKeyInvalidType
        | WebauthnError::COSEKeyEDUnsupported
        | WebauthnError::COSEKeyECDSAXYInvalid
        | WebauthnError::COSEKeyRSANEInvalid
        | WebauthnError::COSEKeyECDSAInvalidCurve
        | WebauthnError::COSEKeyEDDSAXInvalid
        | WebauthnError::COSEKeyEDDSAInvalidCurve => return BAD_KEY,
        WebauthnError::ParseBase64Failure(_)
        | WebauthnError::ParseCBORFailure(_)
        | WebauthnError::ParseJSONFailure(_)
        | WebauthnError::ParseNOMFailure
        | WebauthnError::ParseInsufficientBytesAvailable
        | WebauthnError::InvalidExtensions
        | WebauthnError::AuthenticatorDataMissingExtension => (
            "passkey: its client data or authenticator data is not in the form of the standard.",
            Why::PasskeyMalformed,
        ),
        WebauthnError::MissingAttestationCredentialData => (
            "passkey: its attestation object contains no new credential.",
            Why::PasskeyAttestation,
        ),
        other if is_attestation(other) => (
            "passkey: its attestation is not accepted; none is needed.",
            Why::PasskeyAttestation,
        ),
        other => {
            tracing::debug!(
                error = other as &dyn std::error::Error,
                "a passkey is not accepted"
            );
            ("passkey: not accepted.", Why::PasskeyNotAccepted)
        }
    };
    Problem(text, reason)
}

/// The library has three dozen errors for attestations, which the server does not ask for.
fn is_attestation(error: &WebauthnError) -> bool {
    format!("{error:?}").starts_with("Attestation")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn works(auth_origin: &str, rp_id: Option<&str>) -> bool {
        RelyingParty::new(&AppSettings {
            auth_origin: auth_origin.to_owned(),
            rp_id: rp_id.map(str::to_owned),
            ..AppSettings::default()
        })
        .is_ok()
    }

    #[test]
    fn passkeys_need_an_origin_that_browsers_give_them_to() {
        for origin in [
            "https://app.example",
            "https://app.example:8443",
            "http://localhost:3000",
            "http://app.localhost",
        ] {
            assert!(works(origin, None), "{origin}");
        }
        for origin in [
            "http://app.example",
            "http://localhost.example",
            "http://127.0.0.1:3000",
            "https://127.0.0.1",
            "https://[::1]",
        ] {
            assert!(!works(origin, None), "{origin}");
        }
        assert!(works("https://login.app.example", Some("app.example")));
        assert!(!works("https://login.app.example", Some("other.example")));
    }

    #[test]
    fn a_ceremony_takes_five_minutes() {
        assert_eq!(LIFETIME, Duration::from_secs(300));
    }
}
