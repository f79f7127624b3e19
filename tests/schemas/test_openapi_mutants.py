"""Every change of the OpenAPI document is noticed: it says exactly what is pinned in `openapi_facts.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from memconform.contract import content_root
from memconform.contract.yaml import load_yaml

from .excuses import stale, unexplained
from .mutants import Mutant
from .openapi_facts import Facts, facts
from .openapi_mutants import openapi_mutants

DOCUMENT: dict[str, Any] = load_yaml(content_root() / "schemas" / "v1" / "openapi.yaml")
PINNED: Facts = load_yaml(Path(__file__).with_name("openapi_facts.yaml"))
VALUES = {name: [*field["takes"], *field["refuses"]] for name, field in PINNED["fields"].items()}
MUTANTS = list(openapi_mutants(DOCUMENT))


@pytest.mark.parametrize("part", PINNED)
def test_the_document_says_what_is_pinned(part: str) -> None:
    """Operations, responses and fields are those of the table, and no other."""
    said = facts(DOCUMENT, VALUES)
    assert set(said) == set(PINNED)
    assert said[part] == PINNED[part]


def test_every_field_is_tried_both_ways() -> None:
    """Every parameter and header has values that it takes and values that it refuses."""
    for name, field in PINNED["fields"].items():
        assert field["takes"], name
        assert len(field["refuses"]) >= 5, name


def test_every_mutant_is_noticed_or_excused() -> None:
    """A mutant of the document says something else than what is pinned, or it is listed with a reason."""
    alive = [mutant for mutant in MUTANTS if facts(mutant.document, VALUES) == PINNED]
    assert unexplained("openapi", alive) == []
    assert stale("openapi", MUTANTS, alive) == []


def test_mutants_differ() -> None:
    """There are mutants of parameters, bodies, headers and answers, each with a name of its own."""
    assert len({str(mutant) for mutant in MUTANTS}) == len(MUTANTS) > 500
    assert all(mutant.document != DOCUMENT for mutant in MUTANTS)


@pytest.mark.parametrize(
    "wanted",
    [
        "at /components/parameters/Key: turn required",
        "at /components/parameters/Limit/schema: drop minimum",
        "at /components/headers/Location: turn required",
        "at /paths/~1v1~1memories/post: drop 0 of parameters",
        "at /paths/~1v1~1memories/post/requestBody: turn required",
        "at /paths/~1v1~1memories/post/responses: drop 409",
        "at /paths/~1v1~1keyed: drop delete",
    ],
)
def test_the_mutants_are_those_that_were_meant(wanted: str) -> None:
    """Flags, schemas, parameters, answers and operations are each mutated, and a change of one is told as itself."""
    (mutant,) = [each for each in MUTANTS if str(each) == wanted]
    assert facts(mutant.document, VALUES) != PINNED


def test_a_survivor_is_reported() -> None:
    """A survivor that is not listed is named, and so is a row that no longer holds."""
    unknown = Mutant("/nowhere", "drop everything", {})
    assert unexplained("openapi", [unknown]) == ["openapi at /nowhere: drop everything"]
    gone, killed = stale("openapi", [], []), stale("openapi", MUTANTS, [])
    assert gone
    assert all("there is no such mutant" in each for each in gone)
    assert killed
    assert all("but killed" in each for each in killed)
