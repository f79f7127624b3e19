"""The matrix: servers side by side, what belongs together, what changed, and its forms."""

from __future__ import annotations

import copy
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from memconform.cli import main
from memconform.contract import reference_validator, schema, validator
from memconform.matrix import markdown, matrix, page, read, read_earlier
from memconform.matrix.speed import operations
from memconform.matrix.summary import glance
from memconform.settings import UsageError

from .matrix_results import LOADS, REAL, RESULTS, conformance, kept, load

BRIDGED = ("mem0 behind memconform's bridge", "2.2.1")


class Read(HTMLParser):
    """What a page says, where it leads to, and which elements it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.links, self.tags = "", list[str](), set[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the element's name and its link."""
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name == "href" and tag == "a" and value]

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data


def ran(*words: str | Path) -> Result:
    """Run `memconform matrix`."""
    return CliRunner().invoke(main, ["matrix", *map(str, words)])


def test_real_results_make_a_sound_matrix() -> None:
    """Every outcome of every real result is in the document, which its schema accepts, and nobody's load is lost."""
    made = matrix(read([*REAL, LOADS]))
    assert validator("matrix").errors(made) == []
    assert len(made["servers"]) == len(REAL)
    for server in made["servers"]:
        result = json.loads((RESULTS / f"{server['name']}.json").read_text("utf-8"))
        assert server["requirements"] == {row["id"]: row["outcome"] for row in result["requirements"]}
        assert server["counts"] == result["verdict"]["counts"]
    rows = json.loads(LOADS.read_text("utf-8"))
    assert [each["name"] for each in made["loads"]] == [row["provider"] for row in rows]
    assert [each["server"] for each in made["loads"]] == [None, *(row["provider"] for row in rows[1:])]


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (("format",), "memconform.matrix/2", "/format"),
        (("servers",), [], "/servers"),
        (("servers", 0, "verdict"), "not declared", "/servers/0/verdict"),
        (("servers", 0, "secret"), "k", "/servers/0"),
        (("servers", 0, "requirements", "CORE-04"), "absent", "/servers/0/requirements/CORE-04"),
        (("loads", 0, "times", 0, "driver"), "pigeon", "/loads/0/times/0/driver"),
        (("loads", 0, "times", 0, "p95_ms"), -1, "/loads/0/times/0/p95_ms"),
        (("changes", "servers", 0, "rows", 0, "before"), "xfail", "/changes/servers/0/rows/0/before"),
    ],
)
def test_a_careless_matrix_is_refused(path: tuple[str | int, ...], value: Any, pointer: str) -> None:
    """A wrong member is found where it is, by both validators."""
    document: Any = copy.deepcopy(schema("matrix")["examples"][0])
    node = document
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    for judge in (validator("matrix"), reference_validator("matrix")):
        assert pointer in {error.pointer for error in judge.errors(document)}


def test_a_profile_counts_its_own_musts(tmp_path: Path) -> None:
    """A MUST that is not met is counted where it belongs, a SHOULD that is not met nowhere."""
    outcomes = {"CORE-01": "fail", "CORE-02": "pass", "CORE-25": "warn", "SEARCH-01": "inconclusive"}
    files = kept(tmp_path, one=conformance(outcomes))
    profiles = {row["name"]: row for row in matrix(read(files))["servers"][0]["profiles"]}
    assert [profiles["core"][name] for name in ("not_met", "unproven", "met")] == [1, 0, 1]
    assert [profiles["search"][name] for name in ("not_met", "unproven", "met")] == [0, 1, 0]


def test_a_requirement_that_is_not_scored_is_neither_met_nor_broken(tmp_path: Path) -> None:
    """What came after the server's contract is shown as such, whatever its test found."""
    result = conformance({"CORE-01": "pass", "CORE-02": "fail"})
    result["requirements"][1] |= {"scored": False}
    result["verdict"] |= {"conformance": "conformant", "counts": {"pass": 1}, "exit_code": 0}
    server = matrix(read(kept(tmp_path, one=result)))["servers"][0]
    assert server["requirements"] == {"CORE-01": "pass", "CORE-02": "unscored"}
    assert server["profiles"][0]["not_met"] == 0


def test_a_part_of_a_run_earns_nothing(tmp_path: Path) -> None:
    """A server that kept what was selected is incomplete beside others, and has kept no profile."""
    result = conformance({"CORE-01": "pass", "CORE-02": "not_selected"})
    result["verdict"] |= {"partial": True}
    made = matrix(read(kept(tmp_path, one=result)))
    server = made["servers"][0]
    assert (server["verdict"], server["profiles"][0]["conformance"]) == ("incomplete", "incomplete")
    profiles = markdown.render(made).partition("## Profiles")[2].partition("## Requirements")[0]
    assert "✓" not in profiles.split("|---|")[-1]


@pytest.mark.parametrize(
    ("service", "title", "version", "address"),
    [
        (BRIDGED, "mem0 library, verbatim", "2.2.1", "mem0.md"),
        (("Our own", "9"), "Our own", "9", None),
        (None, "mem0", None, None),
    ],
    ids=["behind our bridge", "another server", "says nothing"],
)
def test_a_definition_gives_title_and_page_only_to_what_is_behind_our_bridge(
    tmp_path: Path, service: tuple[str, str] | None, title: str, version: str | None, address: str | None
) -> None:
    """A server that merely has the name of a known provider keeps its own title and version."""
    files = kept(tmp_path, mem0=conformance({"CORE-01": "pass"}, service=service))
    server = matrix(read(files))["servers"][0]
    assert (server["title"], server["version"], server["page"]) == (title, version, address)


def test_a_load_result_belongs_to_its_name_or_to_its_address(tmp_path: Path) -> None:
    """NAME.load.json is NAME's, else the address tells; where two servers had one address nobody gets it."""
    one, two, three = ("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3")
    files = kept(
        tmp_path,
        first=conformance({"CORE-01": "pass"}, url=one),
        second=conformance({"CORE-01": "pass"}, url=two),
        third=conformance({"CORE-01": "pass"}, url=two),
        first__load=load(url=three),
        night=load(url=f"{one}/"),
        noon=load(url=two),
    )
    loads = matrix(read(files))["loads"]
    assert [(each["name"], each["server"]) for each in loads] == [
        ("first", "first"),
        ("night", "first"),
        ("noon", None),
    ]


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ({"only__load": load()}, "no conformance result is among the files"),
        ({"index": conformance({"CORE-01": "pass"})}, "index.html is the site's own page"),
        ({"odd": [1, 2]}, "none that benchmarks/provider_load.py writes"),
        ({"odd": {"format": "memconform.client/1"}}, "is a result of another command"),
        ({"odd": {"format": "memconform.conformance/1"}}, "is damaged or was changed by hand"),
    ],
    ids=["loads alone", "the site's name", "a list", "another result", "damaged"],
)
def test_what_makes_no_matrix_is_refused(tmp_path: Path, documents: dict[str, Any], said: str) -> None:
    """The message names the file and what is wrong; the command ends with 2 and without a traceback."""
    files = kept(tmp_path, **{"fine": conformance({"CORE-01": "pass"})} if "odd" in documents else {}, **documents)
    result = ran(*files)
    assert result.exit_code == 2
    assert said in result.output
    assert isinstance(result.exception, SystemExit)


def test_two_results_of_one_name_are_refused(tmp_path: Path) -> None:
    """A server is named after its file; the message leads to --since."""
    files = [*kept(tmp_path / "a", one=conformance({"CORE-01": "pass"}))]
    files += kept(tmp_path / "b", one=conformance({"CORE-01": "pass"}))
    with pytest.raises(UsageError, match=r"(?s)both results of a server 'one'.*--since"):
        read(files)


def runs(tmp_path: Path) -> tuple[Path, Path]:
    """Return the folders of two runs: one server changed, one stayed, one came, one went."""
    old = {"CORE-01": "pass", "CORE-02": "fail", "CORE-03": "pass", "CORE-04": "skip"}
    new = {"CORE-01": "fail", "CORE-02": "pass", "CORE-03": "pass", "CORE-05": "pass"}
    early = "2026-01-01T00:00:00.000Z"
    before, now = tmp_path / "before", tmp_path / "now"
    gone = conformance(old, started_at=early)
    kept(before, moved=conformance(old, badge="core", started_at=early), stayed=conformance(old), gone=gone)
    kept(now, moved=conformance(new), stayed=conformance(old), came=conformance(old))
    return before, now


def test_changes_tell_what_went_from_what_to_what(tmp_path: Path) -> None:
    """Regression and improvement are told apart, a badge that is lost is told, and who came and went."""
    before, now = runs(tmp_path)
    made = matrix(read(now.glob("*.json")), read_earlier(before))
    assert validator("matrix").errors(made) == []
    changes = made["changes"]
    assert (changes["new"], changes["gone"], changes["same"]) == (["came"], ["gone"], ["stayed"])
    (moved,) = changes["servers"]
    assert moved["badge"] == {"before": "core", "now": None}
    assert {(row["requirement"], row["before"], row["now"], row["kind"]) for row in moved["rows"]} == {
        ("CORE-01", "pass", "fail", "regression"),
        ("CORE-02", "fail", "pass", "improvement"),
        ("CORE-05", "absent", "pass", "newly tested"),
    }


def test_an_earlier_run_is_a_folder_a_site_or_its_data(tmp_path: Path) -> None:
    """All three tell the same; a site has no result of its own, its matrix.json is enough."""
    before, now = runs(tmp_path)
    assert ran(*before.glob("*.json"), "--output", tmp_path / "site").exit_code == 0
    ways = [before, tmp_path / "site", tmp_path / "site" / "matrix.json"]
    told = [matrix(read(now.glob("*.json")), read_earlier(way))["changes"] for way in ways]
    assert told[0]["servers"]
    assert told[1:] == told[:1] * 2


@pytest.mark.parametrize("name", ["an empty folder", "another file"])
def test_an_earlier_run_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """The command says what it expected there, and ends with 2."""
    files = kept(tmp_path, one=conformance({"CORE-01": "pass"}))
    since = tmp_path / "empty"
    since.mkdir()
    result = ran(*files, "--since", since if name == "an empty folder" else files[0])
    assert result.exit_code == 2
    assert "give the folder of an earlier run" in result.output or "memconform matrix" in result.output


def test_the_site_is_whole(tmp_path: Path) -> None:
    """Every link of the page leads to a file of the site and to a requirement in it; its data are sound."""
    outcomes = {"CORE-01": "pass", "CORE-02": "fail", "SEARCH-01": "skip"}
    files = kept(tmp_path, **{"one": conformance(outcomes), "two & more": conformance({"CORE-01": "fail"})})
    site = tmp_path / "site"
    result = ran(*files, "--output", site)
    assert result.exit_code == 0, result.output
    assert f"written: {site / 'index.html'} and 4 files beside it" in result.output
    document = json.loads((site / "matrix.json").read_text("utf-8"))
    assert validator("matrix").errors(document) == []
    links = [link for link in Read((site / "index.html").read_text("utf-8")).links if not link.startswith("#")]
    assert {link.partition("#")[0] for link in links} == {"one.html", "two%20%26%20more.html"}
    assert (site / "two & more.html").is_file()
    targets = set(re.findall(r'id="([A-Z]+-\d\d)"', (site / "one.html").read_text("utf-8")))
    assert {link.partition("#")[2] for link in links if link.startswith("one.html#")} == {
        "CORE-01",
        "CORE-02",
    } & targets
    assert "[one](one.html)" in (site / "matrix.md").read_text("utf-8")


def test_the_page_alone_leads_nowhere(tmp_path: Path) -> None:
    """Without the servers' reports beside it no cell is a link; the requirements link to the specification if asked."""
    files = kept(tmp_path, one=conformance({"CORE-01": "pass"}))
    bare, linked = tmp_path / "bare.html", tmp_path / "linked.html"
    assert ran(*files, "--html", bare).exit_code == 0
    assert ran(*files, "--html", linked, "--specification", "https://example.org/spec").exit_code == 0
    assert all(link.startswith("#") for link in Read(bare.read_text("utf-8")).links)
    outside = [link for link in Read(linked.read_text("utf-8")).links if not link.startswith("#")]
    assert outside == ["https://example.org/spec/requirements.html#CORE-01"]


def test_what_a_server_calls_itself_stays_text(tmp_path: Path) -> None:
    """Markup in a name, a version, a statement or a file's name is shown, never taken for markup."""
    evil = '<script>alert("x")</script>'
    result = conformance({"CORE-01": "pass"}, service=(evil, f"1 {evil} |\n# x"))
    result["requirements"][0]["statement"] = f"`{evil}` MUST {evil}"
    result["profiles"][0]["title"] = evil
    files = kept(tmp_path, **{"<img src=x>": result})
    given = matrix(read(files))
    text = page.render(given, report=page.report_in_folder)
    assert "img" not in Read(text).tags
    assert text.count("<script>") == 1
    assert evil in Read(text).text
    written = markdown.render(given)
    assert "<script>" not in written
    assert "<img" not in written
    assert "\n# x" not in written


def test_no_output_option_prints_markdown(tmp_path: Path) -> None:
    """Standard output has what --markdown writes; every judged requirement is a row."""
    files = kept(tmp_path, one=conformance({"CORE-01": "pass", "CORE-02": "fail", "SEARCH-01": "skip"}))
    assert ran(*files, "--markdown", tmp_path / "m.md").exit_code == 0
    result = ran(*files)
    assert result.exit_code == 0
    assert result.output == (tmp_path / "m.md").read_text("utf-8")
    assert "| CORE-01 | ✓ |" in result.output
    assert "| CORE-02 | ✗ |" in result.output
    assert "SEARCH-01" not in result.output


def test_the_quickest_comes_first_and_bars_lie_in_their_order(tmp_path: Path) -> None:
    """Rows go by the p95 of direct calls; ten times as long is the same step everywhere on the axis."""
    files = kept(
        tmp_path,
        slow=conformance({"CORE-01": "pass"}),
        quick=conformance({"CORE-01": "pass"}),
        slow__load=load(p95_ms=900),
        quick__load=load(p95_ms=9),
    )
    search = operations(matrix(read(files)))[0]
    assert search.name == "search"
    assert [row.load["name"] for row in search.rows] == ["quick", "slow"]
    steps = [search.place(10.0 ** (power + 1)) - search.place(10.0**power) for power in search.powers[:-1]]
    assert steps == pytest.approx([steps[0]] * len(steps))
    assert (search.place(10.0**search.first_power), search.place(10.0**search.last_power)) == pytest.approx((0, 1))


def test_a_glance_compares_only_what_can_be_compared(tmp_path: Path) -> None:
    """A run that was cut short leads no list, and nobody is the quickest where the loads differ."""
    short = conformance({"CORE-01": "pass"})
    short["run"] |= {"finished": False, "stopped": "interrupted"}
    whole = conformance({"CORE-01": "pass", "CORE-02": "fail"}, badge="core")
    files = kept(tmp_path, short=short, whole=whole, whole__load=load(rate="10"))
    assert list(glance(matrix(read(files)))) == [
        ("servers", "2", "1 conformant"),
        ("highest badge", "Core", "whole"),
        ("most profiles kept", "0", "whole"),
        ("fewest MUSTs not met", "1", "whole"),
        ("quickest search, p95", "12 ms", "whole"),
    ]
    files += kept(tmp_path, short__load=load(rate="50", p95_ms=1.0))
    assert not [label for label, *_ in glance(matrix(read(files))) if label.startswith("quickest")]


def test_times_of_several_loads_are_told_apart(tmp_path: Path) -> None:
    """Where the loads differ the page and the Markdown say so, and every row has the number of its load."""
    files = kept(
        tmp_path,
        one=conformance({"CORE-01": "pass"}),
        one__load=load(rate="10"),
        two__load=load(url="http://127.0.0.1:9", rate="50"),
    )
    made = matrix(read(files))
    assert len({each["setting"] for each in made["loads"]}) == 2
    assert "measured under 2 loads" in Read(page.render(made)).text
    assert "| server | load | direct |" in markdown.render(made)
