"""The life of a baseline with real servers: known, unexpected, mended and stale, expired, flaky; and its commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from memconform.contract import validator
from memconform.serving import served

HERE = Path(__file__).parent
ALICE, BOB = "key-of-alice-0123456789", "key-of-bob-9876543210"
KEYS = {"MEMCONFORM_SERVER_API_KEYS": f"{ALICE},{BOB}"}
CLIENT_KEYS = {"MEMCONFORM_API_KEY": ALICE, "MEMCONFORM_SECOND_API_KEY": BOB}
DEFECT, OTHER = "second-delete-is-204", "leaves-out-empty-metadata"
GONE = "test_core_deleting.py::test_deleted_memory_is_gone"
SOME = ("--budget", "smoke", "--requirement", "CORE-13", "--requirement", "BATCH-01", "--requirement", "CORE-07")
FILE = "memconform-baseline.toml"
PAST = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()


@pytest.fixture(scope="module")
def defective() -> Iterator[str]:
    """Serve with a defect that breaks CORE-13 and BATCH-01."""
    with served(["--defect", DEFECT], KEYS) as url:
        yield url


@pytest.fixture(scope="module")
def worse() -> Iterator[str]:
    """Serve with that defect and another one, which the exchanges of many tests show (CORE-28)."""
    words = [sys.executable, str(HERE / "two_defects.py"), DEFECT, OTHER, "--port", "0", "--no-access-log"]
    process = subprocess.Popen(words, env={**os.environ, **KEYS}, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield next(word for word in process.stdout.readline().split() if word.startswith("http"))
    process.terminate()
    process.communicate(timeout=15)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, defective: str) -> Path:
    """Return a folder with a result of the server with one defect, and the baseline that the command made of it."""
    folder = tmp_path_factory.mktemp("written")
    environment = {**os.environ, **CLIENT_KEYS, "MEMCONFORM_STATE": str(folder / "state")}
    for words, code in (
        (("check", defective, *SOME, "--json", "result.json"), 1),
        (("baseline", "update", "result.json", "--reason", "mended in 2.4"), 0),
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "memconform", *words], cwd=folder, env=environment, capture_output=True, check=False
        )
        assert ended.returncode == code, ended.stderr
    return folder


@pytest.fixture
def known(memconform: Any, written: Path) -> Path:
    """Put that result and that baseline where the test runs its commands; return the baseline's file."""
    for name in ("result.json", FILE):
        shutil.copy(written / name, memconform.folder)
    file: Path = memconform.folder / FILE
    return file


def test_the_life_of_a_baseline(memconform: Any, defective: str, worse: str, reference: str) -> None:
    """It fails, is listed, passes as known; a second defect is unexpected; when all is mended, each entry is stale."""
    # It fails; what fails is listed.
    assert memconform.check(defective, *SOME).code == 1
    ended = memconform.run("baseline", "update", "result.json", "--baseline", FILE, "--reason", "mended in 2.4")
    assert ended.code == 0, ended.said
    assert "2 added, 0 removed, 0 kept" in ended.out
    file = memconform.folder / FILE
    file.write_text(
        file.read_text().replace(
            '[[failure]]\nrequirement = "CORE-13"', '# why we wait: 4711\n[[failure]]\nrequirement = "CORE-13"'
        )
    )
    # From now on it passes, and is not conformant.
    ended = memconform.check(defective, *SOME, "--baseline", FILE)
    assert ended.code == 0, ended.said
    assert "NOT CONFORMANT in what was selected, as the baseline knows: 2 known failures until" in ended.out
    assert "\nCONFORMANT" not in ended.out
    assert ended.out.count("mended in 2.4") == 2
    assert validator("conformance").errors(ended.result) == []
    assert (ended.result["verdict"]["exit_code"], ended.result["baseline"]["exit_code"]) == (1, 0)
    # A second defect is unexpected.
    ended = memconform.check(worse, *SOME, "--baseline", FILE)
    assert ended.code == 1, ended.said
    assert {each["requirement"] for each in ended.result["baseline"]["unexpected"]} >= {"CORE-28"}
    assert {each["requirement"] for each in ended.result["baseline"]["known"]} == {"CORE-13", "BATCH-01"}
    assert "UNEXPECTED  CORE-28 (" in ended.out
    assert "and not as the baseline knows" in ended.out
    # It is mended: the entries are stale, which is an error until they are gone.
    ended = memconform.check(reference, *SOME, "--baseline", FILE)
    assert ended.code == 1, ended.said
    assert ended.result["verdict"]["conformance"] == "conformant"
    assert ended.out.count("STALE ") == 2
    ended = memconform.run("baseline", "update", "result.json")
    assert "0 added, 2 removed, 0 kept" in ended.out
    assert "4711" not in file.read_text()
    assert file.read_text().startswith("# Known failures")
    ended = memconform.check(reference, *SOME, "--baseline", FILE)
    assert ended.code == 0, ended.said
    assert "CONFORMANT in what was selected —" in ended.out


def test_a_mended_half_leaves_the_other_entry_alone(memconform: Any, worse: str, defective: str) -> None:
    """Of two defects one is mended: its entries are stale and go, those of the other stay known."""
    whole = ("--budget", "smoke")  # a fault of exchanges is stale only when all tests ran
    assert memconform.check(worse, *whole).code == 1
    listed = memconform.run("baseline", "update", "result.json", "--reason", "old")
    assert "left out" not in listed.out
    assert memconform.check(worse, *whole, "--baseline", FILE).code == 0
    ended = memconform.check(defective, *whole, "--baseline", FILE)
    assert ended.code == 1, ended.said
    assert {each["requirement"] for each in ended.result["baseline"]["stale"]} >= {"CORE-28"}
    assert ended.result["baseline"]["unexpected"] == []
    assert memconform.run("baseline", "update", "result.json").code == 0
    ended = memconform.check(defective, *whole, "--baseline", FILE)
    assert ended.code == 0, ended.said
    assert {each["requirement"] for each in ended.result["baseline"]["known"]} == {"CORE-13", "BATCH-01"}


def test_an_expired_entry_is_an_error(memconform: Any, known: Path, defective: str) -> None:
    """What was tolerated until the day before yesterday is told with its reason; an update does not renew it."""
    text = known.read_text()
    until = next(line for line in text.splitlines() if line.startswith("expires"))
    known.write_text(text.replace(until, f"expires = {PAST}"))
    ended = memconform.check(defective, *SOME, "--baseline", FILE)
    assert ended.code == 1, ended.said
    assert f"was tolerated until {PAST}: mended in 2.4" in ended.out
    assert ended.result["baseline"]["unexpected"] == []
    ended = memconform.run("baseline", "update", "result.json", "--reason", "again")
    assert ended.code == 0
    assert "0 added, 0 removed, 2 kept" in ended.out
    assert "decide again" in ended.out
    assert PAST in known.read_text()


def test_a_flaky_one_is_told_and_held_against_nobody(memconform: Any, defective: str, reference: str) -> None:
    """It may fail, and it may pass: both times the run passes, and both times it is told."""
    entries = "".join(
        f'[[flaky]]\nrequirement = "{name}"\nreason = "a race"\nexpires = 2999-01-01\n\n'
        for name in ("CORE-13", "BATCH-01")
    )
    (memconform.folder / FILE).write_text(entries)
    ended = memconform.check(defective, *SOME, "--baseline", FILE)
    assert ended.code == 0, ended.said
    assert "NOT CONFORMANT in what was selected, as the baseline knows: 2 flaky failures until 2999-01-01" in ended.out
    ended = memconform.check(reference, *SOME, "--baseline", FILE)
    assert ended.code == 0, ended.said
    assert "flaky       CORE-13 passed this time" in ended.out
    assert ended.result["baseline"]["stale"] == []


@pytest.mark.usefixtures("known")
def test_what_was_not_selected_is_not_stale(memconform: Any, reference: str) -> None:
    """A run of one other requirement says nothing about the entries, and says that."""
    ended = memconform.check(reference, "--requirement", "CORE-07", "--budget", "smoke", "--baseline", FILE)
    assert ended.code == 0, ended.said
    assert f"not judged  CORE-13 {GONE}: not selected this time" in ended.out


def test_a_result_that_is_there_is_compared(memconform: Any, known: Path) -> None:
    """`baseline check` gives the same exit code and words as the run would have."""
    ended = memconform.run("baseline", "check", "result.json")
    assert ended.code == 0, ended.said
    assert "as the baseline knows: 2 known failures" in ended.out
    known.write_text("")
    ended = memconform.run("baseline", "check", "result.json", "--baseline", FILE)
    assert ended.code == 1
    assert "no entries, so nothing that failed is known" in ended.out
    assert ended.out.count("UNEXPECTED") == 2
    known.write_text('[[failure]]\nrequirement = "CORE-13"\nreason = ""\nexpires = 2999-01-01\n')
    ended = memconform.run("baseline", "check", "result.json")
    assert ended.code == 2
    assert "failure 1: reason" in ended.err


def test_entries_are_listed(memconform: Any, known: Path) -> None:
    """`baseline show` tells what is tolerated, for how long, and what has expired; as JSON, too."""
    known.write_text(known.read_text() + f'\n[[flaky]]\nrequirement = "CORE-16"\nreason = "a race"\nexpires = {PAST}\n')
    ended = memconform.run("baseline", "show")
    assert ended.code == 0
    assert ended.out.splitlines()[0].startswith(f"{PAST} EXPIRED  flaky")
    assert "(90 days left)" in ended.out
    assert "tolerated because: mended in 2.4" in ended.out
    rows = json.loads(memconform.run("baseline", "show", "--json").out)
    assert [(row["requirement"], row["flaky"]) for row in rows] == [
        ("CORE-16", True), ("BATCH-01", False), ("CORE-13", False),
    ]  # fmt: skip


def test_an_update_asks_for_a_reason(memconform: Any, defective: str) -> None:
    """Without one nothing is added and nothing is written; a dry run says what would be."""
    assert memconform.check(defective, *SOME).code == 1
    for words, code, said in (
        ((), 2, f"CORE-13 {GONE}"),
        (("--reason", "  "), 2, "--reason is empty"),
        (("--reason", "r", "--expires", "2020-01-01"), 2, "has passed already"),
        (("--reason", "r", "--expires", "tomorrow"), 2, "tomorrow"),
        (("--dry-run",), 0, "nothing was written"),
    ):
        ended = memconform.run("baseline", "update", "result.json", *words)
        assert (ended.code, said in ended.said) == (code, True), ended.said
        assert not (memconform.folder / FILE).exists()
    ended = memconform.run("baseline", "update", "result.json", "--reason", "r", "--expires", "2999-12-31")
    assert ended.code == 0
    assert (memconform.folder / FILE).read_text().count("expires = 2999-12-31") == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "makes one"), ("[[failure", "is no TOML"), ('[[failure]]\nrequirement = "CORE-13"\n', "reason")],
    ids=["absent", "no TOML", "no reason"],
)
def test_a_baseline_that_makes_no_sense_stops_the_run(memconform: Any, text: str | None, said: str) -> None:
    """Exit 2 before the first request: a run without the baseline would say something else than was asked."""
    if text is not None:
        (memconform.folder / FILE).write_text(text)
    ended = memconform.check("http://127.0.0.1:1", "--baseline", FILE)
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.said


def plain_pytest(memconform: Any, url: str) -> subprocess.CompletedProcess[str]:
    """Run the suite with the baseline by pytest itself, with its own report."""
    words = [sys.executable, "-m", "pytest", "-p", "memconform.plugin", "-p", "no:cacheprovider", "-rx"]
    words += [f"--memory-url={url}", "--memory-budget=smoke", f"--memory-baseline={FILE}"]
    words += [f"--memory-requirement={name}" for name in ("CORE-13", "BATCH-01", "CORE-07")]
    environment = memconform.environment({"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    return subprocess.run(
        words, cwd=memconform.folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_plain_pytest_expects_what_is_known(memconform: Any, known: Path, defective: str, reference: str) -> None:
    """`--memory-baseline`: known failures are expected failures with their reason; a stale entry fails the session."""
    ended = plain_pytest(memconform, defective)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "2 xfailed" in ended.stdout
    assert "mended in 2.4" in ended.stdout
    ended = plain_pytest(memconform, reference)
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED
    assert "STALE" in ended.stdout
    known.write_text("nonsense")
    ended = plain_pytest(memconform, reference)
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert "is no TOML" in ended.stderr


@pytest.mark.usefixtures("known")
def test_the_run_can_be_repeated(memconform: Any, defective: str) -> None:
    """The command in the result names the baseline, and gives the same."""
    ended = memconform.check(defective, *SOME, "--baseline", FILE)
    command = ended.result["run"]["command"].split()[1:]
    assert "--baseline" in command
    assert memconform.run(*command).code == 0
