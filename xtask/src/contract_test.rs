//! `cargo xtask contract-test`: tests the server binary against the vendored documents, with requests that schemathesis
//! generates.

use std::process::Command;

use crate::packages;
use crate::run::{Outcome, metadata, root, server_binary, skip_unless, succeed};

const HERE: &str = "e2e/schemathesis";

/// Installs schemathesis below the target folder, builds the server, and runs `run.py`. Without Python or a package
/// index it is skipped, or fails if it is `required`.
pub(crate) fn run(cases: u32, required: bool) -> Result<Outcome, String> {
    let root = root()?;
    let python = match packages::python() {
        Ok(python) => python,
        Err(why) => return skip_unless(required, &format!("contract-test needs {why}")),
    };
    let folder = metadata(&root)?.target_directory.join("contract-test");
    let python = match packages::pip(&root.join(HERE).join("requirements.txt"), &folder, python) {
        Ok(python) => python,
        Err(why) => {
            return skip_unless(
                required,
                &format!("contract-test cannot get schemathesis: {why}"),
            );
        }
    };
    let scripts = root.join(HERE);
    // The checker itself is tested first.
    succeed(
        Command::new(&python)
            .current_dir(&scripts)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .args(["-m", "unittest", "--quiet", "test_judge"]),
    )?;
    let server = server_binary(&root)?;
    succeed(
        Command::new(&python)
            .current_dir(&root)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(scripts.join("run.py"))
            .arg("--server")
            .arg(server)
            .arg("--documents")
            .arg(root.join("openapi"))
            .arg("--reports")
            .arg(folder.join("reports"))
            .args(["--cases", &cases.to_string()]),
    )?;
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;

    #[test]
    fn every_package_is_pinned() {
        let requirements = root().unwrap().join(HERE).join("requirements.txt");
        let requirements = fs::read_to_string(requirements).unwrap();
        for package in packages::requirements_in(&requirements) {
            assert!(package.contains("=="), "{package}");
        }
        assert!(
            packages::requirements_in(&requirements)
                .any(|package| package.starts_with("schemathesis=="))
        );
    }
}
