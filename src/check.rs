//! Shapes of e-mail addresses and phone numbers, checked before a request is made.
//!
//! Only the shape: whether a mailbox or a line exists is for the server to find out.

use crate::error::{Error, ErrorKind, Result};

/// RFC 5321, 4.5.3.1: an address has at most 254 bytes, its local part at most 64.
const MAX_EMAIL: usize = 254;
const MAX_LOCAL: usize = 64;

/// E.164: at most 15 digits. The shortest subscriber numbers in use have 7 with their country.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

pub(crate) fn email(text: &str) -> Result<()> {
    if is_email(text) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidInput,
        "the e-mail address does not have the shape name@domain",
    ))
}

pub(crate) fn phone(text: &str) -> Result<()> {
    if is_e164(text) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidInput,
        "the phone number is not in E.164 form: + and 7 to 15 digits, the first of them not 0",
    ))
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let local_ok = !local.is_empty()
        && local.len() <= MAX_LOCAL
        && local
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control() && !"@()<>[]:;,\\\"".contains(c));
    let domain_ok = domain.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    });
    text.len() <= MAX_EMAIL && local_ok && domain_ok
}

fn is_e164(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else {
        return false;
    };
    PHONE_DIGITS.contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_shapes() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long = format!("a@{}.com", "b".repeat(250));
        for (text, good) in [
            ("new@example.com", true),
            ("first.last+tag@mail.example.co.uk", true),
            ("o'neil@example.com", true),
            ("jörg@bücher.example", true),
            ("root@localhost", true),
            ("", false),
            ("example.com", false),
            ("@example.com", false),
            ("a@", false),
            ("a@b@c.example", false),
            ("a b@example.com", false),
            ("a@exam ple.com", false),
            ("a@example..com", false),
            ("a@.example.com", false),
            ("a@example.com.", false),
            ("a@-example.com", false),
            ("a@example.com\n", false),
            ("<a@example.com>", false),
            ("a,b@example.com", false),
            ("a@example.com, b@example.com", false),
            (&long_local, false),
            (&long, false),
        ] {
            assert_eq!(email(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn phone_shapes() {
        for (text, good) in [
            ("+15005550006", true),
            ("+6834002", true),
            ("+123456789012345", true),
            ("+1234567890123456", false),
            ("+123456", false),
            ("+05005550006", false),
            ("15005550006", false),
            ("+1 500 555 0006", false),
            ("+1-500-555-0006", false),
            ("+1500555000a", false),
            ("+١٥٠٠٥٥٥", false),
            ("++15005550006", false),
            ("+", false),
            ("", false),
        ] {
            assert_eq!(phone(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn the_errors_do_not_repeat_what_was_given() {
        for error in [
            email("jane doe@example.com").err(),
            phone("5005550006").err(),
        ] {
            let text = format!(
                "{error:?} {}",
                error.as_ref().map(ToString::to_string).unwrap_or_default()
            );
            assert!(
                !text.contains("jane") && !text.contains("5550006"),
                "{text}"
            );
        }
    }
}
