"""`run_load`: a short load test from a test of one's own, and what is raised where there is none."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from memconform import ServerUnreachable, UsageError, reference_server
from memconform.clients.bends import reference_plugin
from memconform_load import LoadResult, run_load

SHORT: dict[str, Any] = {"rate": "20", "duration": "2s", "users": 5, "parameters": {"model": "0.1"}}
ONE_KEY = "key-of-alice-0123456789"


@pytest.fixture(scope="module")
def result() -> LoadResult:
    """Load a server of our own once, with an objective that is met and one that no server meets."""
    with reference_server(api_keys=[ONE_KEY]) as url:
        return run_load(url, **SHORT, seed=7, slo=["violations=0", "search.p50<1us"], api_key=ONE_KEY)


def test_objectives_are_told_apart(result: LoadResult) -> None:
    """The one is met, the other not; the figures have units, and nothing that was answered is wrong."""
    kept, missed = result.objectives
    assert (kept.met, kept.observed, result.violations) == (True, 0.0, 0)
    assert (missed.met, missed.objective) == (False, "search.p50<1us")
    assert missed.observed is not None
    assert missed.observed > missed.limit > 0
    assert not result.met
    assert result.verdict in ("not met", "invalid")  # a busy machine measures nothing that can be believed
    with pytest.raises(AssertionError, match=f"(?s)the load test is {result.verdict}: .*arrivals"):
        result.assert_met()


def test_a_result_is_kept_and_written(result: LoadResult, tmp_path: Path) -> None:
    """As JSON, read again, and as a page and a summary."""
    again = LoadResult.read(result.save(tmp_path / "load.json"))
    assert again.to_json() == result.to_json()
    assert again.objectives == result.objectives
    assert "<html" in result.write(tmp_path / "load.html").read_text()
    assert result.write(tmp_path / "load.md", "markdown").read_text().startswith("#")
    with pytest.raises(UsageError, match="html, markdown"):
        result.write(tmp_path / "load.pdf", "pdf")  # type: ignore[arg-type]  # that is the point


def test_no_key_comes_out(result: LoadResult) -> None:
    """Neither in the result nor in the command that repeats it."""
    assert ONE_KEY not in f"{result.to_json()} {result} {result!r}"


def test_the_callers_process_is_not_patched() -> None:
    """Neither Locust nor gevent is imported where `run_load` is."""
    code = "import sys, memconform_load\nmemconform_load.run_load\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"locust", "gevent", "pytest"} & set(loaded)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"url": "localhost:8765"}, "did you mean http://localhost:8765"),
        ({"rate": "x"}, "the rate is 'x'"),
        ({"slo": "violations=0"}, "expected a list"),
        ({"slo": ["search.p95<200"]}, "needs a unit"),
        ({"scenario": "nope"}, "there are: .*chat"),
        ({"parameters": {"x": "1"}}, "no parameter 'x'"),
        ({"duration": "1 fortnight"}, "no unit of time"),
        ({"api_key": "with a space"}, "cannot carry"),
        ({"direct": True}, "direct and plugin_processes go with plugin"),
        ({"plugin": "nowhere"}, "plugin nowhere: there is nothing of this name"),
        ({"plugin": ".", "mapping": "nowhere.yaml"}, "mapping nowhere.yaml: there is nothing"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_bad_use_is_refused_in_words(given: dict[str, Any], said: str) -> None:
    """`UsageError`, before anything is sent."""
    with pytest.raises(UsageError, match=said) as caught:
        run_load(**{"url": "http://127.0.0.1:9", **given})
    assert "--" not in str(caught.value)


def test_it_goes_through_a_plugin(tmp_path: Path) -> None:
    """Through the reference plugin in Dify's runtime and directly: what it adds is judged, and no key is told."""
    with reference_server(api_keys=[ONE_KEY], data=tmp_path / "memories.db") as url:
        result = run_load(
            url, **SHORT, plugin=reference_plugin(), direct=True, api_key=ONE_KEY, slo=["overhead.search.p50<1s"]
        )
        assert held(url) == []
    (overhead,) = result.objectives
    assert overhead.met
    assert overhead.observed is not None
    assert {row["driver"] for row in result.document["operations"]} == {"direct", "plugin"}
    (plugin,) = result.document["plugins"]
    assert plugin["identity"].startswith("memconform/memory_api:")
    assert result.violations == 0
    assert ONE_KEY not in f"{result.to_json()} {result}"


def test_through_a_plugin_alone(tmp_path: Path) -> None:
    """No call of the load goes directly, with a mapping of one's own and two processes."""
    mapping = shutil.copy(Path(reference_plugin()) / "memconform.yaml", tmp_path / "mine.yaml")
    with reference_server() as url:
        result = run_load(url, **SHORT, plugin=reference_plugin(), mapping=mapping, plugin_processes=2)
    assert {row["driver"] for row in result.document["operations"]} == {"plugin"}
    assert result.document["plugins"][0]["processes"] == 2


def test_a_plugin_that_is_none_is_refused(tmp_path: Path) -> None:
    """It, or its mapping, is the caller's to mend: `UsageError`, not a failure of ours."""
    with reference_server() as url:
        with pytest.raises(UsageError, match=r"manifest\.yaml"):
            run_load(url, **SHORT, plugin=tmp_path)
        (tmp_path / "mine.yaml").write_text("tools: 7\n")
        with pytest.raises(UsageError, match=r"mine\.yaml"):
            run_load(url, **SHORT, plugin=reference_plugin(), mapping=tmp_path / "mine.yaml")


def held(url: str) -> list[Any]:
    """Return the scopes that hold anything on a server."""
    answer = httpx.get(f"{url}/v1/scopes", headers={"Authorization": f"Bearer {ONE_KEY}"})
    items: list[Any] = answer.json()["items"]
    return items


def test_nobody_listens() -> None:
    """The address and the reason."""
    with pytest.raises(ServerUnreachable, match=r"127\.0\.0\.1:9.*refused"):
        run_load("http://127.0.0.1:9", **SHORT)


def test_ctrl_c_comes_out_as_what_it_is(tmp_path: Path) -> None:
    """The run ends before its time."""
    with reference_server(data=tmp_path / "memories.db") as url:
        program = f"from memconform_load import run_load\nrun_load({url!r}, rate='20', duration='60s')"
        process = subprocess.Popen(
            [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        time.sleep(6)
        os.killpg(process.pid, signal.SIGINT)
        started = time.monotonic()
        _, said = process.communicate(timeout=60)
    assert time.monotonic() - started < 45
    assert process.returncode == -signal.SIGINT, said
    assert "KeyboardInterrupt" in said
