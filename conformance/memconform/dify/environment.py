"""The virtual environment of a plugin: built once for each interpreter and list of requirements, then shared.

Environments live below $MEMCONFORM_PLUGIN_ENVIRONMENTS, else in the user's cache. Each is built in its final place,
under a lock, and counts only when its marker is there: the marker is written last.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from memconform.dify.failures import EnvironmentFailed
from memconform.dify.interpreter import Interpreter

VARIABLE = "MEMCONFORM_PLUGIN_ENVIRONMENTS"
MARKER = "installed"
INSTALL_S = 900.0
QUOTED_LINES = 12

_PATHS = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "NETRC"}
_CERTIFICATES = {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}
_PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"}
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
        with _locked(place.with_name(place.name + ".lock"), on_note):
            # Another process may have built it while this one waited.
            found = _built(place) or _build(place, base, root, words, on_note)
    return found


def environments_folder() -> Path:
    """Return the folder that holds all environments."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser().resolve()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "memconform" / "plugins"


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
    known = [base.version_text, base.implementation, base.base_prefix, platform.machine(), listed]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]


def _built(place: Path) -> Environment | None:
    """Return the environment of a folder; None when it is not whole, or its interpreter is gone."""
    python = place / "bin" / "python"
    try:
        said = json.loads((place / MARKER).read_text(encoding="utf-8"))
        if python.exists():
            return Environment(python, said["python"], said["sdk"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None


def _build(
    place: Path, base: Interpreter, root: Path, words: Sequence[str], on_note: Callable[[str], None]
) -> Environment:
    shutil.rmtree(place, ignore_errors=True)
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
    (place / MARKER).write_text(json.dumps({"python": base.version_text, "sdk": sdk}), encoding="utf-8")
    return Environment(python, base.version_text, sdk)


def _run(words: Sequence[str], root: Path, blame: str) -> str:
    """Run a step of the building and return its output; raise `EnvironmentFailed` with its last lines."""
    try:
        done = subprocess.run(  # noqa: S603 - the interpreter that the user chose
            words,
            cwd=root,
            env=_variables(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=INSTALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EnvironmentFailed(f"{blame}: not done after {INSTALL_S:.0f} s. Is the package index reachable?") from None
    except OSError as error:
        raise EnvironmentFailed(f"{blame}: {error}") from None
    said = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        last = "\n".join(f"    {line}" for line in said.strip().splitlines()[-QUOTED_LINES:])
        raise EnvironmentFailed(
            f"{blame}. It said last:\n{last}\n"
            "Correct the requirements, or choose another interpreter with --python; nothing half-built is used"
        )
    return said


def _variables(caller: Mapping[str, str]) -> dict[str, str]:
    """Return what the building may know of the caller's environment: paths, certificates, proxies, pip's settings."""
    allowed = _PATHS | _CERTIFICATES | _PROXIES
    return {name: value for name, value in caller.items() if name.upper() in allowed or name.startswith("PIP_")}


@contextmanager
def _locked(path: Path, on_note: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock among processes; it ends with the process that holds it."""
    import fcntl

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise EnvironmentFailed(f"{path.parent} cannot hold environments: {error}. Set ${VARIABLE}") from None
    with file:
        waited = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not waited:
                    on_note("another process is building this environment; waiting for it")
                waited = True
                time.sleep(0.1)
        yield
