//! From a class to a version, as cargo reads versions. The generated client is public, so the worse of the two
//! classes counts.

use semver::Version;

use super::changes::Class;

/// Which number goes up, the least version that may carry the changes, and why in one sentence. `worst` is nothing if
/// nothing changed.
pub(super) fn advise(
    from: &Version,
    worst: Option<Class>,
) -> (&'static str, Version, &'static str) {
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
