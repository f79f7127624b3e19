"""A migration that dies, or whose target does, goes on: nothing twice, nothing lost, and no doubt kept quiet."""

from __future__ import annotations

import random
import shlex
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from memconform.ports import free_port
from memconform.serving import served

from .migrating import ANN, Middle, Migrate, Mortal, Server, between, journal_lines, wait_for

MANY = 24


@pytest.fixture
def migrate(tmp_path: Path) -> Migrate:
    """Run `memconform migrate` in an empty folder."""
    return Migrate(tmp_path)


@pytest.fixture(scope="module")
def source() -> Iterator[Server]:
    """Serve a source with many memories of Ann's: equal ones, keyed ones, and a chain of superseded ones."""
    with served() as url:
        server = Server(url)
        before: list[str] = []
        for number in range(MANY):
            before = [server.add(f"step {number % 30}", supersedes=before if number % 7 else [], metadata={"n": 1})]
            server.add(f"same {number % 5}", {**ANN, "session_id": str(number % 3)})
        server.set("editor", "vim")
        yield server


def everything(source: Server, target: Server, ran_rows: list[dict[str, object]]) -> None:
    """Hold the target against the source: the same memories, as often, superseded ones among them."""
    assert target.contents() == source.contents()
    assert len({row["as"] for row in ran_rows}) == len(ran_rows)
    for row in ran_rows:
        assert target.get(str(row["as"]))["content"] == source.get(str(row["id"]))["content"]


@pytest.mark.parametrize(("words", "options"), [(["--write", "add"], []), ([], []), (["--write", "add"], ["core"])])
@pytest.mark.parametrize("seed", range(2))
def test_killed_at_any_moment_it_goes_on(
    migrate: Migrate, source: Server, words: list[str], options: list[str], seed: int
) -> None:
    """Killed again and again, wherever it stands, it carries everything once."""
    chance = random.Random(f"{seed} {words} {options}")
    serve = ["--variant", "core-and-supersession"] if options else []
    with served(serve) as url:
        lines = 0
        for _ in range(4):
            lines += chance.randint(1, 90)
            if migrate.killed(source.url, url, lines, *words) != -signal.SIGKILL:
                break
        ran = migrate.run(source.url, url, *words)
        assert ran.code in (0, 1), ran.err
        assert ran.counts["records"] == 2 * MANY + 1
        assert ran.receipt["runs"] > 1
        everything(source, Server(url), ran.receipt["records"])


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("words", [["--write", "add"], []])
def test_a_target_that_dies_midway(
    migrate: Migrate, source: Server, tmp_path: Path, words: list[str], seed: int
) -> None:
    """It says so, with the command to go on; when the target is back, that command carries the rest once."""
    target = Mortal(tmp_path / "memories.db")
    target.start()
    try:
        process = migrate.start(source.url, target.url, "--timeout", "5", *words)
        planned = 2 * MANY + 2
        more = random.Random(seed).randint(1, 120) if words else 1
        wait_for(lambda: process.poll() is not None or journal_lines(migrate.journals()) >= planned + more)
        target.kill()
        _, err = process.communicate(timeout=60)
        assert process.returncode == 3
        assert f"the target {target.url} does not answer" in err
        again = shlex.split(err.rpartition("To go on: ")[2])
        target.start()
        ran = migrate.run(source.url, target.url, *again[again.index("--timeout") :])
        assert ran.code in (0, 1), ran.err
        everything(source, Server(target.url), ran.receipt["records"])
    finally:
        target.kill()


@pytest.mark.parametrize("words", [["--write", "add"], []])
def test_a_target_that_dies_between_a_write_and_its_answer(migrate: Migrate, source: Server, words: list[str]) -> None:
    """That a repeat finds nobody is no proof that the first was not done, in this run or the next."""
    port = free_port()
    with served() as url:
        with between(url, lambda number: "gone" if number == (4 if words else 1) else None, port) as middle:
            ran = migrate.run(source.url, middle.url, *words)
            assert (ran.code, "does not answer" in ran.err) == (3, True)
        assert migrate.run(source.url, middle.url, *words).code == 3
        with between(url, lambda _: None, port) as middle:
            ran = migrate.run(source.url, middle.url, *words)
        assert ran.code in (0, 1), ran.err
        everything(source, Server(url), ran.receipt["records"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_the_journal(migrate: Migrate, source: Server, number: int) -> None:
    """Ctrl-C, or a stop by the system, ends it with 3 and the command to go on."""
    with served() as url:
        process = migrate.start(source.url, url, "--write", "add")
        wait_for(lambda: journal_lines(migrate.journals()) > 2 * MANY + 20)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, "interrupted" in err, "Traceback" in err) == (3, True, False)
        assert "To go on: memconform migrate --from" in err
        assert "not finished" in out
        ran = migrate.run(source.url, url, "--write", "add")
        assert (ran.code, ran.receipt["runs"]) == (1, 2)
        everything(source, Server(url), ran.receipt["records"])


@pytest.mark.parametrize("variant", [[], ["--variant", "core-and-supersession"]])
@pytest.mark.parametrize("fault", ["before", "after", "500 after"])
def test_writes_without_an_answer(migrate: Migrate, source: Server, variant: list[str], fault: str) -> None:
    """Whether a write was done or not, it is found out before another goes out, and the receipt says how."""
    with served(variant) as url, between(url, lambda number: fault if number % 9 == 4 else None) as middle:
        ran = migrate.run(source.url, middle.url, "--write", "add")
        assert ran.code == 1, ran.err
        everything(source, Server(url), ran.receipt["records"])
        if variant:
            decided = Counter(doubt["decision"] for doubt in ran.receipt["doubts"])
            assert set(decided) == {"sent again" if fault == "before" else "found"}
            assert all(doubt["certain"] for doubt in ran.receipt["doubts"])


@pytest.mark.parametrize("fault", ["before", "after"])
def test_an_import_without_an_answer(migrate: Migrate, source: Server, fault: str) -> None:
    """A file that may have been taken in is looked for by its ids before it goes out again."""
    with served() as url, between(url, lambda number: fault if number == 1 else None) as middle:
        ran = migrate.run(source.url, middle.url)
        assert (ran.code, ran.counts) == (0, {"records": 2 * MANY + 1, "carried": 2 * MANY + 1})
        assert middle.writes == (2 if fault == "before" else 1)
        assert {doubt["decision"] for doubt in ran.receipt["doubts"]} == {
            "sent again" if fault == "before" else "found"
        }


@pytest.mark.parametrize("words", [["--write", "add"], []])
def test_an_overloaded_target_is_waited_for(migrate: Migrate, words: list[str]) -> None:
    """503 with Retry-After is waited out as often as --patience allows, and each write is done once."""
    with served() as one, served(["--variant", "core-and-portability"]) as two:
        Server(one).add("tea")
        with between(two, lambda number: "503" if number <= 4 else None) as middle:
            slow = migrate.run(one, middle.url, *words, "--patience", "1.5")
            assert (slow.code, "--patience 1.5" in slow.err, middle.writes) == (3, True, 2)
            ran = migrate.run(one, middle.url, *words)
            assert (ran.code, middle.writes) == (1 if words else 0, 5)
        assert Server(two).contents() == Counter(["tea"])


def test_a_write_that_comes_late(migrate: Migrate) -> None:
    """A target that is slower than the time-out may still store it: it is looked for more than once, not sent twice."""
    with served() as one, served(["--variant", "only-core"]) as two:
        Server(one).add("tea")
        with between(two, lambda number: "late" if number == 1 else None) as middle:
            ran = migrate.run(one, middle.url, "--write", "add", "--timeout", "1")
            assert middle.writes == 1
        assert [(doubt["decision"], doubt["certain"]) for doubt in ran.receipt["doubts"]] == [("found", True)]
        assert Server(two).contents() == Counter(["tea"])


def test_what_cannot_be_decided_is_said(migrate: Migrate) -> None:
    """Where a memory like the one in doubt was there before, none is added, and it is said that it may be another's."""
    with served() as one, served(["--variant", "only-core"]) as two:
        Server(one).add("tea")
        Server(two).add("tea")
        time.sleep(3)
        with between(two, lambda number: "before" if number == 1 else None) as middle:
            ran = migrate.run(one, middle.url, "--write", "add")
        assert [(doubt["decision"], doubt["certain"]) for doubt in ran.receipt["doubts"]] == [("found", False)]
        assert "1, of which 1 could not be decided for sure" in ran.out
        assert Server(two).contents() == Counter(["tea"])


def test_a_target_that_always_fails_is_left_in_peace(migrate: Migrate, source: Server) -> None:
    """After a few records at which it fails the migration stops, and goes on where it can."""
    with served(["--variant", "core-and-supersession"]) as url:
        with between(url, lambda _: "500 before") as middle:
            assert fails(migrate, source, middle)
        ran = migrate.run(source.url, url, "--write", "add", "--journal", "other.jsonl")
        assert ran.code == 1


def fails(migrate: Migrate, source: Server, middle: Middle) -> bool:
    """Run against a target that fails at every write; tell whether that was said."""
    ran = migrate.run(source.url, middle.url, "--write", "add")
    assert middle.writes < 40
    return ran.code == 3 and "fails at one write after the other" in ran.err
