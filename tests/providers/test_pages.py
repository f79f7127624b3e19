"""What the pages and the results of providers promise each other: no failure without a finding, no stale matrix."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from memconform.contract.requirements import requirements
from memconform.contract.schemas import validator
from memconform.matrix import markdown, matrix
from memconform.matrix import read as read_results
from memconform.matrix.site import page_beside
from memconform.providers import definitions

from .pages import FOLDER, read

RESULTS = sorted((FOLDER / "results").glob("*.json"))


def result(name: str) -> dict[str, Any]:
    """Return a committed result."""
    found: dict[str, Any] = json.loads((FOLDER / "results" / f"{name}.json").read_text("utf-8"))
    return found


def test_every_definition_can_be_read() -> None:
    """Each names a store, a page that is there, and requirements that are known."""
    from memconform_server.stores import STORES

    assert definitions()
    for name, wanted in definitions().items():
        assert wanted.store in STORES, name
        assert (FOLDER / wanted.page).is_file(), name
        assert set(wanted.varies) <= set(requirements()), name
        assert set(wanted.options) <= set(STORES[wanted.store].options), name


@pytest.mark.parametrize("name", [path.stem for path in RESULTS])
def test_a_result_is_one_of_a_known_provider(name: str) -> None:
    """It is whole, valid, of the budget that all have, and of a definition."""
    assert validator("conformance").is_valid(result(name))
    assert result(name)["run"]["finished"] is True
    assert result(name)["run"]["budget"] == "standard"
    assert name in definitions()


@pytest.mark.parametrize("name", [path.stem for path in RESULTS])
def test_every_failure_has_a_finding(name: str) -> None:
    """What failed is named in the heading of a finding, which reproduces it without the bridge."""
    failed = {row["id"] for row in result(name)["requirements"] if row["outcome"] == "fail"}
    assert failed <= read(FOLDER / definitions()[name].page).requirements()


def test_the_matrix_is_that_of_the_results() -> None:
    """docs/providers/matrix.md is what `memconform matrix docs/providers/results/*.json` makes of the results."""
    made = markdown.render(matrix(read_results(RESULTS)), partial(page_beside, FOLDER))
    assert (FOLDER / "matrix.md").read_text("utf-8") == made


def test_every_build_compares_with_a_result() -> None:
    """Each provider that is judged in every build has a result to be compared with."""
    expected = {name for name, wanted in definitions().items() if wanted.runs == "ci"}
    assert expected <= {path.stem for path in RESULTS}
