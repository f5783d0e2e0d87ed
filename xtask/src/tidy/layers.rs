//! Imports go down only: which modules of the server may import which, and what stays inside one module.

use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{Finding, project::Project};

/// The layers of a crate from top to bottom. Modules of the same layer may not name each other.
struct Floors {
    /// Where the crate's modules are.
    folder: &'static str,
    floors: &'static [&'static [&'static str]],
}

const SERVER: Floors = Floors {
    folder: "server/src/",
    floors: &[
        &["cli"],
        &["run"],
        &["dev"],
        &["http"],
        &["admin"],
        &["transfer"],
        &["config"],
        &["domain"],
        &["delivery", "keys", "store"],
        &["clock", "error", "identifier", "ids", "private_file"],
    ],
};

/// Modules in which not even a comment speaks of HTTP.
const NO_HTTP: [&str; 4] = ["domain", "store", "delivery", "keys"];

/// Modules name modules of lower layers only.
pub(super) fn layers(project: &Project) -> Result<Vec<Finding>, String> {
    check(project, &SERVER)
}

fn check(project: &Project, crate_: &Floors) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    let bottom = crate_.floors.len().saturating_sub(1);
    let floor = |module: &str| {
        crate_
            .floors
            .iter()
            .position(|floor| floor.contains(&module))
    };
    for file in project.ending(".rs") {
        let Some(inside) = file.strip_prefix(crate_.folder) else {
            continue;
        };
        let path: Vec<&str> = inside.trim_end_matches(".rs").split('/').collect();
        let [module, ..] = path.as_slice() else {
            continue;
        };
        let mut find = |line, what| findings.push(Finding::new(file, line, what));
        let text = project.text(file)?;
        let unsaid = [
            ("rusqlite", *module != "store"),
            ("crate::http", NO_HTTP.contains(module)),
        ];
        for (word, _) in unsaid.iter().filter(|(_, counts)| *counts) {
            for (index, _) in text
                .lines()
                .enumerate()
                .filter(|(_, line)| line.contains(word))
            {
                find(index + 1, format!("`{module}` must not say `{word}`"));
            }
        }
        // They are the crate itself, which may name everything.
        if ["main", "lib"].contains(module) && path.len() == 1 {
            continue;
        }
        let Some(own) = floor(module) else {
            find(
                1,
                format!("`{module}` is on no floor: name its floor in xtask/src/tidy/layers.rs"),
            );
            continue;
        };
        let tokens = TokenStream::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
        // `super` of `store/mod.rs` is the crate, that of `store/tx.rs` is `store`.
        let depth = path.len() - usize::from(path.last() == Some(&"mod"));
        let mut names = Names::default();
        names.read(tokens, depth, Start::Nowhere);
        for (line, name) in names.0.into_iter().filter(|(_, name)| name != module) {
            let why = match floor(&name) {
                Some(other) if other < own => "above it",
                Some(other) if other == own && own != bottom => "on the same floor",
                // The exports of `lib.rs` come from any layer.
                None if name.starts_with(char::is_uppercase) => "at the root: name its module",
                _ => continue,
            };
            find(
                line,
                format!("`{module}` imports `{name}`, which is {why}: imports go down only"),
            );
        }
    }
    Ok(findings)
}

/// Where a path is that is being read.
#[derive(Clone, Copy, PartialEq)]
enum Start {
    /// No path.
    Nowhere,
    /// In the module that is so many levels below the crate; 0 is the crate.
    Below(usize),
}

/// What a file names of the crate, with the lines: every word behind `crate::`.
#[derive(Default)]
struct Names(Vec<(usize, String)>);

impl Names {
    /// Reads tokens of a module that is `depth` levels below the crate. `start` is the path before a group, as in
    /// `use crate::{a, b::c}`.
    fn read(&mut self, tokens: TokenStream, depth: usize, start: Start) {
        let mut at = start;
        // Whether the tokens so far may be a path that goes on.
        let mut goes_on = start != Start::Nowhere;
        let mut module = false;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    let line = word.span().start().line;
                    let word = word.to_string();
                    let first = colons != 2 && !goes_on;
                    at = match (word.as_str(), at) {
                        ("crate", _) if first => Start::Below(0),
                        ("self", _) if first => Start::Below(depth),
                        ("super", _) if first => Start::Below(depth.saturating_sub(1)),
                        ("super", Start::Below(level)) => Start::Below(level.saturating_sub(1)),
                        ("self", at) => at,
                        (name, Start::Below(0)) if !first => {
                            self.0.push((line, name.to_owned()));
                            Start::Nowhere
                        }
                        _ => Start::Nowhere,
                    };
                    module = word == "mod" || module && first && at == Start::Nowhere;
                    (goes_on, colons) = (false, 0);
                }
                TokenTree::Punct(mark) => {
                    let mark = mark.as_char();
                    colons = if mark == ':' { colons + 1 } else { 0 };
                    if mark == ',' {
                        (at, goes_on) = (start, start != Start::Nowhere);
                    } else if mark != ':' {
                        (at, goes_on) = (Start::Nowhere, false);
                    }
                    module = false;
                }
                TokenTree::Group(group) => {
                    let braces = group.delimiter() == Delimiter::Brace;
                    let start = if braces && colons == 2 {
                        at
                    } else {
                        Start::Nowhere
                    };
                    // A module written in place is one level further down.
                    self.read(group.stream(), depth + usize::from(braces && module), start);
                    (at, goes_on, colons) = (Start::Nowhere, false, 0);
                    module = false;
                }
                TokenTree::Literal(_) => (at, goes_on, colons) = (Start::Nowhere, false, 0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::project::testing::found;

    /// Each line of the cases is a file below `server/src`, its text with `\\n` for the end of a line, and what is
    /// found: nothing, or the line and what is wrong with it.
    #[test]
    fn imports_go_down_only() {
        let mut forms = 0;
        for case in include_str!("layers.cases")
            .lines()
            .filter(|line| !line.starts_with('#'))
        {
            let parts: Vec<&str> = case.split('|').map(str::trim).collect();
            let [file, text, expected] = parts.as_slice() else {
                panic!("{case}")
            };
            let file = format!("server/src/{file}");
            let found = found(layers, &[(file.as_str(), &text.replace("\\n", "\n"))]);
            let found = found.join("").replace(&format!("{file}:"), "");
            if expected.is_empty() {
                assert_eq!(found, "", "{case}");
            } else {
                assert!(found.starts_with(expected), "{case}: {found}");
                forms += 1;
            }
        }
        assert!(forms > 20, "{forms}");
        // Other crates have no layers.
        assert_eq!(
            found(layers, &[("src/store.rs", "use crate::http;")]),
            [""; 0]
        );
    }
}
