"""`memconform schemas`: what each file is, and what is wrong with it, in lines that an editor can follow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from memconform.cli import main
from memconform.contract import content_root, schema, schemas

ROOT = content_root()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def validate(*words: str | Path) -> Result:
    """Run `memconform schemas validate`."""
    return CliRunner().invoke(main, ["schemas", "validate", *map(str, words)])


def written(name: str, content: Any) -> Path:
    """Write a file; a document as JSON."""
    path = Path(name)
    text = content if isinstance(content, str) else json.dumps(content, indent=2)
    path.write_text(text, encoding="utf-8")
    return path


LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
"""A few lines of YAML that are a hundred thousand million values."""

GOOD = {
    "memconform.toml": ('budget = "smoke"\n', "configuration"),
    "pyproject.toml": ("[tool.memconform]\nseed = 3\n", "configuration"),
    "memconform-baseline.toml": (
        '[[failure]]\nrequirement = "CORE-13"\nreason = "x"\nexpires = 2030-01-31\n', "baseline",
    ),
    "schema.json": ({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "string"}, "JSON Schema"),
    "named.json": ({**schema("health")["examples"][0], "$schema": schema("health")["$id"]}, "health"),
    "capabilities.json": (schema("capabilities")["examples"][0], "capabilities"),
    "capabilities.yaml": (yaml.safe_dump(schema("capabilities")["examples"][0]), "capabilities"),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_is_known_and_says_nothing(name: str) -> None:
    """Exit 0 without a word; -v tells what it was taken for."""
    content, kind = GOOD[name]
    path = written(name, content)
    quiet = validate(path)
    assert (quiet.exit_code, quiet.output) == (0, "")
    assert validate("-v", path).output == f"{name}: good ({kind})\n"


def test_every_result_of_ours_is_known() -> None:
    """Results by their `format`, mappings, definitions, the contract's own OpenAPI and schemas: all are good."""
    files = [
        *sorted((ROOT / "docs" / "providers" / "results").glob("langgraph*.json"))[:2],
        ROOT / "fixtures" / "providers" / "langgraph-sqlite" / "provider.yaml",
        ROOT / "reference_plugin" / "memconform.yaml",
        ROOT / "schemas" / "v1" / "openapi.yaml",
        ROOT / "schemas" / "toolkit" / "configuration.schema.json",
    ]
    said = validate("-v", *files)
    assert said.exit_code == 0, said.output
    kinds = [line.rpartition("(")[2].removesuffix(")") for line in said.output.splitlines()]
    assert kinds == ["conformance", "conformance", "provider", "plugin-map", "OpenAPI", "JSON Schema"]


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.json", '{\n  "a": 1,\n}', "a.json:3: it is no JSON: "),
        ("a.json", "", "a.json:1: it is no JSON: "),
        ("a.json", '{"a": NaN}', "a.json: it is no JSON: NaN is no number"),
        ("a.json", '{"a": 1, "a": 2}', "a.json: it is no JSON: the member 'a' stands twice"),
        ("a.yaml", "a: [1\nb: 2\n", "a.yaml:2: it is no YAML: "),
        ("a.toml", "a = \n", "a.toml: it is no TOML: "),
        ("memconform.toml", '[reports]\nhtlm = "x"', "memconform.toml: /reports/htlm: there is no such key; did you"),
        ("memconform.toml", 'budget = "x"', "memconform.toml: /budget: expected one of smoke, standard, full"),
        ("pyproject.toml", "[tool]\nmemconform = 3", "pyproject.toml: "),
        ("b.toml", "[[failure]]\nrequirement = 3", "b.toml: "),
        ("provider.yaml", "title: x\n", "provider.yaml: provider.yaml of the provider"),
        ("m.yaml", "format: memconform.plugin-map/1\n", "m.yaml: "),
        ("s.json", {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "text"}, "s.json:3: /type: the"),
        ("r.json", '{\n "format":\n "memconform.conformance/9"\n}', "r.json:3: /format: "),
        ("o.yaml", "openapi: 3.1.0\npaths:\n  /v1/health: {get: {}}\n", "o.yaml:3: /paths: the contract's "),
        ("o.yaml", 'openapi: "2.0"\npaths: {}\n', "o.yaml:1: /openapi: expected OpenAPI 3"),
        ("u.json", "{}", "u.json: nothing in it tells what it is; name a schema with --schema"),
    ],
)
def test_what_is_wrong_has_file_line_and_pointer(name: str, content: Any, line: str) -> None:
    """Exit 1, and lines that begin with the place; never a traceback."""
    said = validate(written(name, content))
    assert said.exit_code == 1, said.output
    assert any(each.startswith(line) for each in said.output.splitlines()), said.output


def test_a_named_schema_judges_anything() -> None:
    """--schema takes a name with or without its ending; a near miss is suggested."""
    path = written("memory.yaml", "id: 3\n")
    said = validate("--schema", "memory.schema.json", path)
    assert said.exit_code == 1
    assert "memory.yaml:1: /id: " in said.output
    refused = validate("--schema", "memroy", path)
    assert (refused.exit_code, "did you mean memory" in refused.output) == (2, True)


def test_many_files_are_told_each_for_itself() -> None:
    """One bad file does not hide the others, and the good ones stay silent."""
    good = written("memconform.toml", "seed = 1\n")
    bad = written("bad.json", "[")
    worse = written("worse.yaml", "a: [")
    said = validate(bad, good, worse)
    assert said.exit_code == 1
    assert [line.split(":")[0] for line in said.output.splitlines()] == ["bad.json", "worse.yaml"]


def test_unknown_files_can_be_passed_over() -> None:
    """As pre-commit hands over whatever is JSON, YAML or TOML; one that is broken is told all the same."""
    unknown = written("package.json", {"name": "x"})
    foreign = written("pyproject.toml", "[tool.other]\n")
    said = validate("--pass-unknown", "-v", unknown, foreign)
    assert (said.exit_code, said.output.count("passed over")) == (0, 2)
    assert validate("--pass-unknown", written("x.json", "{")).exit_code == 1


@pytest.mark.parametrize(
    "content",
    ["[" * 100_000, '{"a": ' + "9" * 5000 + "}", '"\\ud800"', "\ufeff{}", "- " * 50_000, "&a [*a]", LAUGHS],
    ids=["deep", "digits", "surrogate", "mark", "lists", "cycle", "aliases"],
)
@pytest.mark.parametrize("name", ["x.json", "x.yaml"])
def test_hostile_files_are_told_or_taken(name: str, content: str) -> None:
    """Depth, digits, lone surrogates, a byte order mark: a line or nothing, never a traceback."""
    said = validate("--schema", "memory", written(name, content))
    assert said.exit_code == 1
    assert said.exception is None or isinstance(said.exception, SystemExit)
    assert max(map(len, said.output.splitlines())) < 300


def test_a_server_of_its_own_prefix_declares_the_contract() -> None:
    """Names of parameters and a prefix before /v1 do not matter; a missing operation is named."""
    document: Any = yaml.safe_load((ROOT / "schemas" / "v1" / "openapi.yaml").read_text())
    paths = {f"/memory{path.replace('{id}', '{memory_id}')}": item for path, item in document["paths"].items()}
    assert validate(written("openapi.json", {**document, "paths": paths})).exit_code == 0
    del paths["/memory/v1/memories/{memory_id}"]["delete"]
    said = validate(written("openapi.json", {**document, "paths": paths}))
    assert "the contract's DELETE /v1/memories/{id} is missing" in said.output


def test_schemas_are_listed_and_shown() -> None:
    """Each by name and title; `show` prints the file."""
    listed = CliRunner().invoke(main, ["schemas", "list"]).output.splitlines()
    assert sorted(line.split()[1] for line in listed) == sorted(schemas())
    shown = CliRunner().invoke(main, ["schemas", "show", "memory"])
    assert json.loads(shown.output) == schema("memory")
    assert CliRunner().invoke(main, ["schemas", "show", "nothing"]).exit_code == 2
