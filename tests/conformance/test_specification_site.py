"""The specification site: whole, the same each time, without a broken link, its examples true."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from memconform.contract import content_root, profiles, requirements, validator
from memconform.contract.openapi import openapi
from memconform.serving import served
from memconform.specification import requirement_link, tested
from memconform.specification.declaring import declaration
from memconform.specification.layout import laid_out
from memconform.specification.markdown import Writer
from memconform.specification.members import shape
from memconform.specification.operations import described
from memconform.specification.pages import PAGES
from memconform.specification.places import members_of
from memconform.specification.reading import contract_schemas, exchanges, folder, notes, problem_types, prose
from memconform.specification.site import write_site
from memconform.specification.words.elsewhere import DOCUMENTS
from memconform.specification.words.of_resources import GROUPS
from memconform.wire_judge import WireJudge

from .conftest import Commands
from .exchanges_replayed import Message, Replay, checksum, judged

ANCHORS = Path(__file__).with_name("specification_anchors.txt")


@dataclass
class Read(HTMLParser):
    """A page as a reader's program sees it: its ids, its links, what it would fetch, its words."""

    file: Path
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read it."""
        super().__init__()
        self.feed(self.file.read_text(encoding="utf-8"))

    def __hash__(self) -> int:
        """Tell pages apart by their file."""
        return hash(self.file)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take ids and addresses."""
        said = {name: value or "" for name, value in attrs}
        self.ids += [said["id"]] if "id" in said else []
        self.links += [said["href"]] if tag == "a" else []
        self.fetched += [
            value
            for name, value in said.items()
            if name in ("src", "srcset", "poster", "style") or (tag == "link" and name == "href")
        ]

    def handle_data(self, data: str) -> None:
        """Take the words."""
        self.words.append(data)

    @property
    def text(self) -> str:
        """The words of the page, blanks as one."""
        return " ".join("".join(self.words).split())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    """Return the pages of a site by their files."""
    return {file.name: Read(file) for file in write_site(tmp_path_factory.mktemp("site"))}


def test_every_page_is_there(site: dict[str, Read]) -> None:
    """Each page of the bar is written, and says its title in its one first heading."""
    assert list(site) == [page.file for page in PAGES]
    for page in PAGES:
        html = site[page.file].file.read_text(encoding="utf-8")
        assert html.count("<h1") == 1
        assert page.title in site[page.file].text


def test_it_is_the_same_each_time(site: dict[str, Read], tmp_path: Path) -> None:
    """A second site, in another folder, has the same bytes in every file."""
    write_site(tmp_path)
    first = site["index.html"].file.parent
    files = sorted(file.relative_to(tmp_path) for file in tmp_path.rglob("*") if file.is_file())
    assert len(files) > 500
    assert files == sorted(file.relative_to(first) for file in first.rglob("*") if file.is_file())
    assert [file for file in files if (first / file).read_bytes() != (tmp_path / file).read_bytes()] == []


def test_no_link_is_broken(site: dict[str, Read]) -> None:
    """Every link leads to an anchor of a page, or to a file of the site; none leads out of it."""
    root = site["index.html"].file.parent
    broken = []
    for name, page in site.items():
        for link in page.links:
            target, _, fragment = link.partition("#")
            there = site.get(target or name)
            good = (
                (fragment in there.ids if fragment else True) if there else (root / target).is_file() and not fragment
            )
            broken += [] if good else [f"{name}: {link}"]
    assert sum(len(page.links) for page in site.values()) > 2000
    assert broken == []


def test_nothing_is_fetched(site: dict[str, Read]) -> None:
    """No page asks for a picture, a style or a script; the empty icon is in the page itself."""
    for page in site.values():
        assert page.fetched == ["data:,"]


def test_anchors_are_unique(site: dict[str, Read]) -> None:
    """No page has an anchor twice."""
    for name, page in site.items():
        assert [anchor for anchor, times in Counter(page.ids).items() if times > 1] == [], name


def test_anchors_never_go(site: dict[str, Read]) -> None:
    """Every anchor that ever was is there: people and reports link to it. A new one is added to the list."""
    known = ANCHORS.read_text(encoding="utf-8").split()
    there = [f"{name}#{anchor}" for name, page in site.items() for anchor in page.ids]
    assert [anchor for anchor in known if anchor not in there] == [], "anchors are never removed or renamed"
    new = [anchor for anchor in there if anchor not in known]
    assert new == [], f"add these lines to {ANCHORS.name}"


@pytest.mark.parametrize("requirement", list(requirements()))
def test_a_failure_leads_to_its_requirement(site: dict[str, Read], requirement: str) -> None:
    """The address that reports give for a requirement is there, and its whole statement is on that page."""
    file, _, anchor = requirement_link("site", requirement).removeprefix("site/").partition("#")
    assert anchor in site[file].ids
    statement = " ".join(requirements()[requirement].statement.replace("`", "").split())
    assert statement in site[file].text


def test_every_test_of_the_suite_is_told(site: dict[str, Read]) -> None:
    """The page of tests has each test by its name, as `memconform explain` has."""
    told = site["tests.html"].text
    names = [test.parts[1] for requirement in requirements() for test in tested.tests_of(requirement)]
    assert len(names) > len(requirements()) / 2
    assert [name for name in names if name not in told] == []


def test_every_resource_is_shown(site: dict[str, Read]) -> None:
    """Every schema of the contract has a section, and every member that it names, however deep, a row."""
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(contract_schemas())
    for name, schema in contract_schemas().items():
        said = {member.path.rpartition(".")[2] for member in members_of(shape(schema))}
        assert _named(schema) <= said, name
        for member in members_of(shape(schema)):
            assert f"{name}.{member.path}" in site["resources.html"].ids


def _named(node: object) -> set[str]:
    """Return every name of a member that a schema describes."""
    if isinstance(node, list):
        return set().union(*map(_named, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    here = set(node["properties"]) if isinstance(node.get("properties"), dict) else set()
    deeper = [_named(each) for key, each in node.items() if key not in ("examples", "if", "enum", "const")]
    return here.union(*deeper)


def test_every_keyword_of_a_schema_is_told() -> None:
    """The schemas use no keyword that the tables do not know: a new one has to be told in words first."""
    told = {"type", "$ref", "anyOf", "allOf", "items", "properties", "required", "additionalProperties", "description"}
    told |= {"const", "enum", "minimum", "maximum", "minLength", "minItems", "minProperties", "pattern", "format"}
    told |= {"uniqueItems", "contains", "not", "if", "then", "else", "title", "examples", "default", "$schema", "$id"}
    for name, schema in contract_schemas().items():
        for node in _subschemas(schema):
            assert set(node) <= told, name
            assert {node.get(least, 1) for least in ("minLength", "minItems", "minProperties")} == {1}, name


def _subschemas(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for key, each in node.items():
            below = each.values() if key == "properties" else each if isinstance(each, list) else [each]
            if key not in ("examples", "enum", "const", "default"):
                for sub in below:
                    yield from _subschemas(sub)


def test_members_say_what_the_schema_says() -> None:
    """Type, need, bounds and default of members are those of their schema, in words."""
    members = {each.path: each for each in members_of(shape(contract_schemas()["capabilities"]))}
    assert members["limits.page_size"].required
    assert members["limits.page_size"].types == ("integer",)
    assert members["limits.page_size"].rules == ("at least 1",)
    assert members["limits.key_bytes"].types == ("integer", "null")
    assert not members["limits.key_bytes"].required
    assert members["consistency.get"].types == ("$consistency",)
    assert members["profiles"].types == ("array of string",)
    assert 'contains `"core"`' in members["profiles"].rules
    assert members["write.dedupe"].types == ("string", "null")
    assert members["write.dedupe"].rules == ('one of `"none"`, `"exact"`',)


def test_what_sometimes_holds_says_when() -> None:
    """Conditions of a schema are told as conditions, with what they ask for."""
    cases = {case.when: case for case in shape(contract_schemas()["capabilities"]).cases}
    keyed = cases['`profiles` contains `"keyed"`']
    assert [(each.path, each.required) for each in keyed.members] == [("limits.key_bytes", True)]
    operations = [case.when for case in shape(contract_schemas()["batch-operation"]).cases]
    assert operations == ['`op` is `"add"`', '`op` is `"update"`', '`op` is `"delete"`']


def test_every_operation_is_described() -> None:
    """Each operation of the document has its requirements and examples; no requirement of a server is left out."""
    ids = [operation.document["operationId"] for _, operation in openapi().operations]
    assert sorted(notes()["operations"]) == sorted(ids)
    named = {each for row in notes()["operations"].values() for each in row["requirements"]} | set(notes()["every"])
    assert named == {row.id for row in requirements().values() if row.profile != "client"}
    assert all(each.examples and each.requirements for each in described())


def test_every_profile_is_explained() -> None:
    """There is a text for each profile, in their order, and for no other."""
    assert re.findall(r"^## (.+)$", prose("profiles"), re.MULTILINE) == list(profiles())


def test_a_profile_says_how_it_is_declared() -> None:
    """What a profile adds to the smallest capability document makes it valid, and nothing of it may be left out."""
    smallest = Message.of(exchanges()["capabilities"].response).json
    judge = validator("capabilities")
    assert judge.is_valid(smallest)
    for name, profile in profiles().items():
        declared = declaration(name)
        assert (declared is None) is (profile.badge in ("core", "client"))
        if declared is None:
            continue
        assert declared.instance["profiles"] == ["core", name]
        assert judge.errors(_merged(smallest, declared.instance)) == []
        bare = {**smallest, "profiles": ["core", name]}
        assert judge.is_valid(bare) is (list(declared.instance) in (["profiles"], ["profiles", "auth"])), name


def _merged(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    return {
        **whole,
        **{name: {**whole.get(name, {}), **each} if isinstance(each, dict) else each for name, each in part.items()},
    }


@pytest.mark.parametrize("width", [1, 20, 96])
def test_json_is_laid_out_without_a_change(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the width, what is shown is the same JSON, and no line with parts is longer."""
    monkeypatch.setattr("memconform.specification.layout.WIDTH", width)
    for value in ({"a": [1, {"b": "é"}, []], "c": {}}, [], "text", [[["deep"], None], True, 0.5]):
        assert json.loads(laid_out(value)) == value
    assert laid_out({"a": [1, 2]}) == ('{"a": [1, 2]}' if width > 12 else '{\n  "a": [\n    1,\n    2\n  ]\n}')


def test_the_spellings_of_instants_are_those_of_the_schema() -> None:
    """What the guide calls legal in a request the schema takes, and what it calls 422 the schema refuses."""
    rows = re.findall(r"^\| (`\d{4}.*?) \| (legal|422)", prose("rules"), re.MULTILINE)
    told = [(spelling, verdict == "legal") for cell, verdict in rows for spelling in re.findall(r"`([^`]+)`", cell)]
    assert len(told) > 12
    assert [spelling for spelling, legal in told if validator("instant").is_valid(spelling) is not legal] == []


def test_every_exchange_is_shown(site: dict[str, Read]) -> None:
    """The page of operations shows every example, so that each has an address."""
    shown = {anchor for anchor in site["operations.html"].ids if anchor.startswith("example-")}
    assert shown == {f"example-{name}" for name in exchanges()}


@pytest.mark.parametrize("name", list(exchanges()))
def test_an_exchange_matches_the_document(name: str) -> None:
    """What an example answers is what the OpenAPI document says of the operation, and leaks nothing."""
    judge = WireJudge(openapi(), frozenset(profiles()), "", ())
    exchange = judged(exchanges()[name])
    assert judge.operation(exchange) is not None or name in ("method", "path")
    assert judge(exchange) == []


def test_the_judge_of_examples_can_refuse() -> None:
    """An example whose answer lacks a header field, or a member, is found out."""
    judge = WireJudge(openapi(), frozenset(profiles()), "", ())
    good = exchanges()["add"]
    for part in ("Location:", '"content":'):
        lines = [line for line in good.response.splitlines(keepends=True) if part not in line]
        broken = type(good)(good.name, good.says, good.request, "".join(lines))
        assert judge(judged(broken)), part


def test_a_server_answers_every_example() -> None:
    """The examples are one story that a server, asked in their order, answers just so."""
    key = "key-of-the-specification"
    with served(environment={"MEMCONFORM_SERVER_API_KEYS": key}) as url:
        replay = Replay(url, key)
        wrong = {name: said for name, each in exchanges().items() if (said := replay.tell(each))}
    assert wrong == {}


def test_the_exported_file_of_the_examples_is_true() -> None:
    """The checksum and the count in the example of an export are those of its records."""
    first, *records = Message.of(exchanges()["export"].response).body.splitlines()
    manifest = json.loads(first)
    assert (manifest["count"], manifest["sha256"]) == (len(records), checksum(records))
    assert Message.of(exchanges()["import"].request).body.splitlines() == [first, *records]


def test_problem_types_are_those_that_servers_use() -> None:
    """Every problem type that the reference server answers with is explained, with its status."""
    source = content_root() / "fixtures" / "memconform_server"
    used = set()
    for file in source.rglob("*.py"):
        if not {"defects", "variants", "defects_under_load"} & set(file.relative_to(source).parts):
            used |= set(re.findall(r"Problem\(\s*(\d{3}),\s*\"([a-z-]+)\"", file.read_text(encoding="utf-8")))
    explained = {(str(status), each.name) for each in problem_types().values() for status in each.status}
    assert len(used) > 10
    assert used <= explained


def test_problem_examples_show_their_problem() -> None:
    """The example of a problem type has its status and its type."""
    for each in problem_types().values():
        if each.example:
            answer = exchanges()[each.example]
            assert answer.status in each.status
            assert Message.of(answer.response).json["type"] == f"urn:memory-api:problem:{each.name}"


def test_every_document_is_named() -> None:
    """Files of the contract that are no schemas are listed with what they are."""
    there = {file.name for file in folder().glob("*.yaml")}
    assert set(DOCUMENTS) == there


def test_the_texts_are_no_markup() -> None:
    """Markup in a text is shown as text, and an address of a script is no link."""
    line = Writer({}).line
    assert line("<script>alert(1)</script>") == "&lt;script&gt;alert(1)&lt;/script&gt;"
    assert "<img" not in line("`<img src=x onerror=alert(1)>`")
    assert "href" not in line("[a](javascript:alert(1))")
    assert "href" not in line("![a](data:text/html,x)")


def test_key_words_and_names_are_marked() -> None:
    """Key words of BCP 14 are marked, ids and names of the contract lead to their place, also in no other words."""
    html = Writer({"CORE-01": "r.html#CORE-01", "limits.batch": "m.html"}).line(
        "It MUST NOT, see CORE-01, CORE-99, `limits.batch`."
    )
    assert '<span class="key-word">MUST NOT</span>' in html
    assert '<a href="r.html#CORE-01">CORE-01</a>, CORE-99' in html
    assert '<a href="m.html"><code>limits.batch</code></a>' in html
    assert unescape(re.sub("<[^>]+>", "", html)) == "It MUST NOT, see CORE-01, CORE-99, limits.batch."


def test_the_command_writes_it(memconform: Commands) -> None:
    """The command says what it wrote and where to begin; the contract's files are beside the pages as they are."""
    ended = memconform.run("specification", "--output", "site/deep")
    assert ended.code == 0
    assert "open site/deep/index.html" in ended.out
    root = memconform.folder / "site/deep"
    assert (root / "v1/openapi.yaml").read_bytes() == (folder() / "openapi.yaml").read_bytes()
    assert (root / "v1/memory.schema.json").read_bytes() == (folder() / "memory.schema.json").read_bytes()


def test_a_folder_that_cannot_be_is_a_usage_error(memconform: Commands) -> None:
    """Where the folder cannot be made the command says so, without a traceback."""
    (memconform.folder / "taken").write_text("a file")
    for place in ("taken", "taken/site"):
        ended = memconform.run("specification", "--output", place)
        assert ended.code == 2
        assert "taken" in ended.err
        assert "Traceback" not in ended.said
