//! The browser's response, in the form that the library expects.
//!
//! Official clients send the `toJSON` form of a `PublicKeyCredential`, or an older form of it: transports next to the
//! response, base64url with padding.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use passage_identity::generated::auth::types::{
    CredentialAssertionResponse, CredentialCreationResponse,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};

use crate::domain::error::Refusal;
use crate::store::audit::AuditReason;

/// Maximum number of transports that are kept of a passkey. The standard has seven.
pub(crate) const TRANSPORTS: usize = 8;
/// Maximum length of a transport's name.
const TRANSPORT_LENGTH: usize = 16;

/// Whether the text can be the name of a transport. Authenticators may use names that are not in the standard.
pub(crate) fn is_transport(name: &str) -> bool {
    (1..=TRANSPORT_LENGTH).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The outcome of a registration.
pub(crate) struct Creation {
    pub(crate) credential: RegisterPublicKeyCredential,
    pub(crate) transports: Vec<String>,
    /// The kind of authenticator: `platform` or `cross-platform`.
    pub(crate) attachment: Option<String>,
}

impl Creation {
    /// Parses it. The contents are not verified here.
    pub(crate) fn read(sent: CredentialCreationResponse) -> Result<Self, Refusal> {
        let id = same_id(sent.id, sent.raw_id, sent.type_.as_deref())?;
        let response = sent.response.ok_or_else(|| missing("response"))?;
        let attestation_object = member(response.attestation_object, "attestationObject")?;
        let client_data_json = member(response.client_data_json, "clientDataJSON")?;
        // The server does not use the results of extensions.
        let credential = parse(json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": {
                "attestationObject": attestation_object,
                "clientDataJSON": client_data_json,
            },
        }))?;
        let mut transports = response.transports;
        if transports.is_empty() {
            transports = sent.transports;
        }
        transports.retain(|name| is_transport(name));
        transports.truncate(TRANSPORTS);
        Ok(Self {
            credential,
            transports,
            attachment: sent.authenticator_attachment,
        })
    }
}

/// The outcome of a login.
pub(crate) struct Assertion {
    pub(crate) credential: PublicKeyCredential,
    /// Credential id, in base64url.
    pub(crate) cred_id: String,
    pub(crate) user_handle: Option<Vec<u8>>,
}

impl Assertion {
    /// Parses it. The contents are not verified here.
    pub(crate) fn read(sent: CredentialAssertionResponse) -> Result<Self, Refusal> {
        let id = same_id(sent.id, sent.raw_id, sent.type_.as_deref())?;
        let response = sent.response.ok_or_else(|| missing("response"))?;
        let user_handle = response
            .user_handle
            .map(without_padding)
            .filter(|handle| !handle.is_empty());
        let credential: PublicKeyCredential = parse(json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": {
                "authenticatorData": member(response.authenticator_data, "authenticatorData")?,
                "clientDataJSON": member(response.client_data_json, "clientDataJSON")?,
                "signature": member(response.signature, "signature")?,
                "userHandle": user_handle,
            },
        }))?;
        Ok(Self {
            cred_id: base64url(credential.get_credential_id()),
            user_handle: credential.get_user_unique_id().map(<[u8]>::to_vec),
            credential,
        })
    }
}

/// Bytes as WebAuthn writes them.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn malformed(problem: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal::invalid_request(problem).because(AuditReason::PasskeyMalformed)
}

fn missing(name: &str) -> Refusal {
    malformed(format!("handshake_response: {name} is needed."))
}

fn without_padding(text: String) -> String {
    text.trim_end_matches('=').to_owned()
}

fn member(value: Option<String>, name: &str) -> Result<String, Refusal> {
    let value = value.map(without_padding).filter(|value| !value.is_empty());
    value.ok_or_else(|| missing(name))
}

/// The credential id, which is sent twice: one of them is enough, but they must not differ.
fn same_id(
    id: Option<String>,
    raw_id: Option<String>,
    kind: Option<&str>,
) -> Result<String, Refusal> {
    if kind.is_some_and(|kind| kind != "public-key") {
        return Err(malformed("handshake_response: type must be public-key."));
    }
    let given = |id: Option<String>| id.map(without_padding).filter(|id| !id.is_empty());
    match (given(id), given(raw_id)) {
        (Some(id), Some(raw_id)) if id != raw_id => {
            Err(malformed("handshake_response: id and rawId differ."))
        }
        (id, raw_id) => raw_id.or(id).ok_or_else(|| missing("rawId")),
    }
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    // The members exist and are strings, so only their encoding can be wrong.
    serde_path_to_error::deserialize(value).map_err(|error| {
        let member = error.path();
        malformed(format!("handshake_response.{member}: must be base64url."))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn creation(sent: Value) -> Result<Creation, String> {
        Creation::read(serde_json::from_value(sent).unwrap())
            .map_err(|error| error.message.into_owned())
    }

    #[test]
    fn old_and_new_forms_are_read() {
        let new = json!({
            "id": "AQID", "rawId": "AQID", "type": "public-key", "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": true}, "appid": "odd"},
            "response": {
                "attestationObject": "AQ", "clientDataJSON": "Ag", "transports": ["internal", "hybrid"],
                "publicKey": "AA", "publicKeyAlgorithm": -7, "authenticatorData": "AA",
            },
        });
        let old = json!({
            "rawId": "AQID", "type": "public-key", "transports": ["internal", "hybrid", "", "no name of a transport"],
            "response": {"attestationObject": "AQ==", "clientDataJSON": "Ag=="},
        });
        for (sent, attachment) in [(new, Some("platform")), (old, None)] {
            let read = creation(sent).unwrap();
            assert_eq!(read.credential.raw_id, [1, 2, 3]);
            assert_eq!(read.credential.response.attestation_object, [1]);
            assert_eq!(read.credential.response.client_data_json, [2]);
            assert_eq!(read.transports, ["internal", "hybrid"]);
            assert_eq!(read.attachment.as_deref(), attachment);
        }
    }

    #[test]
    fn an_empty_user_handle_is_none() {
        for (sent, read) in [
            (json!("BAU="), Some(vec![4, 5])),
            (json!(""), None),
            (json!(null), None),
        ] {
            let sent = json!({
                "id": "AQID", "rawId": "AQID", "type": "public-key",
                "response": {"authenticatorData": "AQ", "clientDataJSON": "Ag", "signature": "Aw", "userHandle": sent},
            });
            let assertion = Assertion::read(serde_json::from_value(sent).unwrap()).ok();
            let assertion = assertion.unwrap();
            assert_eq!(assertion.user_handle, read);
            assert_eq!(assertion.cred_id, "AQID");
        }
    }

    #[test]
    fn the_text_names_what_is_wrong() {
        let response = json!({"attestationObject": "AQ", "clientDataJSON": "Ag"});
        for (sent, names) in [
            (json!({}), "rawId"),
            (json!({"id": "AQID"}), "response"),
            (json!({"id": "AQID", "response": {}}), "attestationObject"),
            (
                json!({"id": "AQID", "response": {"attestationObject": "AQ", "clientDataJSON": "="}}),
                "clientDataJSON",
            ),
            (
                json!({"id": "AQID", "response": {"attestationObject": "A Q", "clientDataJSON": "Ag"}}),
                "handshake_response.response.attestationObject: must be base64url.",
            ),
            (
                json!({"id": "AQID", "rawId": "BQID", "response": response}),
                "differ",
            ),
            (
                json!({"id": "AQID", "type": "password", "response": response}),
                "type",
            ),
            (
                json!({"id": "A+/D", "response": response}),
                "handshake_response.rawId: must be base64url.",
            ),
        ] {
            let problem = creation(sent.clone()).err().unwrap();
            assert!(problem.contains(names), "{sent}: {problem}");
        }
    }
}
