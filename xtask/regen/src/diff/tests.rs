//! Small changes of the vendored documents, run through everything: overlay, rules, generator, report.
//!
//! Each file of `tests/fixtures` is an overlay that is laid over a copy of the vendored documents before the
//! project's own. What the reports say of the generated client is held against the generated code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use semver::Version;

use super::*;
use crate::cases::{self, snapshot};
use crate::make::APIS;
use crate::normalise::normalise;
use crate::overlay::Overlay;

const CURRENT: Version = Version::new(0, 1, 0);

/// The folder of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The facade file as it is.
fn facade() -> Facade {
    Facade::parse(&cases::file("openapi/facade.yaml")).unwrap()
}

/// Every fixture: `<name>.yaml`, and `<name>.before.yaml` if the old documents differ from the vendored ones.
/// `conventions` has types that neither document has today.
fn fixtures() -> Vec<String> {
    let names = fs::read_dir(root().join("xtask/regen/tests/fixtures")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = names.filter_map(|name| Some(name.strip_suffix(".yaml")?.to_owned()));
    let mut names: Vec<String> = names
        .filter(|name| !name.ends_with(".before") && name != "conventions")
        .collect();
    names.sort();
    names
}

/// The effective document of `api`, after the fixture overlay `fixture`.
fn effective(api: &str, fixture: Option<&str>) -> Value {
    static VENDORED: LazyLock<[Value; 2]> = LazyLock::new(|| APIS.map(cases::vendored));
    let mut document = VENDORED[usize::from(api == "auth")].clone();
    let fixture = fixture.map(|name| format!("xtask/regen/tests/fixtures/{name}.yaml"));
    // The fixture stands for a new vendored document, so it comes before the project's overlay.
    for overlay in fixture
        .into_iter()
        .chain(["openapi/overlay.yaml".to_owned()])
    {
        Overlay::parse(&cases::file(&overlay), &APIS)
            .and_then(|parsed| parsed.apply(api, api, &mut document))
            .unwrap_or_else(|e| panic!("{overlay}: {e}"));
    }
    normalise(&mut document).unwrap();
    document
}

/// The name of the fixture's old documents, if they differ from the vendored ones.
fn before(fixture: &str) -> Option<String> {
    let name = format!("{fixture}.before");
    let path = format!("xtask/regen/tests/fixtures/{name}.yaml");
    root().join(path).exists().then_some(name)
}

/// The name of a fixture, and for both APIs the documents and the code before and after it, with the report.
type Fixture = (String, [([Value; 2], [String; 2], Changes); 2]);

/// Generating is the slow part.
static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(|| {
    let code = |document: &Value| codegen::generate(&document.to_string()).unwrap();
    let plain = APIS
        .map(|api| effective(api, None))
        .map(|document| (code(&document), document));
    let code = |document: &Value| match plain.iter().find(|(_, known)| known == document) {
        Some((known, _)) => known.clone(),
        None => code(document),
    };
    let reports = fixtures().into_iter().map(|fixture| {
        let reports = APIS.map(|api| {
            let documents = [before(&fixture), Some(fixture.clone())];
            let [old, new] = documents.map(|fixture| effective(api, fixture.as_deref()));
            let codes = [code(&old), code(&new)];
            let report = match old == new {
                true => Changes::default(),
                false => {
                    compare_code(api, [&old, &new], [&codes[0], &codes[1]], &facade()).unwrap()
                }
            };
            ([old, new], codes, report)
        });
        (fixture, reports)
    });
    reports.collect()
});

/// The report on a fixture, both APIs in one.
fn report(fixture: &str) -> Changes {
    let (_, reports) = FIXTURES.iter().find(|(name, _)| name == fixture).unwrap();
    let reports = reports.iter().map(|(.., report)| report.clone());
    reports.reduce(Changes::and).unwrap()
}

#[test]
fn each_fixture_has_its_report() {
    assert!(FIXTURES.len() > 16, "{}", FIXTURES.len());
    for (fixture, _) in FIXTURES.iter() {
        let report = report(fixture);
        assert!(!report.0.is_empty(), "{fixture}");
        said(fixture, &report);
    }
}

/// Holds a report and its draft against a snapshot.
fn said(name: &str, report: &Changes) {
    let text = report.to_markdown(&CURRENT) + "\n" + &report.changelog_draft();
    snapshot(name, &text);
}

/// Changes of a tiny document, for what no fixture has.
#[test]
fn what_is_said_of_small_changes() {
    let cases = cases::read("compare");
    let (tiny, cases) = cases.split_first().unwrap();
    for case in cases {
        let (kind, pair) = case.as_object().unwrap().iter().next().unwrap();
        let place = match kind.as_str() {
            "field" => "/components/schemas/Thing/properties/f",
            "schema" => "/components/schemas/Thing",
            "operation" => "/paths/~1i/post",
            _ => "",
        };
        let made = |members: &Value| {
            let mut document = tiny.clone();
            let target = document.pointer_mut(place).and_then(Value::as_object_mut);
            let target = target.unwrap();
            if place.starts_with("/components") {
                target.clear();
            }
            target.extend(members.as_object().unwrap().clone());
            document
        };
        let (old, new) = (made(&pair[0]), made(&pair[1]));
        let changes = compare("api", &old, &new, &Facade::default()).unwrap().0;
        let line = |c: &Change| format!("{} {}: {}", c.place, c.words, c.generated.class);
        let found: BTreeSet<String> = changes.iter().map(line).collect();
        match case["has"].as_str() {
            Some(line) => assert!(found.contains(line), "{found:?}"),
            // Those of one class come in any order.
            None => {
                let lines = case["says"].as_array().unwrap().iter();
                let lines = lines.map(|line| line.as_str().unwrap().to_owned());
                assert_eq!(found, lines.collect(), "{case}");
                assert_eq!(found.len(), changes.len(), "{case}");
            }
        }
    }
}

#[test]
fn a_pull_request() {
    let fixtures = "new_operation nullable_added changed_description auth_api".split(' ');
    let together = fixtures.map(report).reduce(Changes::and).unwrap();
    said("together", &together);
}

#[test]
fn a_document_does_not_differ_from_itself() {
    for api in APIS {
        let document = effective(api, None);
        // Nor from the one that is checked in.
        let checked_in = cases::file(&format!("openapi/effective/{api}.json"));
        let checked_in = serde_json::from_str(&checked_in).unwrap();
        for other in [&document, &checked_in] {
            let nothing = compare(api, &document, other, &facade()).unwrap();
            assert_eq!(nothing.changelog_draft(), "");
            assert!(nothing.to_markdown(&CURRENT).ends_with("Nothing.\n"));
        }
    }
}

/// The names of the items in a tree.
fn items(node: &Node, found: &mut BTreeSet<String>) {
    let argument = node
        .shape
        .as_ref()
        .filter(|_| node.item.starts_with("Client::"));
    match argument {
        Some(_) => found.insert(format!("{}({})", node.item, names::snake(&node.name))),
        None => found.insert(node.item.clone()),
    };
    node.children.iter().for_each(|child| items(child, found));
}

#[test]
fn every_name_in_a_report_is_one_in_the_code() {
    let mut all = 0;
    for (api, fixture) in [
        ("management", None),
        ("auth", None),
        ("management", Some("conventions")),
    ] {
        let value = effective(api, fixture);
        let code = Surface::of(&codegen::generate(&value.to_string()).unwrap()).unwrap();
        let document = Document { root: &value };
        let facade = facade();
        let trees = Trees {
            cover: &facade.cover(api, &document, &document),
            renamed: &[],
        };
        let mut named = BTreeSet::new();
        items(&trees.tree(&document, &code), &mut named);
        let known = |item: &&String| !["", "Client"].contains(&item.as_str());
        for item in named.iter().filter(known) {
            assert!(code.0.contains_key(item), "{api}: there is no {item}");
        }
        // The other way round, but for what says more of an item that is named.
        let beside = |item: &str| item.ends_with("::Unknown") || item.contains([' ', '(']);
        for item in code
            .0
            .keys()
            .filter(|item| fixture.is_none() && !beside(item))
        {
            assert!(named.contains(item), "{api}: nothing speaks of {item}");
        }
        all += named.len();
    }
    assert!(all > 900, "{all}");
}

/// Without any docs, to see whether they are all that changed.
fn without_docs(code: &str) -> String {
    struct NoDocs;
    impl syn::visit_mut::VisitMut for NoDocs {
        fn visit_attributes_mut(&mut self, attrs: &mut Vec<syn::Attribute>) {
            attrs.retain(|attr| !attr.path().is_ident("doc"));
        }
    }
    let mut file = syn::parse_file(code).unwrap();
    syn::visit_mut::VisitMut::visit_file_mut(&mut NoDocs, &mut file);
    prettyplease::unparse(&file)
}

#[test]
fn reports_say_of_the_generated_client_what_its_code_shows() {
    let reports = FIXTURES
        .iter()
        .flat_map(|(fixture, reports)| reports.iter().map(move |r| (fixture, r)));
    for (fixture, (documents, code, changes)) in reports {
        let [old, new] = code.each_ref().map(|code| Surface::of(code).unwrap().0);
        let differs = |item: &&String| old.get(*item) != new.get(*item);
        let differing: BTreeSet<&String> = old.keys().chain(new.keys()).filter(differs).collect();
        // What changes how a call goes and nothing of the signatures.
        let behaviour = ["status", "null ", "credential"];
        let behaves = |change: &&Change| !behaviour.iter().any(|b| change.words.starts_with(b));
        let code_changes = |change: &&Change| change.generated.class >= Class::Additive;
        for change in changes.0.iter().filter(code_changes).filter(behaves) {
            let item = change.item.as_ref().unwrap();
            let shown = differing
                .iter()
                .any(|differing| differing.starts_with(item.as_str()));
            assert!(shown, "{fixture}: the code does not show {change:?}");
            assert!(
                !change.words.contains("cannot judge"),
                "{fixture}: {change:?}"
            );
        }
        match changes.0.iter().map(|change| change.generated.class).max() {
            None => assert_eq!(documents[0], documents[1], "{fixture}"),
            Some(Class::DocsOnly) => {
                assert_ne!(code[0], code[1], "{fixture}");
                assert_eq!(without_docs(&code[0]), without_docs(&code[1]), "{fixture}");
            }
            Some(_) => {}
        }
    }
}

#[test]
fn what_no_rule_explains_is_said() {
    let surface = |items: &str| {
        let items = items.split("; ").filter_map(|item| item.split_once(": "));
        Surface(
            items
                .map(|(item, what)| (item.to_owned(), what.to_owned()))
                .collect(),
        )
    };
    let mut found = Found {
        api: "auth",
        changes: Vec::new(),
        explained: BTreeSet::new(),
    };
    found.explained.insert(("types::User".to_owned(), false));
    found.unexplained(
        &surface("types::User::a: i32; types::UserInfo: struct; types::B: enum"),
        &surface("types::User::a: i64; types::B: enum"),
    );
    let [change] = found.changes.as_slice() else {
        panic!("{:?}", found.changes)
    };
    assert_eq!(
        change.words,
        "`types::UserInfo` changed, which this report cannot judge"
    );
    assert_eq!(change.class(), Class::Breaking);
}

/// Holds what the reports say of `src/` against the compiler, on a copy of the project.
#[test]
#[ignore = "minutes: compiles the SDK once for each fixture"]
fn src_has_to_follow_where_the_report_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let run = |program: &str, words: &str, from: &Path| {
        Command::new(program)
            .args(words.split(' '))
            .current_dir(from)
            .output()
            .unwrap()
    };
    let tracked = run("git", "ls-files", &root()).stdout;
    for name in String::from_utf8(tracked).unwrap().lines() {
        let to = folder.path().join(name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(root().join(name), to).unwrap();
    }
    let compiles = |documents: &dyn Fn(&str) -> Value| {
        for api in APIS {
            let path = folder.path().join(format!("openapi/effective/{api}.json"));
            fs::write(path, documents(api).to_string()).unwrap();
        }
        let check = "check --quiet --offline -p passage-identity --lib";
        let done = run("cargo", check, folder.path());
        (
            done.status.success(),
            String::from_utf8_lossy(&done.stderr).into_owned(),
        )
    };
    let (fine, errors) = compiles(&|api| effective(api, None));
    assert!(fine, "{errors}");
    for (fixture, _) in FIXTURES.iter() {
        let follow = report(fixture).to_follow();
        // With documents of its own to begin with, a fixture ends where `src/` is today: it is `src/` that would
        // not fit the beginning.
        let before = before(fixture).unwrap_or_else(|| fixture.clone());
        let (fine, errors) = compiles(&|api| effective(api, Some(&before)));
        assert_eq!(fine, follow.is_empty(), "{fixture}: {follow:?}\n{errors}");
    }
}
