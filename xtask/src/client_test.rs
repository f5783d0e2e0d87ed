//! `cargo xtask client-test`: the official client libraries, unmodified, use the server binary.

use std::process::Command;

use crate::packages;
use crate::run::{Outcome, cargo, metadata, root, server_binary, skip_unless, succeed};

const HERE: &str = "e2e/clients";
/// The library for Rust uses the system's OpenSSL.
const OPENSSL: [&str; 2] = ["--exists", "openssl"];

/// Installs the libraries below the target folder, builds the server, and runs `run.py`. Without a tool or a registry
/// it is skipped, or fails if it is `required`.
pub(crate) fn run(required: bool) -> Result<Outcome, String> {
    let skip = |why: &str| skip_unless(required, &format!("client-test needs {why}"));
    let python = match packages::openssl()
        .and_then(|()| packages::node())
        .and_then(|()| packages::python())
    {
        Ok(python) => python,
        Err(why) => return skip(&why),
    };
    if !packages::works("pkg-config", &OPENSSL) {
        return skip("the headers of OpenSSL: apt-get install libssl-dev pkg-config");
    }
    let root = root()?;
    let here = root.join(HERE);
    let folder = metadata(&root)?.target_directory.join("client-test");
    let (node, rust) = (folder.join("node"), folder.join("rust"));
    let library = match packages::pip(&here.join("python/requirements.txt"), &folder, python) {
        Ok(library) => library,
        Err(why) => return skip(&format!("the library for Python: {why}")),
    };
    if let Err(why) = packages::npm(&here.join("node"), &node) {
        return skip(&format!("the library for Node: {why}"));
    }
    let fetched = succeed(
        cargo()
            .args(["fetch", "--locked", "--quiet", "--manifest-path"])
            .arg(here.join("rust/Cargo.toml")),
    );
    if let Err(why) = fetched {
        return skip(&format!("the library for Rust: {why}"));
    }
    let server = server_binary(&root)?;
    succeed(
        Command::new(python)
            .current_dir(&root)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(here.join("run.py"))
            .arg("--server")
            .arg(server)
            .arg("--folder")
            .arg(folder)
            .arg("--python")
            .arg(library)
            .arg("--node")
            .arg(node)
            .arg("--rust")
            .arg(rust),
    )?;
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;

    fn text(file: &str) -> String {
        fs::read_to_string(root().unwrap().join(HERE).join(file)).unwrap()
    }

    #[test]
    fn the_libraries_are_locked() {
        let python = text("python/requirements.txt");
        let names: Vec<_> = packages::requirements_in(&python).collect();
        assert!(names.contains(&"passage-identity==3.0.2"));
        assert!(names.len() <= python.matches("--hash=sha256:").count());

        let node = text("node/package-lock.json");
        let names = packages::locked_in(&node).unwrap();
        let library = "@passageidentity/passage-node 2.12.1".to_owned();
        assert!(names.contains(&library));
        assert!(!node.contains("\"resolved\""), "names a registry");

        let rust = text("rust/Cargo.lock");
        assert!(rust.contains("name = \"passage_flex\"\nversion = \"1.0.2\""));
    }
}
