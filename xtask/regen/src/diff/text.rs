//! The report for a terminal.

use std::fmt::Write;

use super::bump::Version;
use super::changes::{Change, Changes, Class, Verdict};

impl Changes {
    /// The report for a terminal, with the version that follows `current`.
    #[must_use]
    pub fn to_text(&self, current: Version) -> String {
        if self.is_empty() {
            return "The API descriptions say the same.\n".to_owned();
        }
        let mut out = String::new();
        for class in Class::WORST_FIRST {
            let changes: Vec<&Change> = self.of(class).collect();
            if changes.is_empty() {
                continue;
            }
            let _ = writeln!(
                out,
                "{} ({})",
                class.to_string().to_uppercase(),
                changes.len()
            );
            for change in changes {
                one(&mut out, change);
            }
            out.push('\n');
        }
        let follow = self.to_follow();
        if !follow.is_empty() {
            let _ = writeln!(out, "src/ has to follow: {}\n", follow.join(", "));
        }
        let advice = self.bump(current);
        let _ = writeln!(
            out,
            "version: {} ({} → {}). {}",
            advice.bump, advice.from, advice.to, advice.why
        );
        out
    }
}

fn one(out: &mut String, change: &Change) {
    let _ = writeln!(out, "  {} {}: {}", change.api, change.place, change.what);
    // Where nothing means anything to anybody, once is enough.
    if change.class() == Class::NoChange && !change.facade.follow {
        let _ = writeln!(out, "    {}", said(&change.generated));
        return;
    }
    let _ = writeln!(out, "    generated client: {}", said(&change.generated));
    let _ = writeln!(out, "    facade:           {}", said(&change.facade));
}

/// The class, why, and whether `src/` has to follow.
fn said(verdict: &Verdict) -> String {
    let mut text = verdict.class.to_string();
    if !verdict.why.is_empty() {
        let _ = write!(text, ", {}", verdict.why);
    }
    if verdict.follow {
        text.push_str("; src/ has to follow");
    }
    text
}
