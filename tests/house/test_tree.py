"""The tree as a whole: nothing of one machine, of one registry, or of a name that was never meant to be public."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import memconform
import memconform_load

ROOT = Path(__file__).parents[2]
_NOT_OURS = {"results", "dist", "build", "node_modules"}


def files() -> Iterator[Path]:
    """Yield every file that belongs to the tree: not what tools and runs make."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = parts[0].startswith(".") and parts[0] not in (".ci", ".github", ".gitignore")
        if path.is_file() and not hidden and parts[0] not in _NOT_OURS and "__pycache__" not in parts:
            yield path


def texts() -> Iterator[tuple[str, str]]:
    """Yield name and text of every text file of the tree."""
    for path in files():
        try:
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_the_tree_is_seen() -> None:
    """The other tests here look at something."""
    names = {name for name, _ in texts()}
    assert {"pyproject.toml", "schemas/v1/openapi.yaml", "conformance/memconform/http.py"} <= names


def test_the_public_names_are_pinned() -> None:
    """`memconform` gives exactly these names: one that appears here is a promise; tests/api pins what each is."""
    assert memconform.__all__ == [
        "Conformance", "ConformanceResult", "Finding", "HarnessFailed", "Measure", "Outcome", "PluginResult", "Profile",
        "ProfileResult", "Progress", "RecordedExchange", "Requirement", "RequirementResult", "RunInfo", "SchemaError",
        "SchemaValidator", "ServerInfo", "ServerUnreachable", "UsageError", "__version__", "check_plugin",
        "check_server", "profiles", "reference_server", "requirements", "validator",
    ]  # fmt: skip
    assert memconform_load.__all__ == ["LoadResult", "Objective", "run_load"]
    code = "import memconform; print(*sorted(n for n in vars(memconform) if not n.startswith('_')))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert said == ["TYPE_CHECKING", "annotations", "importlib"]  # the others are imported when they are first used


def test_no_file_knows_this_machine() -> None:
    """No path of somebody's home, of this tree, or of a temporary folder is written into a file."""
    here = re.escape(str(ROOT))
    home = re.escape(str(Path.home()))
    own = re.compile(rf"{here}(?![\w-])|(?<![\w.]){home}/\S" if len(home) > 1 else here)
    assert [name for name, text in texts() if own.search(text)] == []


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the business of whoever installs them."""
    address = re.compile(
        r"(?:--(?:extra-)?index-url|--find-links|--trusted-host)[ =]\S*[:/.]|pypi\.org|pythonhosted\.org"
    )
    own = Path(__file__).relative_to(ROOT).as_posix()
    assert [name for name, text in texts() if name != own and address.search(text)] == []


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*lock.txt")), ids=lambda path: path.name)
def test_every_locked_package_has_its_hashes(lock: Path) -> None:
    """A lock without hashes, versions, or with an address locks nothing."""
    text = lock.read_text().replace("\\\n", " ")
    lines = [line.split(" #")[0].strip() for line in text.splitlines()]
    packages = [line for line in lines if line and not line.startswith("#")]
    assert len(packages) > 10
    for line in packages:
        assert re.match(r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==[\w.!+-]+( |$)", line), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line
        assert "://" not in line


def test_the_toolkit_meets_the_server_over_http_only() -> None:
    """Engine and suite never import the reference server, but for the commands that show or start it, when called."""
    may = {
        "cli/demo.py",
        "cli/defects.py",
        "cli/explain.py",
        "selftest/cases.py",
        "selftest/farm.py",
        "cli/__init__.py",
    }
    may |= {"selftest/preloaded.py", "providers/services.py", "cli/stores.py"}
    folder = ROOT / "conformance" / "memconform"
    names = re.compile(r"^\s*(?:from|import) memconform_server|[\"']memconform_server", re.MULTILINE)
    for path in sorted(folder.rglob("*.py")):
        if names.search(path.read_text()):
            assert path.relative_to(folder).as_posix() in may
        assert not re.search(
            r"^(?:from|import) (?:memconform_server|locust|dify_plugin)", path.read_text(), re.MULTILINE
        )


def test_load_is_asked_for_by_commands_only() -> None:
    """Of the judge only the command line knows the load tests, and loads them when they are called."""
    folder = ROOT / "conformance" / "memconform"
    naming = [path for path in sorted(folder.rglob("*.py")) if "memconform_load" in path.read_text()]
    assert {path.relative_to(folder).as_posix() for path in naming} == {"cli/__init__.py", "cli/demo.py"}
    for path in naming:
        assert not re.search(r"^(?:from|import) memconform_load", path.read_text(), re.MULTILINE)


def test_locust_stays_where_it_is_meant_to_be() -> None:
    """What imports Locust or gevent, and so monkey-patches the process, is engine, drivers and scenarios."""
    modules = r"(?:locust|gevent|geventhttpclient|memconform_load\.engine)"
    patching = re.compile(rf"^(?:from|import) {modules}\b", re.MULTILINE)
    folder = ROOT / "loadtests" / "memconform_load"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py") if patching.search(path.read_text())}
    elsewhere = {name for name in found if not name.startswith(("engine/", "drivers/"))}
    assert elsewhere == {"calibration/one_search.py"}  # a scenario of its own
    assert any(name.startswith("engine/") for name in found)


def test_the_server_reads_the_contract_only() -> None:
    """The reference server knows the contract, and nothing of its judge."""
    allowed = re.compile(
        r"^\s*(?:from|import) memconform\.(?!contract\b)|^\s*import memconform\b(?!\.contract)", re.MULTILINE
    )
    for path in sorted((ROOT / "fixtures" / "memconform_server").rglob("*.py")):
        assert not allowed.search(path.read_text()), path
