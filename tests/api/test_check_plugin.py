"""`check_plugin`: a real plugin in Dify's runtime, good and bent, and what is refused."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from memconform import PluginResult, ServerUnreachable, UsageError, check_plugin
from memconform.clients.bends import reference_plugin


def test_a_good_plugin_is_conformant(capfd: Any) -> None:
    """One requirement of the reference plugin: met, in exact figures, and nothing printed."""
    result = check_plugin(reference_plugin(), requirements=["client-04"])
    assert isinstance(result, PluginResult)
    assert (result.conformant, result.partial, result.stopped) == (True, True, None)
    assert result.requirement("CLIENT-04").outcome == "pass"
    assert result.identity.startswith("memconform/memory_api:")
    assert min(result.calls, result.requests) > 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("path", "given", "said"),
    [
        ("absent", {}, "there is no plugin at"),
        (".", {}, "memconform.yaml"),
        ("reference", {"requirements": "CLIENT-04"}, "expected a list"),
        ("reference", {"requirements": ["CLIENT-99"]}, "did you mean"),
        ("reference", {"requirements": ["CORE-13"]}, "CLIENT-01"),
        ("reference", {"deadline": 0.0}, "0.5"),
        ("reference", {"mapping": "absent.yaml"}, "absent.yaml"),
        ("reference", {"upstream": "localhost"}, "no http or https URL"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_bad_use_is_refused_in_words(path: str, given: dict[str, Any], said: str, tmp_path: Path) -> None:
    """`UsageError` in the words of the function."""
    with pytest.raises(UsageError, match=said) as caught:
        check_plugin(reference_plugin() if path == "reference" else tmp_path / path, **given)
    assert "--" not in str(caught.value)


def test_a_server_behind_that_is_not_there_is_told() -> None:
    """Nothing is said about the plugin."""
    with pytest.raises(ServerUnreachable, match="refused"):
        check_plugin(reference_plugin(), requirements=["CLIENT-04"], upstream="http://127.0.0.1:9")


def _naming(text: str) -> list[int]:
    """Return the processes whose arguments name something."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if text.encode() in file.read_bytes():
                found.append(int(file.parent.name))
    return found


def test_ctrl_c_ends_the_check(tmp_path: Path) -> None:
    """A Ctrl-C on the terminal comes out as what it is, and no process is left that checks."""
    mapping = tmp_path / "memconform.yaml"
    shutil.copy(reference_plugin() / "memconform.yaml", mapping)
    program = f"import memconform\nmemconform.check_plugin({str(reference_plugin())!r}, mapping={str(mapping)!r})"
    words = [sys.executable, "-c", program]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 30
    while len(_naming(str(mapping))) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    assert len(_naming(str(mapping))) >= 2  # the program and the check
    time.sleep(2)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT, said
    assert "KeyboardInterrupt" in said
    assert _naming(str(mapping)) == []
