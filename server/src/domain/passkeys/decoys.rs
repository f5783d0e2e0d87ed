//! Passkeys that do not exist, shown for names that have none, so that a reply does not tell who has one (WebAuthn
//! Level 3, section 14.6.2).
//!
//! They are derived from the name with a key that only the server has: the same name always gets the same ones, and
//! nobody else can tell them from real ones.

use aws_lc_rs::hmac;

use super::Credential;
use super::response::base64url;
use crate::identifier::Identifier;
use crate::ids::{self, AppId};
use crate::keys::Sealing;

/// Bytes of the key.
const KEY_LENGTH: usize = 32;

/// What passkeys of common authenticators look like, and how many of 256 look so: the length of the credential id in
/// bytes, and the transports.
const KINDS: &[(u16, usize, &str)] = &[
    (96, 20, r#"["hybrid","internal"]"#),
    (96, 16, r#"["hybrid","internal"]"#),
    (40, 32, r#"["internal"]"#),
    (24, 64, r#"["nfc","usb"]"#),
];

/// How many of 256 names have one passkey. The others have two.
const HAVE_ONE: u8 = 200;

/// A COSE key that every ES256 signature can be checked against: the curve's base point.
const PUBLIC_KEY: &[u8] = b"\xa5\x01\x02\x03\x26\x20\x01\
    \x21\x58\x20\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\
    \x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
    \x22\x58\x20\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\
    \x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

/// Derives the decoys of an app.
pub(crate) struct Decoys(hmac::Key);

impl Decoys {
    /// With a key that is derived from the encryption key. Without one, decoys change when the server restarts.
    pub(crate) fn new(sealing: &Sealing, app_id: &AppId) -> Self {
        let key = sealing
            .derive("passkey decoys", app_id)
            .unwrap_or_else(ids::random_bytes::<KEY_LENGTH>);
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// The decoys of a name.
    pub(crate) fn of(&self, identifier: &Identifier) -> Vec<Credential> {
        let bytes = |part: u8| {
            let name = identifier.as_str().as_bytes();
            hmac::sign(&self.0, &[&[part], name].concat())
        };
        let choices = bytes(0);
        let choice = |place: usize| choices.as_ref().get(place).copied().unwrap_or_default();
        let count = if choice(0) < HAVE_ONE { 1 } else { 2 };
        let decoys = (1..=count).map(|place| {
            let (length, transports) = kind(choice(usize::from(place)));
            let id = [bytes(2 * place), bytes(2 * place + 1)];
            let id: Vec<u8> = id.iter().flat_map(|part| part.as_ref()).copied().collect();
            Credential {
                cred_id: base64url(id.get(..length).unwrap_or(&id)),
                transports: transports.to_owned(),
                ..nobodys()
            }
        });
        decoys.collect()
    }
}

/// The kind that a random byte selects.
fn kind(choice: u8) -> (usize, &'static str) {
    let mut rest = u16::from(choice);
    for (share, length, transports) in KINDS {
        if rest < *share {
            return (*length, transports);
        }
        rest -= share;
    }
    (16, r#"["internal"]"#)
}

/// A passkey that belongs to nobody. An answer is checked against it where there is no other, so that it takes as long.
pub(crate) fn nobodys() -> Credential {
    Credential {
        cred_id: String::new(),
        public_key: PUBLIC_KEY.to_vec(),
        sign_count: 0,
        transports: "[]".to_owned(),
        aaguid: None,
        backup_eligible: false,
        backed_up: false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::keys::WrappingKey;

    fn email(text: &str) -> Identifier {
        Identifier::parse(text).unwrap()
    }

    fn ids(decoys: &Decoys, identifier: &Identifier) -> Vec<String> {
        let decoys = decoys.of(identifier).into_iter();
        decoys.map(|decoy| decoy.cred_id).collect()
    }

    #[test]
    fn a_name_keeps_its_decoys_and_shares_them_with_nobody() {
        let key = WrappingKey::generate();
        let sealing = |text: &str| Sealing::with(WrappingKey::parse(text).unwrap(), Vec::new());
        let decoys = Decoys::new(&sealing(&key), &"app".into());
        let ada = email("ada@example.com");
        let same = Decoys::new(&sealing(&key), &"app".into());
        assert_eq!(ids(&decoys, &ada), ids(&same, &email("Ada@Example.com")));
        let another_app = Decoys::new(&sealing(&key), &"other".into());
        let another_key = Decoys::new(&sealing(&WrappingKey::generate()), &"app".into());
        let without_key = Decoys::new(&Sealing::default(), &"app".into());
        for other in [&another_app, &another_key, &without_key] {
            assert_ne!(ids(&decoys, &ada), ids(other, &ada));
        }
        assert_eq!(ids(&without_key, &ada), ids(&without_key, &ada));
    }

    #[test]
    fn decoys_look_like_passkeys() {
        let decoys = Decoys::new(&Sealing::default(), &"app".into());
        let (mut all, mut lengths, mut counts) = (HashSet::new(), HashSet::new(), HashSet::new());
        for number in 0..500 {
            let decoys = decoys.of(&email(&format!("user{number}@example.com")));
            counts.insert(decoys.len());
            for decoy in decoys {
                assert!(!decoy.transports().is_empty());
                lengths.insert(decoy.cred_id.len());
                assert!(all.insert(decoy.cred_id), "each is unique");
            }
        }
        assert_eq!(counts, HashSet::from([1, 2]));
        assert_eq!(lengths.len(), KINDS.len());
        let shares: u16 = KINDS.iter().map(|(share, ..)| share).sum();
        assert_eq!(shares, 256);
    }

    #[test]
    fn an_answer_can_be_checked_against_nobodys_passkey() {
        assert!(nobodys().passkey().is_some());
    }
}
