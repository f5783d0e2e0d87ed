"""Lets the official client libraries, as they were published, use a running passage-server.

`cargo xtask client-test` installs the libraries and calls this. Each suite gets a server of its own, on a free port of
the loopback interface, that ends with the suite. A suite asserts on what its library returns; afterwards this asserts on
what the server saw: that every operation the library has was called, and by that library.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from stage import Stage

HERE = Path(__file__).parent
# Seconds that one suite may take; the Rust one compiles its library first.
LONGEST = 900

COMPLETE = {
    "activateUser",
    "createMagicLink",
    "createUser",
    "deactivateUser",
    "deleteUser",
    "deleteUserDevices",
    "getJwks",
    "getUser",
    "listPaginatedUsers",
    "listUserDevices",
    "revokeUserRefreshTokens",
    "updateUser",
}
FLEX = {
    "authenticateVerifyNonce",
    "createAuthenticateTransaction",
    "createRegisterTransaction",
    "deleteUserDevices",
    "getUser",
    "listPaginatedUsers",
    "listUserDevices",
}


@dataclass
class Suite:
    """A library and the tests that use it."""

    name: str
    # How its `Passage-Version` header begins.
    sends: str
    operations: set[str]
    command: list
    folder: Path
    # What to run before, where the registries can be reached.
    before: list | None = None


def suites(options):
    """The suites whose libraries were installed."""
    if options.python:
        yield Suite(
            "python",
            "passage-python 3.0.2",
            COMPLETE,
            [options.python, "-m", "unittest", "--verbose", "test_complete"],
            HERE / "python",
        )
    if options.node:
        # A test runner that found no test would pass; what the server saw is asserted on below.
        command = ["node", "--test", "--test-reporter", "spec", HERE / "node" / "complete.test.mjs"]
        # It knows its version only when npm starts the program. The header is there all the same.
        yield Suite("node", "", COMPLETE | {"getApp"}, command, options.node)
    if options.rust:
        manifest = HERE / "rust" / "Cargo.toml"
        command = ["cargo", "test", "--locked", "--manifest-path", manifest, "--target-dir", options.rust]
        before = [*command, "--no-run"]
        yield Suite("rust", "passage-flex-rust ", FLEX, [*command, "--offline"], HERE / "rust", before)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True, help="the binary")
    parser.add_argument("--folder", type=Path, required=True, help="a folder for what lasts as long as a run")
    parser.add_argument("--python", type=Path, help="the Python that has the library")
    parser.add_argument("--node", type=Path, help="the folder whose node_modules has the library")
    parser.add_argument("--rust", type=Path, help="the target folder for the Rust suite")
    options = parser.parse_args()
    failed = []
    for suite in suites(options):
        print(f"--- {suite.name}", flush=True)
        if wrong := run(suite, options):
            failed.append(suite.name)
            print(f"{suite.name}: {wrong}", file=sys.stderr, flush=True)
    if failed:
        raise SystemExit(f"client-test: failed with {', '.join(failed)}")


def run(suite, options):
    """Runs a suite. What was wrong, or None."""
    if suite.before:
        subprocess.run(suite.before, cwd=suite.folder, check=True, timeout=LONGEST)
    with Stage(options.server, options.folder) as stage:
        environment = {**os.environ, **stage.environment(), "PASSAGE_NODE_FOLDER": str(options.node or "")}
        done = subprocess.run(suite.command, cwd=suite.folder, env=environment, check=False, timeout=LONGEST)
        requests = stage.requests()
    calls = [request for request in requests if request["operation"]]
    if done.returncode:
        for request in requests:
            print(f"  {request['method']} {request['path']} {request['body']}: {request['status']}", file=sys.stderr)
        return f"the suite ended with {done.returncode}; above are the requests that the server saw"
    return verdict(suite, calls)


def verdict(suite, calls):
    """What is wrong with the calls that the server saw, or None."""
    # Suites make some requests by themselves, which have no version. Key sets are fetched by what is below the libraries.
    versions = {str(call["headers"]["passage-version"]) for call in calls if "passage-version" in call["headers"]}
    own = [call for call in calls if "passage-version" in call["headers"]]
    keys = [call for call in calls if call["operation"] == "getJwks"]
    if not own or not all(version.startswith(suite.sends) for version in versions):
        return f"not all requests say that they are from {suite.sends!r}; versions were {sorted(versions)}"
    called = {call["operation"] for call in own + keys if call["status"] and call["status"] < 300}
    if missing := suite.operations - called:
        return f"the server was never successfully asked for {sorted(missing)}, but for {sorted(called)}"
    print(f"{suite.name}: {len(own)} requests by the library, {len(called)} operations", flush=True)
    return None


if __name__ == "__main__":
    main()
