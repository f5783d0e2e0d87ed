//! Running other programs, and what cargo knows about the project.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// How a command that did not fail ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    Done,
    /// It could not be run here; the reason.
    Skipped(String),
}

/// A tool that is not part of the project.
pub(crate) struct Tool {
    /// The arguments of cargo that show whether it is installed.
    pub(crate) probe: &'static [&'static str],
    pub(crate) name: &'static str,
    /// How to install it.
    pub(crate) remedy: &'static str,
}

impl Tool {
    /// If it is missing: its name, and how to install it.
    pub(crate) fn missing(&self) -> Option<String> {
        let there = Command::new("cargo")
            .args(self.probe)
            // Must not make rustup install what is missing.
            .env("RUSTUP_AUTO_INSTALL", "0")
            .output()
            .is_ok_and(|output| output.status.success());
        (!there).then(|| format!("{}: {}", self.name, self.remedy))
    }
}

/// What to do about a missing tool: fail if it is `required`, otherwise skip.
pub(crate) fn skip_unless(required: bool, missing: &str) -> Result<Outcome, String> {
    if required {
        Err(missing.to_owned())
    } else {
        Ok(Outcome::Skipped(missing.to_owned()))
    }
}

/// The cargo that runs this, so that its toolchain is kept.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The folder of the project.
pub(crate) fn root() -> Result<PathBuf, String> {
    let manifest = env::var("CARGO_MANIFEST_DIR")
        .map_err(|_| "run this as `cargo xtask`: CARGO_MANIFEST_DIR is not set".to_owned())?;
    Path::new(&manifest)
        .parent()
        .map(Path::to_path_buf)
        .ok_or_else(|| format!("{manifest} has no parent"))
}

/// Runs a command to its end. The error names the command; its output shows why it failed.
pub(crate) fn succeed(command: &mut Command) -> Result<(), String> {
    let program = Path::new(command.get_program())
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let words: Vec<_> = command
        .get_args()
        .map(|word| word.to_string_lossy())
        .collect();
    let line = format!("{program} {}", words.join(" "));
    let status = command.status().map_err(|e| format!("`{line}`: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{line}` failed, see above"))
    }
}

/// Cargo in the root, where a snapshot that differs fails and is never written.
pub(crate) fn gated(arguments: &[&str]) -> Command {
    let mut command = cargo();
    command
        .args(arguments)
        .env("INSTA_UPDATE", "no")
        .env("CI", "true");
    if let Ok(root) = root() {
        command.current_dir(root);
    }
    command
}

/// Runs a package of its own, so that no other command has to build the generator. It starts where the
/// user is, so that names of files mean what they say.
pub(crate) fn regen(arguments: &[OsString]) -> Result<(), String> {
    let root = root()?;
    let package = [
        "run",
        "--quiet",
        "--package",
        "xtask-regen",
        "--manifest-path",
    ];
    succeed(
        cargo()
            .args(package)
            .arg(root.join("Cargo.toml"))
            .args(["--", "--root"])
            .arg(&root)
            .args(arguments),
    )
}

/// Builds the server for development, and returns the path of the program.
pub(crate) fn server_binary(root: &Path) -> Result<PathBuf, String> {
    let name = "passage-server";
    succeed(cargo().current_dir(root).args([
        "build",
        "--quiet",
        "--package",
        name,
        "--bin",
        name,
    ]))?;
    let folder = metadata(root)?.target_directory.join("debug");
    Ok(folder.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
}

/// What `cargo metadata` says.
pub(crate) struct Metadata {
    pub(crate) target_directory: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// A package of the workspace.
#[derive(Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) rust_version: String,
    pub(crate) published: bool,
    /// Without `default`.
    pub(crate) features: Vec<String>,
    /// Kind and name: `example`, `quickstart`.
    pub(crate) targets: Vec<(String, String)>,
}

/// Asks cargo about the workspace in `root`.
pub(crate) fn metadata(root: &Path) -> Result<Metadata, String> {
    let output = cargo()
        .current_dir(root)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .output()
        .map_err(|e| format!("cargo metadata: {e}"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo metadata: {}", why.trim_end()));
    }
    let value: Value =
        serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))?;
    let target = text(&value, "target_directory");
    if target.is_empty() {
        return Err("cargo metadata names no target_directory".to_owned());
    }
    Ok(Metadata {
        target_directory: target.into(),
        packages: list(&value, "packages").iter().map(package).collect(),
    })
}

fn package(value: &Value) -> Package {
    let features = value.get("features").and_then(Value::as_object);
    let targets = list(value, "targets").iter().flat_map(|target| {
        list(target, "kind")
            .iter()
            .filter_map(Value::as_str)
            .map(|kind| (kind.to_owned(), text(target, "name")))
    });
    Package {
        name: text(value, "name"),
        version: text(value, "version"),
        rust_version: text(value, "rust_version"),
        // Null is "anywhere", an empty list is `publish = false`.
        published: !list(value, "publish").is_empty() || value.get("publish") == Some(&Value::Null),
        features: features
            .into_iter()
            .flat_map(|features| features.keys())
            .filter(|name| *name != "default")
            .cloned()
            .collect(),
        targets: targets.collect(),
    }
}

fn text(value: &Value, name: &str) -> String {
    let text = value.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let list = value.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn metadata_has_what_the_manifests_say() {
        let metadata = metadata(&root().unwrap()).unwrap();
        let find = |name: &str| {
            metadata
                .packages
                .iter()
                .find(|package| package.name == name)
        };
        let sdk = find("passage-identity").unwrap();
        assert!(sdk.published);
        assert_eq!(sdk.rust_version, "1.88");
        assert!(sdk.features.contains(&"axum".to_owned()));
        assert!(!sdk.features.contains(&"default".to_owned()));
        let quickstart = ("example".to_owned(), "quickstart".to_owned());
        assert!(sdk.targets.contains(&quickstart));
        assert!(!find("xtask").unwrap().published);
    }

    #[test]
    fn a_command_that_fails_is_named() {
        assert_eq!(succeed(Command::new("sh").args(["-c", "exit 0"])), Ok(()));
        let error = succeed(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error, "`sh -c exit 3` failed, see above");
    }

    #[test]
    fn a_tool_that_is_missing_is_named_with_its_remedy() {
        let tool = |probe| Tool {
            probe,
            name: "it",
            remedy: "get it",
        };
        assert_eq!(tool(&["--version"]).missing(), None);
        let missing = tool(&["no-such-command"]).missing();
        assert_eq!(missing.as_deref(), Some("it: get it"));
    }
}
