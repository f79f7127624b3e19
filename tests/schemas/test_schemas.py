"""The JSON Schemas are well-formed, described, and refer to nothing that is not there."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from memconform.contract import content_root, reference_validator, schema, schemas, validator

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = "https://memory-api.invalid/"
RESULTS = ("conformance", "client", "difference", "proxy", "load", "migration", "matrix")
"""The schemas of what the toolkit itself writes; all others are of the contract."""
TOOLKIT = ("baseline", "baseline-comparison", "configuration")
"""The schemas of what people write for the toolkit."""


def subschemas(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a schema, its examples apart."""
    if isinstance(node, dict):
        yield node
        for name, member in node.items():
            if name not in ("examples", "enum", "const"):
                yield from subschemas(member)
    elif isinstance(node, list):
        for item in node:
            yield from subschemas(item)


def test_there_are_schemas() -> None:
    """The catalogue holds the whole contract: an empty one would let every other test here pass."""
    assert len(schemas()) >= 40
    assert {"memory", "scope", "problem", "capabilities", "filter", "event", *RESULTS} <= set(schemas())


def test_names_are_unique() -> None:
    """No two schema files have one name, so that a name finds one schema."""
    files = list((content_root() / "schemas").rglob("*.schema.json"))
    assert sorted(file.name.removesuffix(".schema.json") for file in files) == sorted(schemas())


@pytest.mark.parametrize("name", schemas())
def test_is_valid_against_the_metaschema(name: str) -> None:
    """A schema is valid JSON Schema 2020-12."""
    assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("name", schemas())
def test_says_what_it_is(name: str) -> None:
    """A schema has a title, a description, examples, and the id that follows from its place."""
    document = schema(name)
    folder = "results" if name in RESULTS else "toolkit" if name in TOOLKIT else "v1"
    assert document["$id"] == f"{BASE}{folder}/{name}.schema.json"
    assert (content_root() / "schemas" / folder / f"{name}.schema.json").is_file()
    assert document["title"]
    assert document["description"].endswith((".", ".)"))
    assert document["examples"]


@pytest.mark.parametrize("name", schemas())
def test_own_examples_are_valid(name: str) -> None:
    """Every example inside a schema satisfies it, by both validators."""
    for example in schema(name)["examples"]:
        assert validator(name).errors(example) == []
        assert reference_validator(name).errors(example) == []


@pytest.mark.parametrize("name", schemas())
def test_references_lead_somewhere(name: str) -> None:
    """Every `$ref` is the schema itself, a definition in it, or a schema file beside it."""
    for node in subschemas(schema(name)):
        if "$ref" not in node:
            continue
        path, _, fragment = node["$ref"].partition("#")
        target = path.rpartition("/")[2] if path.startswith(BASE) else path
        found: Any = schema(target.removesuffix(".schema.json")) if target else schema(name)
        assert target == PurePosixPath(target or ".").name or not target
        for step in fragment.strip("/").split("/") if fragment else ():
            found = found[step]


@pytest.mark.parametrize("name", schemas())
def test_every_member_is_described(name: str) -> None:
    """Every member of an object is described, in place or by the schema it refers to."""
    for node in subschemas(schema(name)):
        if node.get("type") != "object":
            continue
        for member, sub in node.get("properties", {}).items():
            if isinstance(sub, dict) and ("description" in sub or "$ref" in sub):
                continue
            assert _refines(schema(name), member), f"{name}: {member} has no description"


def _refines(document: dict[str, Any], member: str) -> bool:
    """Tell whether a condition refines a member that is described elsewhere in the document."""
    described = [node["properties"][member] for node in subschemas(document) if member in node.get("properties", {})]
    return any(isinstance(sub, dict) and "description" in sub for sub in described)


def test_only_known_formats_are_used() -> None:
    """Every `format` is one that both validators assert."""
    nodes = [node for each in schemas().values() for node in subschemas(each)]
    used = {node["format"] for node in nodes if isinstance(node.get("format"), str)}
    assert used <= {"date-time", "uri-reference"}


def test_an_unknown_name_says_which_there_are() -> None:
    """Asking for a schema that is not there names those that are."""
    with pytest.raises(LookupError, match=r"no schema named 'memori'; there are: .*memory"):
        schema("memori")


def test_files_end_in_one_line_feed() -> None:
    """Schema and example files are UTF-8 JSON, indented by two, so that their diffs are small."""
    for file in (content_root() / "schemas").rglob("*.json"):
        text = file.read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n", file.name
