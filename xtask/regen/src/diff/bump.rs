//! From a class to a version, as cargo reads versions.

use std::fmt;
use std::str::FromStr;

use super::changes::Class;

/// A version without pre-release or build parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
}

impl FromStr for Version {
    type Err = String;

    /// Reads `1.2.3`. What follows a `-` or `+` is left out.
    fn from_str(text: &str) -> Result<Self, String> {
        let core = text.split(['-', '+']).next().unwrap_or_default();
        let numbers: Result<Vec<u64>, _> = core.split('.').map(str::parse).collect();
        match numbers.as_deref() {
            Ok(&[major, minor, patch]) => Ok(Self {
                major,
                minor,
                patch,
            }),
            _ => Err(format!("{text:?} is no version")),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Which number of a version has to go up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bump {
    /// None.
    None,
    /// The third.
    Patch,
    /// The second.
    Minor,
    /// The first.
    Major,
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

/// The least version that may carry the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Which number goes up.
    pub bump: Bump,
    /// The version now.
    pub from: Version,
    /// The version to come.
    pub to: Version,
    /// Why, in one sentence.
    pub why: &'static str,
}

/// `worst` is nothing if nothing changed.
pub(super) fn advise(from: Version, worst: Option<Class>) -> Advice {
    let (bump, why) = match (from.major, from.minor, worst) {
        (_, _, None) => (Bump::None, "Nothing changed."),
        (0, 0, Some(_)) => (
            Bump::Patch,
            "Below 0.1.0 every version is incompatible with the one before.",
        ),
        (0, _, Some(Class::Breaking)) => (
            Bump::Minor,
            "Something breaks, and below 1.0.0 the minor number says so.",
        ),
        (0, _, Some(Class::Additive)) => (
            Bump::Patch,
            "Nothing breaks, and below 1.0.0 the patch number says so.",
        ),
        (_, _, Some(Class::Breaking)) => (Bump::Major, "Something breaks."),
        (_, _, Some(Class::Additive)) => (Bump::Minor, "Something is new, nothing breaks."),
        (_, _, Some(Class::DocsOnly)) => (Bump::Patch, "Only docs change."),
        (_, _, Some(Class::NoChange)) => (Bump::Patch, "Callers notice nothing."),
    };
    let Version {
        major,
        minor,
        patch,
    } = from;
    let (major, minor, patch) = match bump {
        Bump::None => (major, minor, patch),
        Bump::Patch => (major, minor, patch + 1),
        Bump::Minor => (major, minor + 1, 0),
        Bump::Major => (major + 1, 0, 0),
    };
    let to = Version {
        major,
        minor,
        patch,
    };
    Advice {
        bump,
        from,
        to,
        why,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_number_that_goes_up() {
        use Class::{Additive, Breaking, DocsOnly, NoChange};
        for (from, worst, bump, to) in [
            ("0.1.3", Some(Breaking), Bump::Minor, "0.2.0"),
            ("0.1.3", Some(Additive), Bump::Patch, "0.1.4"),
            ("0.1.3", Some(DocsOnly), Bump::Patch, "0.1.4"),
            ("0.1.3", Some(NoChange), Bump::Patch, "0.1.4"),
            ("0.1.3", None, Bump::None, "0.1.3"),
            ("0.0.3", Some(Breaking), Bump::Patch, "0.0.4"),
            ("0.0.3", Some(DocsOnly), Bump::Patch, "0.0.4"),
            ("1.2.3", Some(Breaking), Bump::Major, "2.0.0"),
            ("1.2.3", Some(Additive), Bump::Minor, "1.3.0"),
            ("1.2.3", Some(DocsOnly), Bump::Patch, "1.2.4"),
            ("1.2.3", Some(NoChange), Bump::Patch, "1.2.4"),
            ("1.2.3", None, Bump::None, "1.2.3"),
        ] {
            let advice = advise(from.parse().unwrap(), worst);
            assert_eq!(
                (advice.bump, advice.to.to_string().as_str()),
                (bump, to),
                "{from} {worst:?}"
            );
        }
    }

    #[test]
    fn versions_are_read_and_others_refused() {
        assert_eq!(
            "1.2.3-rc.1+x".parse::<Version>().unwrap().to_string(),
            "1.2.3"
        );
        for bad in ["", "1.2", "1.2.3.4", "v1.2.3", "1.-2.3"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }
}
