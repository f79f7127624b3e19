"""The page of a result: all of it is there, nothing is fetched, and no text of a server becomes markup."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from memconform.contract import content_root, requirements
from memconform.report.html import page, render
from memconform.report.html.durations import duration
from memconform.report.html.page import marked
from memconform.report.html.visible import visible

from .hostile_result import ATTACK, hostile
from .page_reading import Page, data_of

RESULTS = sorted((content_root() / "docs/providers/results").glob("*.json"))


def example(kind: str) -> dict[str, Any]:
    """Return the example in the schema of a kind of result."""
    schema = json.loads((content_root() / f"schemas/results/{kind}.schema.json").read_text())
    found: dict[str, Any] = copy.deepcopy(schema["examples"][0])
    return found


def provider(name: str) -> dict[str, Any]:
    """Return the result of a real provider."""
    found: dict[str, Any] = json.loads((content_root() / f"docs/providers/results/{name}.json").read_text())
    return found


def exchanges_of(records: list[dict[str, Any]]) -> Counter[str]:
    """Return how often each exchange is in records."""
    return Counter(str(exchange) for record in records for exchange in record.get("exchanges", ()))


def tags_of(read: Page) -> list[str]:
    """Return the elements of a page but those that mark a word."""
    return [element.tag for element in read.elements if element.tag != "code"]


def row_of(text: str, requirement: str) -> str:
    """Return all that the page says of a requirement before it is unfolded."""
    return " ".join(Page(text).by_id(requirement).text.split())


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.stem)
def test_every_kept_result_is_a_page(file: Path) -> None:
    """Also an old one: verdict, each requirement once under its id with its outcome, each link leads somewhere."""
    result = json.loads(file.read_text())
    text = render(result, "https://spec.example/memory")
    read = Page(text)
    ids = [str(element.attributes["id"]) for element in read.elements if "id" in element.attributes]
    assert [name for name, number in Counter(ids).items() if number > 1] == []
    assert result["verdict"]["conformance"] in read.by_id("verdict").text
    rows = {element.attributes["id"]: element for element in read.of_class("row")}
    assert {name: row.attributes["data-outcome"] for name, row in rows.items()} == {
        row["id"]: row["outcome"] for row in result["requirements"]
    }
    for link in read.named("a"):
        target = str(link.attributes["href"])
        assert target[0] == "#"
        assert "=" in target or target[1:] in ids
    assert set(data_of(text)) == set(rows)


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.stem)
def test_what_failed_is_told_without_a_script(file: Path) -> None:
    """Each requirement that is not met shows expected and observed, or the reason, in the page itself."""
    result = json.loads(file.read_text())
    read = Page(render(result))
    rows = {element.attributes["id"]: element for element in read.of_class("row")}
    for record in result["tests"]:
        if record["outcome"] not in ("pass", "skip"):
            told = rows[record["requirement"]]
            shown = [each.text for each in told.inside if each.tag == "dd"]
            hidden = "other finding" in told.text
            said = [visible(record[name]) for name in ("expected", "observed", "reason") if record.get(name)]
            outcome = told.attributes["data-outcome"]
            assert hidden or outcome != record["outcome"] or set(said) <= set(shown)


@pytest.mark.parametrize("kind", ["conformance", "client"])
def test_the_head_says_what_was_judged_and_how_to_repeat_it(kind: str) -> None:
    """Server or client, date, budget, seed and the command stand on the page, for both kinds of results."""
    result = example(kind)
    read = Page(render(result))
    shown = read.named("main")[0].text
    commands = [element for element in read.of_class("copied") if result["run"]["command"] in element.text]
    assert len(commands) == 1
    assert f"Exit code {result['verdict']['exit_code']}." in shown
    for name in ("budget", "seed"):
        assert str(result["run"].get(name, "")) in shown
    assert result["run"]["started_at"][:10] in shown
    assert result["tool"]["version"] in shown
    assert (result["server"]["url"] if kind == "conformance" else result["client"]["identity"]) in read.named("header")[
        0
    ].text
    assert bool(read.of_class("profile")) == (kind == "conformance")


def test_the_evidence_of_a_requirement_is_there_once() -> None:
    """Why it is there, how it is tested, each test with its exchanges and command, the script, findings on the wire."""
    result = provider("langchain-chroma")
    text = render(result, "site/")
    said = data_of(text)
    assert said["CORE-05"]["why"] == requirements()["CORE-05"].why
    assert said["CORE-05"]["how"] == requirements()["CORE-05"].how
    assert said["CORE-05"]["link"] == "site/requirements.html#CORE-05"
    (model,) = [record for record in said["UPDATE-03"]["tests"] if record.get("script")]
    assert model["script"].startswith("#!/usr/bin/env bash")
    assert model["of"] == "CORE-14"
    assert "--requirement CORE-14 --budget" in model["again"]
    assert len(said["CORE-28"]["wire"]) == sum(len(record["wire"]) for record in result["tests"]) > 10
    given = [*result["tests"], *(finding for record in result["tests"] for finding in record["wire"])]
    kept = [record for each in said.values() for record in (*each["tests"], *each["wire"])]
    assert exchanges_of(kept) == exchanges_of(given)
    assert exchanges_of(kept).total() > 50


def test_a_page_without_a_specification_links_nowhere() -> None:
    """No address is made up."""
    assert all("link" not in each for each in data_of(render(provider("mem0"))).values())


def test_each_badge_says_what_is_missing() -> None:
    """Profiles stand under the badge that needs them first; undeclared and broken ones are named with their ids."""
    read = Page(render(provider("mem0")))
    core, standard, full, extras = [" ".join(element.text.split()) for element in read.of_class("step-head")]
    assert "Missing: core is not conformant (CORE-05," in core
    assert "search is not conformant (SEARCH-08)" in standard
    assert "not declared: tenancy, concurrency, history, erasure." in standard
    assert full.startswith("○ Full Missing: not declared: keyed,")
    assert "No badge needs these." in extras
    links = [str(element.attributes["href"]) for element in read.of_class("profile")]
    assert links[:3] == ["#profile=core", "#profile=tenancy", "#profile=search"]
    assert len(links) == 19


def test_a_run_that_ended_early_says_how_much_is_open() -> None:
    """Not by a list of everything that had no turn; what is not declared stays out of it."""
    result = provider("mem0")
    result["run"] |= {"stopped": "interrupted (Ctrl-C)", "finished": False}
    for row in result["requirements"]:
        row["outcome"] = "fail" if row["id"] == "CORE-05" else "not_run"
    for profile in result["profiles"]:
        profile["counts"] = {"not_run": 4}
        if profile["conformance"] != "not declared":
            profile["conformance"] = "not conformant" if profile["name"] == "core" else "incomplete"
    read = Page(render(result))
    core, standard, *_ = [" ".join(element.text.split()) for element in read.of_class("step-head")]
    assert core.endswith("Missing: core is not conformant (CORE-05, 29 not run).")
    assert "search is incomplete (14 not run); " in standard
    cells = {str(each.attributes["href"]): each for each in read.of_class("profile")}
    assert "not declared" in cells["#profile=tenancy"].text
    declared = sum(profile["conformance"] != "not declared" for profile in result["profiles"])
    assert len(read.of_class("f-not_run")) == declared


def test_an_earned_badge_is_shown_with_what_waits_for_a_larger_budget() -> None:
    """The step is earned; a badge of a smaller budget says so."""
    result = provider("mem0")
    for row in result["requirements"]:
        if row["outcome"] == "fail":
            row.update(outcome="skip", reason="needs a larger budget than smoke")
    for profile in result["profiles"]:
        profile["conformance"] = "conformant"
    result["run"]["budget"] = "smoke"
    result["verdict"] |= {"conformance": "conformant", "badge": "full", "exit_code": 0}
    read = Page(render(result))
    assert [element.text for element in read.of_class("badge")] == ["memory API 1.0Full at smoke budget"]
    assert len(read.of_class("earned")) == 3
    assert "need a larger budget than smoke" in read.by_id("verdict").text


def test_nobody_misses_how_a_run_went() -> None:
    """Stopped early, partial, leaks with their reason and the way to delete them, served but not declared."""
    result = provider("letta")
    result["run"] |= {"stopped": "interrupted", "finished": False}
    result["verdict"]["partial"] = True
    result["server"]["served_undeclared"] = ["events", "history"]
    read = Page(render(result))
    said = " ".join(read.by_id("verdict").text.split())
    assert "not conformant in what was selected" in said
    for part in (
        "Stopped early: interrupted.",
        "Only a part was selected",
        "Served but not declared, so not judged: events, history.",
        "1 of the run's memories or scopes was left behind",
        "user_id mcf-06e4f94f_1e_0, principal first: the list answered 500",
        f"memconform cleanup --run-id {result['run']['id']}",
    ):
        assert part in said, part
    assert all("requirements were left out" in element.text for element in read.of_class("step-head")[:3])


def test_skipped_requirements_say_why() -> None:
    """The reason stands beside the sentence."""
    assert "needs --restart-command" in row_of(render(provider("mem0")), "CORE-26")


def test_a_client_that_died_is_told() -> None:
    """Deaths of the process and stray lines are among the notes, tools among the facts."""
    result = example("client")
    result["client"] |= {"deaths": ["killed by signal 9"], "stray_lines": 3}
    text = render(result)
    assert "The plugin died: killed by signal 9" in Page(text).by_id("verdict").text
    assert "3 lines on its standard output" in text
    assert "→" in text


def test_what_a_baseline_knows_is_told_and_comes_last() -> None:
    """Known findings carry reason and expiry and stand behind unexpected ones; what is wrong with entries is a note."""
    result = provider("mem0")
    entry = {"requirement": "CORE-05", "outcome": "fail", "reason": "waits for 2.3", "expires": "2027-02-25"}
    unexpected = [{"requirement": "CORE-07", "outcome": "fail"}]
    stale = [{"requirement": "CORE-01", "outcome": "fail", "reason": "r", "expires": "2027-02-25", "seen": "pass"}]
    result["baseline"] = {
        "file": "memconform-baseline.toml",
        "today": "2026-11-27",
        "exit_code": 1,
        "known": [{**entry, "seen": "fail"}],
        "flaky": [],
        "unexpected": unexpected,
        "stale": stale,
        "expired": [],
        "not_judged": [],
    }
    text = render(result)
    read = Page(text)
    assert "Known until 2027-02-25: waits for 2.3" in row_of(text, "CORE-05")
    failed = [row.attributes["id"] for row in read.of_class("row") if row.attributes["data-outcome"] == "fail"]
    assert failed[-1] == "CORE-05"
    said = " ".join(read.by_id("verdict").text.split())
    assert "Exit code 1." in said
    assert "Unexpected CORE-07" in said
    assert "Stale CORE-01" in said
    assert [record["known"] for record in data_of(text)["CORE-05"]["tests"] if record["outcome"] == "fail"]


def test_a_known_failure_that_reads_otherwise_is_not_folded_away() -> None:
    """Though the run passes: the headline counts it, the list is open, and the finding says what it was written for."""
    result = provider("mem0")
    entry = {"requirement": "CORE-05", "outcome": "fail", "reason": "waits for 2.3", "expires": "2027-02-25"}
    entry |= {"seen": "fail", "found": "expected a list; observed 500"}
    empty: dict[str, list[Any]] = {name: [] for name in ("flaky", "unexpected", "stale", "expired", "not_judged")}
    for more, opened in (({}, False), ({"found_now": "expected 201 for POST /v1/memories; observed 422"}, True)):
        known = [{**entry, **more}]
        said = {"file": "b.toml", "today": "2026-11-27", "known": known, **empty, "exit_code": 0}
        text = render({**result, "baseline": said})
        read = Page(text)
        assert ("1 reads otherwise than when written down." in read.by_id("verdict").text) == opened
        assert ("open" in next(each for each in read.elements if each.tag == "details").attributes) == opened
        otherwise = "It reads otherwise than when that was written down: expected a list; observed 500"
        assert (otherwise in row_of(text, "CORE-05")) == opened


def test_a_requirement_that_is_newer_than_the_server_is_not_scored() -> None:
    """It stands under a heading of its own and is no part of the counts of what failed."""
    result = provider("mem0")
    result["requirements"][4] |= {"scored": False, "since": "1.1"}
    text = render(result)
    assert Page(text).by_id("CORE-05").attributes["data-outcome"] == "unscored"
    assert "since 1.1" in row_of(text, "CORE-05")
    assert "9 of 47 requirements judged are not met" in text


def test_measures_are_drawn_and_written() -> None:
    """A distribution has a lane with a dot for each time, and a row of a table; a share a bar; an old one a range."""
    result = provider("mem0")
    times = [0.001, 0.002, 0.002, 0.004]
    figures = {"min": 0.001, "p50": 0.002, "p95": 0.004, "p99": 0.004, "max": 0.004}
    result["tests"][0]["measures"] = [
        {"name": "search: time to visibility", "unit": "s", "samples": 4, **figures, "times": times},
        {"name": "recall@5", "unit": "share", "value": 0.875},
        {"name": "erased while it ran", "unit": "times", "value": 3},
    ]
    result["server"]["capabilities"]["consistency"]["search"] = {"model": "eventual", "max_staleness_ms": 3}
    read = Page(render(result))
    lanes = read.of_class("lane")
    assert sorted(len([each for each in lane.inside if each.tag == "circle"]) for lane in lanes) == [0, 0, 4]
    assert all("declared: at most 3 ms" in lane.text for lane in lanes)
    rows = [" ".join(row.text.split()) for row in read.named("tr")]
    assert any(row.startswith("search: time to visibility") and "1 ms2 ms4 ms4 ms4 ms" in row for row in rows)
    assert any("recall@5" in row and "87.5 %" in row for row in rows)
    assert any("erased while it ran" in row and "3 times" in row for row in rows)
    places = [float(str(each.attributes["cx"]).rstrip("%")) for each in read.named("circle")]
    assert places == sorted(places)
    assert 0 < places[0] < places[-1] < 100


def test_a_result_without_measures_has_no_such_part() -> None:
    """Neither a heading nor a link to it."""
    assert "#measured" not in render(example("client"))


@pytest.mark.parametrize("name", ["langchain-chroma", "letta"])
def test_nothing_of_a_server_becomes_markup(name: str) -> None:
    """The same elements as with harmless texts, no handler, no image, no end of a script, nothing unseen."""
    result = provider(name)
    result["run"]["stopped"] = "interrupted"
    result["leaks"] = [{"scope": {"user_id": "x"}, "why": "y"}]
    result["server"]["served_undeclared"] = ["events"]
    text = render(hostile(result))
    read, plain = Page(text), Page(render(result))
    assert tags_of(read) == tags_of(plain)
    assert not [name for element in read.elements for name in element.attributes if name.startswith("on")]
    assert "<img" not in text
    assert text.count("</script>") == 1 + len(page.SCRIPTS)
    assert "{{ 7 * 7 }}" in read.named("h1")[0].text
    assert not set(text) & set("\x00\x1b\u202e\u2066\u2028")
    data_of(text)


def test_the_policy_allows_the_pages_own_scripts_only() -> None:
    """The hashes in the Content-Security-Policy are those of the scripts and the style; nothing is fetched."""
    text = render(hostile(provider("letta")))
    read = Page(text)
    (policy,) = [
        str(each.attributes["content"]) for each in read.named("meta") if "Content-Security" in str(each.attributes)
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    scripts = [each.text for each in read.named("script")[1:]]
    for rule, texts in (("script-src", scripts), ("style-src", [each.text for each in read.named("style")])):
        wanted = {base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in texts}
        assert {each[len("'sha256-") : -1] for each in rules[rule].split()} == wanted
    for element in read.elements:
        assert "style" not in element.attributes
        for name in ("src", "action", "data", "srcset", "poster"):
            assert name not in element.attributes
    assert not re.search(r"@import|url\(", read.named("style")[0].text)
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|importScripts|eval|innerHTML)\b", "".join(scripts))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 µs"),
        (0.000017, "17 µs"),
        (0.0021, "2.1 ms"),
        (0.9994, "999 ms"),
        (1, "1 s"),
        (99, "99 s"),
        (3700, "1 h 1 min"),
    ],
)
def test_times_have_three_digits_and_a_unit_that_fits(seconds: float, said: str) -> None:
    """From microseconds to hours."""
    assert duration(seconds) == said


def test_code_in_a_sentence_is_marked_and_escaped() -> None:
    """Backticks come in pairs, or are what they are."""
    assert marked("a `<b>` c") == "a <code>&lt;b&gt;</code> c"
    assert marked("a ` <b>") == "a ` &lt;b&gt;"


def test_what_cannot_be_seen_is_shown() -> None:
    """Control characters get their pictures, line breaks stay; names of members, too."""
    assert visible({"a\x1b": ["\x00\n", 1, None, "\ud800\u202e"]}) == {"a␛": ["␀\n", 1, None, "\ufffd\ufffd"]}
    assert not set(visible(ATTACK)) & set("\x1b\x00\u202e\u2066\u2028")


def test_the_parts_of_the_page_are_shipped_beside_the_code() -> None:
    """So that a wheel has them."""
    assert page.ASSETS.folder.parent == Path(page.__file__).parent
    assert {"page.html", "page.css", *page.SCRIPTS} <= {file.name for file in page.ASSETS.folder.iterdir()}
