//! Imports go down only: which modules of the server may import which, and what stays inside one module.

use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{Found, project::Project};

/// Where the server's modules are.
const FOLDER: &str = "server/src/";

/// The floors from top to bottom. Modules on one floor may not name each other, but on the last.
const FLOORS: [&[&str]; 11] = [
    &["cli"],
    &["run"],
    &["dev"],
    &["http"],
    &["admin"],
    &["transfer"],
    &["config"],
    &["domain"],
    &["delivery", "keys"],
    &["store"],
    &[
        "certificate",
        "clock",
        "identifier",
        "ids",
        "json_problem",
        "private_file",
        "provider_name",
    ],
];

/// Modules in which not even a comment speaks of HTTP.
const NO_HTTP: [&str; 4] = ["domain", "store", "delivery", "keys"];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// Modules name modules of lower layers only.
pub(super) fn layers(project: &Project) -> Found {
    project.each(&[".rs"], |file, text, find| {
        let Some(inside) = file.strip_prefix(FOLDER) else {
            return Ok(());
        };
        let path: Vec<&str> = inside.trim_end_matches(".rs").split('/').collect();
        let [module, ..] = path.as_slice() else {
            return Ok(());
        };
        let unsaid = [
            ("rusqlite", *module != "store"),
            ("crate::http", NO_HTTP.contains(module)),
        ];
        for (index, line) in text.lines().enumerate() {
            for (word, _) in unsaid
                .iter()
                .filter(|(word, counts)| *counts && line.contains(word))
            {
                find(index + 1, format!("`{module}` must not say `{word}`"));
            }
        }
        // They are the crate itself, which may name everything.
        if ["main", "lib"].contains(module) && path.len() == 1 {
            return Ok(());
        }
        let Some(own) = floor(module) else {
            let what = "name its floor in xtask/src/tidy/layers.rs";
            find(1, format!("`{module}` is on no floor: {what}"));
            return Ok(());
        };
        let tokens = TokenStream::from_str(text).map_err(|error| format!("{file}: {error}"))?;
        // `super` of `store/mod.rs` is the crate, that of `store/tx.rs` is `store`.
        let depth = path.len() - usize::from(path.last() == Some(&"mod"));
        let mut names = Names::default();
        names.read(tokens, depth, None);
        for (line, name) in names.0.into_iter().filter(|(_, name)| name != module) {
            let why = match floor(&name) {
                Some(other) if other < own => "above it",
                Some(other) if other == own && own + 1 != FLOORS.len() => "on the same floor",
                // The exports of `lib.rs` come from any layer.
                None if name.starts_with(char::is_uppercase) => "at the root: name its module",
                _ => continue,
            };
            find(
                line,
                format!("`{module}` imports `{name}`, which is {why}: imports go down only"),
            );
        }
        Ok(())
    })
}

/// What a file names of the crate, with the lines: every word behind `crate::`.
#[derive(Default)]
struct Names(Vec<(usize, String)>);

impl Names {
    /// Reads tokens of a module that is `depth` levels below the crate. `start` is what the path before a group leads
    /// to, as in `use crate::{a, b::c}`: the module that is so many levels below the crate, where 0 is the crate.
    fn read(&mut self, tokens: TokenStream, depth: usize, start: Option<usize>) {
        let mut at = start;
        // Whether the tokens so far may be a path that goes on.
        let mut goes_on = start.is_some();
        let mut module = false;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    let line = word.span().start().line;
                    let word = word.to_string();
                    let first = colons != 2 && !goes_on;
                    at = match (word.as_str(), at) {
                        ("crate", _) if first => Some(0),
                        ("self", _) if first => Some(depth),
                        ("super", _) if first => Some(depth.saturating_sub(1)),
                        ("super", Some(level)) => Some(level.saturating_sub(1)),
                        ("self", at) => at,
                        (name, Some(0)) if !first => {
                            self.0.push((line, name.to_owned()));
                            None
                        }
                        _ => None,
                    };
                    module = word == "mod" || module && first && at.is_none();
                    (goes_on, colons) = (false, 0);
                }
                TokenTree::Punct(mark) => {
                    let mark = mark.as_char();
                    colons = if mark == ':' { colons + 1 } else { 0 };
                    if mark == ',' {
                        (at, goes_on) = (start, start.is_some());
                    } else if mark != ':' {
                        (at, goes_on) = (None, false);
                    }
                    module = false;
                }
                TokenTree::Group(group) => {
                    let braces = group.delimiter() == Delimiter::Brace;
                    let start = if braces && colons == 2 { at } else { None };
                    // A module written in place is one level further down.
                    self.read(group.stream(), depth + usize::from(braces && module), start);
                    (at, goes_on, colons) = (None, false, 0);
                    module = false;
                }
                TokenTree::Literal(_) => (at, goes_on, colons) = (None, false, 0),
            }
        }
    }
}
