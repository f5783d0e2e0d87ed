"""Holds a running passage-server to the vendored documents with requests that schemathesis makes up.

`cargo xtask contract-test` installs schemathesis and calls this. All traffic is with a server that this starts on a
free port of the loopback interface, and that ends with it.
"""

import argparse
import json
import os
import string
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import yaml

import judge

HERE = Path(__file__).parent
# API, name, and which operations. Schemathesis calls operations with ids that others answered: what deletes users and
# keys would take the ground from under the rest, so that it comes last, and only learns of ids that it made.
DELETIONS = ["deleteApiKey", "deleteUser"]
RUNS = [
    ("management", "management", "exclude", DELETIONS),
    ("management", "deletions", "include", ["createApiKey", "createUser", *DELETIONS]),
    ("auth", "auth", "exclude", []),
]
# Seconds that schemathesis may take for one of them: at least, and for each case that an operation may have.
LONGEST = (200, 4)
PREFIXES = {"management": "/api/v1", "auth": "/auth/v1"}


class Server:
    """A passage-server with users, devices and transactions that requests can name."""

    def __init__(self, binary):
        self.process = subprocess.Popen(
            [binary, "dev", "--listen", "127.0.0.1:0", "--metadata", "display_name:string"], stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("passage-server did not start")
        ready = json.loads(line)
        self.url, self.app, self.key = ready["url"], ready["app_id"], ready["api_key"]

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def call(self, method, path, body=None, key=None):
        """The status and the JSON that come back."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as reply:
                status, content = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        try:
            return status, json.loads(content)
        except ValueError:
            return status, None

    def made(self, path, body=None):
        status, reply = self.call("POST", path, body, self.key)
        if status != 201:
            raise SystemExit(f"the server cannot be filled: POST {path} answered {status}: {reply}")
        return reply

    def fill(self, name):
        """The variables of `schemathesis.toml`, with users of their own."""
        app = f"/api/v1/apps/{self.app}"
        user = self.made(f"{app}/users", {"email": f"{name}@example.com"})["user"]["id"]
        session = self.made(f"/_dev/users/{user}/sessions")["auth_result"]

        def transaction(kind, external):
            body = {"external_id": external}
            if kind == "register":
                body["passkey_display_name"] = "Flex"
            return self.made(f"{app}/transactions/{kind}", body)["transaction_id"]

        def nonce(kind, external):
            return self.made(f"/_dev/transactions/{transaction(kind, external)}/complete")["nonce"]

        variables = {
            "APP_ID": self.app,
            "API_KEY": self.key,
            "NAME": name,
            "USER_ID": user,
            "EXTERNAL_ID": f"{name}-1",
            "AUTH_TOKEN": session["auth_token"],
            "REFRESH_TOKEN": session["refresh_token"],
            "NONCE_1": nonce("register", f"{name}-1"),
            "NONCE_2": nonce("authenticate", f"{name}-1"),
            "REGISTER_TRANSACTION": transaction("register", f"{name}-2"),
            "LOGIN_TRANSACTION": transaction("authenticate", f"{name}-1"),
        }
        for number in (1, 2):
            variables[f"DEVICE_{number}"] = self.made(f"/_dev/users/{user}/devices")["device_id"]
        return variables


def operations(document):
    """Ids of operations by method and path, as schemathesis names them."""
    methods = {"get", "put", "post", "patch", "delete"}
    return {
        f"{method.upper()} {path}": operation["operationId"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in methods
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True, help="the binary")
    parser.add_argument("--documents", type=Path, required=True, help="the folder of the vendored documents")
    parser.add_argument("--reports", type=Path, required=True, help="a folder for reports")
    parser.add_argument("--cases", type=int, required=True, help="generated cases for each operation, at most")
    options = parser.parse_args()
    options.documents = options.documents.resolve()
    options.reports = options.reports.resolve()
    options.reports.mkdir(parents=True, exist_ok=True)

    allowed = judge.load(HERE / "allowed.toml")
    findings, cases = [], 0
    server = Server(options.server)
    try:
        for api, run, choice, chosen in RUNS:
            document = options.documents / f"{api}.yaml"
            names = operations(yaml.safe_load(document.read_text()))
            chosen = [f"--{choice}-operation-id={name}" for name in chosen]
            variables = server.fill(run)
            report = options.reports / f"{run}.ndjson"
            started = time.monotonic()
            run_schemathesis(document, report, server.url + PREFIXES[api], variables, api, chosen, options.cases)
            found, count, failed = judge.read(report, api, names)
            if not count:
                raise SystemExit(f"schemathesis sent nothing, see {report.with_suffix('.txt')}")
            print(f"{run}: {count} requests, {len(found)} findings, {time.monotonic() - started:.0f} s", flush=True)
            if failed:
                print(f"  no request was valid for {', '.join(failed)}", flush=True)
            findings += found
            cases += count
        if server.process.poll() is not None:
            raise SystemExit("passage-server ended while it was tested")
    finally:
        server.stop()

    wrong, unused = judge.judge(findings, allowed)
    for text in wrong + unused:
        print(f"\n{text}", file=sys.stderr)
    if wrong or unused:
        raise SystemExit(f"\ncontract-test: {len(wrong)} kinds of findings, {len(unused)} entries that match nothing")
    print(f"contract-test: {cases} requests; {len(findings)} findings, all allowed by {len(allowed)} entries")


def run_schemathesis(document, report, url, variables, api, chosen, cases):
    bearer = variables["API_KEY"] if api == "management" else variables["AUTH_TOKEN"]
    longest = LONGEST[0] + LONGEST[1] * cases
    report.unlink(missing_ok=True)
    config = report.with_suffix(".toml")
    config.write_text(string.Template((HERE / "schemathesis.toml").read_text()).substitute(variables, BEARER=bearer))
    command = [
        Path(sys.executable).with_name("schemathesis"),
        "--config-file",
        config,
        "run",
        document,
        "--url",
        url,
        "--phases",
        "examples,coverage,fuzzing",
        "--max-examples",
        str(cases),
        "--report-ndjson-path",
        report,
        *chosen,
    ]
    with report.with_suffix(".txt").open("w") as output:
        # Its verdict is not asked: every finding is in the report, and the allow list decides.
        try:
            subprocess.run(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "NO_PROXY": "*"},
                cwd=report.parent,
                check=False,
                timeout=longest,
            )
        except subprocess.TimeoutExpired:
            raise SystemExit(f"schemathesis took longer than {longest} s, see {output.name}") from None
    if not report.exists():
        raise SystemExit(f"schemathesis wrote no report: {report.with_suffix('.txt').read_text()}")


if __name__ == "__main__":
    main()
