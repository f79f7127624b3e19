"""Judging a provider: start it, start its bridge, run `memconform check`, and keep the result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memconform.contract.content import content_root
from memconform.difference import Row, requirement_rows
from memconform.environments import Note
from memconform.providers.bridge import Bridge, bridged
from memconform.providers.definition import Definition
from memconform.providers.failures import ProviderFailed
from memconform.providers.starting import started
from memconform.settings import API_KEY, SECOND_API_KEY

BUDGET = "standard"
_LIMIT_S = 1200.0
_NO_VERDICT = (3, 4)


def judged(
    wanted: Definition, file: Path, *, budget: str = BUDGET, upstream: str | None = None, on_note: Note = lambda _: None
) -> Mapping[str, Any]:
    """Judge a provider, write the result to `file` and return it; raise `ProviderFailed` where there is no verdict."""
    with started(wanted, on_note, upstream=upstream) as provider, bridged(provider) as bridge:
        on_note(f"judging {wanted.title}, budget {budget}")
        code, said = _checked(wanted, bridge, file, budget)
        if provider.server:
            provider.server.check()
    if code in _NO_VERDICT or not file.is_file():
        raise ProviderFailed(f"{wanted.title} could not be judged (exit code {code}). It said last:\n{said}")
    # The command to repeat names files of ours as they are called in the tree, not where it lies on this machine.
    text = file.read_text("utf-8").replace(f"{content_root()}{os.sep}", "")
    file.write_text(text, "utf-8")
    result: Mapping[str, Any] = json.loads(text)
    return result


def _checked(wanted: Definition, bridge: Bridge, file: Path, budget: str) -> tuple[int, str]:
    """Run the check in a process of its own; return its exit code and the end of what it said."""
    words = [sys.executable, "-m", "memconform", "check", bridge.url, "--budget", budget, "--json", str(file)]
    if wanted.failing_messages:
        words += ["--failing-messages", str(wanted.failing_messages)]
    keys = dict(zip((API_KEY, SECOND_API_KEY), bridge.keys, strict=False))
    environment = {name: value for name, value in os.environ.items() if name not in (API_KEY, SECOND_API_KEY)}
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            words,
            env=environment | keys,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ProviderFailed(f"the check was not done after {_LIMIT_S:.0f} s; it was ended") from None
    return done.returncode, "\n".join(f"    {line}" for line in done.stdout.strip().splitlines()[-12:])


def changes(wanted: Definition, before: Mapping[str, Any], now: Mapping[str, Any]) -> Sequence[Row]:
    """Return the requirements that fail now and did not, or no longer do; without those that are known to vary."""
    rows = requirement_rows(before["requirements"], now["requirements"])
    return [row for row in rows if "fail" in (row.before, row.now) and row.requirement not in wanted.varies]
