//! Random identifiers and secrets, and the hash under which secrets are stored.

use std::fmt;

use aws_lc_rs::{digest, rand};
use serde::{Deserialize, Serialize};

/// Length of every id that the API issues.
pub(crate) const ID_LENGTH: usize = 24;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Declares the ids of one kind of thing. Any text can be one, and one that is nobody's finds nothing.
macro_rules! id {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub(crate) struct $name(String);

        impl $name {
            /// A new random id.
            pub(crate) fn new() -> Self {
                Self(new_id())
            }

            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id! {
    /// The id of an app.
    AppId
}

id! {
    /// The id of a user.
    UserId
}

id! {
    /// The id of a device.
    DeviceId
}

id! {
    /// The id of a sign-in.
    SignInId
}

/// A new id: 24 letters and digits.
pub(crate) fn new_id() -> String {
    alphanumeric(ID_LENGTH)
}

/// `length` random letters and digits, each of 5.95 bits.
pub(crate) fn alphanumeric(length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while text.len() < length {
        fill(&mut bytes);
        // 248 is the greatest multiple of 62 that fits in a byte: larger values would favour some letters.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        let letters = fair.filter_map(|byte| ALPHABET.get(usize::from(byte % 62)));
        text.extend(
            letters
                .take(length - text.len())
                .map(|letter| char::from(*letter)),
        );
    }
    text
}

/// So many letters and digits that are made of the number in these bytes, and of nothing else. 24 of them take 143 bits,
/// so those of 32 random bytes are as good as random.
pub(crate) fn alphanumeric_of(mut number: [u8; 32], length: usize) -> String {
    let next = |_| {
        let mut rest = 0_u16;
        for byte in &mut number {
            let value = rest * 256 + u16::from(*byte);
            // The rest is below 62, so the quotient fits.
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        ALPHABET
            .get(usize::from(rest))
            .map_or('0', |letter| char::from(*letter))
    };
    (0..length).map(next).collect()
}

/// Random bytes.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    fill(&mut bytes);
    bytes
}

/// Without random numbers every secret would be guessable, so the process must not continue.
fn fill(bytes: &mut [u8]) {
    if rand::fill(bytes).is_err() {
        panic!("the random number generator of this system failed");
    }
}

/// The form in which a secret is stored and looked up. Our secrets carry at least 140 random bits, so a plain hash
/// cannot be brute-forced.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret.as_bytes())
        .as_ref()
        .to_vec()
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_24_letters_and_digits_and_differ() {
        let ids: std::collections::HashSet<String> = (0..1000).map(|_| new_id()).collect();
        assert_eq!(ids.len(), 1000);
        for id in &ids {
            assert_eq!(id.len(), 24);
            assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        }
        let letters: std::collections::HashSet<char> =
            ids.iter().flat_map(|id| id.chars()).collect();
        assert_eq!(letters.len(), 62, "every letter of the alphabet comes up");
    }

    #[test]
    fn numbers_are_written_in_62_letters() {
        let mut number = [0; 32];
        assert_eq!(alphanumeric_of(number, 3), "000");
        // 61 + 62 * 10 + 62 * 62 * 1 = 4525
        (number[30], number[31]) = (17, 173);
        assert_eq!(alphanumeric_of(number, 4), "zA10");
        assert_ne!(
            alphanumeric_of([255; 32], 24),
            alphanumeric_of([254; 32], 24)
        );
    }

    #[test]
    fn the_hash_is_sha_256() {
        let hex: String = hash("abc")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            hex,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
