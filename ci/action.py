"""The steps of the GitHub Action: `check`, `load` and `conclude`.

Each reads the action's inputs from the environment (INPUT_…), runs `memconform` as anybody would, and leaves outputs
and summary where GitHub looks for them. `check` and `load` end well whatever the verdict, so that the files are kept;
`conclude` fails the job. It needs nothing but Python 3.11, and is run by the Python that memconform is installed in.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

_MEANINGS = {
    1: "not conformant, or not as the baseline expects: the summary and the log name each failure",
    2: "nothing could be concluded: wrong usage, or an answer is missing",
    3: "there is no server to judge: unreachable, credentials refused, or it did not start",
    4: "memconform itself failed; the server is not to blame",
}
_LOAD_MEANINGS = {
    **_MEANINGS,
    1: "an objective is not met, or an answer was wrong: the summary says which",
    3: "nothing is known of its speed: the runner was too busy, or there is no server; the log says which",
}
_LONGEST_SUMMARY = 1_000_000
"""Bytes; GitHub drops what a step adds beyond 1 MiB."""
_REPORTS = (
    ("--json", "conformance.json"),
    ("--html", "conformance.html"),
    ("--markdown", "conformance.md"),
    ("--junit", "junit.xml"),
    ("--sarif", "conformance.sarif"),
    ("--badge", "badge.svg"),
    ("--badge-json", "badge.json"),
)


def check(environ: Mapping[str, str]) -> int:
    """Judge the server and write every report; the outputs are conformance, badge, exit-code, result and results."""
    folder = _results(environ)
    words = [*_server(environ), *_options(environ, "baseline", "budget"), "--start-log", str(folder / "server.log")]
    words += ["--restart"] if _input(environ, "restart").lower() == "true" else []
    words += [word for name in _listed(environ, "profiles") for word in ("--profile", name)]
    words += [word for option, file in _REPORTS for word in (option, str(folder / file))]
    words += ["--specification", _specification(environ, folder), *shlex.split(_input(environ, "arguments"))]
    code = _memconform("check", *words)
    result = folder / "conformance.json"
    verdict = _verdict(result)
    _summarise(environ, folder / "conformance.md")
    _output(
        environ,
        {
            "conformance": verdict.get("conformance") or "",
            "badge": verdict.get("badge") or "",
            "exit-code": str(code),
            "result": str(result) if result.is_file() else "",
            "results": str(folder),
        },
    )
    return 0


def load(environ: Mapping[str, str]) -> int:
    """Load the server; the output is exit-code."""
    folder = Path(environ["RESULTS"])
    words = [*_server(environ), *_options(environ, "scenario", "rate", "duration", "users", "slo-file")]
    words += [word for text in _input(environ, "slo").splitlines() if text.strip() for word in ("--slo", text.strip())]
    for option, file in (("--json", "load.json"), ("--html", "load.html"), ("--markdown", "load.md")):
        words += [option, str(folder / file)]
    code = _memconform("load", "run", *words, "--start-log", str(folder / "server-under-load.log"))
    _summarise(environ, folder / "load.md")
    _output(environ, {"exit-code": str(code)})
    return 0


def conclude(environ: Mapping[str, str]) -> int:
    """Fail the job where the check or the load test failed, with its exit code, and say what that means."""
    concluded = 0
    wanted = [("check", "CHECK_EXIT_CODE", _MEANINGS)]
    if environ.get("LOAD_OUTCOME") not in ("", "skipped", None):
        wanted.append(("load", "LOAD_EXIT_CODE", _LOAD_MEANINGS))
    for command, variable, meanings in wanted:
        text = environ.get(variable, "")
        code = int(text) if text.isdigit() else 4
        if code:
            meaning = meanings.get(code, "it was ended from outside") if text else "the step itself failed: see its log"
            _say(f"::error title=memconform {command}::exit code {code}: {meaning}")
        concluded = concluded or code
    return concluded


def _server(environ: Mapping[str, str]) -> list[str]:
    url = _input(environ, "url")
    return [*_options(environ, "start", "start-timeout"), *([url] if url else [])]


def _options(environ: Mapping[str, str], *names: str) -> list[str]:
    """Return the options of the same names as inputs, where they are given; else the configuration speaks."""
    return [f"--{name}={value}" for name in names if (value := _input(environ, name))]


def _input(environ: Mapping[str, str], name: str) -> str:
    return environ.get(f"INPUT_{name.replace('-', '_').upper()}", "").strip()


def _listed(environ: Mapping[str, str], name: str) -> list[str]:
    return _input(environ, name).replace(",", " ").split()


def _specification(environ: Mapping[str, str], folder: Path) -> str:
    """Return the address of the specification site; without one it is made, beside the reports that link to it."""
    given = _input(environ, "specification")
    if not given:
        _memconform("specification", "--output", str(folder / "specification"))
    return given or "specification"


def _results(environ: Mapping[str, str]) -> Path:
    """Return a new folder: a job may use the action twice, and the verdict of one must not be that of the other."""
    return Path(tempfile.mkdtemp(prefix="memconform-results-", dir=environ["RUNNER_TEMP"]))


def _memconform(*words: str) -> int:
    """Run memconform; what it prints may quote the server, so the runner takes no command from it meanwhile."""
    token = secrets.token_hex(16)
    _say(f"::stop-commands::{token}")
    _say(f"$ {shlex.join(['memconform', *words])}")
    try:
        return subprocess.run([Path(sys.executable).with_name("memconform"), *words], check=False).returncode  # noqa: S603 - no shell takes part
    finally:
        _say(f"::{token}::")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _verdict(file: Path) -> dict[str, str | None]:
    """Return the verdict of a result; nothing where the run came to no result."""
    try:
        verdict = json.loads(file.read_text(encoding="utf-8"))["verdict"]
    except (OSError, ValueError, LookupError):
        return {}
    return verdict if isinstance(verdict, dict) else {}


def _summarise(environ: Mapping[str, str], file: Path) -> None:
    if _input(environ, "summary").lower() == "true" and file.is_file():
        told = file.read_bytes()
        if len(told) > _LONGEST_SUMMARY:
            told = told[:_LONGEST_SUMMARY].rpartition(b"\n")[0] + b"\n\nThe rest is in the files of the artifact.\n"
        _append(environ["GITHUB_STEP_SUMMARY"], [told.decode()])


def _output(environ: Mapping[str, str], values: Mapping[str, str]) -> None:
    lines = (f"{name}={' '.join(value.splitlines())}\n" for name, value in values.items())
    _append(environ["GITHUB_OUTPUT"], lines)


def _append(file: str, texts: Iterable[str]) -> None:
    with Path(file).open("a", encoding="utf-8") as stream:
        stream.writelines(texts)


STEPS: Mapping[str, Callable[[Mapping[str, str]], int]] = {"check": check, "load": load, "conclude": conclude}

if __name__ == "__main__":
    sys.exit(STEPS[sys.argv[1]](os.environ))
