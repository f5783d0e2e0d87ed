"""Decides what schemathesis found: each finding is allowed by an entry with a reason, or it fails the run."""

import base64
import fnmatch
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """What one check has against one reply."""

    api: str
    operation: str
    check: str
    status: int | None
    # The text of an error in the reply, else what the check says.
    text: str
    # The body of the request.
    sent: str = field(compare=False)
    # How to see it again.
    request: str = field(compare=False)


@dataclass
class Entry:
    """A kind of finding that is allowed. What is empty matches everything."""

    reason: str
    check: str
    text: str | list[str]
    sent: str | list[str] = "*"
    status: int | None = None
    api: str = ""
    operations: tuple[str, ...] = ()

    def matches(self, finding):
        def is_one_of(text, patterns):
            patterns = [patterns] if isinstance(patterns, str) else patterns
            return any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)

        return (
            self.check == finding.check
            and is_one_of(finding.text, self.text)
            # The server takes blanks around JSON for nothing, as JSON does.
            and is_one_of(finding.sent.strip(), self.sent)
            and self.status in (None, finding.status)
            and self.api in ("", finding.api)
            and (not self.operations or finding.operation in self.operations)
        )


def load(path):
    """Reads the allow list."""
    entries = []
    for number, table in enumerate(tomllib.loads(Path(path).read_text())["allowed"], 1):
        try:
            entry = Entry(**table)
        except TypeError as error:
            raise SystemExit(f"{path}: entry {number}: {error}") from None
        if not entry.reason.strip():
            raise SystemExit(f"{path}: entry {number} has no reason")
        entries.append(entry)
    return entries


def judge(findings, entries):
    """The findings that no entry allows, one for each kind, and the entries that allow nothing."""
    used, wrong = set(), {}
    for finding in findings:
        matching = {number for number, entry in enumerate(entries) if entry.matches(finding)}
        if not matching:
            wrong.setdefault(finding, finding)
        used |= matching
    texts = [
        f"{finding.api} {finding.operation}: {finding.check}, status {finding.status}: {finding.text}\n  {finding.request}"
        for finding in wrong
    ]
    unused = [
        f"allowed.toml: entry {number} matches nothing any more: {entry.check}, {entry.text!r}"
        for number, entry in enumerate(entries, 1)
        if number - 1 not in used
    ]
    return texts, unused


def read(report, api, names):
    """The findings in a report of schemathesis, how many requests it is about, and the operations that refused all."""
    findings, count = [], 0
    asked, answered = set(), set()
    with Path(report).open() as lines:
        for line in lines:
            event = json.loads(line)
            for error in errors(event):
                findings.append(Finding(api, "", "error", None, error, sent="", request=""))
            if "ScenarioFinished" not in event:
                continue
            recorder = event["ScenarioFinished"]["recorder"]
            operation = names.get(recorder["label"], recorder["label"])
            interactions = recorder.get("interactions", {})
            count += len(interactions)
            statuses = [(exchange.get("response") or {}).get("status_code") for exchange in interactions.values()]
            asked.update([operation] if statuses else [])
            answered.update(operation for status in statuses if status and status < 400)
            for case, checks in recorder.get("checks", {}).items():
                for check in checks:
                    if check["status"] == "success":
                        continue
                    exchange = interactions.get(case, {})
                    findings.append(finding(api, operation, check, exchange))
    return findings, count, sorted(asked - answered)


def errors(event):
    """What kept schemathesis from testing, such as a reply that did not come."""
    for kind in ("NonFatalError", "FatalError"):
        if kind in event:
            yield json.dumps(event[kind])


def finding(api, operation, check, exchange):
    failure = check["failure_info"]["failure"]
    request, response = exchange.get("request") or {}, exchange.get("response") or {}
    said = failure.get("validation_message") or failure["message"]
    text = error_text(content(response)) or " ".join(f"{failure['title']}: {said}".split())
    sent = content(request).decode(errors="replace")
    return Finding(
        api,
        operation,
        check["name"],
        response.get("status_code"),
        text,
        sent,
        request=f"{request.get('method')} {request.get('uri')} {sent}",
    )


def content(message):
    body = message.get("content") or message.get("body") or {}
    return base64.b64decode(body.get("$base64", "")) if isinstance(body, dict) else str(body).encode()


def error_text(body):
    """The text of an error of ours."""
    try:
        reply = json.loads(body)
    except ValueError:
        return ""
    return reply.get("error", "") if isinstance(reply, dict) else ""
