"""The virtual environment of a plugin: built once for each interpreter and list of requirements, then shared.

Environments live below $MEMCONFORM_PLUGIN_ENVIRONMENTS, else in the user's cache.
"""

from __future__ import annotations

import platform
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from memconform import environments
from memconform.dify.failures import EnvironmentFailed
from memconform.dify.interpreter import Interpreter

VARIABLE = "MEMCONFORM_PLUGIN_ENVIRONMENTS"

_ADVICE = "Correct the requirements, or choose another interpreter with --python; nothing half-built is used"
_ASK_SDK = "from importlib.metadata import version;print(version('dify_plugin'))"


@dataclass(frozen=True)
class Environment:
    """A built environment: its interpreter, that one's version, and the version of Dify's SDK in it."""

    python: Path
    python_version: str
    sdk_version: str


def environment(
    root: Path, base: Interpreter, *, on_note: Callable[[str], None] = lambda _: None, folder: Path | None = None
) -> Environment:
    """Return the environment of the plugin in `root`, building it when there is none; raise `EnvironmentFailed`."""
    words, listed = requirements(root)
    digest = _digest(base, listed)
    place = (folder or environments_folder()) / f"python{base.version_text}-{digest}"
    found = _built(place)
    if found is None:
        with _blaming_the_plugin(), environments.locked(place, VARIABLE, on_note):
            # Another process may have built it while this one waited.
            found = _built(place) or _build(place, base, root, words, on_note)
    return found


def environments_folder() -> Path:
    """Return the folder that holds all environments."""
    return environments.folder_of(VARIABLE, "plugins")


def requirements(root: Path) -> tuple[list[str], str]:
    """Return pip's arguments for what a plugin needs, and the text that stands for it; raise `EnvironmentFailed`."""
    listed, project = root / "requirements.txt", root / "pyproject.toml"
    try:
        if listed.is_file():
            return ["-r", listed.name], _with_included(listed)
        if project.is_file():
            found = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {}).get("dependencies")
            if isinstance(found, list) and found:
                return [str(each) for each in found], "\n".join(map(str, found))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise EnvironmentFailed(f"the requirements in {root} cannot be read: {error}") from None
    raise EnvironmentFailed(
        f"{root} has neither a requirements.txt nor dependencies in a pyproject.toml, so Dify's daemon would not start "
        "it: add a requirements.txt that pins dify-plugin"
    )


def _with_included(listed: Path, seen: frozenset[Path] = frozenset()) -> str:
    """Return the text of a list of requirements, with the lists that it includes."""
    text = listed.read_text(encoding="utf-8")
    pieces = [text]
    for line in text.splitlines():
        option, _, name = line.strip().partition(" ")
        inner = listed.parent / name.strip()
        if option in ("-r", "-c", "--requirement", "--constraint") and inner.is_file() and inner not in seen:
            pieces.append(_with_included(inner, seen | {listed}))
    return "\n".join(pieces)


def _digest(base: Interpreter, listed: str) -> str:
    return environments.digest(base.version_text, base.implementation, base.base_prefix, platform.machine(), listed)


def _built(place: Path) -> Environment | None:
    """Return the environment of a folder; None when it is not whole, or its interpreter is gone."""
    python = place / "bin" / "python"
    said = environments.marked(place)
    try:
        return Environment(python, said["python"], said["sdk"]) if python.exists() else None
    except (KeyError, TypeError):
        return None


def _build(
    place: Path, base: Interpreter, root: Path, words: Sequence[str], on_note: Callable[[str], None]
) -> Environment:
    environments.clear(place)
    on_note(f"building an environment with Python {base.version_text} for {root.name}; this happens once")
    python = place / "bin" / "python"
    _run([base.path, "-m", "venv", str(place)], root, f"a virtual environment could not be made with {base.path}")
    pip = [str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", *words]
    _run(pip, root, f"the requirements of {root} could not be installed with Python {base.version_text}")
    sdk = _run(
        [str(python), "-c", _ASK_SDK],
        root,
        f"the requirements of {root} do not install dify-plugin, without which Dify cannot start the plugin; add it",
    ).strip()
    environments.mark(place, {"python": base.version_text, "sdk": sdk})
    return Environment(python, base.version_text, sdk)


def _run(words: Sequence[str], root: Path, blame: str) -> str:
    return environments.run(words, root, blame, _ADVICE)


@contextmanager
def _blaming_the_plugin() -> Iterator[None]:
    """Raise what could not be built as the plugin's failure."""
    try:
        yield
    except environments.NotBuilt as error:
        raise EnvironmentFailed(str(error)) from None
