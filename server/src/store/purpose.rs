//! What codes and links are for.

use super::events::Action;
use super::text_enum::text_enum;

text_enum! {
    /// What a code or a link is for.
    Purpose {
        Login = "login",
        Register = "register",
        VerifyIdentifier = "verify_identifier",
        ChangeIdentifier = "change_identifier",
    }
}

impl Purpose {
    /// What the user does with it, as the list of events has it.
    pub(crate) fn action(self) -> Action {
        match self {
            Self::Login => Action::Login,
            Self::Register => Action::Register,
            Self::VerifyIdentifier | Self::ChangeIdentifier => Action::Other,
        }
    }
}
