//! The rules of `rules.md`: each kind of change with what it means for both kinds of callers, and why.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::changes::{Class, Verdict};
use super::facade::{Judged, Part};
use Class::{Breaking, NoChange};

static RULES: LazyLock<BTreeMap<&'static str, Rule>> = LazyLock::new(|| {
    let rows = include_str!("rules.md").lines().filter_map(Rule::read);
    rows.map(|rule| (rule.key, rule)).collect()
});

/// The rule for a change that nobody can judge without a look.
static UNREAD: Rule = Rule {
    key: "unread",
    words: "`%n` changed, which this report cannot judge",
    generated: look(false),
    reply: look(true),
    request: look(true),
};

const fn look(follow: bool) -> Verdict {
    let (class, why) = (Breaking, "until somebody has looked");
    Verdict { class, follow, why }
}

/// What one kind of change means.
pub(super) struct Rule {
    pub(super) key: &'static str,
    words: &'static str,
    pub(super) generated: Verdict,
    /// For the facade, in what it reads.
    reply: Verdict,
    /// For the facade, in what it sends.
    request: Verdict,
}

/// The rule for that kind of change. What has none cannot be judged.
pub(super) fn rule(key: &str) -> &'static Rule {
    RULES.get(key).unwrap_or(&UNREAD)
}

/// `additive`, or `` breaking, `src/`: why ``.
fn verdict(cell: &'static str) -> Option<Verdict> {
    let (class, why) = cell.split_once(": ").unwrap_or((cell, ""));
    let (class, follow) = class
        .strip_suffix(", `src/`")
        .map_or((class, false), |class| (class, true));
    let class = Class::WORST_FIRST
        .into_iter()
        .find(|known| known.to_string() == class)?;
    Some(Verdict { class, follow, why })
}

impl Rule {
    /// Reads a row of the table.
    fn read(row: &'static str) -> Option<Self> {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let &[_, key, words, generated, reply, request, _] = cells.as_slice() else {
            return None;
        };
        let (generated, reply) = (verdict(generated)?, verdict(reply)?);
        let request = verdict(request).unwrap_or(reply);
        Some(Self {
            key,
            words,
            generated,
            reply,
            request,
        })
    }

    pub(super) fn heading(&self) -> &'static str {
        match self.key.split(", ").next().unwrap_or_default() {
            key if key.ends_with(" added") => "Added",
            key if key.ends_with(" removed") => "Removed",
            _ => "Changed",
        }
    }

    /// The change in words.
    pub(super) fn said(&self, name: &str, before: &str, after: &str) -> String {
        let mut pieces = self.words.split('%');
        let mut words = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (mark, rest) = piece.split_at_checked(1).unwrap_or_default();
            words += match mark {
                "n" => name,
                "a" => before,
                _ => after,
            };
            words += rest;
        }
        words
    }

    /// What it means for callers of the facade, once `src/` has followed.
    pub(super) fn facade(&self, Judged { part, uses }: Judged) -> Verdict {
        let nothing = |follow, why| Verdict {
            class: NoChange,
            follow,
            why,
        };
        // A null where none may be fails the reply with all that is in it.
        let everywhere = ["unread", "null as empty no more"].contains(&self.key);
        match (part, uses.request, uses.reply) {
            (Part::Foreign, ..) => nothing(false, "not in the facade"),
            (Part::Left, sent, _) if !everywhere => nothing(
                sent && self.generated.class == Breaking,
                "left out of the facade",
            ),
            (_, true, true) => {
                let worse = self.request.class > self.reply.class;
                let follow = self.request.follow || self.reply.follow;
                Verdict {
                    follow,
                    ..if worse { self.request } else { self.reply }
                }
            }
            (_, true, false) => self.request,
            _ => self.reply,
        }
    }
}

/// The rule for a field or parameter that had the Rust type `from` and has `to`.
pub(super) fn retyped(from: &str, to: &str) -> &'static Rule {
    let key = match (inner(from), inner(to)) {
        _ if from == to => "same type",
        (None, Some(to)) if from == to => "loosened",
        (Some(from), None) if from == to => "tightened",
        (None, Some(_)) | (Some(_), None) => "retyped",
        (from_inner, to_inner) => match (from_inner.unwrap_or(from), to_inner.unwrap_or(to)) {
            (from, to) if holds(to, from) => "widened",
            (from, to) if holds(from, to) => "narrowed",
            _ => "retyped",
        },
    };
    rule(key)
}

/// The `T` of `Option<T>`.
fn inner(rust: &str) -> Option<&str> {
    rust.strip_prefix("Option<")?.strip_suffix('>')
}

/// Whether the number type `wide` has every value of the number type `narrow`.
fn holds(wide: &str, narrow: &str) -> bool {
    let number = |rust: &str| -> Option<(char, u32)> {
        let bits = rust.strip_prefix(['i', 'u', 'f'])?.parse().ok()?;
        Some((rust.chars().next()?, bits))
    };
    match (number(wide), number(narrow)) {
        (Some((a, wide)), Some((b, narrow))) if a == b => wide > narrow,
        (Some(('i', wide)), Some(('u', narrow))) => wide > narrow,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::facade::Use;
    use super::*;

    /// Class and, with `!`, whether `src/` has to follow: in replies, in requests, in both.
    fn short(rule: &Rule, part: Part) -> String {
        let verdicts = [Use::REPLY, Use::REQUEST, Use::new(true, true)].map(|uses| {
            let verdict = rule.facade(Judged { part, uses });
            format!("{}{}", verdict.class, if verdict.follow { "!" } else { "" })
        });
        verdicts.join(", ")
    }

    #[test]
    fn what_a_rule_means_depends_on_who_reads_and_sends() {
        for case in crate::cases::read("rules") {
            let text = |member: &str| case.get(member).and_then(|member| member.as_str());
            let pairs = text("retyped")
                .into_iter()
                .flat_map(|pairs| pairs.split("; "));
            let pairs = pairs.filter_map(|pair| pair.split_once(' '));
            let retyped = pairs.map(|(from, to)| retyped(from, to));
            for rule in retyped.chain(text("key").map(rule)) {
                for (part, name) in [(Part::Covered, "covered"), (Part::Left, "left")] {
                    assert_eq!(Some(short(rule, part).as_str()), text(name), "{case}");
                }
                let foreign = "no change, no change, no change";
                assert_eq!(short(rule, Part::Foreign), foreign, "{case}");
                let generated = rule.generated.class.to_string();
                assert_eq!(Some(generated.as_str()), text("generated"), "{case}");
            }
        }
    }

    #[test]
    fn the_table_has_a_rule_for_each_change_and_no_other() {
        let code = concat!(
            include_str!("tree.rs"),
            include_str!("mod.rs"),
            include_str!("rules.rs")
        );
        for key in RULES.keys() {
            // Flags that go.
            let named = key.trim_end_matches(" no more");
            assert!(
                code.contains(&format!("\"{named}\"")),
                "nothing asks for the rule {key}"
            );
        }
        let words = code
            .split("rule(\"")
            .skip(1)
            .chain(code.split("node.aspect(\"").skip(1));
        for key in words
            .filter_map(|rest| rest.split('"').next())
            .filter(|key| !key.contains('\\'))
        {
            assert!(RULES.contains_key(key) || key == "unread", "no rule {key}");
        }
        assert!(RULES.len() > 50);
    }
}
