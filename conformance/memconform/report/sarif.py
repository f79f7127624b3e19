"""What was not met as SARIF 2.1.0, for code hosts that show such files beside the code.

The fault is in a running server, not in a line of the repository. Code hosts need a file all the same: it is the one
that says what is checked (`memconform.toml`), or the baseline, where a known failure would be written down, and the
location says so; the operation of the API stands in its logical location. An address of the server would be no better:
an upload is refused where places are `http:` and the repository is `file:`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, TypeAlias
from urllib.parse import quote

from memconform.baseline.comparing import covering, exit_code
from memconform.contract import Requirement, requirements
from memconform.contract.openapi import Operation, openapi
from memconform.report.badge import badge
from memconform.report.evidence import again, evidence
from memconform.report.marking import cut
from memconform.report.standing import UNSCORED, scored, tolerated_words
from memconform.report.subject import service, subject
from memconform.specification.anchors import requirement_link

Result: TypeAlias = Mapping[str, Any]
Json: TypeAlias = dict[str, Any]

_LEVELS = {"fail": "error", "warn": "warning", "inconclusive": "note"}
_CONFIGURATION = "memconform.toml"
_SHORT, _LONG = 1000, 2000
"""So many letters of a description (code hosts take 1024) and of a message."""


def render(result: Result, specification: str | None = None) -> str:
    """Return the log; rules link to the specification site where its address is a web address."""
    site = specification if specification and specification.startswith(("http://", "https://")) else None
    rows = [row for row in result["requirements"] if row["outcome"] != "not_selected"]
    driver = {
        "name": "memconform",
        "version": result["tool"]["version"],
        "rules": [_rule(row, site) for row in rows],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": _category(result)},
        "invocations": [_invocation(result)],
        "columnKind": "unicodeCodePoints",
        "results": [found for index, row in enumerate(rows) for found in _results(result, row, index)],
        "properties": _properties(result),
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, ensure_ascii=True) + "\n"


def _rule(row: Mapping[str, Any], site: str | None) -> Json:
    """Return a requirement as a rule; a requirement of a newer suite has no more than its sentence."""
    told_row = requirements().get(row["id"])
    sentence = " ".join(row["statement"].split())
    rule = {
        "id": row["id"],
        "name": row["id"],
        "shortDescription": {"text": cut(sentence.replace("`", ""), _SHORT)},
        "fullDescription": {"text": cut(sentence, _SHORT)},
        "help": _help(sentence, told_row),
        "defaultConfiguration": {"level": "error" if row["level"] == "MUST" else "warning"},
        "properties": {
            "tags": [row["level"], row["profile"]],
            "precision": "very-high",
            "problem.severity": "error" if row["level"] == "MUST" else "warning",
        },
    }
    return rule | ({"helpUri": requirement_link(site, row["id"])} if site else {})


def _help(sentence: str, row: Requirement | None) -> Json:
    parts = {"Why": row.why, "How it is tested": row.how} if row else {}
    told = {heading: " ".join(text.split()) for heading, text in parts.items()}
    return {
        "text": "\n\n".join([sentence, *(f"{heading}: {text}" for heading, text in told.items())]),
        "markdown": "\n\n".join([sentence, *(f"**{heading}:** {text}" for heading, text in told.items())]),
    }


def _results(result: Result, row: Mapping[str, Any], index: int) -> Iterator[Json]:
    """Yield a result for each test, or operation, that shows what is wrong with a requirement."""
    if row["outcome"] not in _LEVELS:
        return
    seen = set()
    for record in evidence(result, row):
        operation = _operation(record)
        what = record.get("test") or (f"{operation.method} {operation.path}" if operation else "every exchange")
        if what in seen:
            continue
        seen.add(what)
        yield {
            "ruleId": row["id"],
            "ruleIndex": index,
            "level": _LEVELS[row["outcome"]] if scored(row) else "note",
            "message": {"text": _message(result, row, record)},
            "locations": [_location(result, operation)],
            "partialFingerprints": {"primaryLocationLineHash": f"{_hash(row['id'], what)}:1"},
            **_exchange(record),
            **_suppressions(result, record),
            "properties": {"requirement": row["id"], "requirementLevel": row["level"], "profile": row["profile"]},
        }


def _message(result: Result, row: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Return what was seen, its first sentence first, in letters that are neither a link nor a placeholder."""
    verb = {"fail": "is not met", "warn": "is not met (a SHOULD)"}.get(row["outcome"], "is unproven")
    unscored = "" if scored(row) else f" ({UNSCORED})"
    lines = [f"{row['id']} {verb} by {subject(result)}{unscored}."]
    told = ((label, record.get(label)) for label in ("test", "expected", "observed", "reason"))
    lines += [f"{label}: {cut(str(text), _LONG)}" for label, text in told if text]
    lines += [f"curl: {cut(exchange['curl'], _LONG)}" for exchange in (record.get("exchanges") or ())[:3]]
    lines.append(f"again: {cut(again(result, row['id'], record), _LONG)}")
    return re.sub(r"\{(\d+)\}", r"{{\1}}", re.sub(r"(?<!\\)\[(?=[^\]]*\]\()", r"\\[", "\n".join(lines)))


def _operation(record: Mapping[str, Any]) -> Operation | None:
    """Return the operation of the last exchange of a finding that is one of the contract's."""
    for exchange in reversed(record.get("exchanges") or ()):
        request = exchange["request"]
        _, version, rest = request["url"].partition("/v1/")
        path = f"{version}{rest}".partition("?")[0]
        if found := openapi().operation(request["method"], path):
            return found
    return None


def _location(result: Result, operation: Operation | None) -> Json:
    file = PurePosixPath(str(result.get("baseline", {}).get("file", _CONFIGURATION)))
    shown = PurePosixPath(file.name) if file.is_absolute() or ".." in file.parts else file
    place = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(shown.as_posix())},
            "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2},
        },
        "message": {"text": "The fault is in the server that was checked, not in this file."},
    }
    if operation is None:
        return place
    name = str(operation.document.get("operationId", operation.path))
    whole = f"{operation.method} {operation.path}"
    return place | {"logicalLocations": [{"name": name, "fullyQualifiedName": whole, "kind": "function"}]}


def _exchange(record: Mapping[str, Any]) -> Json:
    """Return request and response of the last exchange that a finding shows."""
    exchanges: Sequence[Mapping[str, Any]] = record.get("exchanges") or ()
    if not exchanges:
        return {}
    request, response = exchanges[-1]["request"], exchanges[-1]["response"]
    sent = {"target": request["url"], "method": request["method"], "headers": _headers(request)}
    found: Json = {"webRequest": sent | ({"body": {"text": request["body"]}} if request["body"] else {})}
    if response is None:
        return found | {"webResponse": {"noResponseReceived": True}}
    answer = {"statusCode": response["status"], "headers": _headers(response), "body": {"text": response["body"]}}
    return found | {"webResponse": answer}


def _headers(message: Mapping[str, Any]) -> dict[str, str]:
    """Return header fields by name; one that is there more than once has all its values."""
    found: dict[str, str] = {}
    for name, value in message["headers"]:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _suppressions(result: Result, record: Mapping[str, Any]) -> Json:
    """Return what a baseline says of it."""
    if "baseline" not in result:
        return {}
    entry = covering(result, record)
    said = {"kind": "external", "status": "accepted", "justification": tolerated_words(entry)} if entry else None
    return {"suppressions": [said] if said else []}


def _hash(*parts: str) -> str:
    """Return what tells one finding from the others, the same in every run: nothing of what was seen is in it."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _category(result: Result) -> str:
    """Return an id of the run that begins, up to its last slash, with what is the same for every run of a server.

    Code hosts take that for a category, and close what its last log does not have: a run of a part has one of its own.
    """
    who = result["client"]["identity"] if "client" in result else service(result).partition(" ")[0]
    kind = "plugin-check" if "client" in result else "check"
    part = "-of-a-part" if result["verdict"]["partial"] else ""
    named = re.sub(r"[^A-Za-z0-9._-]+", "-", who)[:80] or "server"
    return f"memconform/{kind}{part}/{named}/{result['run'].get('id', result['run']['started_at'])}"


def _invocation(result: Result) -> Json:
    run = result["run"]
    started = datetime.fromisoformat(run["started_at"])
    ended = started + timedelta(seconds=run["seconds"])
    errors = [row for row in result["requirements"] if row["outcome"] == "error"]
    return {
        "commandLine": run["command"],
        "startTimeUtc": run["started_at"],
        "endTimeUtc": ended.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "exitCode": exit_code(result),
        "executionSuccessful": bool(run["finished"]) and not errors,
        "toolExecutionNotifications": [
            {
                "level": "error",
                "message": {"text": _message(result, row, record)},
                "associatedRule": {"id": row["id"]},
            }
            for row in errors
            for record in evidence(result, row)
        ],
    }


def _properties(result: Result) -> Json:
    """Return what else a reader may want to know of the run."""
    verdict, run = result["verdict"], result["run"]
    return {
        "contract": result["contract"],
        "conformance": verdict["conformance"],
        "partial": verdict["partial"],
        "badge": badge(result).text,
        "subject": subject(result),
        "planned_tests": run["planned_tests"],
        **{name: run[name] for name in ("id", "seed", "budget") if name in run},
    }
