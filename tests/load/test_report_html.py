"""The page: one file, no network, every chart in words too, and no text of a server that becomes markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from memconform.page import embedded
from memconform_load.report import page
from memconform_load.report.page import render

from .example_result import RUNS, closed_run, objective, open_run, violating_run
from .hostile import ATTACK, hostile_run

VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """The elements of a page with their attributes, their texts, and whether each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        """Close it; whatever is closed must be the last that was opened."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Add the text to all elements around it."""
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]


def charts(text: str) -> list[dict[str, Any]]:
    """Return the data of the charts in a page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    drawn: list[dict[str, Any]] = json.loads(found[1])
    return drawn


@pytest.mark.parametrize("kind", RUNS)
def test_every_kind_of_run_is_a_page(kind: str) -> None:
    """Well nested, with the verdict, its exit code, and every part that the links on top lead to."""
    result = RUNS[kind]()
    text = render(result)
    read = Page(text)
    assert read.open == []
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [str(attributes["href"]) for attributes in read.named("a")]
    assert links
    assert {link[1:] for link in links} <= set(ids)
    assert result["verdict"]["word"] in read.texts["section"][0]
    assert f"(exit code {result['verdict']['exit_code']})" in read.texts["section"][0]


def test_nothing_is_fetched() -> None:
    """No element names another file or host, and no style does; an address that is shown is a text."""
    text = render(open_run(5, 30.0))
    for tag, attributes in Page(text).elements:
        for name in ("src", "href", "action", "data", "srcset", "poster"):
            assert (attributes.get(name) or "#").startswith(("#", "data:,")), (tag, attributes)
    assert not re.search(r"@import|url\(", "".join(Page(text).texts["style"]))
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|importScripts|eval)\(", text)


def test_the_policy_allows_the_pages_own_scripts_only() -> None:
    """The hashes in the Content-Security-Policy are those of the scripts and the style; nothing is allowed besides."""
    read = Page(render(violating_run()))
    (policy,) = [each["content"] for each in read.named("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    data, *scripts = read.texts["script"]
    assert json.loads(data)
    for rule, texts in (("script-src", scripts), ("style-src", read.texts["style"])):
        wanted = {base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in texts}
        assert {each[len("'sha256-") : -1] for each in rules[rule].split()} == wanted
    assert not [attributes for _, attributes in read.elements if "style" in attributes]


def test_nothing_of_a_server_becomes_markup() -> None:
    """Scripts, images, handlers and ends of elements in foreign texts are shown, not obeyed."""
    text = render(hostile_run())
    harmless = violating_run()
    harmless["warnings"], harmless["verdict"]["reasons"] = ["one"], ["one"]
    read, plain = Page(text), Page(render(harmless))
    assert read.open == []
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in plain.elements]
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
    assert "<img" not in text
    assert text.count("</script>") == 3
    assert any("</script><script>alert(1)</script>" in shown for shown in read.texts["pre"])
    assert "{{ 7 * 7 }}" in read.texts["h1"][0]
    assert "\u2028" not in "".join(read.texts["script"])
    assert ATTACK.split("\n")[0] in read.texts["title"][0]


def test_data_ends_no_script() -> None:
    """JSON within the page has no character that an HTML parser would see, and reads back as it was."""
    value = {"</script><!--": ["&amp;", "'", "\u2028", "Zoë", None, 1.5]}
    written = embedded(value)
    assert not set(written) & set("<>&'\u2028")
    assert json.loads(written) == value


def test_every_chart_is_in_words_too() -> None:
    """A chart has a heading and a sentence with figures; curves have a table, charts over time share one."""
    result = violating_run()
    text = render(result)
    read = Page(text)
    drawn = charts(text)
    assert len(read.texts["figure"]) == len(drawn) == len(read.named("figcaption")) > 10
    for caption in read.texts["figcaption"]:
        assert re.search(r"\d", caption), caption
    plots = [attributes for attributes in read.named("div") if attributes.get("class") == "plot"]
    for attributes in plots:
        assert f'id="{attributes["aria-labelledby"]}"' in text
    hop_tables = [figure for figure in read.texts["figure"] if "hop by hop" in figure]
    assert len(hop_tables) == 4
    assert all("p99.9" in each and "network" in each for each in hop_tables)
    by_second = [part for part in read.texts["details"] if "All charts over time" in part]
    assert len(by_second) == 1
    assert "0:29" in by_second[0]


def test_the_charts_show_what_the_issue_asks_for() -> None:
    """Percentiles by hop, latency over time with failures and violations, achieved against intended, lag and CPU."""
    result = violating_run()
    drawn = charts(render(result))
    hops = [[line["name"] for line in chart["series"]] for chart in drawn if chart["kind"] == "curve"]
    assert ["latency", "service", "server", "network", "lag"] in hops
    over_time = [chart for chart in drawn if chart["kind"] == "time" and chart["latency"]]
    assert [[line["name"] for line in chart["series"]] for chart in over_time] == [["p50", "p95", "p99"]] * 4
    assert sum(over_time[0]["marks"]["violations"]) == 3
    assert sum(sum(chart["marks"]["failed"]) for chart in over_time) == result["counts"]["failed"] > 0
    rates = next(chart for chart in drawn if chart["unit"] == "a second")
    assert {"arrivals intended", "arrivals sent", "calls ended"} <= {line["name"] for line in rates["series"]}
    lag = next(chart for chart in drawn if chart["unit"] == "lag, ms")
    assert [line["name"] for line in lag["series"]] == ["lag p99, ms", "CPU, %"]
    for chart in drawn:
        assert {len(line["values"]) for line in chart["series"]} == {len(chart["x"])}


def test_memory_and_the_plugins_cpu_are_drawn_where_they_are_known() -> None:
    """A soak run shows the server's memory over time, a run with a plugin the plugin's CPU; others leave them out."""
    result = open_run(5, 20.0)
    names = {line["name"] for chart in charts(render(result)) for line in chart["series"]}
    assert not {"resident", "plugin's CPU, %"} & names
    for row in result["timeline"]:
        row |= {"server_rss_mb": 120.5, "plugin_cpu_percent": 44.0}
    text = render(result)
    assert {"resident", "plugin's CPU, %"} <= {line["name"] for chart in charts(text) for line in chart["series"]}
    assert "resident at most 120 MB" in text or "resident at most 121 MB" in text


def test_the_page_tells_the_run_and_how_to_repeat_it() -> None:
    """Environment, software, plan, plugin, objectives with observed and limit, and the command are there."""
    result = open_run(5, 20.0)
    result["slo"].append(objective("search.p99.9<300ms", None, "ms", 300.0, met=False))
    read = Page(render(result))
    shown = "".join(read.texts["body"])
    for part in (
        result["command"],
        "load average 0.42 0.30 0.25",
        "both share its cores",
        '"max_in_flight": 10000',
        "ready after 1,312 ms",
        "41.2 ms",
        "? unknown",
        "time to visibility",
        "999 turns of 212 sessions",
    ):
        assert part in shown, part


def test_a_closed_run_without_server_times_has_no_such_hop() -> None:
    """Hops that were not measured are not drawn, and nobody sees a curve of nothing."""
    drawn = charts(render(closed_run()))
    hops = [[line["name"] for line in chart["series"]] for chart in drawn if chart["kind"] == "curve"]
    assert ["latency", "service", "lag"] in hops


def test_a_long_run_stays_a_small_page() -> None:
    """An hour, second by second, is a page below 2 MB, and says how many seconds a point is."""
    text = render(open_run(3600, 3.0))
    assert len(text) < 2_000_000
    assert "a point is the worst of 4 seconds" in text
    assert max(len(chart["x"]) for chart in charts(text)) <= 901


def test_the_library_is_what_its_note_says() -> None:
    """The vendored files are unchanged: their hashes are those of the note beside them, which names their licence."""
    note = (page.ASSETS.folder / "README.md").read_text()
    listed = dict(re.findall(r"`(uPlot[\w.]+)` \| `([0-9a-f]{64})`", note))
    assert set(listed) == {file.name for file in page.ASSETS.folder.glob("uPlot*")}
    for name, wanted in listed.items():
        assert hashlib.sha256((page.ASSETS.folder / name).read_bytes()).hexdigest() == wanted
    assert "MIT" in note
    assert "Permission is hereby granted" in render(RUNS["empty"]())


def test_assets_are_shipped_beside_the_code() -> None:
    """The page's parts lie in the package, so that a wheel has them."""
    assert page.ASSETS.folder.parent == Path(page.__file__).parent
    assert {"page.html", "page.css", "charts.js"} <= {file.name for file in page.ASSETS.folder.iterdir()}
