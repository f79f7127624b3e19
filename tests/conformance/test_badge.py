"""The badge claims what was proven and no more, in words, and every reader can read it."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from memconform.report import badge_json, badge_svg
from memconform.report.badge import Badge, badge

from .report_results import client, judged, real

SVG = "{http://www.w3.org/2000/svg}"


def earned(name: str | None = "full", **run: Any) -> dict[str, Any]:
    """Return the result of a conformant server with a badge."""
    result = judged(("CORE-01", "pass"), ("SEARCH-10", "pass"), badge=name)
    result["run"] |= run
    return result


def waiting() -> dict[str, Any]:
    """Return a result in which a requirement waits for a larger budget."""
    result = judged(("CORE-01", "pass"), ("CORE-24", "skip"), badge="full")
    result["requirements"][1]["reason"] = "needs a larger budget than smoke"
    return result


def changed(result: dict[str, Any], **verdict: Any) -> dict[str, Any]:
    """Return the result with members of its verdict replaced."""
    return {**result, "verdict": {**result["verdict"], **verdict}}


CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("full", earned(), "Full", "good"),
    ("core", earned("core"), "Core", "good"),
    ("smoke", waiting(), "Full at smoke budget", "fair"),
    ("no-badge", earned(None), "conformant", "good"),
    ("failed", judged(("CORE-01", "fail")), "not conformant", "bad"),
    ("core-only", judged(("SEARCH-10", "fail"), badge="core"), "Core, not conformant beyond", "bad"),
    ("unproven", judged(("CORE-01", "inconclusive")), "incomplete", "none"),
    ("harness", changed(earned(), exit_code=4), "incomplete", "none"),
    ("part", changed(earned(None), partial=True), "partly checked", "none"),
    ("part-with-a-badge", changed(earned(), partial=True), "partly checked", "none"),
    ("part-failed", changed(judged(("CORE-01", "fail")), partial=True), "not conformant", "bad"),
    ("client", client("pass"), "conformant", "good"),
    ("client-failed", client("fail"), "not conformant", "bad"),
]


@pytest.mark.parametrize(("result", "message", "tone"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_says_what_was_proven(result: dict[str, Any], message: str, tone: str) -> None:
    """A whole run with exit code 0 earns a badge; smaller budgets are named; a part can fail, and never earns one."""
    label = "memory API 1.0 client" if "client" in result else "memory API 1.0"
    assert badge(result) == Badge(label, message, tone)  # type: ignore[arg-type]  # a tone


@pytest.mark.parametrize("result", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_the_picture_is_read_aloud_as_it_is_seen(result: dict[str, Any]) -> None:
    """It is an image with a name and a title, all words are in it, and it fetches and runs nothing."""
    picture = ET.fromstring(badge_svg.render(result))
    said = badge(result)
    assert picture.get("role") == "img"
    assert picture.get("aria-label") == said.text == picture.findtext(f"{SVG}title")
    assert [text.text for text in picture.iter(f"{SVG}text")] == [said.label, said.message]
    for element in picture.iter():
        assert element.tag in {f"{SVG}{name}" for name in ("svg", "title", "rect", "g", "text")}
        assert not {"href", "style", "class"} & set(element.attrib)


@pytest.mark.parametrize("result", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_words_fit_and_stand_out(result: dict[str, Any]) -> None:
    """Each half is as wide as its words and a margin, and white on its colour has a contrast of 4.5 or more."""
    picture = ET.fromstring(badge_svg.render(result))
    halves = list(picture.iter(f"{SVG}rect"))
    assert sum(int(half.attrib["width"]) for half in halves) == int(picture.attrib["width"])
    for half, text in zip(halves, picture.iter(f"{SVG}text"), strict=True):
        left, width = int(half.get("x", 0)), int(half.attrib["width"])
        assert float(text.attrib["x"]) == left + width / 2
        assert 0 < int(text.attrib["textLength"]) <= width - 10
        assert contrast_to_white(half.attrib["fill"]) >= 4.5


def contrast_to_white(colour: str) -> float:
    """Return the contrast ratio of WCAG 2."""
    shares = [int(part, 16) / 255 for part in re.findall("[0-9a-f]{2}", colour)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)


@pytest.mark.parametrize(("result", "message", "tone"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_badge_services_read_the_json(result: dict[str, Any], message: str, tone: str) -> None:
    """It is the endpoint schema's version 1; no address can give another colour to what is not earned."""
    document = json.loads(badge_json.render(result))
    assert document.keys() == {"schemaVersion", "label", "message", "color", "isError"}
    assert document["schemaVersion"] == 1
    assert (document["message"], document["isError"]) == (message, tone in ("bad", "none"))
    assert (document["color"] == "brightgreen") == (tone == "good")


def test_real_servers_have_the_badge_of_their_verdict() -> None:
    """Whatever their results are, none is told as more than it was judged."""
    for result in real():
        said = badge(result)
        assert (said.tone == "bad") == (result["verdict"]["conformance"] == "not conformant")
