"""How environments are built: once, whole, by one process at a time, and with an explanation when they cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from memconform.dify import EnvironmentFailed
from memconform.dify.environment import Environment, _built, environment, environments_folder, requirements
from memconform.dify.interpreter import Interpreter, interpreter
from memconform.environments import MARKER

WHEEL = "dify_plugin-0.0.1-py3-none-any.whl"


@pytest.fixture(scope="session")
def base() -> Interpreter:
    """Give the interpreter that plugins get here."""
    return interpreter()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make the folder of a plugin whose only requirement is a wheel beside it, which pip installs in a second."""
    folder = tmp_path / "plugin"
    folder.mkdir()
    info = "dify_plugin-0.0.1.dist-info"
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        wheel.writestr("dify_plugin/__init__.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: dify-plugin\nVersion: 0.0.1\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    (folder / "requirements.txt").write_text(f"./{WHEEL}\n")
    return folder


def built(root: Path, base: Interpreter, on_note: Callable[[str], None] = lambda _: None) -> Environment:
    """Build into a folder of the test's own."""
    return environment(root, base, folder=root.parent / "environments", on_note=on_note)


def test_an_environment_is_built_once_and_whole(root: Path, base: Interpreter) -> None:
    """It is only found the second time; without its marker, or its Python, it is built again from nothing."""
    notes: list[str] = []
    first = built(root, base, notes.append)
    assert built(root, base, notes.append) == first
    assert (first.sdk_version, first.python_version) == ("0.0.1", base.version_text)
    assert first.python.is_file()
    assert len(notes) == 1

    place = first.python.parents[1]
    (place / MARKER).unlink()
    (place / "left over").write_text("")
    assert built(root, base, notes.append) == first
    assert (place / MARKER).is_file()
    assert not (place / "left over").exists()

    first.python.unlink()
    first.python.symlink_to("nowhere")
    assert _built(place) is None
    assert len(notes) == 2


def test_other_requirements_get_another_environment(root: Path) -> None:
    """Also when only a list that is included changes."""
    (root / "more.txt").write_text("# nothing yet\n")
    (root / "requirements.txt").write_text(f"./{WHEEL}\n-r more.txt\n")
    first = requirements(root)
    (root / "more.txt").write_text("# nothing again\n")
    assert requirements(root) != first


def test_two_processes_build_one_environment(root: Path, base: Interpreter) -> None:
    """One builds, the other waits and then uses the same."""
    code = (
        "import json, sys; from pathlib import Path; from memconform.dify.environment import environment;"
        "from memconform.dify.interpreter import interpreter; notes = [];"
        f"found = environment(Path({str(root)!r}), interpreter({base.path!r}), on_note=notes.append, "
        f"folder=Path({str(root.parent / 'environments')!r})); print(json.dumps([str(found.python), notes]))"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [json.loads(each.communicate(timeout=120)[0]) for each in both]
    assert [each.returncode for each in both] == [0, 0]
    assert said[0][0] == said[1][0]
    notes = [note for _, each in said for note in each]
    assert sum("building an environment" in note for note in notes) == 1


def test_requirements_that_cannot_be_installed_are_explained(root: Path, base: Interpreter) -> None:
    """The message quotes what pip said last; nothing half-built counts."""
    (root / "requirements.txt").write_text("./missing-1.0-py3-none-any.whl\n")
    with pytest.raises(
        EnvironmentFailed, match=r"could not be installed(?s:.*)missing-1\.0(?s:.*)Correct the requirem"
    ):
        built(root, base)
    assert list((root.parent / "environments").rglob(MARKER)) == []


def test_requirements_without_the_sdk_are_explained(root: Path, base: Interpreter) -> None:
    """Nothing can start without it."""
    (root / "requirements.txt").write_text("# nothing\n")
    with pytest.raises(EnvironmentFailed, match="do not install dify-plugin"):
        built(root, base)


def test_a_plugin_without_requirements_is_explained(root: Path, base: Interpreter) -> None:
    """Dify's daemon refuses it too."""
    (root / "requirements.txt").unlink()
    with pytest.raises(EnvironmentFailed, match=r"neither a requirements\.txt nor dependencies"):
        built(root, base)


def test_dependencies_of_a_project_do_where_no_list_is(root: Path) -> None:
    """The daemon reads pyproject.toml as well."""
    (root / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "1"\ndependencies = ["dify-plugin==1"]\n')
    assert requirements(root)[0] == ["-r", "requirements.txt"]
    (root / "requirements.txt").unlink()
    assert requirements(root)[0] == ["dify-plugin==1"]


def test_no_secret_reaches_what_builds(root: Path, base: Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pip gets its own configuration, and nothing else that the caller has."""
    monkeypatch.setenv("MEMCONFORM_API_KEY", "the key of the caller")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    told = root.parent / "told"
    python = root.parent / "python"
    python.write_text(f"#!/bin/sh\nenv > {told}\nexit 1\n")
    python.chmod(0o755)
    fake = Interpreter(str(python), base.version, base.implementation, base.base_prefix)
    with pytest.raises(EnvironmentFailed, match="virtual environment could not be made"):
        built(root, fake)
    assert "PIP_NO_INDEX=1" in told.read_text()
    assert "the key of the caller" not in told.read_text()


def test_a_missing_interpreter_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """By option or by variable, it is named."""
    with pytest.raises(EnvironmentFailed, match="no interpreter 'python-of-nobody'"):
        interpreter("python-of-nobody")
    monkeypatch.setenv("MEMCONFORM_PLUGIN_PYTHON", "python-of-the-variable")
    with pytest.raises(EnvironmentFailed, match="python-of-the-variable"):
        interpreter()


def test_what_is_no_python_is_explained() -> None:
    """A program that answers something else is not used."""
    with pytest.raises(EnvironmentFailed, match="is no Python that runs"):
        interpreter("/bin/echo")


def test_an_old_python_is_refused(tmp_path: Path) -> None:
    """Dify's SDK needs 3.11."""
    python = tmp_path / "python"
    python.write_text("""#!/bin/sh\necho '["/usr/bin/python", [3, 10, 4], "cpython", "/usr"]'\n""")
    python.chmod(0o755)
    with pytest.raises(EnvironmentFailed, match=r"is Python 3\.10\.4; Dify's SDK needs 3\.11"):
        interpreter(str(python))


def test_a_shim_that_does_not_run_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A python3.12 on PATH that fails gives way to the running interpreter, with a note."""
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MEMCONFORM_PLUGIN_PYTHON", raising=False)
    notes: list[str] = []
    assert interpreter(on_note=notes.append).version == sys.version_info[:3]
    assert "3.12" in notes[0]


def test_environments_live_where_a_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else in the user's cache."""
    monkeypatch.setenv("MEMCONFORM_PLUGIN_ENVIRONMENTS", str(tmp_path))
    assert environments_folder() == tmp_path
    monkeypatch.delenv("MEMCONFORM_PLUGIN_ENVIRONMENTS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert environments_folder() == tmp_path / "cache" / "memconform" / "plugins"
