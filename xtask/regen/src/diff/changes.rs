//! A report's content: the changes with their verdicts.

use std::cmp::Reverse;
use std::fmt;

use semver::Version;

use super::bump::{Advice, advise};

/// What a change means for callers, from nothing to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Nothing.
    NoChange,
    /// They read something else.
    DocsOnly,
    /// They can do more.
    Additive,
    /// Their code may not compile, or not work as it did.
    Breaking,
}

impl Class {
    /// From the worst to nothing, the order of a report.
    pub const WORST_FIRST: [Self; 4] = [
        Self::Breaking,
        Self::Additive,
        Self::DocsOnly,
        Self::NoChange,
    ];
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Breaking => "breaking",
            Self::Additive => "additive",
            Self::DocsOnly => "docs only",
            Self::NoChange => "no change",
        })
    }
}

/// Whether something came, went, or is different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is only in the new document.
    Added,
    /// It is only in the old document.
    Removed,
    /// It is in both.
    Changed,
}

/// What a change means for one kind of callers, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What it means.
    pub class: Class,
    /// Whether `src/` does not compile, or is no longer true, until it is edited.
    pub follow: bool,
    /// Why, in a few words; may be empty.
    pub why: &'static str,
}

/// One change of an API description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `management` or `auth`.
    pub api: String,
    /// Where it is: `operation`, `operation.parameter`, `Schema` or `Schema.field`, spelled as on the wire.
    pub place: String,
    /// The item of the generated code that it is about, as `types::User::email` or `Client::get_user`.
    pub item: Option<String>,
    /// Whether it came, went, or is different.
    pub kind: Kind,
    /// What is different. Types are Rust types of the generated code, with short paths.
    pub words: String,
    /// What it means for callers of the generated client.
    pub generated: Verdict,
    /// What it means for callers of the facade.
    pub facade: Verdict,
}

impl Change {
    /// The worse of the two classes.
    #[must_use]
    pub fn class(&self) -> Class {
        self.generated.class.max(self.facade.class)
    }
}

/// All changes of one API or of both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(Vec<Change>);

impl Changes {
    pub(super) fn new(mut changes: Vec<Change>) -> Self {
        // Stable: what is alike stays in the order of the documents.
        changes.sort_by_key(|change| Reverse((change.class(), change.facade.class)));
        Self(changes)
    }

    /// The changes of both in one report.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::new(self.0.into_iter().chain(other.0).collect())
    }

    /// The changes, the worst first.
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.0.iter()
    }

    /// Whether the documents are the same, as far as this report can tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The changes of this class, by the worse of their two classes.
    #[must_use]
    pub fn of(&self, class: Class) -> Vec<&Change> {
        self.iter()
            .filter(|change| change.class() == class)
            .collect()
    }

    /// The worst class for callers of the generated client; nothing if there is no change.
    #[must_use]
    pub fn generated(&self) -> Option<Class> {
        self.iter().map(|change| change.generated.class).max()
    }

    /// The worst class for callers of the facade; nothing if there is no change.
    #[must_use]
    pub fn facade(&self) -> Option<Class> {
        self.iter().map(|change| change.facade.class).max()
    }

    /// The version that the changes ask for, after `current`.
    #[must_use]
    pub fn bump(&self, current: &Version) -> Advice {
        advise(current, self.generated().max(self.facade()))
    }

    /// The places at which `src/` has to follow.
    #[must_use]
    pub fn to_follow(&self) -> Vec<String> {
        let follow = self.iter().filter(|change| change.facade.follow);
        let mut places: Vec<String> = follow
            .map(|change| format!("{} {}", change.api, change.place))
            .collect();
        places.sort();
        places.dedup();
        places
    }
}
