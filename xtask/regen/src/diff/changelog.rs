//! The draft for CHANGELOG.md.

use super::changes::{Change, Changes, Class};
use super::what::Kind;

/// More places of one kind than this are counted, not named.
const NAMED: usize = 6;

impl Changes {
    /// Bullets under the headings of Keep a Changelog, for somebody to put into words for callers. Empty if
    /// callers notice nothing.
    #[must_use]
    pub fn changelog_draft(&self) -> String {
        let mut out = String::new();
        for (heading, kind) in [
            ("Added", Kind::Added),
            ("Changed", Kind::Changed),
            ("Removed", Kind::Removed),
        ] {
            let bullets = self.bullets(kind);
            if !bullets.is_empty() {
                out.push_str(&format!("### {heading}\n\n{}\n", bullets.concat()));
            }
        }
        out.truncate(out.trim_end().len());
        if !out.is_empty() {
            out.push('\n');
        }
        out
    }

    fn bullets(&self, kind: Kind) -> Vec<String> {
        let mut bullets = Vec::new();
        for class in Class::WORST_FIRST {
            let changes: Vec<&Change> = self.of(class).filter(|c| c.what.kind() == kind).collect();
            match class {
                Class::NoChange => {}
                Class::DocsOnly => bullets.extend(docs(&changes)),
                Class::Breaking | Class::Additive => {
                    bullets.extend(changes.into_iter().map(bullet))
                }
            }
        }
        bullets
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
    let Change { api, what, .. } = change;
    format!("- {breaking}`generated::{api}::{item}`: {parameter}{what}.\n")
}

fn docs(changes: &[&Change]) -> Option<String> {
    let places: Vec<String> = changes
        .iter()
        .map(|change| format!("`{}` ({})", change.place, change.api))
        .collect();
    match places.len() {
        0 => None,
        1..=NAMED => Some(format!("- Docs of {}.\n", places.join(", "))),
        many => Some(format!("- Docs of {many} operations, types and fields.\n")),
    }
}
