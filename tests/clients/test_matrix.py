"""The matrix of clients is honest: a judge that missed a defect, or blamed a legal plugin, would be reported."""

from __future__ import annotations

import pytest

from memconform.clients.bends import plugin_defects, plugin_variants
from memconform.clients.matrix import client_cases, run_client_matrix
from memconform.contract import requirements
from memconform.selftest import Case


def test_a_judge_that_is_wrong_is_reported() -> None:
    """A defect that is there is killed; one that is none survived."""
    chosen = [
        Case("defect", "sends-json-as-text", "", "CLIENT-01"),
        Case("defect", "not-there", "", "CLIENT-01"),
        Case("defect", "sends-json-as-text", "breaks something else", "CLIENT-09"),
    ]
    matrix = run_client_matrix(chosen, jobs=2)
    said = {(result.case.name, result.case.breaks): (result.right, result.said) for result in matrix.results}
    assert said["sends-json-as-text", "CLIENT-01"][0] is True
    assert "expected the media type application/json" in said["sends-json-as-text", "CLIENT-01"][1]
    assert said["not-there", "CLIENT-01"][0] is False
    assert said["not-there", "CLIENT-01"][1].startswith("survived: ")
    assert said["sends-json-as-text", "CLIENT-09"][0] is False
    assert matrix.summary() == "killed 1/3, false alarms 0/0"
    assert len(matrix.wrong) == 2


@pytest.mark.parametrize("name", ["never-retries", "asks-first-what-there-is"])
def test_a_legal_plugin_is_spared(name: str) -> None:
    """Nothing is held against a plugin that is only unusual."""
    (result,) = run_client_matrix([client_cases()[name]], jobs=1).results
    assert (result.right, result.said) == (True, "clean")


def test_every_requirement_of_clients_has_defects() -> None:
    """Two at least each, every one with its sin in a sentence; no name is used twice."""
    breaks = [bend.breaks for bend in plugin_defects().values()]
    for row in requirements().values():
        assert row.profile != "client" or breaks.count(row.id) >= 2
    for bend in (*plugin_defects().values(), *plugin_variants().values()):
        assert bend.sentence.endswith(".")
    assert set(breaks) <= set(requirements())
    assert all(bend.breaks is None for bend in plugin_variants().values())
    assert len(plugin_variants()) >= 5
