//! A passkey in stored form: in terms of the WebAuthn standard, so that it can be moved elsewhere.

use serde::Deserialize as _;
use serde_cbor_2::Value as Cbor;
use serde_json::json;
use webauthn_rs::prelude::{COSEAlgorithm, COSEKey, COSEKeyType, ECDSACurve, Passkey};

use crate::store::passkeys::Credential;

/// Bits of the flags in authenticator data.
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
/// Maximum length of a credential id in bytes, by the standard.
pub(crate) const LONGEST_ID: usize = 1023;

impl Credential {
    /// The credential that an authenticator created. `None` if the attestation object does not contain a new
    /// credential, or contains another one than this.
    pub(crate) fn read(
        attestation_object: &[u8],
        transports: &[String],
        accepted: &Passkey,
    ) -> Option<Self> {
        let Ok(Cbor::Map(object)) = serde_cbor_2::from_slice(attestation_object) else {
            return None;
        };
        let Some(Cbor::Bytes(data)) = object.get(&Cbor::Text("authData".to_owned())) else {
            return None;
        };
        // 32 bytes hash of the relying party id, flags, counter, AAGUID, length of the id, the id, the key.
        let flags = *data.get(32)?;
        let sign_count = u32::from_be_bytes(data.get(33..37)?.try_into().ok()?);
        let aaguid = data.get(37..53)?.to_vec();
        let length = u16::from_be_bytes(data.get(53..55)?.try_into().ok()?);
        let (id, rest) = data.get(55..)?.split_at_checked(length.into())?;
        let mut reader = serde_cbor_2::Deserializer::from_slice(rest);
        let key = Cbor::deserialize(&mut reader).ok()?;
        let public_key = rest.get(..reader.byte_offset())?.to_vec();
        let same = |key: COSEKey| key == *accepted.get_public_key() && fits(&key);
        let good = accepted.cred_id() == id
            && (1..=LONGEST_ID).contains(&id.len())
            && COSEKey::try_from(&key).is_ok_and(same);
        good.then(|| Self {
            cred_id: super::response::base64url(id),
            public_key,
            sign_count: sign_count.into(),
            transports: json!(transports).to_string(),
            aaguid: Some(aaguid),
            backup_eligible: flags & BACKUP_ELIGIBLE != 0,
            backed_up: flags & BACKED_UP != 0,
        })
    }

    /// How the authenticator can be reached.
    pub(crate) fn transports(&self) -> Vec<String> {
        serde_json::from_str(&self.transports).unwrap_or_default()
    }

    /// The passkey in the form in which it is verified. `None` if the key cannot be parsed.
    ///
    /// It goes through the library's JSON form, which later versions promise to read.
    pub(crate) fn passkey(&self) -> Option<Passkey> {
        let key: Cbor = serde_cbor_2::from_slice(&self.public_key).ok()?;
        let key = COSEKey::try_from(&key).ok()?;
        let credential = json!({
            "cred_id": self.cred_id,
            "cred": key,
            "counter": self.sign_count,
            "transports": null,
            "user_verified": true,
            "backup_eligible": self.backup_eligible,
            "backup_state": self.backed_up,
            "registration_policy": "required",
            "extensions": {},
            "attestation": {"data": "None", "metadata": "None"},
            "attestation_format": "none",
        });
        serde_json::from_value(json!({"cred": credential})).ok()
    }
}

/// Checks a public key that was created elsewhere, in COSE form. The error names the problem.
pub(crate) fn check_public_key(bytes: &[u8]) -> Result<(), &'static str> {
    let Ok(key) = serde_cbor_2::from_slice(bytes) else {
        return Err("must be a COSE key: these bytes are no CBOR");
    };
    let Cbor::Map(members) = &key else {
        return Err("must be a COSE key: a CBOR map");
    };
    let number = |label: i128| match members.get(&Cbor::Integer(label)) {
        Some(Cbor::Integer(number)) => Some(*number),
        _ => None,
    };
    // By RFC 9053 and RFC 8230: -4 of EC2 and OKP, -3 to -12 of RSA are for private keys.
    let secret = match number(1) {
        Some(3) => -12..=-3,
        _ => -4..=-4,
    };
    if secret
        .into_iter()
        .any(|label| members.contains_key(&Cbor::Integer(label)))
    {
        return Err(
            "must be a public key: this one is private, and its passkey is no secret any more",
        );
    }
    match COSEKey::try_from(&key) {
        Ok(key) if fits(&key) => Ok(()),
        Ok(_) | Err(_) => {
            Err("must be a key for ES256 on P-256, for ES384 on P-384, or for RS256 with 2048 bits")
        }
    }
}

/// Whether the curve is the standard one for the algorithm, which the library does not check.
fn fits(key: &COSEKey) -> bool {
    match &key.key {
        COSEKeyType::EC_EC2(point) => matches!(
            (&key.type_, &point.curve),
            (COSEAlgorithm::ES256, ECDSACurve::SECP256R1)
                | (COSEAlgorithm::ES384, ECDSACurve::SECP384R1)
        ),
        COSEKeyType::RSA(_) => key.type_ == COSEAlgorithm::RS256,
        COSEKeyType::EC_OKP(_) => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A P-256 key in COSE form: EC2, ES256, P-256, and a point of the curve.
    fn key() -> Vec<u8> {
        let x = [
            0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4,
            0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45,
            0xd8, 0x98, 0xc2, 0x96,
        ];
        let y = [
            0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f,
            0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68,
            0x37, 0xbf, 0x51, 0xf5,
        ];
        let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        [&head[..], &x, &[0x22, 0x58, 0x20], &y].concat()
    }

    fn credential() -> Credential {
        Credential {
            cred_id: "AQIDBA".to_owned(),
            public_key: key(),
            sign_count: 7,
            transports: r#"["internal","hybrid"]"#.to_owned(),
            aaguid: Some((0..16).collect()),
            backup_eligible: true,
            backed_up: true,
        }
    }

    /// An attestation object without attestation, which holds the credential above.
    fn object(cut: usize, extensions: &[u8]) -> Vec<u8> {
        let mut data = vec![1; 32];
        data.push(0x5d);
        data.extend([0, 0, 0, 7]);
        data.extend(0..16);
        data.extend([0, 4, 1, 2, 3, 4]);
        data.extend(key());
        data.extend(extensions);
        data.truncate(data.len() - cut);
        let map = [
            ("fmt", Cbor::Text("none".to_owned())),
            ("attStmt", Cbor::Map(Default::default())),
            ("authData", Cbor::Bytes(data)),
        ];
        let map = map.map(|(name, value)| (Cbor::Text(name.to_owned()), value));
        serde_cbor_2::to_vec(&Cbor::Map(map.into_iter().collect())).unwrap()
    }

    #[test]
    fn what_was_made_is_read_and_can_be_checked_again() {
        let transports = ["internal".to_owned(), "hybrid".to_owned()];
        let passkey = credential().passkey().unwrap();
        assert_eq!(passkey.cred_id(), &[1, 2, 3, 4]);
        for extensions in [&[][..], &[0xa0]] {
            let read = Credential::read(&object(0, extensions), &transports, &passkey);
            assert_eq!(read, Some(credential()));
        }
        assert_eq!(credential().transports(), transports);
    }

    #[test]
    fn nothing_else_is_read() {
        let passkey = credential().passkey().unwrap();
        for cut in 1..object(0, &[]).len() - 40 {
            assert_eq!(Credential::read(&object(cut, &[]), &[], &passkey), None);
        }
        for bytes in [&[][..], &[0xa0], &[0xff; 64]] {
            assert_eq!(Credential::read(bytes, &[], &passkey), None);
        }
        let other = Credential {
            cred_id: "BAMCAQ".to_owned(),
            ..credential()
        };
        let other = other.passkey().unwrap();
        assert_eq!(Credential::read(&object(0, &[]), &[], &other), None);
    }

    /// The key above with other members. Null removes one.
    fn changed(members: &[(i128, Cbor)]) -> Vec<u8> {
        let Cbor::Map(mut map) = serde_cbor_2::from_slice(&key()).unwrap() else {
            panic!("a key is a map");
        };
        for (label, value) in members {
            match value {
                Cbor::Null => map.remove(&Cbor::Integer(*label)),
                value => map.insert(Cbor::Integer(*label), value.clone()),
            };
        }
        serde_cbor_2::to_vec(&Cbor::Map(map)).unwrap()
    }

    #[test]
    fn keys_from_elsewhere() {
        assert_eq!(check_public_key(&key()), Ok(()));
        let padded = [&key()[..], &[0]].concat();
        for (bytes, expected) in [
            (Vec::new(), "no CBOR"),
            (padded, "no CBOR"),
            (vec![0x80], "a CBOR map"),
            (vec![0xa0], "ES256 on P-256"),
            (changed(&[(-4, Cbor::Bytes(vec![1; 32]))]), "private"),
            (
                changed(&[(1, Cbor::Integer(3)), (-12, Cbor::Bytes(vec![1]))]),
                "private",
            ),
            // Another curve than that of the algorithm, and one whose coordinates are longer.
            (changed(&[(3, Cbor::Integer(-35))]), "ES256 on P-256"),
            (changed(&[(-1, Cbor::Integer(2))]), "ES256 on P-256"),
            (changed(&[(-1, Cbor::Integer(8))]), "ES256 on P-256"),
            (changed(&[(3, Cbor::Integer(-8))]), "ES256 on P-256"),
            (changed(&[(3, Cbor::Null)]), "ES256 on P-256"),
            // Not a point of the curve.
            (changed(&[(-3, Cbor::Bytes(vec![1; 32]))]), "ES256 on P-256"),
        ] {
            let problem = check_public_key(&bytes).unwrap_err();
            assert!(problem.contains(expected), "{bytes:x?}: {problem}");
        }
    }

    #[test]
    fn a_key_that_cannot_be_read_checks_nothing() {
        let broken = Credential {
            public_key: vec![0xa0],
            ..credential()
        };
        assert!(broken.passkey().is_none());
    }
}
