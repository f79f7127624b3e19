"""`check_server`: what comes back, and what is raised where nothing can be judged."""

from __future__ import annotations

import asyncio
import http.server
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from memconform import (
    Conformance,
    HarnessFailed,
    Outcome,
    Progress,
    ServerUnreachable,
    UsageError,
    check_server,
)

ONE: dict[str, Any] = {"requirements": ["CORE-13"], "budget": "smoke"}
WRONG = "a-wrong-key"


def test_a_good_server_is_conformant(closed_server: str, keys: dict[str, Any], capfd: Any) -> None:
    """The whole suite at the smallest budget: a badge, every profile, nothing printed, nothing left."""
    result = check_server(closed_server, budget="smoke", seed=7, **keys)
    assert (result.conformant, result.exit_code, result.partial, result.badge) == (True, 0, False, "full")
    assert {profile.conformance for profile in result.profiles} == {Conformance.CONFORMANT}
    assert (result.run.seed, result.run.budget, result.run.stopped) == (7, "smoke", None)
    assert 0 < result.run.requests <= 2 * result.run.bound
    assert result.server.name == "memconform reference server"
    assert (result.failures, result.findings, result.left_behind) == ((), (), ())
    assert {measure.name for measure in result.measures} >= {"search: time to forget"}
    result.assert_conformant()
    assert capfd.readouterr() == ("", "")


def test_a_wrong_server_is_a_result_with_findings(wrong_server: str, keys: dict[str, Any]) -> None:
    """What is not met, what was expected and observed, the exchange, and the command that runs it again."""
    result = check_server(wrong_server, **ONE, **keys)
    assert (result.conformance, result.exit_code) == (Conformance.NOT_CONFORMANT, 1)
    (row,) = result.failures
    assert (row.id, row.outcome, row.level) == ("CORE-13", Outcome.FAIL, "MUST")
    (finding,) = row.findings
    assert finding.test == "test_core_deleting.py::test_deleted_memory_is_gone"
    assert (finding.expected or "").startswith("404 for DELETE")
    assert finding.observed == "204"
    assert [exchange.status for exchange in finding.exchanges] == [204]
    again = subprocess.run(
        [sys.executable, "-m", *finding.again.split()],
        capture_output=True,
        text=True,
        env={**_environment(), **_variables(keys)},
    )
    assert again.returncode == 1, again.stdout + again.stderr
    with pytest.raises(AssertionError, match=r"(?s)not conformant.*FAIL CORE-13.*observed  204.*again  "):
        result.assert_conformant()


def test_every_test_is_told_to_the_caller(open_server: str) -> None:
    """`progress` is called in the caller's own thread, once a test, in order."""
    told: list[tuple[Progress, int]] = []
    check_server(
        open_server,
        requirements=["CORE-12", "core-13"],
        budget="smoke",
        progress=lambda each: told.append((each, threading.get_ident())),
    )
    assert [each.done for each, _ in told] == list(range(1, len(told) + 1))
    assert {each.planned for each, _ in told} == {len(told)}
    assert {each.requirement for each, _ in told} == {"CORE-12", "CORE-13"}
    assert {thread for _, thread in told} == {threading.get_ident()}


def test_an_error_in_progress_ends_the_run(open_server: str, state: Path) -> None:
    """What the callback raises comes out, after the run has cleaned up."""

    def stop(_: Progress) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        check_server(open_server, budget="smoke", progress=stop)
    assert list(state.glob("*.jsonl")) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"url": "localhost:8765"}, "no http or https URL"),
        ({"url": "http://alice:hunter2@127.0.0.1:1"}, "give the API key as api_key instead"),
        ({"requirements": "CORE-13"}, "expected a list of names"),
        ({"profiles": "core"}, "expected a list of names"),
        ({"requirements": ["CORE16"]}, "did you mean CORE-16"),
        ({"requirements": ["CLIENT-04"]}, "check_plugin"),
        ({"profiles": ["serach"]}, "did you mean search"),
        ({"profiles": ["client"]}, "no profile"),
        ({"level": "MAY"}, "MUST or SHOULD"),
        ({"budget": "huge"}, "smoke, standard, full"),
        ({"timeout": 0}, "timeout is 0"),
        ({"rate": float("nan")}, "rate is nan"),
        ({"headers": {"no header": "x"}}, "headers: expected"),
        ({"headers": {"X-One": "env:HOME"}}, "only the command line knows"),
        ({"headers": {"X-One": "two\nlines"}}, "control characters"),
        ({"ca_file": "absent.pem"}, "ca_file: there is no file absent.pem"),
        ({"api_key": "with a space"}, "cannot carry"),
        ({"failing_messages": "absent.json"}, "failing_messages: absent.json cannot be read"),
        ({"baseline": "absent.toml"}, "absent.toml"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_bad_use_is_refused_before_anything_is_sent(arguments: dict[str, Any], said: str) -> None:
    """`UsageError` in the words of the function: no option of the command line, no secret."""
    with pytest.raises(UsageError) as caught:
        check_server(**{"url": "http://127.0.0.1:9", **arguments})
    assert said in str(caught.value)
    assert "--" not in re.sub(r"'memconform [^']*'", "", str(caught.value))
    assert "hunter2" not in str(caught.value)


def test_nobody_listens() -> None:
    """The address, the reason, and what to look at."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(ServerUnreachable, match=rf"(?s){url}.*refused.*Is the server running"):
            check_server(url)


def test_another_service_is_no_memory_server() -> None:
    """A web server that knows nothing of the contract."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with pytest.raises(ServerUnreachable, match="not as a memory server"):
            check_server(f"http://127.0.0.1:{other.server_port}")
        other.shutdown()


@pytest.mark.parametrize(
    "given",
    [{}, {"api_key": WRONG}, {"api_key": "key-of-alice-0123456789", "second_api_key": WRONG}],
    ids=["none", "wrong", "second"],
)
def test_refused_credentials_are_told(closed_server: str, given: dict[str, Any]) -> None:
    """The message names the argument to give, no option of the command line, and no key."""
    with pytest.raises(ServerUnreachable, match="401") as caught:
        check_server(closed_server, **given)
    name = "second_api_key" if "second_api_key" in given else "api_key"
    assert f"Give the key as {name}." in str(caught.value)
    assert "--" not in str(caught.value)
    assert WRONG not in str(caught.value)


def test_the_environment_counts_for_nothing(closed_server: str, keys: dict[str, Any], monkeypatch: Any) -> None:
    """Keys in variables are not used, settings of another pytest run neither."""
    for name, value in {**_variables(keys), "PYTEST_ADDOPTS": "--collect-only", "PYTEST_PLUGINS": "no_such"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ServerUnreachable, match="wants credentials"):
        check_server(closed_server, **ONE)
    assert check_server(closed_server, **ONE, **keys).conformant


def test_a_module_of_the_callers_folder_takes_no_part(open_server: str, tmp_path: Path, monkeypatch: Any) -> None:
    """Files named like modules that the run needs change nothing, nor does a conftest."""
    for name in ("pytest", "json", "httpx", "conftest", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('theirs')\n")
    monkeypatch.chdir(tmp_path)
    assert check_server(open_server, **ONE).conformant


def test_what_is_left_open_is_incomplete(open_server: str) -> None:
    """A selection that cannot be tried is no success, and says so when it is asserted."""
    result = check_server(open_server, requirements=["CORE-26"], budget="smoke")
    assert (result.conformance, result.exit_code) == (Conformance.INCOMPLETE, 2)
    with pytest.raises(AssertionError, match="is incomplete"):
        result.assert_conformant()


def test_a_judge_that_fails_is_no_verdict(open_server: str, tmp_path: Path, monkeypatch: Any) -> None:
    """Where the run dies, `HarnessFailed` has what it said, and blames nobody else."""
    (tmp_path / "hypothesis.py").write_text("raise RuntimeError('this installation is broken')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(HarnessFailed, match=r"(?s)says nothing about the server.*this installation is broken"):
        check_server(open_server, **ONE)


def test_a_run_that_is_killed_is_no_verdict(open_server: str) -> None:
    """As by a system that is out of memory: what it may have left is told, and it is no Ctrl-C of anybody's."""

    def kill(_: Progress) -> None:
        for file in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                mine = int(file.read_text().rpartition(")")[2].split()[1]) == os.getpid()
                if mine and b"memconform.api.child" in file.with_name("cmdline").read_bytes():
                    os.kill(int(file.parent.name), signal.SIGKILL)

    with pytest.raises(HarnessFailed, match=r"ended with -9 .*'memconform cleanup'") as caught:
        check_server(open_server, budget="smoke", progress=kill)
    assert caught.value.result is None


def test_checks_run_side_by_side(open_server: str, wrong_server: str, keys: dict[str, Any]) -> None:
    """Threads do not get in each other's way: each has its own run and its own verdict."""
    with ThreadPoolExecutor(3) as pool:
        good, wrong, also = pool.map(
            lambda given: check_server(given[0], **ONE, **given[1]),
            [(open_server, {}), (wrong_server, keys), (open_server, {})],
        )
    assert (good.conformant, wrong.conformant, also.conformant) == (True, False, True)
    assert len({good.run.id, wrong.run.id, also.run.id}) == 3


def test_an_event_loop_goes_on_meanwhile(open_server: str) -> None:
    """`asyncio.to_thread` keeps the loop free."""

    async def both() -> tuple[bool, int]:
        check = asyncio.create_task(asyncio.to_thread(check_server, open_server, **ONE))
        beats = 0
        while not check.done():
            await asyncio.sleep(0.01)
            beats += 1
        return (await check).conformant, beats

    conformant, beats = asyncio.run(both())
    assert conformant
    assert beats > 10


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_it_can_be_called_from_a_test(
    open_server: str, wrong_server: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    """Another project's tests, with warnings as errors: a good server passes, a wrong one fails with its finding."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "test_memory.py").write_text(
        textwrap.dedent(
            f"""
            from memconform import check_server

            def test_good():
                check_server({open_server!r}, requirements=["CORE-13"], budget="smoke").assert_conformant()

            def test_wrong():
                keys = {{"api_key": "key-of-alice-0123456789", "second_api_key": "key-of-bob-9876543210"}}
                check_server({wrong_server!r}, requirements=["CORE-13"], budget="smoke", **keys).assert_conformant()
            """
        )
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=tmp_path, env=_environment(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "1 failed, 1 passed" in ran.stdout, ran.stdout + ran.stderr
    assert "FAIL CORE-13 (MUST)" in ran.stdout
    assert "judged.py" not in ran.stdout


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}


def _variables(keys: dict[str, Any]) -> dict[str, str]:
    return {"MEMCONFORM_API_KEY": keys["api_key"], "MEMCONFORM_SECOND_API_KEY": keys["second_api_key"]}
