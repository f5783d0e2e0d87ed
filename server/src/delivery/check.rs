//! Checks of providers that need no connection to them.

use lettre::Address;
use lettre::message::Mailbox;

use super::{Smtp, TextHook};

impl Smtp {
    /// Whether a server with these options would start. The mail server itself is not contacted.
    pub(crate) fn is_usable(&self) -> bool {
        self.clone().connect().is_ok()
    }
}

impl TextHook {
    /// Whether a server with these options would start. The hook itself is not contacted.
    pub(crate) fn is_usable(&self) -> bool {
        self.clone().connect().is_ok()
    }
}

/// The sender of mail: an address, or a name and an address in angle brackets. The name need not be quoted.
pub(super) fn sender(text: &str) -> Option<Mailbox> {
    if text.contains(char::is_control) {
        return None;
    }
    if let Ok(mailbox) = text.parse() {
        return Some(mailbox);
    }
    let (name, rest) = text.rsplit_once('<')?;
    let name = name.trim();
    // A badly quoted name is not accepted.
    if name.is_empty() || name.contains(['"', '<', '>']) {
        return None;
    }
    let address: Address = rest.trim_end().strip_suffix('>')?.trim().parse().ok()?;
    Some(Mailbox::new(Some(name.to_owned()), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_where_it_must_be() {
        for (text, written) in [
            ("no-reply@example.com", "no-reply@example.com"),
            (
                "Example <no-reply@example.com>",
                "Example <no-reply@example.com>",
            ),
            (
                "Acme, Inc. <no-reply@example.com>",
                "\"Acme, Inc.\" <no-reply@example.com>",
            ),
            (
                "\"Acme, Inc.\" <no-reply@example.com>",
                "\"Acme, Inc.\" <no-reply@example.com>",
            ),
            (
                "Shop (Berlin) @ Home <a@example.com>",
                "\"Shop (Berlin) @ Home\" <a@example.com>",
            ),
        ] {
            let mailbox = sender(text).map(|mailbox| mailbox.to_string());
            assert_eq!(mailbox.as_deref(), Some(written));
        }
        for bad in [
            "",
            "Example",
            "Example <>",
            "Example <no-reply>",
            "Example <a@example.com",
            "Example <a@example.com> more",
            "a@example.com, b@example.com",
            "A <a@example.com>, B <b@example.com>",
            "Exa\nmple <a@example.com>",
            "\"Example <a@example.com>",
        ] {
            assert!(sender(bad).is_none(), "{bad}");
        }
    }
}
