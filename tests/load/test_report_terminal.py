"""The summary on the terminal: one screen, the verdict first, nothing that steers the terminal."""

from __future__ import annotations

import html
import re
import unicodedata
from pathlib import Path

import pytest

from memconform_load.report import markdown, page
from memconform_load.report.terminal import WIDTH, clipped, render

from .example_result import RUNS, objective, open_run, violating_run


def columns(line: str) -> int:
    """Return the columns that a line takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)


@pytest.mark.parametrize("kind", RUNS)
def test_it_fits_one_screen(kind: str) -> None:
    """At most 40 lines of 100 columns, no colour unless asked for, and the verdict with its exit code comes first."""
    result = RUNS[kind]()
    text = render(result)
    lines = text.splitlines()
    assert len(lines) <= 40
    assert max(map(columns, lines)) <= WIDTH
    assert "\x1b" not in text
    assert lines[0].startswith(result["verdict"]["word"].upper())
    assert f"(exit code {result['verdict']['exit_code']})" in lines[0]


def test_objectives_show_observed_against_limit() -> None:
    """Each objective says what was seen and what was allowed; those not met come first, unknown ones say why."""
    result = open_run(3, 30.0)
    result["slo"].append(objective("search.p99.9<300ms", None, "ms", 300.0, met=False))
    result["slo"].append(objective("add.p95<20ms", 31.5, "ms", 20.0, met=False))
    shown = [line for line in render(result).splitlines() if "<" in line or "=0" in line]
    assert shown[0].split()[:2] == ["objectives", "unknown"]
    assert "search.p99.9<300ms: it cannot be known" in shown[0]
    assert "not met add.p95<20ms: 31.5 ms against 20 ms" in shown[1]
    assert "met     search.p95<2000ms: 41.2 ms against 2,000 ms" in shown[2]


def test_the_table_holds_the_figures_of_the_result() -> None:
    """A row for each operation: calls, failures, latency from the intended start, then service, server and lag."""
    result = open_run(20, 40.0, stalls=False)
    row = result["operations"][0]
    hops = row["hops"]
    line = next(line for line in render(result).splitlines() if line.startswith("  add direct"))
    cells = [float(cell.replace(",", "")) for cell in line.split()[2:]]
    wanted = [row["count"], row["failed"]]
    wanted += [hops["latency"][name] for name in ("p50_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms")]
    wanted += [hops["service"]["p95_ms"], hops["server"]["p95_ms"], hops["lag"]["p99_ms"]]
    assert cells == pytest.approx(wanted, rel=0.006)


def test_violations_come_with_their_first_witness() -> None:
    """How many, of how many that were looked at, each law with the history that shows it, and what was not judged."""
    text = render(violating_run())
    assert "3 (judged: 801 reads, 399 writes)" in text
    assert "lost write, 2 times; the first:" in text
    assert "m-0192 is not there, and nobody deleted it" in text
    assert "foreign memory, 1 time" in text
    assert "not judged  duplicates: the server declares" in text


def test_what_is_invalid_stands_before_the_figures() -> None:
    """Checks that did not hold are told before the objectives, which then mean nothing."""
    text = render(RUNS["invalid"]())
    assert text.index("not valid   generator lag") < text.index("objectives")
    assert "  valid " not in text


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("invalid", "This says nothing about the server. Run it again when this machine does nothing else"),
        ("interrupted", "Only a run that comes to its end has a verdict"),
        ("violating", "'memconform capacity' finds the rate at which all is met"),
    ],
)
def test_every_form_says_what_to_do_next(kind: str, said: str) -> None:
    """Whoever reads the log, the summary of a job or the page learns what a verdict other than met asks for."""
    result = RUNS[kind]()
    assert said in " ".join(render(result).split())
    assert said.replace("'", "&#39;") in html.unescape(page.render(result)).replace("'", "&#39;")
    assert said.replace("'", "") in html.unescape(markdown.render(result)).replace("'", "")
    assert "next:" not in render(open_run(3, 20.0))


def test_too_few_calls_ask_for_more_of_them() -> None:
    """Not for a quieter machine, where nothing but the sample is wrong."""
    result = open_run(3, 30.0)
    undecided = {**objective("search.p99.9<300ms", None, "ms", 300.0, met=False), "decided": False}
    result["slo"].append(undecided)
    result["verdict"] = {"exit_code": 3, "word": "invalid", "reasons": ["too few"]}
    text = " ".join(render(result).split())
    assert "next: There were too few calls to decide every objective: take a longer --duration" in text
    assert "says nothing about the server" not in text


def test_long_figures_are_whole() -> None:
    """A figure's sentence goes on in a second line: in a file or a CI log nobody can widen the window."""
    result = open_run(3, 20.0)
    said = "search and add of one turn together: half within 10.67 ms, 95 % within 34.26 ms, all within 36.82 ms"
    result["figures"] = [{"name": "memory in a turn p50", "value": 10.67, "unit": "ms", "said": said}]
    assert said in " ".join(render(result).split())


def test_files_are_named() -> None:
    """Where the reports lie stands at the end."""
    assert render(open_run(3, 20.0), files=[Path("out/result.json"), Path("out/report.html")]).endswith(
        "  files       out/result.json\n              out/report.html\n"
    )


def test_nothing_steers_the_terminal() -> None:
    """Escape sequences and line feeds in what a server said are shown as question marks, in colour too."""
    result = violating_run()
    result["target"]["service"]["name"] = "evil\x1b[2J\nname"
    result["errors"][0]["example"] = "\x1b]0;title\x07 \u202e reversed"
    result["violations"]["found"][0]["witness"][0] = "\x1b[31mred"
    result["verdict"]["reasons"] = ["why\x1b[8m"]
    assert not set(render(result)) & {"\x1b", "\x07", "\u202e", "\r"}
    assert set(re.findall("\x1b\\[[^m]*m?", render(result, colour=True))) <= {
        f"\x1b[{code}m" for code in ("0", "1", "31", "32", "33", "35", "39")
    }


def test_many_rows_are_counted_not_shown() -> None:
    """A run with hundreds of kinds of errors, laws and operations still fits, and says how much more there is."""
    result = violating_run()
    for member in ("errors", "operations", "slo", "warnings", "figures"):
        result[member] = [*result[member], *open_run(3, 20.0)[member]] * 30
    result["warnings"] = [f"warning {number}" for number in range(30)]
    result["violations"]["found"] *= 30
    text = render(result)
    assert len(text.splitlines()) <= 75
    assert "… and 57 more laws in the result" in text
    assert "… and 26 more in the result" in text


def test_wide_letters_are_clipped_by_columns() -> None:
    """A text is cut at the columns that it takes: Chinese letters take two, combining marks none."""
    assert clipped("short", 5) == "short"
    assert clipped("too long", 5) == "too …"
    assert columns(clipped("记忆服务器的回答" * 20, 31)) <= 31
    assert clipped("e\u0301" * 5, 5) == "e\u0301" * 5
