//! The formats of e-mail addresses and phone numbers.

/// How a user can be reached, in normalized form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identifier {
    Email(String),
    Phone(String),
}

impl Identifier {
    /// Reads an identifier. `None` if it is neither an e-mail address nor a phone number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.contains('@') {
            email(text).map(Self::Email)
        } else {
            phone(text).map(Self::Phone)
        }
    }

    /// An identifier that was parsed before.
    pub(crate) fn stored(text: &str) -> Self {
        if text.contains('@') {
            Self::Email(text.to_owned())
        } else {
            Self::Phone(text.to_owned())
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Email(text) | Self::Phone(text) => text,
        }
    }
}

/// The normalized form of an e-mail address: in lower case. `None` if it is not an address.
pub(crate) fn email(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let plain = |part: &str| {
        !part.is_empty()
            && !part.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@')
    };
    let labels = domain
        .split('.')
        .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    let good = plain(local) && plain(domain) && labels && domain.contains('.') && text.len() <= 254;
    good.then(|| text.to_lowercase())
}

/// The phone number in normalized form, if it is in E.164 form: `+`, then 7 to 15 digits, the first not 0.
pub(crate) fn phone(text: &str) -> Option<String> {
    let digits = text.strip_prefix('+')?;
    let good = (7..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    good.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails() {
        assert_eq!(email("Ada@Example.COM").as_deref(), Some("ada@example.com"));
        assert_eq!(email("a+b.c@x.y").as_deref(), Some("a+b.c@x.y"));
        for bad in [
            "",
            "a",
            "@",
            "a@",
            "@b.c",
            "a b@c.d",
            "a@b",
            "a@b..c",
            "a@-b.c",
            "a@b@c.d",
            "a@b.c\n",
            &format!("{}@b.c", "a".repeat(300)),
        ] {
            assert_eq!(email(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn phones() {
        assert_eq!(phone("+15005550006").as_deref(), Some("+15005550006"));
        for bad in [
            "",
            "+",
            "15005550006",
            "+05005550006",
            "+1 500 555 0006",
            "+123456",
            "+1234567890123456",
            "+1500555000a",
        ] {
            assert_eq!(phone(bad), None, "{bad:?}");
        }
    }
}
