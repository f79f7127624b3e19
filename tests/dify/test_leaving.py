"""What is left behind: no process; and what a plugin gets to know of its caller: nothing secret."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys

import pytest
from tests.dify.conftest import PLUGINS, Started
from tests.dify.groups import alive, gone

from memconform.dify import NotStarted, Plugin


def test_closing_ends_the_whole_group(unruly: Started) -> None:
    """A process that the plugin started goes with it."""
    plugin = unruly()
    plugin.invoke("misbehave", {"how": "leave_child"})
    assert len(alive(plugin.pid)) == 2
    plugin.close()
    assert alive(plugin.pid) == []


def test_a_plugin_that_ignores_sigterm_is_killed(unruly: Started) -> None:
    """SIGKILL follows."""
    plugin = unruly("stubborn")
    plugin.close()
    assert alive(plugin.pid) == []


def test_an_exception_in_the_block_ends_the_plugin() -> None:
    """Also Ctrl-C."""
    with pytest.raises(KeyboardInterrupt), Plugin.start(PLUGINS / "noop") as plugin:
        raise KeyboardInterrupt
    assert alive(plugin.pid) == []


def test_a_plugin_that_nobody_holds_ends() -> None:
    """Forgetting to close leaves no process running on a core."""
    plugin = Plugin.start(PLUGINS / "noop")
    group = plugin.pid
    del plugin
    gc.collect()
    assert gone(group)


def test_the_end_of_the_interpreter_ends_the_plugin() -> None:
    """A script that never closes its plugin leaves nothing behind."""
    code = f"from memconform.dify import Plugin; plugin = Plugin.start({str(PLUGINS / 'noop')!r}); print(plugin.pid)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert gone(int(done.stdout))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_and_its_plugin(number: signal.Signals) -> None:
    """A call that hangs can be ended from outside without leaving a process."""
    words = [sys.executable, "-m", "memconform", "plugin", "call", str(PLUGINS / "unruly"), "misbehave"]
    process = subprocess.Popen(
        [*words, "--param", "how=tell_and_hang"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    group = int(process.stdout.readline())
    assert alive(group)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert gone(group)


def test_a_command_that_is_process_1_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container without an init the SDK ends every plugin after half a second: the message says what to do."""
    monkeypatch.setattr("memconform.dify.process.os.getpid", lambda: 1)
    with pytest.raises(NotStarted, match="--init"):
        Plugin.start(PLUGINS / "noop")


def test_no_variable_of_the_caller_reaches_the_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin's environment is made of a few names; a secret of the caller's is not among them."""
    monkeypatch.setenv("MEMCONFORM_API_KEY", "the key of the caller")
    monkeypatch.setenv("PYTHONPATH", str(PLUGINS))
    with Plugin.start(PLUGINS / "noop") as plugin:
        seen = plugin.invoke("whoami", {}).json[0]["variables"]
    assert set(seen) <= {
        "PATH", "HOME", "LANG", "LC_CTYPE", "INSTALL_METHOD", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"
    }  # fmt: skip
    assert seen["INSTALL_METHOD"] == "local"
    assert "the key of the caller" not in str(seen)
