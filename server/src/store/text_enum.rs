//! Enums that a column stores as text. Rows contain the enum; an unknown text is a database error.

/// Declares an enum, the text of each variant, and the way to the database and back.
macro_rules! text_enum {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// The texts of all variants.
            #[allow(dead_code)]
            pub(crate) const NAMES: &[&str] = &[$($text),+];

            /// The text that is stored, and that the APIs show.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The variant with this text.
            pub(crate) fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl $crate::store::tx::FromSql for $name {
            fn column_result(
                value: $crate::store::tx::ValueRef<'_>,
            ) -> $crate::store::tx::FromSqlResult<Self> {
                Self::parse(value.as_str()?).ok_or($crate::store::tx::FromSqlError::InvalidType)
            }
        }

        impl $crate::store::tx::ToSql for $name {
            fn to_sql(&self) -> Result<$crate::store::tx::ToSqlOutput<'_>, rusqlite::Error> {
                Ok(self.as_str().into())
            }
        }
    };
}
pub(super) use text_enum;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::store::tx::Connection;
    use crate::store::users::UserStatus;
    use crate::store::{SqlError, Tx};

    #[test]
    fn a_text_that_is_no_variant_is_an_error() {
        let conn = Connection::open_in_memory().unwrap();
        let tx = Tx::new(&conn);
        let read = |text: &str| -> Result<UserStatus, SqlError> { tx.value("SELECT ?", (text,)) };
        assert_eq!(read("inactive").unwrap(), UserStatus::Inactive);
        assert!(read("gone").is_err());
        let written: String = tx.value("SELECT ?", (UserStatus::Pending,)).unwrap();
        assert_eq!(written, "pending");
    }
}
