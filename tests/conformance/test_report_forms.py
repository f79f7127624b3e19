"""The forms of a result: they say what was judged, and no text of a server becomes markup, a link or bad XML."""

from __future__ import annotations

import copy
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from memconform.baseline.comparing import exit_code
from memconform.report import junit, markdown, sarif

from .markdown_soundness import must_be_sound, tokens
from .report_results import ATTACK, client, hostile, judged, real, with_baseline

SITE = "https://spec.example/v1/"
MIXED = judged(
    ("CORE-01", "pass"),
    ("CORE-13", "fail"),
    ("CORE-16", "inconclusive"),
    ("SEARCH-10", "error"),
    ("UPDATE-01", "skip"),
)
OUTCOMES: dict[str, dict[str, Any]] = {
    "mixed": MIXED,
    "good": judged(("CORE-01", "pass"), ("CORE-02", "pass")),
    "unproven": judged(("CORE-01", "pass"), ("CORE-02", "inconclusive")),
    "not-run": judged(("CORE-01", "pass"), ("CORE-02", "not_run")),
    "nothing-proven": judged(("CORE-26", "skip")),
    "hostile": hostile(),
    "client": client(),
    "known": with_baseline(judged(("CORE-01", "pass"), ("CORE-13", "fail")), "CORE-13"),
    "stale": with_baseline(
        judged(("CORE-01", "pass")),
        stale=[{"requirement": "CORE-01", "outcome": "fail", "reason": "x", "expires": "2027-01-01", "seen": "pass"}],
        exit_code=1,
    ),
}
OUTCOMES["nothing-proven"]["verdict"] |= {"conformance": "incomplete", "exit_code": 2}


# Markdown


def test_the_verdict_stands_first() -> None:
    """The heading is the verdict, then how it was judged, a row for each profile, and the failures before all else."""
    text = markdown.render(MIXED, SITE)
    assert text.startswith("## ❌ Not conformant: ")
    assert "5 requirements" not in text  # four were tested
    assert "4 requirements tested: 1 met, 1 not met, 1 unproven, 1 ended in an error of memconform" in text
    assert "| <code>core</code> | ❌ not conformant | 1 | 1 |  | 1 |  |" in text
    places = [text.index(word) for word in ("### Not met: 1", "### Errors of memconform: 1", "### Unproven: 1")]
    assert places == sorted(places)


def test_a_failure_has_all_that_one_needs() -> None:
    """Statement, expected and observed, the exchange as curl, the command to run again, a link to the specification."""
    text = markdown.render(judged(("CORE-13", "fail")), SITE)
    assert f"[CORE-13]({SITE}requirements.html#CORE-13) (MUST)" in text
    assert "- expected: <code>the member status with the value ok</code>" in text
    assert "- observed: <code>status up</code>" in text
    assert "```text\ncurl -isS --path-as-is http://127.0.0.1:8765/v1/health\n# → 200\n```" in text
    assert "--requirement CORE-13 --budget smoke" in text
    assert "](http" not in markdown.render(judged(("CORE-13", "fail")))


def test_a_badge_is_told_at_once() -> None:
    """A server that earned one reads it in the first lines."""
    text = markdown.render(judged(("CORE-01", "pass"), badge="core"))
    assert "**memory API 1.0: Core**" in text.partition("| profile")[0]


def test_a_baseline_is_told_and_what_it_knows_is_short() -> None:
    """The heading says that it is known; the reason stands beside the requirement, and its evidence in the result."""
    text = markdown.render(OUTCOMES["known"])
    assert text.startswith("## ⚠️ Not conformant, as the baseline knows: ")
    assert "#### ❌ CORE-13 (MUST) – known: ours to mend, until 2027-02-25" in text
    assert "curl" not in text
    assert markdown.render(OUTCOMES["stale"]).startswith("## ❌ Conformant, and not as the baseline knows: ")
    assert "STALE" in markdown.render(OUTCOMES["stale"])


def test_what_was_not_tested_is_summed_up() -> None:
    """By reason, folded away."""
    text = markdown.render(judged(("CORE-01", "pass"), ("CORE-24", "skip"), ("CORE-29", "skip")))
    assert "- a reason for skip: CORE-24, CORE-29" in text


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_summary_is_sound_markdown(name: str) -> None:
    """All elements are closed, and nothing but ours is in it: no script, no image, no attribute, no foreign link."""
    must_be_sound(markdown.render(OUTCOMES[name], SITE), SITE)


def test_hostile_text_adds_no_heading_no_list_and_no_mention() -> None:
    """The headings are ours, and outside of blocks of code no `@` is left to call somebody."""
    text = markdown.render(hostile(), SITE)
    headings = [token.content for token in tokens(text) if token.type == "inline" and token.level == 1]
    assert not any(content.startswith("head") for content in headings)
    outside = re.sub(r"(?s)^(`{3,})text\n.*?\n\1$", "", text, flags=re.MULTILINE)
    assert "@somebody" in text
    assert "@somebody" not in outside
    assert "www.h" not in outside


def test_a_summary_stays_below_the_limit() -> None:
    """Of thousands of long findings as many are shown as fit into a megabyte; how many are not, is told."""
    result = judged(("CORE-13", "fail"))
    row, record = result["requirements"][0], result["tests"][0]
    long = {"expected": "e" * 100_000, "observed": "ö" * 100_000, "script": "s" * 100_000}
    result["requirements"] = [row | {"id": f"CORE-{number:04}"} for number in range(2000)]
    result["tests"] = [record | long | {"requirement": f"CORE-{number:04}"} for number in range(2000)]
    text = markdown.render(result, SITE)
    assert len(text.encode()) < 1_000_000
    found = re.search(r"\*\*(\d+) more\*\* did not fit", text)
    assert found is not None
    assert int(found[1]) + text.count("#### ") == 2000
    assert text.rstrip().endswith("</details>")


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_summary_is_as_green_as_the_exit_code(name: str) -> None:
    """A green sign stands in the heading exactly where the run ended with exit code 0 and nothing is tolerated."""
    green = markdown.render(OUTCOMES[name]).startswith("## ✅")
    assert green == (exit_code(OUTCOMES[name]) == 0 and name != "known")


# JUnit


ALLOWED = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        {"properties", "testcase"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "time", "classname", "group"}, {"skipped", "error", "failure", "system-out"}),
    "skipped": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "failure": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}
"""Attributes and children of each element, of those that Jenkins' schema junit-10.xsd allows."""


def suites(result: dict[str, Any]) -> ET.Element:
    """Return the report as a tree that holds to the schema, and whose counts are those of its cases."""
    root = ET.fromstring(junit.render(result, SITE).encode())
    for element in root.iter():
        attributes, children = ALLOWED[element.tag]
        assert element.attrib.keys() <= attributes
        assert {child.tag for child in element} <= children
    for node in (root, *root.iter("testsuite")):
        assert int(node.attrib["tests"]) == len(list(node.iter("testcase")))
        assert int(node.attrib["failures"]) == len(list(node.iter("failure")))
        assert int(node.attrib["errors"]) == len(list(node.iter("error")))
        assert re.fullmatch(r"\d+\.\d{3}", node.attrib["time"])
    return root


@pytest.mark.parametrize("name", OUTCOMES)
def test_junit_is_as_green_as_the_exit_code(name: str) -> None:
    """A report has a failure or an error exactly where the run did not end with exit code 0, baseline or not."""
    root = suites(OUTCOMES[name])
    red = len(list(root.iter("failure"))) + len(list(root.iter("error")))
    assert (red == 0) == (exit_code(OUTCOMES[name]) == 0)


def test_junit_of_real_servers_holds_to_the_schema() -> None:
    """Each result of a real server is a valid report, with a failure for each test that failed."""
    for result in real():
        root = suites(result)
        failed = sum(record["outcome"] == "fail" for record in result["tests"])
        assert len(list(root.iter("failure"))) >= failed > 0


def test_each_outcome_has_its_element() -> None:
    """Fail is a failure with the finding's text; an open MUST and an error of ours are errors; skip is skipped."""
    cases = {case.attrib["classname"].rpartition(".")[2]: case for case in suites(MIXED).iter("testcase")}
    elements = {name: [child.tag for child in case] for name, case in cases.items()}
    assert elements == {
        "CORE-01": [],
        "CORE-13": ["failure"],
        "CORE-16": ["error"],
        "SEARCH-10": ["error"],
        "UPDATE-01": ["skipped"],
    }
    failure = cases["CORE-13"].find("failure")
    assert failure is not None
    for part in ("CORE-13 (MUST)", "expected", "observed", "curl", "again", f"{SITE}requirements.html#CORE-13"):
        assert part in str(failure.text)
    assert failure.attrib["message"] == "expected the member status with the value ok; observed status up"
    assert cases["CORE-13"].attrib["group"] == "MUST"


def test_a_should_alone_makes_no_report_red() -> None:
    """A warning passes and says so in its output; an open SHOULD is skipped: the job is green with both."""
    result = judged(("CORE-01", "pass"), ("CORE-29", "warn"), ("CORE-24", "inconclusive"))
    for row in result["requirements"]:
        row["level"] = "MUST" if row["id"] == "CORE-01" else "SHOULD"
    result["verdict"] |= {"conformance": "conformant", "exit_code": 0}
    cases = {case.attrib["classname"].rpartition(".")[2]: case for case in suites(result).iter("testcase")}
    assert [child.tag for child in cases["CORE-29"]] == ["system-out"]
    assert "WARN" in (cases["CORE-29"].findtext("system-out") or "")
    assert [child.tag for child in cases["CORE-24"]] == ["skipped"]


def test_the_suite_says_which_run_it_was() -> None:
    """Run id, seed, budget, the command and the verdict on the profile are its properties."""
    suite = next(suites(MIXED).iter("testsuite"))
    found = {each.attrib["name"]: each.attrib["value"] for each in suite.iter("property")}
    assert found.items() >= {"id": "k3v9x2", "seed": "0", "budget": "smoke", "profile": "not conformant"}.items()
    assert found["command"] == MIXED["run"]["command"]
    assert suite.attrib["timestamp"] == "2026-01-02T00:00:00"


def test_what_xml_cannot_hold_is_spelled_out() -> None:
    """Control characters and lone surrogates are told as escapes, and all else comes out as it went in."""
    result = judged(("CORE-13", "fail"))
    result["tests"][0]["observed"] = "\x00\x1b\ud800 <&\"'>\u2028 ü \ufffe ]]>"
    failure = next(suites(result).iter("failure"))
    assert failure.attrib["message"].endswith("observed \\x00\\x1b\\ud800 <&\"'>\u2028 ü \\ufffe ]]>")


def test_exchanges_that_broke_a_requirement_fail_it() -> None:
    """What other tests' exchanges showed is a case of the requirement that they broke, though its own test passed."""
    result = judged(("CORE-01", "pass"), ("CORE-28", "fail"))
    result["tests"][1]["outcome"] = "pass"
    finding = {"requirement": "CORE-28", "expected": "a body of the schema", "observed": "another", "exchanges": []}
    result["tests"][0]["wire"] = [finding, finding]
    failures = [case for case in suites(result).iter("testcase") if case.find("failure") is not None]
    assert [case.attrib["name"] for case in failures] == ["every exchange of all tests"]
    assert (failures[0].findtext("failure") or "").count("another") == 1


def test_a_known_failure_is_skipped_and_says_why() -> None:
    """With its reason and its date; never as passed."""
    (case,) = (case for case in suites(OUTCOMES["known"]).iter("testcase") if "CORE-13" in case.attrib["classname"])
    skipped = case.find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"].startswith("known: ours to mend, until 2027-02-25")


# SARIF


def log(result: dict[str, Any], site: str | None = SITE) -> dict[str, Any]:
    """Return the only run of a SARIF log that holds to what code hosts require."""
    document = json.loads(sarif.render(result, site))
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        for text in (rule["shortDescription"]["text"], rule["fullDescription"]["text"], rule["help"]["text"]):
            assert text
        assert len(rule["shortDescription"]["text"]) <= len(rule["fullDescription"]["text"]) <= 1024
    for found in run["results"]:
        _sound(found, rules)
    prints = [found["partialFingerprints"]["primaryLocationLineHash"] for found in run["results"]]
    assert len(set(prints)) == len(prints)
    assert all(re.fullmatch(r"[0-9a-f]{16}:1", each) for each in prints)
    checked: dict[str, Any] = run
    return checked


def _sound(found: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    """Hold a result to what code hosts require: a rule, a level, a message, one place in a file of the repository."""
    assert rules[found["ruleIndex"]]["id"] == found["ruleId"]
    assert found["level"] in ("error", "warning", "note")
    assert found["message"]["text"]
    (location,) = found["locations"]
    physical = location["physicalLocation"]
    assert re.fullmatch(r"[\w.%/-]+", physical["artifactLocation"]["uri"])
    assert not physical["artifactLocation"]["uri"].startswith("/")
    assert physical["region"].keys() == {"startLine", "startColumn", "endLine", "endColumn"}
    assert physical["region"]["endColumn"] > physical["region"]["startColumn"]


def test_outcomes_have_their_level() -> None:
    """A failure is an error, a warning a warning, what is unproven a note; what passed or was skipped is no result."""
    result = judged(
        ("CORE-01", "pass"),
        ("CORE-13", "fail"),
        ("CORE-16", "inconclusive"),
        ("CORE-29", "warn"),
        ("CORE-24", "skip"),
    )
    levels = {found["ruleId"]: found["level"] for found in log(result)["results"]}
    assert levels == {"CORE-13": "error", "CORE-16": "note", "CORE-29": "warning"}


def test_a_finding_is_one_from_run_to_run() -> None:
    """Another run, port, seed and observation give the same fingerprint and category; another test another one."""
    before = judged(("CORE-13", "fail"), service=("mine", "1.0"))
    after = copy.deepcopy(before)
    after["run"] |= {"id": "other1", "seed": 7}
    after["server"] = {**after["server"], "url": "http://127.0.0.1:1"}
    after["tests"][0] |= {"observed": "something else", "exchanges": []}
    first, second = log(before), log(after)
    assert first["results"][0]["partialFingerprints"] == second["results"][0]["partialFingerprints"]
    categories = {run["automationDetails"]["id"].rpartition("/")[0] for run in (first, second)}
    assert categories == {"memconform/check/mine"}
    after["tests"][0]["test"] = "test_core.py::test_another"
    assert log(after)["results"][0]["partialFingerprints"] != first["results"][0]["partialFingerprints"]


def test_a_run_of_a_part_closes_no_alert_of_a_whole_one() -> None:
    """Code hosts close what the last log of a category does not have, so a part has a category of its own."""
    whole = judged(("CORE-13", "fail"), service=("mine", "1.0"))
    part = {**whole, "verdict": {**whole["verdict"], "partial": True}}
    assert log(part)["automationDetails"]["id"].startswith("memconform/check-of-a-part/mine/")
    assert log(client())["automationDetails"]["id"].startswith("memconform/plugin-check/me-my_plugin-0.1.0/")


def test_the_operation_and_the_exchange_are_told() -> None:
    """The logical location is the operation of the API; request and response are what was sent and answered."""
    (found,) = log(judged(("CORE-13", "fail")))["results"]
    (logical,) = found["locations"][0]["logicalLocations"]
    assert logical == {"name": "getHealth", "fullyQualifiedName": "GET /v1/health", "kind": "function"}
    assert (found["webRequest"]["method"], found["webResponse"]["statusCode"]) == ("GET", 200)
    assert "The fault is in the server" in found["locations"][0]["message"]["text"]


def test_rules_are_requirements() -> None:
    """A rule has the statement, why it is there and how it is tested, and links to the specification if it is given."""
    (rule,) = log(judged(("CORE-13", "fail")))["tool"]["driver"]["rules"]
    assert rule["helpUri"] == f"{SITE}requirements.html#CORE-13"
    assert "**Why:**" in rule["help"]["markdown"]
    assert rule["properties"]["tags"] == ["MUST", "core"]
    (unlinked,) = log(judged(("CORE-13", "fail")), None)["tool"]["driver"]["rules"]
    assert "helpUri" not in unlinked
    (folder,) = log(judged(("CORE-13", "fail")), "specification")["tool"]["driver"]["rules"]
    assert "helpUri" not in folder


def test_a_newer_suite_s_requirement_is_told_by_its_sentence() -> None:
    """A result may hold requirements that this version does not know."""
    result = judged(("CORE-13", "fail"))
    for row in (result["requirements"][0], result["tests"][0]):
        row["id" if "id" in row else "requirement"] = "CORE-99"
    assert log(result)["results"][0]["ruleId"] == "CORE-99"
    assert "CORE-99" in markdown.render(result)
    assert "CORE-99" in junit.render(result)


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_log_is_sound(name: str) -> None:
    """What code hosts require holds, whatever the server said; no message holds a link or a placeholder of it."""
    for found in log(OUTCOMES[name])["results"]:
        assert not re.search(r"(?<!\\)\[x\]\(", found["message"]["text"])
        assert not re.search(r"(?<!\{)\{0\}(?!\})", found["message"]["text"])


def test_real_servers_give_sound_logs() -> None:
    """Each result of a real server has a result for each failed requirement at least."""
    for result in real():
        failed = {row["id"] for row in result["requirements"] if row["outcome"] == "fail"}
        assert failed <= {found["ruleId"] for found in log(result)["results"]}


def test_errors_of_ours_are_no_results() -> None:
    """They are notifications of the invocation, which did not succeed."""
    run = log(judged(("CORE-01", "pass"), ("CORE-13", "error")))
    assert run["results"] == []
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 4
    assert [each["associatedRule"]["id"] for each in invocation["toolExecutionNotifications"]] == ["CORE-13"]


def test_a_known_failure_is_suppressed_with_its_reason() -> None:
    """By the baseline, whose file is the place where it is written down; other results say that none applies."""
    result = judged(("CORE-13", "fail"), ("SEARCH-10", "fail"))
    found = {each["ruleId"]: each for each in log(with_baseline(result, "CORE-13"))["results"]}
    assert found["CORE-13"]["suppressions"][0]["justification"] == "known: ours to mend, until 2027-02-25"
    assert found["SEARCH-10"]["suppressions"] == []
    place = found["CORE-13"]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "memconform-baseline.toml"


def test_what_is_not_scored_is_told_apart() -> None:
    """A requirement newer than the server's contract is skipped in JUnit, a note in SARIF, and named so in Markdown."""
    result = judged(("CORE-01", "pass"), ("CORE-13", "fail"))
    result["requirements"][1] |= {"scored": False, "since": "1.1"}
    result["verdict"] |= {"conformance": "conformant", "exit_code": 0}
    assert [found["level"] for found in log(result)["results"]] == ["note"]
    (case,) = (case for case in suites(result).iter("testcase") if "CORE-13" in case.attrib["classname"])
    assert [child.tag for child in case] == ["skipped"]
    assert "not scored" in markdown.render(result)


def test_the_attack_is_one() -> None:
    """The hostile text would be markup if it were not escaped: these tests can fail."""
    found = {token.type for token in tokens(ATTACK)}
    assert {"html_inline", "heading_open", "link_open"} & found
