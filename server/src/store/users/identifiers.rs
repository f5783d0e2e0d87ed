//! The identifiers of a user by their kind.

use super::UserRow;
use crate::identifier::Identifier;
use crate::store::text_enum::text_enum;

text_enum! {
    /// A kind of identifier. A user has at most one of each.
    IdentifierKind {
        Email = "email",
        Phone = "phone",
    }
}

impl IdentifierKind {
    /// The kind of an identifier.
    pub(crate) fn of(identifier: &Identifier) -> Self {
        match identifier {
            Identifier::Email(_) => Self::Email,
            Identifier::Phone(_) => Self::Phone,
        }
    }

    /// The other kind.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Email => Self::Phone,
            Self::Phone => Self::Email,
        }
    }
}

impl UserRow {
    /// The identifier of a kind, and whether it is verified.
    pub(crate) fn identifier(&self, kind: IdentifierKind) -> (Option<&str>, bool) {
        match kind {
            IdentifierKind::Email => (self.email.as_deref(), self.email_verified),
            IdentifierKind::Phone => (self.phone.as_deref(), self.phone_verified),
        }
    }

    /// The verified identifier of a kind.
    pub(crate) fn verified(&self, kind: IdentifierKind) -> Option<Identifier> {
        let (identifier, verified) = self.identifier(kind);
        identifier.filter(|_| verified).map(Identifier::stored)
    }

    /// Sets the identifier of a kind, and whether it is verified.
    pub(crate) fn set_identifier(
        &mut self,
        kind: IdentifierKind,
        identifier: Option<String>,
        verified: bool,
    ) {
        match kind {
            IdentifierKind::Email => (self.email, self.email_verified) = (identifier, verified),
            IdentifierKind::Phone => (self.phone, self.phone_verified) = (identifier, verified),
        }
    }
}
