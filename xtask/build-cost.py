#!/usr/bin/env python3
"""What a clean debug build costs a program that depends on this crate. docs/build.md has the numbers.

Builds three small programs outside the workspace, so that no profile of ours applies, each from nothing: one with the
crate as it is packaged, one with its generated code checked in, one with what anybody needs who does it by hand.
Then holds what makes the crate compile or generate again against the table in docs/build.md.

    python3 xtask/build-cost.py [RUNS]
"""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "build-cost"
RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
CHANGING = ("RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "CARGO_BUILD_JOBS", "CARGO_TARGET_DIR")
# A crate from a registry is never built incrementally.
ENV = {name: value for name, value in os.environ.items() if name not in CHANGING} | {"CARGO_INCREMENTAL": "0"}
BARE = """
jsonwebtoken = { version = "11", default-features = false, features = ["aws_lc_rs"] }
reqwest = { version = "0.13", features = ["json"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
tokio = { version = "1", features = ["rt"] }
"""


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, env=ENV, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stderr}")
    return done


def package():
    """Unpacks the crate twice, as it would be published."""
    run(ROOT, "cargo", "package", "--offline", "--no-verify", "--allow-dirty", "--package", "passage-identity",
        "--target-dir", WORK / "packaged")
    [archive] = (WORK / "packaged" / "package").glob("*.crate")
    for name in ("generated", "checked-in"):
        (WORK / name).mkdir(parents=True)
        run(WORK / name, "tar", "-xzf", archive, "--strip-components", "1")
        with (WORK / name / "Cargo.toml").open("a") as manifest:
            manifest.write("\n[workspace]\n")


def program(name, dependencies, expression):
    folder = WORK / f"program-{name}"
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text('[package]\nname = "program"\nversion = "0.0.0"\nedition = "2024"\n\n'
                                       f"[workspace]\n\n[dependencies]\n{dependencies}")
    (folder / "src" / "main.rs").write_text(f'fn main() {{ println!("{{:?}}", {expression}); }}\n')
    # The same versions for all.
    shutil.copy(ROOT / "Cargo.lock", folder)
    # Nothing is fetched while the clock runs.
    run(folder, "cargo", "fetch")
    return folder


def build(folder):
    """Crates, those built twice, and CPU seconds of all processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    messages = run(folder, "cargo", "build", "--offline", "--jobs", "2", "--message-format", "json").stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    artifacts = [m for m in map(json.loads, messages.splitlines()) if m["reason"] == "compiler-artifact"]
    libraries = Counter(a["package_id"] for a in artifacts if a["target"]["kind"][0] in ("lib", "rlib"))
    twice = sum(count > 1 for count in libraries.values())
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return len({a["package_id"] for a in artifacts}), twice, cpu


def check_in(program_folder):
    """Makes the second crate the one with the generated code of the first checked in."""
    crate = WORK / "checked-in"
    (crate / "build.rs").unlink()
    (crate / "generated").mkdir()
    for api in ("management", "auth"):
        [code] = (program_folder / "target/debug/build").glob(f"passage-identity-*/out/{api}.rs")
        shutil.copy(code, crate / "generated")
        module = crate / "src" / "generated" / f"{api}.rs"
        include = f'include!(concat!(env!("OUT_DIR"), "/{api}.rs"));'
        text = module.read_text()
        assert include in text, module
        module.write_text(text.replace(include, f'include!("../../generated/{api}.rs");'))
    sections = (crate / "Cargo.toml").read_text().split("\n[")
    kept = "\n[".join(section for section in sections if not section.startswith("build-dependencies"))
    (crate / "Cargo.toml").write_text(kept.replace('build = "build.rs"\n', ""))


def rebuilds(folder):
    """Fails if a build does more or less than it should after a change."""
    for file, expected in [(None, set()), ("LICENSE", set()), ("openapi/PROVENANCE.md", set()),
                           ("openapi/management.yaml", set()), ("src/lib.rs", {"compiles"}),
                           ("openapi/effective/auth.json", {"compiles", "generates"})]:
        if file:
            (WORK / "generated" / file).touch()
        log = run(folder, "cargo", "build", "--offline", "--verbose").stderr.splitlines()
        ours = [line for line in log if "Running" in line and "passage" in line]
        marks = {"--crate-name passage_identity ": "compiles", "build-script-build`": "generates"}
        did = {what for line in ours for mark, what in marks.items() if mark in line}
        if did != expected:
            sys.exit(f"after a change of {file} a build {did or 'does nothing'}, but should: {expected}")
        print(f"- `{file or 'nothing'}` changed: {' and '.join(sorted(did)) or 'all is fresh'}")


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    package()
    crate = 'passage-identity = {{ path = "{}" }}\n'
    builder = 'passage_identity::Passage::builder("app").build()'
    programs = {
        "this crate": program("generated", crate.format(WORK / "generated"), builder),
        "this crate, generated code checked in": None,
        "reqwest, serde, jsonwebtoken alone": program("bare", BARE, "reqwest::Client::builder().build()"),
    }
    first, second, _ = programs
    build(programs[first])
    check_in(programs[first])
    programs[second] = program("checked-in", crate.format(WORK / "checked-in"), builder)
    costs = {}
    for _ in range(RUNS):
        for title, folder in programs.items():
            shutil.rmtree(folder / "target", ignore_errors=True)
            costs.setdefault(title, []).append(build(folder))
    # Other work on the machine only ever adds CPU seconds, so the least is the best estimate.
    least = {title: min(cpu for *_, cpu in runs) for title, runs in costs.items()}
    base = list(least.values())[-1]
    print("| Program with | Crates | Built twice | CPU s | Relative |\n|---|---|---|---|---|")
    for title, cpu in least.items():
        crates, twice, _ = costs[title][0]
        print(f"| {title} | {crates} | {twice} | {cpu:.1f} | {cpu / base:.2f} |")
    rebuilds(programs[first])
    shutil.rmtree(WORK)


main()
