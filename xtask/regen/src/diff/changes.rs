//! A report's content: the changes with their verdicts.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;

use semver::Version;

/// What a change means for callers, from nothing to the worst; `docs/upgrading.md` says which is which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    NoChange,
    DocsOnly,
    Additive,
    Breaking,
}

impl Class {
    /// From the worst to nothing, the order of a report.
    pub(crate) const WORST_FIRST: [Self; 4] = [
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

/// Those of Keep a Changelog for what came, is different, or went.
pub(crate) const HEADINGS: [&str; 3] = ["Added", "Changed", "Removed"];

/// What a change means for one kind of callers, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) class: Class,
    /// Whether `src/` does not compile, or is no longer true, until it is edited.
    pub(crate) follow: bool,
    /// Why, in a few words; may be empty.
    pub(crate) why: &'static str,
}

/// One change of an API description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// `management` or `auth`.
    pub(crate) api: String,
    /// Where it is: `operation`, `operation.parameter`, `Schema` or `Schema.field`, spelled as on the wire.
    pub(crate) place: String,
    /// The item of the generated code that it is about, as `types::User::email` or `Client::get_user`.
    pub(crate) item: Option<String>,
    /// Where it belongs in a changelog: one of [`HEADINGS`].
    pub(crate) heading: &'static str,
    /// What is different. Types are Rust types of the generated code, with short paths.
    pub(crate) words: String,
    /// What it means for callers of the generated client.
    pub(crate) generated: Verdict,
    /// What it means for callers of the facade.
    pub(crate) facade: Verdict,
}

impl Change {
    /// The worse of the two classes.
    pub(crate) fn class(&self) -> Class {
        self.generated.class.max(self.facade.class)
    }
}

/// All changes of one API or of both, the worst first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes(pub(crate) Vec<Change>);

impl Changes {
    pub(super) fn new(mut changes: Vec<Change>) -> Self {
        // Stable: what is alike stays in the order of the documents.
        changes.sort_by_key(|change| Reverse((change.class(), change.facade.class)));
        Self(changes)
    }

    /// The changes of both in one report.
    pub(crate) fn and(self, other: Self) -> Self {
        Self::new(self.0.into_iter().chain(other.0).collect())
    }

    /// The changes of this class, by the worse of their two classes.
    pub(crate) fn of(&self, class: Class) -> Vec<&Change> {
        let changes = self.0.iter();
        changes.filter(|change| change.class() == class).collect()
    }

    /// The version that the changes ask for, as [`advise`] says it.
    pub(super) fn bump(&self, current: &Version) -> (&'static str, Version, &'static str) {
        advise(current, self.0.iter().map(Change::class).max())
    }

    /// The places at which `src/` has to follow.
    pub(crate) fn to_follow(&self) -> BTreeSet<String> {
        let follow = self.0.iter().filter(|change| change.facade.follow);
        let places = follow.map(|change| format!("{} {}", change.api, change.place));
        places.collect()
    }
}

/// Which number goes up, the least version that may carry the changes as cargo reads versions, and why in one sentence.
/// The generated client is public, so the worse of the two classes counts. `worst` is nothing if nothing changed.
fn advise(from: &Version, worst: Option<Class>) -> (&'static str, Version, &'static str) {
    use Class::{Additive, Breaking, DocsOnly, NoChange};
    let (bump, why) = match (from.major, from.minor, worst) {
        (_, _, None) => ("none", "Nothing changed."),
        (0, 0, _) => (
            "patch",
            "Below 0.1.0 every version is incompatible with the one before.",
        ),
        (0, _, Some(Breaking)) => (
            "minor",
            "Something breaks, and below 1.0.0 the minor number says so.",
        ),
        (0, _, Some(Additive)) => (
            "patch",
            "Nothing breaks, and below 1.0.0 the patch number says so.",
        ),
        (_, _, Some(Breaking)) => ("major", "Something breaks."),
        (_, _, Some(Additive)) => ("minor", "Something is new, nothing breaks."),
        (_, _, Some(DocsOnly)) => ("patch", "Only docs change."),
        (_, _, Some(NoChange)) => ("patch", "Callers notice nothing."),
    };
    let to = match bump {
        "patch" => Version::new(from.major, from.minor, from.patch + 1),
        "minor" => Version::new(from.major, from.minor + 1, 0),
        "major" => Version::new(from.major + 1, 0, 0),
        _ => from.clone(),
    };
    (bump, to, why)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_number_that_goes_up() {
        // Breaking, additive, docs only, no change.
        for (from, next) in [
            ("0.0.3", ["0.0.4", "0.0.4", "0.0.4", "0.0.4"]),
            ("0.1.3", ["0.2.0", "0.1.4", "0.1.4", "0.1.4"]),
            ("1.2.3", ["2.0.0", "1.3.0", "1.2.4", "1.2.4"]),
        ] {
            let from: Version = from.parse().unwrap();
            for (worst, next) in Class::WORST_FIRST.into_iter().zip(next) {
                let (_, to, _) = advise(&from, Some(worst));
                assert_eq!(to.to_string(), next, "{from} {worst}");
            }
            assert_eq!(advise(&from, None).1, from);
        }
    }
}
