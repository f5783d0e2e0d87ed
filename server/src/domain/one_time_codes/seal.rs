//! The digits of a code, and the form in which it is stored.

use aws_lc_rs::hmac;

use crate::ids::{self, UserId};
use crate::store::one_time_codes::CodeRow;

/// Six random digits.
pub(super) fn digits() -> String {
    loop {
        let number = u32::from_be_bytes(ids::random_bytes());
        // The greatest multiple of a million below 2^32: larger numbers would favour some codes.
        if number < 4_294_000_000 {
            return format!("{:06}", number % 1_000_000);
        }
    }
}

/// Seals a code for the app, user, purpose and identifier of its row. The key is the id that only the client knows,
/// with 142 random bits: a plain hash of the code, salted or not, could be brute-forced in a second.
pub(super) fn seal(row: &CodeRow, id: &str, code: &str) -> Vec<u8> {
    hmac::sign(&key(id), text(row, code).as_bytes())
        .as_ref()
        .to_vec()
}

/// Whether this is the sealed code. The comparison takes constant time.
pub(super) fn opens(row: &CodeRow, id: &str, code: &str) -> bool {
    hmac::verify(&key(id), text(row, code).as_bytes(), &row.seal).is_ok()
}

fn key(id: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, id.as_bytes())
}

/// Only the last part can contain a zero byte, so the parts cannot run into each other.
fn text(row: &CodeRow, code: &str) -> String {
    let user_id = row.user_id.as_ref().map_or("", UserId::as_str);
    [
        row.app_id.as_str(),
        user_id,
        row.purpose.as_str(),
        &row.identifier,
        code,
    ]
    .join("\0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::at;
    use crate::store::Purpose;

    fn row() -> CodeRow {
        CodeRow {
            id_hash: Vec::new(),
            app_id: "app".into(),
            user_id: Some("user".into()),
            purpose: Purpose::Login,
            identifier: "ada@example.com".to_owned(),
            seal: Vec::new(),
            tries: 0,
            created_at: at(0),
            expires_at: at(0),
        }
    }

    #[test]
    fn codes_are_six_digits_and_evenly_spread() {
        let mut firsts = [0_u32; 10];
        for _ in 0..20_000 {
            let code = digits();
            assert!(
                code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()),
                "{code}"
            );
            let first = code.bytes().next().map_or(0, |byte| byte - b'0');
            if let Some(count) = firsts.get_mut(usize::from(first)) {
                *count += 1;
            }
        }
        // 2,000 are expected of each; six standard deviations are 255.
        assert!(
            firsts.iter().all(|count| (1745..2255).contains(count)),
            "{firsts:?}"
        );
    }

    #[test]
    fn a_seal_opens_for_its_own_code_and_row_alone() {
        let mut sealed = row();
        sealed.seal = seal(&sealed, "id", "012345");
        assert!(opens(&sealed, "id", "012345"));
        assert!(!opens(&sealed, "id", "012346"));
        assert!(!opens(&sealed, "id", ""));
        assert!(!opens(&sealed, "other", "012345"));
        let other = |change: fn(&mut CodeRow)| {
            let mut row = row();
            row.seal.clone_from(&sealed.seal);
            change(&mut row);
            opens(&row, "id", "012345")
        };
        assert!(other(|_| {}));
        assert!(!other(|row| row.app_id = "other".into()));
        assert!(!other(|row| row.user_id = Some("other".into())));
        assert!(!other(|row| row.user_id = None));
        assert!(!other(|row| row.purpose = Purpose::Register));
        assert!(!other(|row| row.identifier = "bob@example.com".to_owned()));
    }
}
