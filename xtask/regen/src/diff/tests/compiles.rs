//! Holds what the reports say of `src/` against the compiler. Slow: compiles the SDK once for each fixture.

use std::process::Command;

use super::*;

/// The project without what is built, in a folder of its own.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name == "target" || name == ".git" {
            continue;
        }
        let (from, to) = (entry.path(), to.join(name));
        if entry.file_type().unwrap().is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

#[test]
#[ignore = "minutes: compiles the SDK once for each fixture"]
fn src_has_to_follow_where_the_report_says_so() {
    let project = std::env::temp_dir().join(format!("passage-follow-{}", std::process::id()));
    copy(&root(), &project);
    let compiles = |documents: &dyn Fn(&str) -> Value| {
        for api in APIS {
            let path = project.join(format!("openapi/effective/{api}.json"));
            fs::write(path, documents(api).to_string()).unwrap();
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let done = Command::new(cargo)
            .current_dir(&project)
            .args([
                "check",
                "--quiet",
                "--offline",
                "--package",
                "passage-identity",
                "--lib",
            ])
            .output()
            .unwrap();
        (
            done.status.success(),
            String::from_utf8_lossy(&done.stderr).into_owned(),
        )
    };
    let (fine, errors) = compiles(&|api| effective(api, None));
    assert!(fine, "{errors}");
    let mut wrong = Vec::new();
    for fixture in FIXTURES {
        let follow = report(fixture).to_follow();
        let (fine, errors) = compiles(&|api| {
            let (old, new) = documents(fixture, api);
            // With documents of its own to begin with, a fixture ends where `src/` is today: it is `src/`
            // that would not fit the beginning.
            if has_before(fixture) { old } else { new }
        });
        if fine != follow.is_empty() {
            wrong.push(format!("{fixture}: {follow:?}\n{errors}"));
        }
    }
    fs::remove_dir_all(&project).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
