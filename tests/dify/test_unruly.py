"""Plugins that do what they must not: the host says what happened, and every call ends."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.dify.conftest import PLUGINS, Started
from tests.dify.groups import gone

from memconform.dify import CallTimedOut, NotStarted, Plugin, PluginDied
from memconform.dify.protocol import LINE_BYTES


def test_text_on_standard_output_is_reported(unruly: Started) -> None:
    """A line that is not of the protocol is kept, also one that is JSON; the call goes on."""
    plugin = unruly()
    assert plugin.invoke("misbehave", {"how": "print_line"}).json == [{"done": "print_line"}]
    assert plugin.invoke("misbehave", {"how": "print_json"}).json == [{"done": "print_json"}]
    assert plugin.stray == ["a debugging line", '{"level": "debug", "message": "json, but not of the protocol"}']


def test_text_before_the_manifest_is_reported(unruly: Started) -> None:
    """What an import prints does not keep the plugin from starting."""
    plugin = unruly("print")
    assert plugin.stray == ["hello from the import"]
    assert plugin.manifest["name"] == "unruly"


def test_text_without_a_newline_swallows_the_message_behind_it(unruly: Started) -> None:
    """The result is lost, as with the daemon, and what swallowed it is shown."""
    plugin = unruly()
    assert plugin.invoke("misbehave", {"how": "print_without_newline"}).messages == []
    assert plugin.stray[0].startswith('half a line {"event":"session"')


def test_events_of_no_call_are_kept(unruly: Started) -> None:
    """Log events, and errors that name no session, are there to be read."""
    plugin = unruly()
    plugin.invoke("misbehave", {"how": "error_event"})
    assert {"log", "error"} == {event["event"] for event in plugin.logs}


def test_the_longest_line_is_read(unruly: Started) -> None:
    """5 MiB with the newline fit into the daemon's buffer."""
    plugin = unruly()
    assert plugin.invoke("misbehave", {"how": "line", "size": LINE_BYTES}).error is None
    assert len(plugin.stray[0]) == 4096


def test_a_longer_line_kills_the_plugin(unruly: Started) -> None:
    """One byte more, and every call that waits ends with the reason."""
    plugin = unruly()
    with ThreadPoolExecutor(2) as pool:
        other = pool.submit(plugin.invoke, "misbehave", {"how": "hang"})
        time.sleep(0.3)
        with pytest.raises(PluginDied, match=r"line of more than 5,242,880 bytes"):
            plugin.invoke("misbehave", {"how": "line", "size": LINE_BYTES + 1})
        with pytest.raises(PluginDied, match=r"line of more than 5,242,880 bytes"):
            other.result(timeout=20)
    assert gone(plugin.pid)


def test_a_death_ends_every_call_at_once(unruly: Started) -> None:
    """Twenty calls that would wait for an hour end with the exit code and the last words of the process."""
    plugin = unruly()
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(plugin.invoke, "misbehave", {"how": "hang"}, timeout_s=100) for _ in range(20)]
        time.sleep(0.5)
        started = time.monotonic()
        with pytest.raises(PluginDied):
            plugin.invoke("misbehave", {"how": "die"})
        for each in waiting:
            with pytest.raises(PluginDied, match=r"exit code 7(?s:.*)the last words"):
                each.result(timeout=20)
    assert time.monotonic() - started < 15
    assert plugin.gone is not None


def test_a_call_has_its_own_timeout(unruly: Started) -> None:
    """Only the call that hangs ends; others go on, and what comes too late is dropped."""
    plugin = unruly()
    with pytest.raises(CallTimedOut, match=r"'misbehave' no complete answer within 0\.3 s") as late:
        plugin.invoke("misbehave", {"how": "slow"}, timeout_s=0.3)
    assert late.value.timeout_s == 0.3
    assert plugin.invoke("misbehave", {"how": "slow"}).json == [{"done": "slow"}]
    assert plugin.dropped >= 1


def test_a_timeout_names_the_text_that_may_have_swallowed_the_answer(unruly: Started) -> None:
    """Stray text before a call that got no answer is the first thing to look at."""
    plugin = unruly()
    plugin.invoke("misbehave", {"how": "print_line"})
    with pytest.raises(CallTimedOut, match="a debugging line"):
        plugin.invoke("misbehave", {"how": "hang"}, timeout_s=0.3)


def test_a_plugin_without_a_heartbeat_is_killed(unruly: Started) -> None:
    """What blocks the event loop ends after the silence that the host allows, not at the call's time-out."""
    plugin = unruly(heartbeat_s=8.0)  # a busy machine keeps a good plugin silent for a second or two
    with pytest.raises(PluginDied, match=r"said nothing for \d"):
        plugin.invoke("misbehave", {"how": "spin"}, timeout_s=100)
    assert gone(plugin.pid)


def test_a_plugin_that_does_not_read_stalls_no_caller(unruly: Started) -> None:
    """More than a pipe holds can be sent to a plugin that spins: each call still ends in its time."""
    plugin = unruly()
    threading.Thread(target=_ignored, args=(plugin, {"how": "spin"}, 60.0), daemon=True).start()
    time.sleep(0.3)
    started = time.monotonic()
    for _ in range(3):
        with pytest.raises(CallTimedOut):
            plugin.invoke("misbehave", {"how": "x" * 200_000}, timeout_s=0.3)
    assert time.monotonic() - started < 20


def test_a_closed_standard_output_ends_the_plugin(unruly: Started) -> None:
    """The daemon kills a plugin whose output it can no longer read."""
    plugin = unruly()
    with pytest.raises(PluginDied, match="closed its standard output"):
        plugin.invoke("misbehave", {"how": "close_stdout"})
    assert gone(plugin.pid)


def test_a_death_is_seen_although_a_child_holds_the_pipes(unruly: Started) -> None:
    """A process that the plugin left behind does not keep calls waiting, and does not survive."""
    plugin = unruly()
    with pytest.raises(PluginDied, match="exit code 9"):
        plugin.invoke("misbehave", {"how": "leave_child_and_die"})
    assert gone(plugin.pid)


def test_a_plugin_that_dies_at_its_start_is_quoted() -> None:
    """The exit code and what it said are in the message."""
    with pytest.raises(NotStarted, match=r"exit code 3(?s:.*)there is no configuration"):
        Plugin.start(PLUGINS / "unruly", variables={"UNRULY": "die"})


def test_a_plugin_that_never_gets_ready_is_stopped() -> None:
    """Without a heartbeat in time there is no plugin."""
    with pytest.raises(NotStarted, match=r"no heartbeat within 1 s"):
        Plugin.start(PLUGINS / "unruly", variables={"UNRULY": "silent"}, start_timeout_s=1)


def _ignored(plugin: Plugin, parameters: dict[str, str], timeout_s: float) -> None:
    """Make a call whose end does not matter."""
    try:
        plugin.invoke("misbehave", parameters, timeout_s=timeout_s)
    except (CallTimedOut, PluginDied):
        return
