//! What users chose themselves, in messages to others: a name or an address must not look like a link to mail readers.

/// An e-mail address or phone number. One with characters that could form a link is masked.
pub(crate) fn address(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '-' | '_' | '+');
    if text.chars().all(plain) {
        return text.to_owned();
    }
    let first = text.chars().find(char::is_ascii_alphanumeric);
    format!("{}***", first.map(String::from).unwrap_or_default())
}

/// A name. Slashes, and dots before a letter, become spaces.
pub(super) fn name(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let link = match c {
            '/' | '\\' | '@' | '\u{ff0f}' | '\u{ff20}' => true,
            // Readers take the dots of other scripts for dots.
            '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' => {
                rest.peek().is_some_and(|c| c.is_alphabetic())
            }
            _ => false,
        };
        shown.push(if link { ' ' } else { c });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_hold_no_links() {
        for (text, shown) in [
            ("My phone", "My phone"),
            ("YubiKey 5.4, no. 2", "YubiKey 5.4, no. 2"),
            ("https://evil.example/undo", "https:  evil example undo"),
            ("evil.example", "evil example"),
            ("evil。example", "evil example"),
            ("eve@evil.example", "eve evil example"),
            ("\\\\evil", "  evil"),
        ] {
            assert_eq!(name(text), shown, "{text}");
        }
        for (text, shown) in [
            ("ada.l+x@example.com", "ada.l+x@example.com"),
            ("+15005550006", "+15005550006"),
            ("https://evil.example/undo@a.example", "h***"),
            ("(evil.example)@a.example", "e***"),
            ("ü@a.example", "a***"),
        ] {
            assert_eq!(address(text), shown, "{text}");
        }
    }
}
