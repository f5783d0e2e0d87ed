//! Holds what the reports say of the generated client against the generated code.

use std::collections::BTreeSet;

use super::surface::{Surface, without_docs};
use super::*;
use crate::diff::{Change, Class, What};

/// What a caller may do with generated code, and whether they still can.
struct Difference {
    breaking: BTreeSet<String>,
    additive: BTreeSet<String>,
}

impl Difference {
    fn of(old: &str, new: &str) -> Self {
        let (old, new) = (Surface::of(old).0, Surface::of(new).0);
        let mut found = Self {
            breaking: BTreeSet::new(),
            additive: BTreeSet::new(),
        };
        for (item, what) in &old {
            if new.get(item) != Some(what) {
                found.breaking.insert(item.clone());
            }
        }
        for (item, _) in new.iter().filter(|(item, _)| !old.contains_key(*item)) {
            let owner = item.rsplit_once("::").map(|(owner, _)| owner.to_owned());
            // One more public field in a struct that anybody may build or take apart.
            let breaks =
                owner.is_some_and(|owner| old.get(&owner).is_some_and(|kind| kind == "struct"));
            let list = if breaks {
                &mut found.breaking
            } else {
                &mut found.additive
            };
            list.insert(item.clone());
        }
        found
    }
}

/// Whether the change is about `item` or about something that `item` is part of.
fn covers(change: &Change, item: &str) -> bool {
    let about = change.item.as_deref().unwrap_or_default();
    let renamed = match &change.what {
        What::OperationRenamed { from } => crate::diff::operations::method(from),
        _ => String::new(),
    };
    let inside = |rest: &str| rest.is_empty() || rest.starts_with("::") || rest.starts_with(": ");
    item == renamed
        || item.strip_prefix(about).is_some_and(inside)
        // A struct with a new required field is no longer a default.
        || item.strip_suffix(": Default").is_some_and(|owner| about.starts_with(owner))
}

/// What changes how a call goes and nothing of the signatures.
fn is_behaviour(what: &What) -> bool {
    matches!(
        what,
        What::StatusAdded { .. }
            | What::NullAsEmpty { .. }
            | What::Credential { .. }
            | What::Unread { .. }
    )
}

fn hold(fixture: &str, api: &str) {
    let (old, new) = documents(fixture, api);
    let changes = compare(api, &old, &new, &facade());
    if old == new {
        assert!(changes.is_empty(), "{fixture} {api}");
        return;
    }
    let (old, new) = (code(&old), code(&new));
    let difference = Difference::of(&old, &new);
    let place = format!("{fixture} {api}");

    for item in &difference.breaking {
        let mut about = changes.iter().filter(|change| covers(change, item));
        assert!(
            about.any(|change| change.generated.class == Class::Breaking),
            "{place}: {item} breaks and the report does not say so"
        );
    }
    for item in &difference.additive {
        assert!(
            changes
                .iter()
                .any(|change| covers(change, item) && change.generated.class >= Class::Additive),
            "{place}: {item} is new and the report does not say so"
        );
    }
    for change in changes.iter().filter(|change| !is_behaviour(&change.what)) {
        let really = match change.generated.class {
            Class::Breaking => &difference.breaking,
            Class::Additive => &difference.additive,
            Class::DocsOnly | Class::NoChange => continue,
        };
        assert!(
            really.iter().any(|item| covers(change, item)),
            "{place}: the code does not show {change:?}"
        );
    }
    match changes.generated() {
        None => assert_eq!(old, new, "{place}"),
        Some(Class::DocsOnly) => {
            assert_ne!(old, new, "{place}");
            assert_eq!(without_docs(&old), without_docs(&new), "{place}");
        }
        Some(_) => {}
    }
}

#[test]
fn reports_say_of_the_generated_client_what_its_code_shows() {
    for fixture in FIXTURES {
        for api in APIS {
            hold(fixture, api);
        }
    }
}

#[test]
fn every_fixture_is_listed_and_changes_something() {
    let folder = root().join("xtask/regen/tests/fixtures");
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| Some(name.strip_suffix(".yaml")?.to_owned()))
        .filter(|name| !name.ends_with(".before") && name != "conventions")
        .collect();
    files.sort();
    let mut listed = FIXTURES.to_vec();
    listed.sort_unstable();
    assert_eq!(files, listed);
    for fixture in FIXTURES {
        assert!(!report(fixture).is_empty(), "{fixture}");
    }
}

#[test]
fn a_document_does_not_differ_from_itself() {
    for api in APIS {
        let document = effective(api, None);
        assert!(compare(api, &document, &document, &facade()).is_empty());
        // Nor from the one that is checked in.
        let checked_in =
            serde_json::from_str(&read(&format!("openapi/effective/{api}.json"))).unwrap();
        assert!(compare(api, &document, &checked_in, &facade()).is_empty());
    }
}
