"""The self-test is honest: a judge that missed a defect, or blamed a legal server, would be reported."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner

from memconform.cli.selftest import command
from memconform.selftest import Case, CaseResult, Matrix, cases, run_matrix
from memconform_server.defects import defects
from memconform_server.variants import variants


class Disguised(Case):
    """A case that serves something else than it says."""

    @property
    def serve_options(self) -> list[str]:
        """Serve what the summary names."""
        return self.summary.split()


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes of the farm inherit nothing of this test run."""
    for name in [name for name in os.environ if name.startswith("PYTEST_")]:
        monkeypatch.delenv(name)


def test_a_judge_that_is_wrong_is_reported() -> None:
    """A defect that is not there survived; a legal server with a defect is a false alarm; the true ones are right."""
    chosen = [
        Case("defect", "second-delete-is-204", "", "CORE-13"),
        Disguised("defect", "not there", "", "CORE-13"),
        Disguised("defect", "breaks something else", "--defect second-delete-is-204", "CORE-12"),
        Disguised("variant", "not legal", "--defect errors-as-plain-json"),
        Disguised("variant", "does not start", "--defect no-such-defect"),
    ]
    told: list[CaseResult] = []
    matrix = run_matrix(chosen, budget="smoke", jobs=2, tell=told.append)
    assert len(told) == len(chosen)
    said = {result.case.name: (result.right, result.said) for result in matrix.results}
    right, why = said["second-delete-is-204"]
    assert right, why
    assert "expected" in why
    for name, part in (
        ("not there", "survived: "),
        ("breaks something else", "survived: "),
        ("not legal", "blamed: "),
        ("does not start", "did not start"),
    ):
        assert said[name][0] is False, name
        assert part in said[name][1]
    assert matrix.summary() == "killed 1/3, false alarms 2/2"
    assert {result.case.name for result in matrix.wrong} == set(said) - {"second-delete-is-204"}


def test_every_defect_and_variant_is_a_case() -> None:
    """Nothing that is seeded is left out, and the reference is judged, too."""
    known = cases()
    assert {name for name, case in known.items() if case.kind == "defect"} == set(defects())
    assert {name for name, case in known.items() if case.kind == "variant"} == set(variants())
    assert any(case.kind == "reference" for case in known.values())


def test_an_empty_matrix_proves_nothing() -> None:
    """The summary of nothing says nothing was killed."""
    assert Matrix().summary() == "killed 0/0, false alarms 0/0"


def test_an_unknown_case_is_refused() -> None:
    """A misspelt name must not choose nothing."""
    said = CliRunner().invoke(command, ["--only", "second-delete-is-20"])
    assert said.exit_code == 2
    assert "second-delete-is-204" in said.output
