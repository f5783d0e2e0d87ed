//! The modules of the crate import downwards only, as `src/lib.rs` has them, and in no circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of `lib.rs` with the number of their group, counted from the top, and what stands
/// at the root, with the module that it is from.
fn read_root(text: &str) -> (BTreeMap<String, usize>, BTreeMap<String, String>) {
    let (mut modules, mut exports, mut group) = (BTreeMap::new(), BTreeMap::new(), 0);
    for line in text.lines() {
        if line.starts_with("// ") {
            group += 1;
        }
        let line = line.strip_prefix("pub ").unwrap_or(line);
        if let Some(name) = line.strip_prefix("mod ") {
            modules.insert(name.trim_end_matches(';').to_owned(), group);
        } else if let Some(path) = line.strip_prefix("use ") {
            let (module, names) = path.split_once("::").unwrap();
            let names = names.trim_matches(['{', '}', ';']).split(", ");
            exports.extend(names.map(|name| (name.to_owned(), module.to_owned())));
        }
    }
    (modules, exports)
}

/// The names behind `crate::` in a file, tests and comments left out, with their lines.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line == "#[cfg(test)]" {
            break;
        }
        if line.trim_start().starts_with("//") {
            continue;
        }
        for (at, prefix) in line.match_indices("crate::") {
            let rest = &line[at + prefix.len()..];
            let list = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
            let names = list.map_or(rest, |(names, _)| names).split(", ");
            let name = |text: &str| {
                let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
                text[..end.unwrap_or(text.len())].to_owned()
            };
            let only_first = if list.is_some() { usize::MAX } else { 1 };
            found.extend(names.take(only_first).map(|text| (index + 1, name(text))));
        }
    }
    found
}

/// Every import that goes up, and every circle.
fn complaints(root: &str, files: &[(String, String)]) -> Vec<String> {
    let (modules, exports) = read_root(root);
    let mut complaints = Vec::new();
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (file, text) in files {
        let name = file.split('/').next().unwrap().trim_end_matches(".rs");
        let Some((from, group)) = modules.get_key_value(name) else {
            complaints.push(format!("{file}: {name} is no module of lib.rs"));
            continue;
        };
        for (line, name) in imports(text) {
            let module = exports.get(&name).unwrap_or(&name);
            let Some((to, below)) = modules.get_key_value(module) else {
                complaints.push(format!("{file}:{line}: {name} is not in lib.rs"));
                continue;
            };
            if below < group {
                complaints.push(format!(
                    "{file}:{line}: {from} imports {to}, which is above it"
                ));
            }
            if from != to {
                graph.entry(from).or_default().insert(to);
            }
        }
    }
    // What imports nothing that is left can be in no circle.
    while let Some(leaf) = modules.keys().find(|module| {
        let imported = graph.values().any(|of| of.contains(module.as_str()));
        let imports = graph.get(module.as_str()).is_some_and(|of| !of.is_empty());
        imported && !imports
    }) {
        graph.remove(leaf.as_str());
        graph.values_mut().for_each(|of| {
            of.remove(leaf.as_str());
        });
    }
    let circle: Vec<_> = graph.iter().filter(|(_, of)| !of.is_empty()).collect();
    if !circle.is_empty() {
        complaints.push(format!("a circle, or above one: {circle:?}"));
    }
    complaints
}

fn read(folder: &Path, root: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_test = ["tests", "tests.rs", "http_tests", "testing.rs"].contains(&name);
        if is_test || name == "lib.rs" {
            continue;
        }
        if path.is_dir() {
            read(&path, root, found);
        } else {
            let file = path.strip_prefix(root).unwrap().to_str().unwrap();
            found.push((file.to_owned(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn every_module_imports_downwards_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    read(&root, &root, &mut files);
    assert!(files.len() > 60, "{}", files.len());
    let imports: usize = files.iter().map(|(_, text)| imports(text).len()).sum();
    assert!(imports > 150, "{imports}");
    let lib = fs::read_to_string(root.join("lib.rs")).unwrap();
    let found = complaints(&lib, &files);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn an_import_that_goes_up_and_a_circle_are_found() {
    let root = "// Top.\npub mod web;\n\n// Ground.\nmod error;\nmod ids;\n\npub use error::{Error, Kind};\n";
    let files = |files: &[(&str, &str)]| -> Vec<_> {
        let own = |(file, text): &(&str, &str)| ((*file).to_owned(), (*text).to_owned());
        files.iter().map(own).collect()
    };
    let good = files(&[
        (
            "web/mod.rs",
            "use crate::ids::Id;\nuse crate::{Error, Kind};\n",
        ),
        (
            "ids.rs",
            "use crate::error::Error;\n#[cfg(test)]\nmod tests { use crate::web; }\n",
        ),
        ("error.rs", "//! [`Web`](crate::web)\n"),
    ]);
    assert_eq!(complaints(root, &good), Vec::<String>::new());
    let up = files(&[("error.rs", "\nuse crate::web::Answer;\n")]);
    let up = complaints(root, &up);
    assert_eq!(up, ["error.rs:2: error imports web, which is above it"]);
    let circle = files(&[
        ("error.rs", "use crate::ids::Id;\n"),
        ("ids.rs", "use crate::Error;\n"),
    ]);
    let circle = complaints(root, &circle);
    assert!(circle[0].starts_with("a circle"), "{circle:?}");
    let unknown = complaints(root, &files(&[("new.rs", ""), ("ids.rs", "crate::new::x")]));
    assert_eq!(unknown.len(), 2, "{unknown:?}");
}
