"""A project of somebody else's, checked by strict mypy against the package as it is installed: exact types, no `Any`.

mypy is run as its owner would, in a folder of the project's own: what it knows of us comes from the installation.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROJECT = """
    import asyncio
    from pathlib import Path

    import memconform
    from memconform import (
        ConformanceResult, HarnessFailed, Outcome, Progress, ServerUnreachable, UsageError, check_plugin, check_server,
        profiles, reference_server, requirements, validator,
    )

    def told(progress: Progress) -> None:
        print(f"{progress.done}/{progress.planned}")

    def test_ours(tmp_path: Path) -> None:
        with reference_server(api_keys=["a", "b"]) as url:
            reveal_type(url)
            result = check_server(url, budget="smoke", profiles=["core"], headers={"X-One": "1"}, progress=told)
        reveal_type(result)
        reveal_type(result.badge)
        reveal_type(result.run.budget)
        reveal_type(result.failures)
        reveal_type(result.requirement("CORE-13").outcome)
        reveal_type(result.profile("core").conformance)
        reveal_type(result.findings[0].exchanges[0].status)
        reveal_type(result.measures[0].p95)
        reveal_type(result.write(tmp_path / "page.html", "html"))
        reveal_type(result.regressions(ConformanceResult.read(tmp_path / "before.json")))
        reveal_type(check_plugin(tmp_path).identity)
        reveal_type(requirements()["CORE-13"].level)
        reveal_type(profiles()["core"])
        reveal_type(validator("memory").errors({}))
        reveal_type(memconform.__version__)
        assert result.requirement("CORE-13").outcome is Outcome.PASS

    async def later(url: str) -> ConformanceResult:
        try:
            return await asyncio.to_thread(check_server, url, seed=7)
        except (ServerUnreachable, UsageError):
            raise
        except HarnessFailed as error:
            reveal_type(error.result)
            raise
"""
REVEALED = [
    "str",
    "ConformanceResult",
    "Literal['core'] | Literal['standard'] | Literal['full'] | None",
    "Literal['smoke'] | Literal['standard'] | Literal['full']",
    "tuple[RequirementResult, ...]",
    "Outcome | None",
    "Conformance",
    "int | None",
    "float | None",
    "Path",
    "tuple[RequirementResult, ...]",
    "str",
    "Literal['MUST'] | Literal['SHOULD']",
    "Profile",
    "list[SchemaError]",
    "str",
    "ConformanceResult | None",
]
WRONG = {
    "check_server('http://127.0.0.1:1', budget='huge')": "arg-type",
    "check_server('http://127.0.0.1:1', 'core')": "misc|call-arg",
    "check_server('http://127.0.0.1:1', buget='smoke')": "call-arg",
    "check_server('http://127.0.0.1:1').bage": "attr-defined",
    "check_server('http://127.0.0.1:1').exit_code = 0": "misc",
    "check_server('http://127.0.0.1:1').write('file', 'pdf')": "arg-type",
    "memconform.check_sever": "attr-defined",
}


def mypy(folder: Path, text: str) -> str:
    """Check a file in a folder of its own, as its owner would, and return what mypy says."""
    (folder / "sample.py").write_text(textwrap.dedent(text))
    words = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir=cache", "sample.py"]
    ran = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300)
    assert ran.stderr == ""
    return ran.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Share the cache of the module's checks."""
    return tmp_path_factory.mktemp("typed")


def test_a_project_sees_exact_types(folder: Path) -> None:
    """What each expression is, in the words of mypy, without the modules."""
    said = mypy(folder, PROJECT)
    revealed = re.findall(r'note: Revealed type is "(.*)"', said)
    assert [re.sub(r"\b(?:\w+\.)+(?=\w)|\?(?=\W|$)", "", each) for each in revealed] == REVEALED
    assert ": error: " not in said


def test_a_mistake_is_found_before_it_runs(folder: Path) -> None:
    """Misspelt arguments and attributes, and values that there are not, each on its own line."""
    lines = ["import memconform", "from memconform import check_server", *WRONG]
    said = mypy(folder, "\n".join(lines))
    found = {int(line): code for line, code in re.findall(r"sample\.py:(\d+): error: .*\[([\w-]+)\]", said)}
    assert set(found) == set(range(3, 3 + len(WRONG)))
    for line, code in enumerate(WRONG.values(), 3):
        assert re.fullmatch(code, found[line]), lines[line - 1]
