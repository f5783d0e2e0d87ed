//! A report as Markdown, for the terminal and for a pull request, and as a draft for CHANGELOG.md.

use std::fmt::{self, Write};

use semver::Version;

use super::changes::{Change, Changes, Class, HEADINGS, Verdict};

/// More places of one kind than this are counted, not named.
const NAMED: usize = 6;

/// A kind of callers, and what a change means for them.
type Side = (&'static str, fn(&Change) -> &Verdict);

const SIDES: [Side; 2] = [
    ("generated client", |change| &change.generated),
    ("facade", |change| &change.facade),
];

impl Changes {
    /// The report as Markdown that reads well as it is, with the version that follows `current`.
    pub(crate) fn to_markdown(&self, current: &Version) -> String {
        let mut out = "# What the new API description changes for callers\n\n".to_owned();
        if self.0.is_empty() {
            return out + "Nothing.\n";
        }
        let (bump, to, why) = self.bump(current);
        let _ = writeln!(out, "**Version: {current} → {to} ({bump}).** {why}\n");
        out += "| | breaking | additive | docs only | no change |\n|---|---:|---:|---:|---:|\n";
        for (name, side) in SIDES {
            let count = |class| self.0.iter().filter(|c| side(c).class == class).count();
            let counts = Class::WORST_FIRST.map(|class| count(class).to_string());
            let _ = writeln!(out, "| {name} | {} |", counts.join(" | "));
        }
        let follow = self.to_follow();
        if !follow.is_empty() {
            let follow: Vec<String> = follow.iter().map(|place| format!("`{place}`")).collect();
            let _ = writeln!(out, "\n`src/` has to follow: {}.", follow.join(", "));
        }
        for class in Class::WORST_FIRST {
            let changes = self.of(class);
            if !changes.is_empty() {
                let _ = writeln!(out, "\n## {} {class}\n", changes.len());
            }
            for change in changes {
                let words = change.words.replace(['\r', '\n'], " ");
                let _ = writeln!(out, "- {} `{}`: {words}", change.api, change.place);
                for (name, side) in SIDES {
                    let _ = writeln!(out, "  - {name}: {}", side(change));
                }
            }
        }
        out
    }

    /// Bullets under the headings of Keep a Changelog, for somebody to put into words for callers. Empty if
    /// callers notice nothing.
    pub(crate) fn changelog_draft(&self) -> String {
        let sections = HEADINGS.map(|heading| (heading, self.bullets(heading)));
        let sections = sections.iter().filter(|(_, bullets)| !bullets.is_empty());
        let sections = sections.map(|(heading, bullets)| format!("### {heading}\n\n{bullets}"));
        sections.collect::<Vec<_>>().join("\n")
    }

    fn bullets(&self, heading: &str) -> String {
        let of = |class| {
            let changes = self.of(class).into_iter();
            changes.filter(|change| change.heading == heading)
        };
        let code = of(Class::Breaking).chain(of(Class::Additive)).map(bullet);
        let places = of(Class::DocsOnly).map(|c| format!("`{}` ({})", c.place, c.api));
        let places: Vec<String> = places.collect();
        let docs = match places.len() {
            0 => String::new(),
            1..=NAMED => format!("- Docs of {}.\n", places.join(", ")),
            many => format!("- Docs of {many} operations, types and fields.\n"),
        };
        code.chain([docs]).collect()
    }
}

/// The class, why, and whether `src/` has to follow.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { class, follow, why } = self;
        let colon = if why.is_empty() { "" } else { ": " };
        let follow = if *follow {
            "; `src/` has to follow"
        } else {
            ""
        };
        write!(f, "{class}{colon}{why}{follow}")
    }
}

fn bullet(change: &Change) -> String {
    let breaking = match (change.generated.class, change.facade.class) {
        (_, Class::Breaking) => "**Breaking:** ",
        (Class::Breaking, _) => "**Breaking in the generated client:** ",
        _ => "",
    };
    let item = change.item.as_deref().unwrap_or(&change.place);
    // The item of a parameter is the method.
    let parameter = match change.place.split_once('.') {
        Some((_, name)) if item.starts_with("Client::") => format!("`{name}`, "),
        _ => String::new(),
    };
    let Change { api, words, .. } = change;
    format!("- {breaking}`generated::{api}::{item}`: {parameter}{words}.\n")
}
