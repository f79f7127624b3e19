"""The result as JUnit XML: a suite for each profile, a case for each test, valid by the schema that Jenkins checks.

A file has a failure or an error exactly where the run did not end with exit code 0, so that a test report is never
greener or redder than the job. Thus what is unproven is an error where a MUST stays open (the run is incomplete), and
skipped where only a SHOULD does; a warning passes and says so in its output; what a baseline knows is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from xml.etree import ElementTree as ET

from memconform.baseline.comparing import covering, exit_code
from memconform.baseline.telling import headline
from memconform.report.evidence import again, evidence, wire_findings
from memconform.report.finding import finding_lines
from memconform.report.standing import UNSCORED, scored, tolerated_words
from memconform.report.subject import subject
from memconform.specification.anchors import requirement_link

Result: TypeAlias = Mapping[str, Any]
Element: TypeAlias = Literal["failure", "error", "skipped"]

_MESSAGE = 300
_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One test case: its place, how long it took, and what it says."""

    profile: str
    requirement: str
    level: str
    name: str
    seconds: float = 0.0
    element: Element | None = None
    message: str = ""
    text: str = ""


def render(result: Result, specification: str | None = None) -> str:
    """Return the report; findings name the specification's address of their requirement where there is one."""
    cases = list(_cases(result, specification))
    if exit_code(result) != 0 and not any(case.element in ("failure", "error") for case in cases):
        why = result["run"]["stopped"] or headline(result) or "nothing failed, and not enough was proven"
        cases.append(_Case("verdict", "run", "MUST", "the run concludes", element="error", message=why))
    root = ET.Element("testsuites", {"name": f"memconform: {subject(result)}"[:_MESSAGE], **_totals(cases)})
    root.attrib.pop("skipped")
    for profile in dict.fromkeys(case.profile for case in cases):
        root.append(_suite(result, profile, [case for case in cases if case.profile == profile]))
    for element in root.iter():
        element.attrib = {name: _legal(value) for name, value in element.attrib.items()}
        element.text = _legal(element.text) if element.text else element.text
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _cases(result: Result, specification: str | None) -> Iterator[_Case]:
    for row in result["requirements"]:
        for record in result["tests"]:
            if record["requirement"] == row["id"]:
                name = record["test"].rpartition("::")[2]
                yield _case(result, row, record, record["outcome"], name, specification)
        findings = evidence(result, {**row, "outcome": None})
        if any(wire_findings(result, row["id"])):
            yield _case(result, row, {}, "fail", "every exchange of all tests", specification, list(findings))
        if row["outcome"] == "not_run":
            yield _not_run(result, row)


def _case(
    result: Result,
    row: Mapping[str, Any],
    record: Mapping[str, Any],
    outcome: str,
    name: str,
    specification: str | None,
    findings: list[Mapping[str, Any]] | None = None,
) -> _Case:
    told = findings if findings is not None else [record]
    element = _element(row, outcome)
    message = _message(told[0])
    entries = [covering(result, finding) for finding in told]
    if element in ("failure", "error") and entries[0] is not None and all(entries):
        element, message = "skipped", f"{tolerated_words(entries[0])} ({message})"
    elif element == "skipped" and not scored(row):
        message = f"{UNSCORED} ({message})"
    text = "" if outcome in ("pass", "skip") else _text(result, row, outcome, told, specification)
    profile = row["profile"]
    return _Case(profile, row["id"], row["level"], name, record.get("seconds", 0.0), element, message, text)


def _element(row: Mapping[str, Any], outcome: str) -> Element | None:
    """Return the element that stands for an outcome; None where the case passed."""
    if outcome in ("pass", "warn"):
        return None
    if outcome == "skip" or not scored(row):
        return "skipped"
    if outcome == "inconclusive":
        return "error" if row["level"] == "MUST" else "skipped"
    return "failure" if outcome == "fail" else "error"


def _not_run(result: Result, row: Mapping[str, Any]) -> _Case:
    element: Element = "error" if row["level"] == "MUST" and scored(row) else "skipped"
    why = f"not run: {result['run']['stopped'] or 'the run ended before'}"
    return _Case(row["profile"], row["id"], row["level"], "not every test ran", element=element, message=why)


def _message(record: Mapping[str, Any]) -> str:
    if "observed" in record:
        return f"expected {record.get('expected', '')}; observed {record['observed']}"
    return str(record.get("reason", ""))


def _text(
    result: Result,
    row: Mapping[str, Any],
    outcome: str,
    records: list[Mapping[str, Any]],
    specification: str | None,
) -> str:
    lines = [outcome.upper()]
    for record in records:
        lines += finding_lines(record, row, again(result, row["id"], record))
    if specification:
        lines.append(f"  see       {requirement_link(specification, row['id'])}")
    return "\n".join(lines)


def _suite(result: Result, profile: str, cases: list[_Case]) -> ET.Element:
    suite = ET.Element("testsuite", {"name": f"memconform.{profile}", **_totals(cases), **_when(result)})
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(result, profile).items():
        ET.SubElement(properties, "property", {"name": name, "value": value})
    for case in cases:
        place = {"classname": f"memconform.{profile}.{case.requirement}", "name": case.name, "group": case.level}
        shown = ET.SubElement(suite, "testcase", {**place, "time": f"{case.seconds:.3f}"})
        if case.element is not None:
            said = {"message": case.message[:_MESSAGE], "type": case.level}
            ET.SubElement(shown, case.element, said).text = case.text or None
        elif case.text:
            ET.SubElement(shown, "system-out").text = case.text
    return suite


def _totals(cases: list[_Case]) -> dict[str, str]:
    """Return the attributes that count cases."""
    counted = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    numbers = {name: sum(case.element == element for case in cases) for name, element in counted.items()}
    seconds = sum(case.seconds for case in cases)
    return {
        "tests": str(len(cases)),
        **{name: str(number) for name, number in numbers.items()},
        "time": f"{seconds:.3f}",
    }


def _when(result: Result) -> dict[str, str]:
    return {"timestamp": result["run"]["started_at"][:19]}


def _properties(result: Result, profile: str) -> dict[str, str]:
    """Return what the reader of a suite may want to know of the run."""
    run = result["run"]
    found = {
        "contract": result["contract"],
        "memconform": result["tool"]["version"],
        "subject": subject(result),
        "command": run["command"],
        "verdict": result["verdict"]["conformance"],
        **{name: str(run[name]) for name in ("id", "seed", "budget") if name in run},
    }
    conformance = {each["name"]: each["conformance"] for each in result.get("profiles", ())}
    return {**found, "profile": conformance[profile]} if profile in conformance else found


def _legal(text: str) -> str:
    """Return text that XML can hold: what it cannot is spelled out as in a Python string."""
    return _ILLEGAL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
