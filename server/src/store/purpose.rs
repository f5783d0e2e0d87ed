//! The purposes of codes and links.

use super::events::Action;
use super::text_enum::text_enum;

text_enum! {
    /// The purpose of a code or a link.
    Purpose {
        Login = "login",
        Register = "register",
        VerifyIdentifier = "verify_identifier",
        ChangeIdentifier = "change_identifier",
    }
}

impl Purpose {
    /// The user's action, as recorded in events.
    pub(crate) fn action(self) -> Action {
        match self {
            Self::Login => Action::Login,
            Self::Register => Action::Register,
            Self::VerifyIdentifier | Self::ChangeIdentifier => Action::Other,
        }
    }
}
