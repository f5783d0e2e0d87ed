"""A check that cannot fail checks nothing: the judge is shown each kind of mistake once."""

import base64
import dataclasses
import json
import tempfile
import unittest
from pathlib import Path

import judge

FINDING = judge.Finding("auth", "createUser", "not_a_server_error", 500, "The server failed.", "{}", "POST /x {}")
ENTRY = judge.Entry(reason="why", check="not_a_server_error", text="The server *", status=500)


def report(*events):
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name, "report.ndjson")
    path.write_text("\n".join(json.dumps(event) for event in events))
    return folder, path


def scenario(check_status, body):
    encoded = {"$base64": base64.b64encode(body).decode()}
    failure = {"title": "Server error", "message": "it\nfailed"}
    return {
        "ScenarioFinished": {
            "recorder": {
                "label": "POST /users",
                "checks": {
                    "a": [{"name": "some_check", "status": check_status, "failure_info": {"failure": failure}}]
                },
                "interactions": {
                    "a": {
                        "request": {"method": "POST", "uri": "http://x/users", "body": encoded},
                        "response": {"status_code": 500, "content": encoded},
                    }
                },
            }
        }
    }


class Judge(unittest.TestCase):
    def test_an_entry_allows_what_it_matches_and_nothing_else(self):
        self.assertEqual(judge.judge([FINDING], [ENTRY]), ([], []))
        for change in [
            {"check": "other"},
            {"text": "The database *"},
            {"sent": "null"},
            {"status": 501},
            {"api": "management"},
            {"operations": ("getUser",)},
        ]:
            wrong, unused = judge.judge([FINDING], [dataclasses.replace(ENTRY, **change)])
            self.assertEqual((len(wrong), len(unused)), (1, 1), change)

    def test_a_kind_of_finding_is_told_once(self):
        again = dataclasses.replace(FINDING, sent="[]", request="POST /x []")
        self.assertEqual(len(judge.judge([FINDING, again], [])[0]), 1)

    def test_a_report_is_read(self):
        folder, path = report(scenario("failure", b'{"code": "a", "error": "it is so"}'), scenario("success", b""))
        with folder:
            findings, count, failed = judge.read(path, "auth", {"POST /users": "createUser"})
        self.assertEqual((count, failed), (2, ["createUser"]))
        self.assertEqual(len(findings), 1)
        found = findings[0]
        self.assertEqual((found.operation, found.check, found.status), ("createUser", "some_check", 500))
        self.assertEqual(found.text, "it is so")
        self.assertIn('"it is so"', found.sent)

    def test_without_an_error_in_the_reply_the_check_is_quoted(self):
        folder, path = report(scenario("failure", b"oops"))
        with folder:
            findings, _, _ = judge.read(path, "auth", {})
        self.assertEqual(findings[0].text, "Server error: it failed")

    def test_what_keeps_schemathesis_from_testing_is_a_finding(self):
        folder, path = report({"NonFatalError": {"label": "GET /x"}})
        with folder:
            findings, _, _ = judge.read(path, "auth", {})
        self.assertEqual([found.check for found in findings], ["error"])

    def test_an_entry_needs_a_reason(self):
        folder, path = report()
        with folder:
            for text in ['check = "a"\ntext = "b"\nreason = " "', 'check = "a"\ntext = "b"', 'reason = "a"\nchek = "b"']:
                path.write_text("[[allowed]]\n" + text)
                with self.assertRaises(SystemExit):
                    judge.load(path)


if __name__ == "__main__":
    unittest.main()
