//! The report for a pull request.

use std::fmt::Write;

use super::bump::Version;
use super::changes::{Change, Changes, Class, Verdict};

impl Changes {
    /// The report for a pull request, with the version that follows `current`.
    #[must_use]
    pub fn to_markdown(&self, current: Version) -> String {
        let advice = self.bump(current);
        let mut out = "# What the new API description changes for callers\n\n".to_owned();
        if self.is_empty() {
            out.push_str("Nothing.\n");
            return out;
        }
        let _ = writeln!(
            out,
            "**Version: {} → {} ({}).** {}\n",
            advice.from, advice.to, advice.bump, advice.why
        );
        self.counts(&mut out);
        let follow = self.to_follow();
        if !follow.is_empty() {
            let places: Vec<String> = follow.iter().map(|place| format!("`{place}`")).collect();
            let _ = writeln!(out, "\n`src/` has to follow: {}.", places.join(", "));
        }
        for class in Class::WORST_FIRST {
            let changes: Vec<&Change> = self.of(class).collect();
            if changes.is_empty() {
                continue;
            }
            let _ = writeln!(out, "\n## {} ({})\n", heading(class), changes.len());
            out.push_str(
                "| API | Where | Change | Generated client | Facade |\n|---|---|---|---|---|\n",
            );
            for change in changes {
                let _ = writeln!(
                    out,
                    "| {} | `{}` | {} | {} | {} |",
                    change.api,
                    cell(&change.place),
                    cell(&change.what.to_string()),
                    cell(&said(&change.generated)),
                    cell(&said(&change.facade)),
                );
            }
        }
        out
    }

    fn counts(&self, out: &mut String) {
        out.push_str(
            "| | breaking | additive | docs only | no change |\n|---|---:|---:|---:|---:|\n",
        );
        type Side = fn(&Change) -> Class;
        let sides: [(&str, Side); 2] = [
            ("generated client", |change| change.generated.class),
            ("facade", |change| change.facade.class),
        ];
        for (name, side) in sides {
            let _ = write!(out, "| {name} |");
            for class in Class::WORST_FIRST {
                let count = self.iter().filter(|change| side(change) == class).count();
                let _ = write!(out, " {count} |");
            }
            out.push('\n');
        }
    }
}

fn heading(class: Class) -> &'static str {
    match class {
        Class::Breaking => "Breaking",
        Class::Additive => "Additive",
        Class::DocsOnly => "Docs only",
        Class::NoChange => "No change for callers",
    }
}

/// The class, in bold if it breaks, why, and whether `src/` has to follow.
fn said(verdict: &Verdict) -> String {
    let mut text = match verdict.class {
        Class::Breaking => "**breaking**".to_owned(),
        class => class.to_string(),
    };
    if !verdict.why.is_empty() {
        let _ = write!(text, ": {}", verdict.why);
    }
    if verdict.follow {
        text.push_str("; `src/` has to follow");
    }
    text
}

/// A table's cell is one line without bars.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\r', '\n'], " ")
}
