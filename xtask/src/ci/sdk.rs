//! The SDK with other features, compilers and dependencies than those of the workspace.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::run::{Outcome, Package, cargo, gated, metadata, root, succeed};
use crate::tools::{self, HACK};

const NAME: &str = "passage-identity";

fn package(root: &Path) -> Result<Package, String> {
    let packages = metadata(root)?.packages;
    let sdk = packages.into_iter().find(|package| package.name == NAME);
    sdk.ok_or_else(|| format!("there is no package {NAME}"))
}

pub(super) fn each_feature() -> Result<Outcome, String> {
    for feature in package(&root()?)?.features {
        println!("feature {feature}");
        super::flush();
        let what = ["check", "--quiet", "--package", NAME, "--lib"];
        let features = ["--no-default-features", "--features", &feature];
        succeed(&mut gated(&[what.as_slice(), &features].concat()))?;
    }
    Ok(Outcome::Done)
}

pub(super) fn powerset() -> Result<Outcome, String> {
    if let Err(why) = HACK.install() {
        return Ok(Outcome::Skipped(why));
    }
    let mut command = tools::cargo_with_tools()?;
    command.args(["hack", "check", "--quiet", "--package", NAME, "--lib"]);
    // `default` is empty, and would only double the work.
    command.args(["--feature-powerset", "--exclude-features", "default"]);
    succeed(command.args(["--depth", "2"])).map(|()| Outcome::Done)
}

/// With the `rust-version` of the manifest. In another target folder, so that the compilers do not invalidate each
/// other's work.
pub(super) fn oldest_compiler() -> Result<Outcome, String> {
    let root = root()?;
    let version = package(&root)?.rust_version;
    let there = Command::new("rustup")
        .args(["run", &version, "cargo", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !there {
        return Ok(Outcome::Skipped(format!(
            "nothing was checked with Rust {version}: rustup toolchain install {version} --profile minimal"
        )));
    }
    let target = metadata(&root)?.target_directory.join("msrv");
    succeed(
        Command::new("rustup")
            .current_dir(&root)
            .args(["run", &version, "cargo", "check", "--locked"])
            .args(["--package", NAME, "--lib", "--all-features"])
            // The cargo that runs this exports its own compiler.
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("CARGO")
            .env("CARGO_TARGET_DIR", target),
    )?;
    Ok(Outcome::Done)
}

/// As it would be published, with the oldest version of each dependency that its manifest allows. Their own
/// dependencies are the newest: those bounds are not ours.
pub(super) fn oldest_dependencies() -> Result<Outcome, String> {
    let root = root()?;
    let version = package(&root)?.version;
    let folder = metadata(&root)?.target_directory.join("minimal-versions");
    let target = folder.join("target");
    succeed(
        cargo()
            .current_dir(&root)
            .args(["package", "--quiet", "--allow-dirty", "--no-verify"])
            .args(["--package", NAME, "--target-dir"])
            .arg(&target),
    )?;
    let unpacked = folder.join(format!("{NAME}-{version}"));
    let _ = fs::remove_dir_all(&unpacked);
    let archive = target
        .join("package")
        .join(format!("{NAME}-{version}.crate"));
    succeed(
        Command::new("tar")
            .arg("-xzf")
            .arg(archive)
            .arg("-C")
            .arg(&folder),
    )?;
    let manifest = unpacked.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(|e| format!("{}: {e}", manifest.display()))?;
    // A workspace of its own, as it lies inside the project's.
    let text = format!("{}\n[workspace]\n", for_users(&text));
    fs::write(&manifest, text).map_err(|e| format!("{}: {e}", manifest.display()))?;
    let _ = fs::remove_file(unpacked.join("Cargo.lock"));
    let cargo_there = |arguments: &[&str]| {
        let mut command = cargo();
        command.current_dir(&unpacked).args(arguments);
        command.env("CARGO_TARGET_DIR", &target);
        command
    };
    // The option is unstable. Only cargo is told to accept it: the code is compiled as with any compiler.
    let mut update = cargo_there(&["update", "--quiet", "-Z", "direct-minimal-versions"]);
    succeed(update.env("RUSTC_BOOTSTRAP", "1"))?;
    let check = ["check", "--quiet", "--locked", "--lib", "--all-features"];
    succeed(&mut cargo_there(&check)).map(|()| Outcome::Done)
}

/// A manifest without the dependencies of the package's own tests and examples, so that they do not affect versions.
fn for_users(manifest: &str) -> String {
    let mut kept = true;
    let mut text = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            let table = line.trim_start_matches('[');
            let tests = ["dev-dependencies", "example]", "test]", "bench]"];
            kept = !tests.iter().any(|name| table.starts_with(name));
        }
        if kept {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tests_need_is_taken_out_of_a_manifest() {
        let manifest = "[package]\nname = \"a\"\n\n[[example]]\nname = \"b\"\n\n[dependencies.c]\nversion = \"1\"\n\n\
                        [dev-dependencies.d]\nversion = \"2\"\n\n[lints.rust]\nx = \"deny\"\n";
        assert_eq!(
            for_users(manifest),
            "[package]\nname = \"a\"\n\n[dependencies.c]\nversion = \"1\"\n\n[lints.rust]\nx = \"deny\"\n"
        );
    }
}
