//! A report as text for a terminal, as Markdown for a pull request, and as a draft for CHANGELOG.md.

use std::fmt::Write;

use semver::Version;

use super::changes::{Change, Changes, Class, Kind, Verdict};

/// More places of one kind than this are counted, not named.
const NAMED: usize = 6;

impl Changes {
    /// The report for a terminal, with the version that follows `current`.
    pub(crate) fn to_text(&self, current: &Version) -> String {
        if self.is_empty() {
            return "The API descriptions say the same.\n".to_owned();
        }
        let mut out = String::new();
        for (class, changes) in self.sections() {
            let heading = class.to_string().to_uppercase();
            let _ = writeln!(out, "{heading} ({})", changes.len());
            for change in changes {
                let _ = writeln!(out, "  {} {}: {}", change.api, change.place, change.words);
                let [client, facade] =
                    [&change.generated, &change.facade].map(|side| said(side, ", "));
                let facade = facade.replace("`src/`", "src/");
                // Where nothing means anything to anybody, once is enough.
                if class == Class::NoChange && !change.facade.follow {
                    let _ = writeln!(out, "    {client}");
                } else {
                    let _ = writeln!(out, "    generated client: {client}");
                    let _ = writeln!(out, "    facade:           {facade}");
                }
            }
            out.push('\n');
        }
        let follow = self.to_follow();
        if !follow.is_empty() {
            let _ = writeln!(out, "src/ has to follow: {}\n", follow.join(", "));
        }
        let (bump, to, why) = self.bump(current);
        let _ = writeln!(out, "version: {bump} ({current} → {to}). {why}");
        out
    }

    /// The report for a pull request, with the version that follows `current`.
    pub(crate) fn to_markdown(&self, current: &Version) -> String {
        let mut out = "# What the new API description changes for callers\n\n".to_owned();
        if self.is_empty() {
            return out + "Nothing.\n";
        }
        let (bump, to, why) = self.bump(current);
        let _ = writeln!(out, "**Version: {current} → {to} ({bump}).** {why}\n");
        out += "| | breaking | additive | docs only | no change |\n|---|---:|---:|---:|---:|\n";
        type Side = fn(&Change) -> Class;
        let sides: [(&str, Side); 2] = [
            ("generated client", |change| change.generated.class),
            ("facade", |change| change.facade.class),
        ];
        for (name, side) in sides {
            let count = |class| self.iter().filter(|change| side(change) == class).count();
            let counts = Class::WORST_FIRST.map(|class| count(class).to_string());
            let _ = writeln!(out, "| {name} | {} |", counts.join(" | "));
        }
        let follow = self.to_follow();
        if !follow.is_empty() {
            let _ = writeln!(out, "\n`src/` has to follow: `{}`.", follow.join("`, `"));
        }
        for (class, changes) in self.sections() {
            let heading = match class {
                Class::Breaking => "Breaking",
                Class::Additive => "Additive",
                Class::DocsOnly => "Docs only",
                Class::NoChange => "No change for callers",
            };
            let _ = writeln!(out, "\n## {heading} ({})\n", changes.len());
            out += "| API | Where | Change | Generated client | Facade |\n|---|---|---|---|---|\n";
            for change in changes {
                let bold = |verdict| said(verdict, ": ").replacen("breaking", "**breaking**", 1);
                let place = format!("`{}`", change.place);
                let (client, facade) = (bold(&change.generated), bold(&change.facade));
                // A table's cell is one line without bars.
                let cells = [&change.api, &place, &change.words, &client, &facade]
                    .map(|text| text.replace('|', "\\|").replace(['\r', '\n'], " "));
                let _ = writeln!(out, "| {} |", cells.join(" | "));
            }
        }
        out
    }

    /// Bullets under the headings of Keep a Changelog, for somebody to put into words for callers. Empty if
    /// callers notice nothing.
    pub(crate) fn changelog_draft(&self) -> String {
        let kinds = [
            ("Added", Kind::Added),
            ("Changed", Kind::Changed),
            ("Removed", Kind::Removed),
        ];
        let sections = kinds.map(|(heading, kind)| (heading, self.bullets(kind)));
        let sections = sections.iter().filter(|(_, bullets)| !bullets.is_empty());
        let sections = sections.map(|(heading, bullets)| format!("### {heading}\n\n{bullets}"));
        sections.collect::<Vec<_>>().join("\n")
    }

    fn bullets(&self, kind: Kind) -> String {
        let of = |class| {
            self.of(class)
                .into_iter()
                .filter(|change| change.kind == kind)
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

    fn sections(&self) -> impl Iterator<Item = (Class, Vec<&Change>)> {
        let sections = Class::WORST_FIRST
            .into_iter()
            .map(|class| (class, self.of(class)));
        sections.filter(|(_, changes)| !changes.is_empty())
    }
}

/// The class, why, and whether `src/` has to follow.
fn said(verdict: &Verdict, between: &str) -> String {
    let mut text = verdict.class.to_string();
    if !verdict.why.is_empty() {
        let _ = write!(text, "{between}{}", verdict.why);
    }
    if verdict.follow {
        text.push_str("; `src/` has to follow");
    }
    text
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
