//! The languages in which messages are written.

use super::texts::{self, Texts};

/// A language that the API names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    De,
    En,
    Es,
    It,
    Pl,
    Pt,
    Zh,
}

/// All of them.
pub(crate) const LANGUAGES: [Language; 7] = [
    Language::De,
    Language::En,
    Language::Es,
    Language::It,
    Language::Pl,
    Language::Pt,
    Language::Zh,
];

impl Language {
    /// The language that a client asks for. The Auth API accepts any text here, and browsers send `pt-BR` for `pt`.
    /// Unknown languages become the app's default.
    pub(crate) fn asked_for(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default();
        let code = text.split(['-', '_']).next().unwrap_or_default();
        let found = LANGUAGES
            .into_iter()
            .find(|language| language.code().eq_ignore_ascii_case(code));
        found.unwrap_or(Self::En)
    }

    /// Its two-letter code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
            Self::Es => "es",
            Self::It => "it",
            Self::Pl => "pl",
            Self::Pt => "pt",
            Self::Zh => "zh",
        }
    }

    /// The texts of messages in it.
    pub(super) fn texts(self) -> &'static Texts {
        match self {
            Self::De => &texts::DE,
            Self::En => &texts::EN,
            Self::Es => &texts::ES,
            Self::It => &texts::IT,
            Self::Pl => &texts::PL,
            Self::Pt => &texts::PT,
            Self::Zh => &texts::ZH,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_its_first_letters() {
        for (text, language) in [
            (Some("pt"), Language::Pt),
            (Some("pt-BR"), Language::Pt),
            (Some("DE_at"), Language::De),
            (Some("zh-Hans-CN"), Language::Zh),
            (Some("tlh"), Language::En),
            (Some("d"), Language::En),
            (Some(""), Language::En),
            (None, Language::En),
        ] {
            assert_eq!(Language::asked_for(text), language, "{text:?}");
        }
    }
}
