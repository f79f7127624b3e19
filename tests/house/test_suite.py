"""The suite about itself: every requirement has its test, every test its requirement, its promise and its bound."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from memconform import judgement
from memconform.budget import SIZES, Budget, Size
from memconform.clients.run import client_tests
from memconform.contract import profiles, requirements
from memconform.items import client_suite_folder, marked, promise_of, suite_folder
from memconform.requirement import Mark
from memconform.specification import tested

FILES = sorted(suite_folder().glob("test_*.py"))
TESTS = [(path, name, function, mark) for path in FILES for name, function, mark in marked(path)]
MOST = dict(zip(SIZES, (700, 7_000, 27_000), strict=True))
"""The plan may announce so much in all: most of what exceeds the real requests are waits for reads that lag."""
WAITING = ("requests_per_minute",)
"""Tests of a server with a rate send as many requests as it takes to meet the rate; few servers have one."""
OFFERS = Path(judgement.__file__).read_text()
"""What a test may ask for stands in a table there."""


def ids(test: tuple[Path, str, object, Mark]) -> str:
    """Name a test."""
    return f"{test[0].stem}::{test[1]}"


def test_requirements_and_tests_are_a_bijection() -> None:
    """Each requirement that is not marked as untested has a test, and each of those marked has none."""
    tested = {mark.id for *_, mark in TESTS} | {test.requirement for test in client_tests()}
    wanted = {row.id for row in requirements().values() if not row.not_tested}
    assert sorted(wanted - tested) == []
    assert sorted(tested - wanted) == []


@pytest.mark.parametrize("test", TESTS, ids=ids)
def test_each_test_is_whole(test: tuple[Path, str, object, Mark]) -> None:
    """A test names a requirement that exists, promises something in a sentence, announces what it costs."""
    _, name, function, mark = test
    assert callable(function)
    assert name.startswith("test_")
    assert mark.id in requirements()
    assert set(mark.needs) <= set(profiles())
    promise = (inspect.getdoc(function) or "").splitlines()
    assert promise
    assert promise[0].endswith((".", ":")) or len(promise) > 1
    bounds = [Budget(size).bound(mark.requests) for size in SIZES]
    assert bounds == sorted(bounds)
    assert bounds[-1] > 0 or mark.stories or "session" in inspect.signature(function).parameters
    assert all(f'        "{parameter}": ' in OFFERS for parameter in inspect.signature(function).parameters)


def test_what_is_told_of_the_tests_is_what_runs() -> None:
    """`explain` and the site read the tests without importing them, and find the same ones with the same promises."""
    files = (*FILES, *sorted(client_suite_folder().glob("test_*.py")))
    wanted: dict[str, list[tested.SuiteTest]] = {name: [] for name in requirements()}
    for path in files:
        for name, function, mark in marked(path):
            wanted[mark.id].append(tested.SuiteTest(f"{path.name}::{name}", promise_of(function)))
    assert {name: list(tested.tests_of(name)) for name in requirements()} == wanted


def test_explaining_a_requirement_loads_no_judge() -> None:
    """`memconform explain` is there at once: it imports neither pytest, nor the suite, nor what sends requests."""
    code = (
        "import sys\nfrom memconform.cli import main\n"
        "try: main(['explain', 'SEARCH-10'])\nexcept SystemExit: print(*sys.modules)"
    )
    *told, loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.splitlines()
    assert any(line.startswith("  test ") for line in told)
    assert any(line.startswith("  defect ") for line in told)
    assert not {"pytest", "hypothesis", "httpx", "jsonschema", "starlette", "numpy", "wordllama"} & {*loaded.split()}


def test_no_two_tests_share_a_name() -> None:
    """A name is one test, and one place in every report."""
    names = [f"{path.name}::{name}" for path, name, *_ in TESTS]
    assert len(set(names)) == len(names) == sum(1 for path in FILES for node in functions(path) if is_test(node))


def functions(path: Path) -> list[ast.FunctionDef]:
    """Return the functions at the top of a file."""
    return [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]


def is_test(node: ast.FunctionDef) -> bool:
    """Tell whether pytest would take the function for a test: one without a mark would silently never run."""
    return node.name.startswith("test_")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_suite_speaks_http_and_raises_findings(path: Path) -> None:
    """No file of the suite imports the reference server, asserts, prints, or sleeps a fixed time of its own."""
    for node in ast.walk(ast.parse(path.read_text())):
        assert not isinstance(node, ast.Assert), f"line {node.lineno}: an assert is an error of the harness"
        imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not [name for name in imported if name.split(".")[0] in ("memconform_server", "httpx", "pytest")]
    assert "print(" not in path.read_text()
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("size", SIZES)
def test_the_announced_bounds_stay_within_reason(size: Size) -> None:
    """The bounds of all tests of a budget, each shared story counted once, are not beyond what the budget is for."""
    bound, planned = Budget(size).bound, [mark for *_, mark in TESTS if mark.given not in WAITING]
    stories = {plot for mark in planned for plot in mark.stories}
    assert sum(bound(mark.requests) for mark in planned) + sum(bound(plot.requests) for plot in stories) <= MOST[size]


def test_no_two_stories_share_a_name() -> None:
    """A story is found by its name: two of one name would be taken for one."""
    stories = {plot for *_, mark in TESTS for plot in mark.stories}
    assert len({plot.name for plot in stories}) == len(stories)
