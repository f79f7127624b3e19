"""`check_plugin`: a Dify plugin against the requirements of clients, and the result as objects."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from memconform.api.asked import names_of
from memconform.api.errors import HarnessFailed, ServerUnreachable
from memconform.api.plugin_result import PluginResult
from memconform.api.words import as_arguments
from memconform.settings import UsageError
from memconform.verdict import ExitCode

_LEAVING = 60.0
"""How long an interrupted check may take to stop the plugin, in seconds."""


def check_plugin(
    path: str | os.PathLike[str],
    *,
    mapping: str | os.PathLike[str] | None = None,
    requirements: Sequence[str] = (),
    deadline: float = 2.0,
    python: str | None = None,
    upstream: str | None = None,
) -> PluginResult:
    """Judge the Dify plugin at `path`, a folder or a .difypkg, as a client of the memory API, and return the result.

    It runs in Dify's own runtime, in a process and an environment of its own, which is built once. `mapping` is the
    file that says which tool does what, `memconform.yaml` in the plugin's folder where it is not given. `requirements`
    names some of CLIENT-01 to CLIENT-10; nothing named is all. `deadline` is how long a call may take, in seconds from
    0.5 to 60. `python` is the interpreter for the plugin. `upstream` is a good server to stand behind, open to all;
    without one it is the reference server, which the extra `server` brings.

    Raises `UsageError` for arguments that make no sense, `ServerUnreachable` where the plugin or the server behind does
    not start, `HarnessFailed` where the judge is at fault. Ctrl-C comes out as `KeyboardInterrupt`. Safe in several
    threads.

    >>> from memconform import UsageError, check_plugin
    >>> try:
    ...     check_plugin("no-such-plugin")
    ... except UsageError as error:
    ...     print(error)
    there is no plugin at no-such-plugin
    """
    if not Path(path).exists():
        raise UsageError(f"there is no plugin at {path}")
    words = ["--deadline", f"{deadline:g}"]
    words += [word for name in names_of("requirement", requirements) for word in ("--requirement", name)]
    for option, value in (("--map", mapping), ("--python", python), ("--upstream", upstream)):
        words += [option, os.fspath(value)] if value is not None else []
    with tempfile.TemporaryDirectory(prefix="memconform-") as folder:
        file = Path(folder) / "result.json"
        code, said = _ran(["plugin", "check", os.fspath(path), "--json", str(file), *words])
        document = json.loads(file.read_bytes()) if file.exists() else None
    result = PluginResult.from_json(document) if document else None
    if result is not None and result.stopped == "interrupted":
        raise KeyboardInterrupt
    if result is None or code == ExitCode.HARNESS:
        raise _failure(code, as_arguments(said))
    return result


def _ran(words: Sequence[str]) -> tuple[int, str]:
    """Run `memconform` and return its exit code and what it said on stderr; Ctrl-C ends it, and is raised again."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", "memconform", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # a Ctrl-C on the terminal reaches it once, from here
    )
    try:
        said = process.communicate()[1]
    except BaseException:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=_LEAVING)
        except (KeyboardInterrupt, subprocess.TimeoutExpired):
            process.kill()
            process.communicate()
        raise
    return process.returncode, said


def _failure(code: int, said: str) -> Exception:
    told = said.strip().rpartition("\n")[2].removeprefix("Error: ").removeprefix("memconform: ")
    if code == ExitCode.USAGE:
        return UsageError(told)
    if code == ExitCode.UNREACHABLE:
        return ServerUnreachable(said.strip().removeprefix("memconform: "))
    return HarnessFailed(f"the judge failed, which says nothing about the plugin:\n{said.strip()}")
