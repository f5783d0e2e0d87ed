//! The SDK with other features, compilers and dependencies than those of the workspace.

use xshell::{Shell, cmd};

use crate::run::{Package, Result, Skipped, gated, metadata, shell, target};
use crate::tools::HACK;

const NAME: &str = "passage-identity";

fn package(sh: &Shell) -> Result<Package> {
    let mut packages = metadata(sh)?.packages.into_iter();
    Ok(packages
        .find(|package| package.name == NAME)
        .ok_or("the SDK is no package")?)
}

pub(super) fn each_feature() -> Result {
    let sh = shell()?;
    for feature in package(&sh)?.features() {
        let what =
            "check --quiet --package passage-identity --lib --no-default-features --features";
        gated(&sh, what).arg(feature).run()?;
    }
    Ok(())
}

pub(super) fn powerset() -> Result {
    HACK.with(|sh| {
        let check = cmd!(
            sh,
            "cargo hack check --quiet --package {NAME} --lib --feature-powerset --depth 2"
        );
        // `default` is empty, and would only double the work.
        Ok(check.args(["--exclude-features", "default"]).run()?)
    })
}

/// With the `rust-version` of the manifest, installed if it is missing: this changes no other toolchain. In another target
/// folder, so that the compilers do not invalidate each other's work.
pub(super) fn oldest_compiler() -> Result {
    let sh = shell()?;
    let version = package(&sh)?.rust_version.unwrap_or_default();
    let probe = cmd!(sh, "rustup run {version} cargo --version").quiet();
    let install = cmd!(
        sh,
        "rustup toolchain install {version} --profile minimal --no-self-update"
    );
    if probe.ignore_stdout().ignore_stderr().run().is_err() && install.run().is_err() {
        let why = "cannot be installed here, see above: nothing was checked with it";
        return Err(Skipped(format!("Rust {version} {why}")).into());
    }
    Ok(cmd!(
        sh,
        "rustup run {version} cargo check --locked --package {NAME} --lib --all-features"
    )
    // The cargo that runs this exports its own compiler.
    .env_remove("RUSTUP_TOOLCHAIN")
    .env_remove("CARGO")
    .env("CARGO_TARGET_DIR", target(&sh, "msrv")?)
    .run()?)
}

/// As it would be published, with the oldest version of each dependency that its manifest allows. Their own
/// dependencies are the newest: those bounds are not ours.
pub(super) fn oldest_dependencies() -> Result {
    HACK.with(|sh| {
        let folder = target(sh, "minimal-versions")?;
        let (target, version) = (folder.join("target"), package(sh)?.version);
        let package = cmd!(
            sh,
            "cargo package --quiet --allow-dirty --no-verify --package {NAME}"
        );
        package.arg("--target-dir").arg(&target).run()?;
        let unpacked = folder.join(format!("{NAME}-{version}"));
        sh.remove_path(&unpacked)?;
        let packed = target.join(format!("package/{NAME}-{version}.crate"));
        cmd!(sh, "tar -xzf {packed} -C {folder}").run()?;
        sh.change_dir(&unpacked);
        // A workspace of its own, as it lies inside the project's.
        let manifest = sh.read_file("Cargo.toml")? + "\n[workspace]\n";
        sh.write_file("Cargo.toml", manifest)?;
        sh.remove_path("Cargo.lock")?;
        sh.set_var("CARGO_TARGET_DIR", &target);
        // What the package's own tests depend on must not affect versions.
        cmd!(sh, "cargo hack --remove-dev-deps").run()?;
        // The option is unstable. Only cargo is told to accept it: the code is compiled as with any compiler.
        let update = cmd!(sh, "cargo update --quiet -Z direct-minimal-versions");
        update.env("RUSTC_BOOTSTRAP", "1").run()?;
        Ok(cmd!(sh, "cargo check --quiet --locked --lib --all-features").run()?)
    })
}
