//! The programs whose builds are measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::measure::{self, Cost};
use super::{read, write};
use crate::run::{cargo, succeed};

/// What somebody takes who does it by hand.
const BARE: &str = r#"
jsonwebtoken = { version = "11", default-features = false, features = ["aws_lc_rs"] }
reqwest = { version = "0.13", features = ["json"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
tokio = { version = "1", features = ["rt"] }
"#;

/// One of the programs.
pub(super) struct Consumer {
    /// What the progress calls it.
    pub(super) name: &'static str,
    /// What the table calls it.
    pub(super) title: &'static str,
    folder: PathBuf,
}

impl Consumer {
    /// A program that depends on the crate in `package`.
    pub(super) fn of_crate(
        folder: &Path,
        name: &'static str,
        package: &Path,
        root: &Path,
    ) -> Result<Self, String> {
        let dependency = format!("\npassage-identity = {{ path = {:?} }}\n", package);
        let main = "fn main() { println!(\"{:?}\", passage_identity::Passage::builder(\"app\").build()); }\n";
        let title = match name {
            "generated" => "this crate",
            _ => "this crate, generated code checked in",
        };
        Self::new(folder, name, title, &dependency, main, root)
    }

    /// The program that does without this crate.
    pub(super) fn bare(folder: &Path, root: &Path) -> Result<Self, String> {
        let main = "fn main() { println!(\"{:?}\", reqwest::Client::builder().build()); }\n";
        let title = "reqwest, serde, jsonwebtoken alone";
        Self::new(folder, "bare", title, BARE, main, root)
    }

    fn new(
        folder: &Path,
        name: &'static str,
        title: &'static str,
        dependencies: &str,
        main: &str,
        root: &Path,
    ) -> Result<Self, String> {
        let folder = folder.join(name.replace(' ', "-"));
        // A workspace of its own, so that no profile of ours applies.
        let manifest = format!(
            "[package]\nname = \"consumer\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]{dependencies}"
        );
        write(&folder.join("Cargo.toml"), &manifest)?;
        write(&folder.join("src/main.rs"), main)?;
        // The same versions for all.
        write(&folder.join("Cargo.lock"), &read(&root.join("Cargo.lock"))?)?;
        Ok(Self {
            name,
            title,
            folder,
        })
    }

    /// Cargo in the folder of the program, without what the environment would change about a build.
    pub(super) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = cargo();
        cargo
            .current_dir(&self.folder)
            .args(arguments)
            // A crate from a registry is never built incrementally.
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TARGET_DIR", self.folder.join("target"));
        for name in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTC_WRAPPER",
            "CARGO_BUILD_JOBS",
        ] {
            cargo.env_remove(name);
        }
        cargo
    }

    /// Gets the sources of all dependencies.
    pub(super) fn fetch(&self) -> Result<(), String> {
        succeed(&mut self.cargo(&["fetch", "--quiet"]))
    }

    /// A debug build.
    pub(super) fn build(&self, jobs: u32) -> Result<Cost, String> {
        let jobs = jobs.to_string();
        measure::build(
            &self.cargo(&[
                "build",
                "--offline",
                "--jobs",
                &jobs,
                "--message-format",
                "json",
            ]),
            &self.folder,
        )
    }

    /// Takes away what was built.
    pub(super) fn clean(&self) -> Result<(), String> {
        let target = self.folder.join("target");
        fs::remove_dir_all(&target).map_err(|e| format!("{}: {e}", target.display()))
    }

    /// The folder that our build script wrote to.
    pub(super) fn out_folder(&self) -> Result<PathBuf, String> {
        self.build_folders()?
            .into_iter()
            .map(|folder| folder.join("out"))
            .find(|out| out.join("management.rs").exists())
            .ok_or_else(|| "no generated code found".to_owned())
    }

    /// Our build script as a program.
    pub(super) fn build_script(&self) -> Result<PathBuf, String> {
        self.build_folders()?
            .into_iter()
            .map(|folder| folder.join("build-script-build"))
            .find(|script| script.exists())
            .ok_or_else(|| "no build script found".to_owned())
    }

    fn build_folders(&self) -> Result<Vec<PathBuf>, String> {
        let folder = self.folder.join("target/debug/build");
        let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(entries
            .flatten()
            .filter(|entry| {
                entry
                    .file_name()
                    .to_string_lossy()
                    .starts_with("passage-identity-")
            })
            .map(|entry| entry.path())
            .collect())
    }
}

/// Packages the crate as it would be published, and unpacks that.
pub(super) fn package(root: &Path, crates: &Path) -> Result<PathBuf, String> {
    let target = crates.join("target");
    succeed(
        cargo()
            .current_dir(root)
            .args([
                "package",
                "--quiet",
                "--offline",
                "--no-verify",
                "--allow-dirty",
            ])
            .args(["--package", "passage-identity", "--target-dir"])
            .arg(&target),
    )?;
    let packages = target.join("package");
    let archive = fs::read_dir(&packages)
        .map_err(|e| format!("{}: {e}", packages.display()))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == "crate"))
        .ok_or("cargo packaged nothing")?;
    let unpacked = crates.join("generated");
    unpack(&archive, &unpacked)?;
    unpack(&archive, &crates.join("checked-in"))?;
    Ok(unpacked)
}

fn unpack(archive: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|e| format!("{}: {e}", to.display()))?;
    succeed(
        Command::new("tar")
            .args(["-x", "-z", "--strip-components", "1", "-f"])
            .arg(archive)
            .arg("-C")
            .arg(to),
    )?;
    let manifest = to.join("Cargo.toml");
    write(&manifest, &(read(&manifest)? + "\n[workspace]\n"))
}

/// Makes the second crate the one with the generated code of the first checked in.
pub(super) fn check_in(generated: &Path, out: &Path) -> Result<(), String> {
    let package = generated.with_file_name("checked-in");
    for api in ["management", "auth"] {
        let code = out.join(format!("{api}.rs"));
        write(&package.join(format!("generated/{api}.rs")), &read(&code)?)?;
        let module = package.join(format!("src/generated/{api}.rs"));
        let text = read(&module)?;
        let include = format!("include!(concat!(env!(\"OUT_DIR\"), \"/{api}.rs\"));");
        if !text.contains(&include) {
            return Err(format!("{}: no {include}", module.display()));
        }
        let checked_in = format!("include!(\"../../generated/{api}.rs\");");
        write(&module, &text.replace(&include, &checked_in))?;
    }
    let manifest = package.join("Cargo.toml");
    write(&manifest, &without_build_script(&read(&manifest)?))?;
    let script = package.join("build.rs");
    fs::remove_file(&script).map_err(|e| format!("{}: {e}", script.display()))
}

/// A manifest as cargo writes it, without build script and build dependencies.
fn without_build_script(manifest: &str) -> String {
    let mut kept = String::new();
    let mut build = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            build = line.starts_with("[build-dependencies");
        }
        if !build && line != "build = \"build.rs\"" {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_dependencies_are_taken_out() {
        let manifest = "[package]\nbuild = \"build.rs\"\nname = \"x\"\n\n[build-dependencies.syn]\nversion = \"2\"\n\
                        features = [\n    \"full\",\n]\n\n[lints.rust]\nunsafe_code = \"forbid\"\n";
        assert_eq!(
            without_build_script(manifest),
            "[package]\nname = \"x\"\n\n[lints.rust]\nunsafe_code = \"forbid\"\n"
        );
    }
}
