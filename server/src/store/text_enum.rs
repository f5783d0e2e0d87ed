//! Enums that a column holds as text.

/// Declares an enum with the text that stands for each variant in a column. Another text is an error of the column.
macro_rules! text_enum {
    (
        $(#[$about:meta])*
        $name:ident { $($(#[$note:meta])* $variant:ident = $text:literal),* $(,)? }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[$note])* $variant,)*
        }

        impl $crate::store::tx::ToSql for $name {
            fn to_sql(&self) -> $crate::store::tx::ToSqlResult<'_> {
                let text = match self {
                    $(Self::$variant => $text,)*
                };
                Ok(text.into())
            }
        }

        impl $crate::store::tx::FromSql for $name {
            fn column_result(
                value: $crate::store::tx::ValueRef<'_>,
            ) -> $crate::store::tx::FromSqlResult<Self> {
                match value.as_str()? {
                    $($text => Ok(Self::$variant),)*
                    _ => Err($crate::store::tx::FromSqlError::InvalidType),
                }
            }
        }
    };
}
pub(super) use text_enum;
