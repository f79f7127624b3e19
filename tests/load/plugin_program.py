"""A program of the tests: calls plugins from greenlets in a process that gevent has patched, as Locust does.

`python plugin_program.py NAME` plays a scene and prints what was seen as JSON.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402 - the process is patched first, as by Locust
import os  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections import Counter  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from contextlib import closing, contextmanager  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
import yaml  # noqa: E402

from memconform.dify import PluginFailed  # noqa: E402
from memconform.serving import served  # noqa: E402
from memconform.settings import UsageError  # noqa: E402
from memconform_load.calls import Op, Reply, Request  # noqa: E402
from memconform_load.drivers.plugin import PluginDriver  # noqa: E402

ROOT = Path(__file__).parents[2]
REFERENCE = str(ROOT / "reference_plugin")
UNRULY = str(ROOT / "fixtures" / "plugins" / "unruly")
KEY = "a-key-that-nobody-may-see"


def kind(reply: Reply) -> str:
    """Return how a call ended, in a word or two."""
    return "ok" if reply.failed is None else f"{reply.ended.value}: {reply.failed.kind}"


@contextmanager
def ticking() -> Iterator[list[float]]:
    """Watch that the hub turns: yield a list that holds the longest time for which it did not, in seconds."""
    worst = [0.0]

    def tick() -> None:
        while True:
            last = time.perf_counter()
            gevent.sleep(0.002)
            worst[0] = max(worst[0], time.perf_counter() - last)

    greenlet = gevent.spawn(tick)
    yield worst
    greenlet.kill()


def crowd() -> Any:
    """Let 64 greenlets write and read at once, each for a person of its own."""
    wrong: list[str] = []
    kinds: Counter[str] = Counter()

    def live(driver: PluginDriver, number: int) -> None:
        person, text = f"person-{number}", f"number {number} keeps {number} bees in Łódź"
        added = driver.call(
            Request(Op.ADD, person, text=text, metadata={"n": number}, idempotency_key=f"k{number}"), 30
        )
        again = driver.call(
            Request(Op.ADD, person, text=text, metadata={"n": number}, idempotency_key=f"k{number}"), 30
        )
        one = added.memories[0]
        newer = f"{text}, and {number} more"
        replies = [
            driver.call(Request(Op.UPDATE, person, memory_id=one.id, text=newer), 30),
            driver.call(Request(Op.GET, person, memory_id=one.id), 30),
            driver.call(Request(Op.SEARCH, person, query="bees", top_k=1), 30),
            driver.call(Request(Op.LIST, person, limit=1), 30),
        ]
        driver.call(Request(Op.SET, person, key="colour", text=f"blue {number}"), 30)
        keyed = driver.call(Request(Op.GET_KEYED, person, key="colour"), 30)
        deleted = driver.call(Request(Op.DELETE, person, memory_id=one.id), 30)
        absent = driver.call(Request(Op.GET, person, memory_id=one.id), 30)
        kinds.update(kind(each) for each in (added, again, *replies, keyed, deleted))
        kinds[f"{kind(absent)} {absent.status}"] += 1
        seen = [(m.id, m.content, m.person, m.version) for reply in replies for m in reply.memories]
        if seen != [(one.id, newer, person, 2)] * 4 or again.memories[0].id != one.id:
            wrong.append(f"{number}: {seen}")
        if [m.content for m in keyed.memories] != [f"blue {number}"]:
            wrong.append(f"{number}: {keyed.memories}")

    with served() as url, closing(PluginDriver.open(REFERENCE, url, None, processes=2)) as driver, ticking() as worst:
        gevent.joinall([gevent.spawn(live, driver, number) for number in range(64)], raise_error=True)
        pages = [driver.call(Request(Op.ADD, "pages", text=f"page {n}"), 30) for n in range(3)]
        first = driver.call(Request(Op.LIST, "pages", limit=2), 30)
        second = driver.call(Request(Op.LIST, "pages", limit=2, cursor=first.next_cursor), 30)
        export = driver.call(Request(Op.EXPORT, "pages"), 30)
        erase = driver.call(Request(Op.ERASE, "pages"), 30)
        messages = [{"role": "user", "content": "I live in Lisbon."}]
        ingest = driver.call(Request(Op.INGEST, "ann", messages=messages), 30)
        return {
            "wrong": wrong,
            "kinds": kinds,
            "about": driver.about(),
            "pids": len(set(driver.pids)),
            "rss_mb": driver.rss_mb,
            "worst_tick_s": worst[0],
            "pages": [[m.id for m in reply.memories] for reply in (first, second)]
            == [[m.id for reply in reversed(part) for m in reply.memories] for part in (pages[1:], pages[:1])],
            "last_cursor": second.next_cursor,
            "exported": [len(export.memories), (export.document or b"").count(b"\n")],
            "operations": [bool(each.operation_id) and each.operation_status for each in (erase, ingest)],
            "supports": sorted(driver.supports),
            "blind": sorted(driver.blind),
        }


def killed() -> Any:
    """Kill the one process of a plugin with SIGKILL while 16 greenlets call it all the time."""
    notes: list[str] = []
    kinds: Counter[str] = Counter()
    with served() as url, closing(PluginDriver.open(REFERENCE, url, None, on_note=notes.append)) as driver:
        until = time.monotonic() + 6

        def call(number: int) -> None:
            while time.monotonic() < until:
                kinds[kind(driver.call(Request(Op.LIST, f"p{number}"), 20))] += 1

        with ticking() as worst:
            greenlets = [gevent.spawn(call, number) for number in range(16)]
            gevent.sleep(0.5)
            os.kill(driver.pids[0], signal.SIGKILL)
            gevent.sleep(0.2)
            before = kinds["ok"]
            gevent.joinall(greenlets, raise_error=True)
        return {"kinds": kinds, "before": before, "about": driver.about(), "notes": notes, "worst_tick_s": worst[0]}


def one_of_two_killed() -> Any:
    """Kill one of two idle processes: calls go to the other one while the first comes back."""
    with served() as url, closing(PluginDriver.open(REFERENCE, url, None, processes=2)) as driver:
        dead = driver.pids[0]
        os.kill(dead, signal.SIGKILL)
        gevent.sleep(0.1)
        replies = [driver.call(Request(Op.LIST, "p"), 5) for _ in range(20)]
        until = time.monotonic() + 20
        while driver.about()["restarts"] == 0 and time.monotonic() < until:
            gevent.sleep(0.05)
        longest = max(reply.end - reply.start for reply in replies)
        pids = driver.pids
        return {"kinds": Counter(map(kind, replies)), "longest_s": longest, "living": len(pids), "back": dead in pids}


def failing() -> Any:
    """Meet a server that is silent, one that is not there, a wrong key, a full pipe of refusals."""
    told = {}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with closing(PluginDriver.open(REFERENCE, url, KEY, timeout_s=1.0)) as driver:
            reply = driver.call(Request(Op.ADD, "p", text="tea"), 1.0)
            told["silent"] = [kind(reply), reply.end - reply.start]
    with closing(PluginDriver.open(REFERENCE, url, KEY, timeout_s=1.0)) as driver:
        told["nobody reads"] = [kind(driver.call(Request(Op.SEARCH, "p", query="tea"), 5.0))]
        told["nobody writes"] = [kind(driver.call(Request(Op.ADD, "p", text="tea"), 5.0))]
        told["not mapped"] = [kind(driver.call(Request(Op.BATCH, "p", texts=["a"]), 5.0))]
    with served(["--api-key", "another-key"]) as url, closing(PluginDriver.open(REFERENCE, url, KEY)) as driver:
        reply = driver.call(Request(Op.LIST, "p"), 5.0)
        said = reply.failed.said if reply.failed else ""
        told["wrong key"] = [kind(reply), reply.status, KEY in said, bool(said)]
    return told


def unruly() -> Any:
    """Call a plugin that hangs, one that raises, one that dies in each call, and one that answers in its own way."""
    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for how in ("hang", "fail", "die", "slow"):
            path = Path(folder) / f"{how}.yaml"
            tool = {"tool": "misbehave", "operation": "addMemory", "parameters": _unruly_parameters(how)}
            path.write_text(yaml.safe_dump({**_UNRULY_MAP, "tools": [tool]}))
            notes: list[str] = []
            opened = PluginDriver.open(UNRULY, "http://127.0.0.1:9", None, on_note=notes.append, map_file=path)
            with closing(opened) as driver:
                replies = [driver.call(Request(Op.ADD, "p", text="x"), 2.5) for _ in range(2)]
                told[how] = [[kind(each) for each in replies], max(each.end - each.start for each in replies)]
                told[f"{how} restarts"] = driver.about()["restarts"]
    return told


_UNRULY_MAP = {
    "format": "memconform.plugin-map/1",
    "credentials": {"base_url": "{base_url}", "api_key": "{api_key}"},
    "deadline_s": 5,
}


def _unruly_parameters(how: str) -> dict[str, str]:
    return {"how": how, "text": "{content}", "who": "{user_id}"}


def wrong() -> Any:
    """Open what cannot be opened; return what each is told."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.yaml"
        tool = {"tool": "remember", "operation": "addMemory", "parameters": {"text": "{content}"}}
        path.write_text(yaml.safe_dump({**_UNRULY_MAP, "tools": [tool]}))
        attempts: dict[str, Callable[[], PluginDriver]] = {
            "unknown tool": lambda: PluginDriver.open(REFERENCE, "http://127.0.0.1:9", None, map_file=path),
            "no mapping": lambda: PluginDriver.open(UNRULY, "http://127.0.0.1:9", None),
            "no plugin": lambda: PluginDriver.open(folder, "http://127.0.0.1:9", None),
        }
        return {name: _refusal(attempt) for name, attempt in attempts.items()}


def _refusal(attempt: Callable[[], PluginDriver]) -> list[str]:
    try:
        attempt().close()
    except (PluginFailed, UsageError) as refusal:
        return [type(refusal).__name__, str(refusal)]
    return []


if __name__ == "__main__":
    sys.stdout.write(json.dumps(globals()[sys.argv[1]]()) + "\n")
