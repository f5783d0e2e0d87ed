//! Passkeys that do not exist, shown for names that have none, so that a reply does not tell who has one (WebAuthn
//! Level 3, section 14.6.2).
//!
//! They are derived from the name with a key that only the server has: the same name always gets the same ones, and
//! nobody else can tell them from real ones. The server can: the second half of an id is derived from the first. So it
//! answers whoever tries to add one as if somebody had it already.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Credential;
use super::limit::taken;
use super::response::base64url;
use crate::domain::error::Refusal;
use crate::domain::state::AppState;
use crate::identifier::Identifier;
use crate::ids::{self, AppId};
use crate::keys::Sealing;

/// Bytes of the key.
const KEY_LENGTH: usize = 32;

/// Lengths in bytes that credential ids of common authenticators have, and how many of 256 have this one.
const KINDS: &[(u16, usize)] = &[(96, 20), (96, 16), (40, 32), (24, 64)];

/// How many of 256 names have one passkey. The others have two.
const HAVE_ONE: u8 = 200;

/// What is derived with the key: the choices for a name, and the second half of an id. Other numbers are for the first
/// halves of a name's ids.
const CHOICES: u8 = 0;
const SECOND_HALF: u8 = u8::MAX;

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
        let name = identifier.as_str().as_bytes();
        let choices = self.derive(CHOICES, name);
        let choice = |place: u8| {
            let choice = choices.as_ref().get(usize::from(place));
            choice.copied().unwrap_or_default()
        };
        let count = if choice(0) < HAVE_ONE { 1 } else { 2 };
        let decoys = (1..=count).map(|place| {
            let first = self.derive(place, name);
            let half = length(choice(place)) / 2;
            let first = first.as_ref().get(..half).unwrap_or_default();
            Credential {
                cred_id: base64url(&[first, &self.second_half(first)].concat()),
                ..nobodys()
            }
        });
        decoys.collect()
    }

    /// Whether this credential id is one of a decoy of this app.
    fn made(&self, cred_id: &str) -> bool {
        let id = URL_SAFE_NO_PAD.decode(cred_id).unwrap_or_default();
        let (first, second) = id.split_at(id.len() / 2);
        // A shorter id could look like one by chance.
        KINDS.iter().any(|(_, length)| *length == id.len())
            && verify_slices_are_equal(&self.second_half(first), second).is_ok()
    }

    /// What follows the first half of an id, of the same length.
    fn second_half(&self, first: &[u8]) -> Vec<u8> {
        let derived = self.derive(SECOND_HALF, first);
        derived.as_ref().iter().take(first.len()).copied().collect()
    }

    fn derive(&self, what: u8, of: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, &[&[what][..], of].concat())
    }
}

/// The length of an id that a random byte selects.
fn length(choice: u8) -> usize {
    let mut rest = u16::from(choice);
    for (share, length) in KINDS {
        if rest < *share {
            return *length;
        }
        rest -= share;
    }
    16
}

/// Whether a passkey that is about to be added has the id of a decoy. Whoever could add it would know that the name for
/// which it was shown has no passkeys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Invented(bool);

impl Invented {
    /// Asks all apps that show decoys, not only the user's: credential ids are unique across apps.
    pub(crate) fn check(state: &AppState, credential: &Credential) -> Self {
        let made = state.apps.all().iter().any(|app| {
            app.settings.conceal_users.everywhere() && app.decoys.made(&credential.cred_id)
        });
        Self(made)
    }

    /// Refuses a decoy as if it were taken. This goes last in the transaction, which is then undone, so that whatever
    /// else is wrong is refused first, as it is for a real one.
    pub(crate) fn refuse(self) -> Result<(), Refusal> {
        if self.0 { Err(taken()) } else { Ok(()) }
    }
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
                lengths.insert(decoy.cred_id.len());
                assert!(all.insert(decoy.cred_id), "each is unique");
            }
        }
        assert_eq!(counts, HashSet::from([1, 2]));
        assert_eq!(lengths.len(), KINDS.len());
        let shares: u16 = KINDS.iter().map(|(share, _)| share).sum();
        assert_eq!(shares, 256);
    }

    #[test]
    fn the_server_recognizes_its_decoys() {
        let decoys = Decoys::new(&Sealing::default(), &"app".into());
        let other = Decoys::new(&Sealing::default(), &"other".into());
        let mut lengths = HashSet::new();
        for number in 0..500 {
            for id in ids(&decoys, &email(&format!("user{number}@example.com"))) {
                assert!(decoys.made(&id) && !other.made(&id), "{id}");
                let mut bytes = URL_SAFE_NO_PAD.decode(&id).unwrap();
                lengths.insert(bytes.len());
                for place in [0, bytes.len() - 1] {
                    let mut changed = bytes.clone();
                    *changed.get_mut(place).unwrap() ^= 1;
                    assert!(!decoys.made(&base64url(&changed)), "{id}");
                }
                bytes.push(0);
                assert!(!decoys.made(&base64url(&bytes)), "{id}");
            }
        }
        assert_eq!(lengths.len(), KINDS.len());
        assert!(!decoys.made(""));
        // Of two bytes, every 256th would look like a decoy.
        for number in 0..=u16::MAX {
            assert!(!decoys.made(&base64url(&number.to_be_bytes())));
        }
    }

    #[test]
    fn an_answer_can_be_checked_against_nobodys_passkey() {
        assert!(nobodys().passkey().is_some());
    }
}
