//! The SDK with other features, compilers and dependencies than those of the workspace.

use xshell::{Shell, cmd};

use crate::run::{Outcome, Package, Result, gated, metadata, shell, target};
use crate::tools::HACK;

const NAME: &str = "passage-identity";

fn package(sh: &Shell) -> Result<Package> {
    let mut packages = metadata(sh)?.packages.into_iter();
    Ok(packages
        .find(|package| package.name == NAME)
        .ok_or("the SDK is no package")?)
}

pub(super) fn each_feature() -> Result<Outcome> {
    let sh = shell()?;
    for feature in package(&sh)?.features() {
        let what =
            "check --quiet --package passage-identity --lib --no-default-features --features";
        gated(&sh, what).arg(feature).run()?;
    }
    Ok(Outcome::Done)
}

pub(super) fn powerset() -> Result<Outcome> {
    HACK.with(|sh| {
        let check = cmd!(
            sh,
            "cargo hack check --quiet --package {NAME} --lib --feature-powerset --depth 2"
        );
        // `default` is empty, and would only double the work.
        check.args(["--exclude-features", "default"]).run()?;
        Ok(Outcome::Done)
    })
}

/// With the `rust-version` of the manifest, installed if it is missing: this changes no other toolchain. In another target
/// folder, so that the compilers do not invalidate each other's work.
pub(super) fn oldest_compiler() -> Result<Outcome> {
    let sh = shell()?;
    let version = package(&sh)?.rust_version.unwrap_or_default();
    let probe = cmd!(sh, "rustup run {version} cargo --version").quiet();
    let install = cmd!(
        sh,
        "rustup toolchain install {version} --profile minimal --no-self-update"
    );
    if probe.ignore_stdout().ignore_stderr().run().is_err() && install.run().is_err() {
        return Ok(Outcome::Skipped(format!(
            "Rust {version} cannot be installed here, see above: nothing was checked with it"
        )));
    }
    cmd!(
        sh,
        "rustup run {version} cargo check --locked --package {NAME} --lib --all-features"
    )
    // The cargo that runs this exports its own compiler.
    .env_remove("RUSTUP_TOOLCHAIN")
    .env_remove("CARGO")
    .env("CARGO_TARGET_DIR", target(&sh, "msrv")?)
    .run()?;
    Ok(Outcome::Done)
}

/// As it would be published, with the oldest version of each dependency that its manifest allows. Their own
/// dependencies are the newest: those bounds are not ours.
pub(super) fn oldest_dependencies() -> Result<Outcome> {
    let sh = shell()?;
    let folder = target(&sh, "minimal-versions")?;
    let (target, version) = (folder.join("target"), package(&sh)?.version);
    let package = cmd!(
        sh,
        "cargo package --quiet --allow-dirty --no-verify --package {NAME}"
    );
    package.arg("--target-dir").arg(&target).run()?;
    let unpacked = folder.join(format!("{NAME}-{version}"));
    sh.remove_path(&unpacked)?;
    cmd!(
        sh,
        "tar -xzf {target}/package/{NAME}-{version}.crate -C {folder}"
    )
    .run()?;
    sh.change_dir(&unpacked);
    // A workspace of its own, as it lies inside the project's.
    let manifest = format!("{}\n[workspace]\n", for_users(&sh.read_file("Cargo.toml")?));
    sh.write_file("Cargo.toml", manifest)?;
    sh.remove_path("Cargo.lock")?;
    sh.set_var("CARGO_TARGET_DIR", &target);
    // The option is unstable. Only cargo is told to accept it: the code is compiled as with any compiler.
    let update = cmd!(sh, "cargo update --quiet -Z direct-minimal-versions");
    update.env("RUSTC_BOOTSTRAP", "1").run()?;
    cmd!(sh, "cargo check --quiet --locked --lib --all-features").run()?;
    Ok(Outcome::Done)
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
