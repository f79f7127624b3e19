"""What a version of the contract requires stays as it is; what a later one adds is tested, reported and not scored."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from memconform.contract import badge_profiles, content, content_root, profiles, requirements, validator
from memconform.contract.freezing import main as freezing
from memconform.contract.frozen import departures, digest, frozen_set, frozen_versions, requirement_set
from memconform.contract.requirements import Profile, Requirement
from memconform.contract.versions import came_with, judged_against, minor, newest
from memconform.serving import served

HERE = Path(__file__).parent
DEFECT = "second-delete-is-204"
BROKEN = ("CORE-13", "BATCH-01")
"""The requirements that the defect breaks at the budget smoke; the bent contract says that they came with 1.1."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("contract", frozen_versions())
def test_what_a_version_requires_is_what_it_required(contract: str) -> None:
    """Nothing that was released is gone, stricter or said otherwise: every row is as it was frozen, or has `since`."""
    today = requirement_set(contract, profiles().values(), requirements().values())
    assert list(departures(frozen_set(contract), today)) == []


def test_every_version_but_the_newest_is_frozen() -> None:
    """1.0 is frozen, and so is each version before the newest; no row came with a version that there is not."""
    versions = [f"1.{number}" for number in range(minor(newest()) + 1)]
    assert frozen_versions() in (versions, versions[:-1])
    assert frozen_versions()[0] == "1.0"
    for row in requirements().values():
        assert came_with(row.since, newest())
        assert came_with(profiles()[row.profile].since, row.since), f"{row.id} is older than its profile"


ROW = requirements()["CORE-13"]


@pytest.mark.parametrize(
    ("bent", "said"),
    [
        ([replace(ROW, statement=f"{ROW.statement} At once.")], "restate CORE-13"),
        ([replace(ROW, when="the moon is full")], "restate CORE-13"),
        ([replace(ROW, level="SHOULD")], "CORE-13 has another level than in contract 1.0"),
        ([replace(ROW, profile="erasure")], "CORE-13 has another profile than in contract 1.0"),
        ([], "CORE-13 of contract 1.0 is gone"),
        ([replace(ROW, since="1.1")], "CORE-13 of contract 1.0 is gone"),
        ([ROW, replace(ROW, id="CORE-99")], "CORE-99 is not in contract 1.0: say with `since`"),
    ],
    ids=["statement", "condition", "level", "profile", "removed", "said to be new", "added without since"],
)
def test_a_departure_is_found(bent: list[Requirement], said: str) -> None:
    """Each way to change what a released version requires is told, with what to do instead."""
    rows = [*(row for row in requirements().values() if row.id != "CORE-13"), *bent]
    (found,) = departures(frozen_set("1.0"), requirement_set("1.0", profiles().values(), rows))
    assert said in found


def test_a_badge_does_not_ask_for_more() -> None:
    """A profile that needs another badge than it did, or is gone, is a departure; one with `since` is none."""
    others = [each for each in profiles().values() if each.name != "keyed"]
    sooner = Profile("keyed", "t", "core")
    for bent, told in (
        ([*others, sooner], ["keyed has another badge than in contract 1.0: it needs a new id"]),
        (others, ["profile keyed of contract 1.0 is gone: a version of the contract loses nothing"]),
        ([*profiles().values(), Profile("later", "t", "core", since="1.1")], []),
    ):
        today = requirement_set("1.0", bent, requirements().values())
        assert list(departures(frozen_set("1.0"), today)) == told


def test_white_space_and_new_rows_change_nothing() -> None:
    """The digest is of the words: line breaks are free, and a row with `since` is not in the older set."""
    loose = replace(ROW, statement=ROW.statement.replace(" ", "\n  "))
    assert digest(loose) == digest(ROW)
    rows = [*requirements().values(), replace(ROW, id="CORE-99", since="1.1")]
    assert list(departures(frozen_set("1.0"), requirement_set("1.0", profiles().values(), rows))) == []
    assert [row["id"] for row in requirement_set("1.1", (), rows)["requirements"]][-1] == "CORE-99"


@pytest.mark.parametrize(
    ("declared", "judged"),
    [("1.0", "1.0"), ("1.7", newest()), (None, "1.0"), ("2.0", "1.0"), ("1", "1.0"), (["1.0"], "1.0"), ("1.01", "1.0")],
    ids=str,
)
def test_a_server_is_judged_against_what_it_declares(declared: object, judged: str) -> None:
    """Never against more than this suite knows; a server that declares no version promises no more than the first."""
    assert judged_against(declared) == judged


# With a contract that has a version 1.1.


@pytest.fixture(scope="module")
def later_contract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a copy of schemas and suite whose newest version is 1.1; two requirements came with it."""
    root = tmp_path_factory.mktemp("later")
    for part in ("schemas", "conformance/suite", "fixtures/data"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(content_root() / part, root / "_content" / part, ignore=ignored)
    file = root / "_content/schemas/v1/requirements.yaml"
    text = file.read_text().replace('contract: "1.0"', 'contract: "1.1"', 1)
    for name in BROKEN:
        assert f"- id: {name}\n" in text
        text = text.replace(f"- id: {name}\n", f'- id: {name}\n    since: "1.1"\n')
    file.write_text(text)
    return root


@pytest.fixture
def bent(memconform: Any, later_contract: Path) -> Run:
    """Run memconform, or pytest, with that contract."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environment = memconform.environment({"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
        command = [sys.executable, str(HERE / "bent_contract.py"), str(later_contract), *words]
        return subprocess.run(
            command, cwd=memconform.folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run


@pytest.fixture(scope="module")
def defective() -> Iterator[str]:
    """Serve the reference with the defect; it declares contract 1.0."""
    with served(
        ["--defect", DEFECT], {"MEMCONFORM_SERVER_API_KEYS": "key-of-alice-0123456789,key-of-bob-9876543210"}
    ) as url:
        yield url


@pytest.fixture(scope="module")
def later_server() -> Iterator[str]:
    """Serve the same as a server that declares contract 1.1."""
    words = [sys.executable, str(HERE / "later_server.py"), "--port", "0", "--no-access-log", "--defect", DEFECT]
    process = subprocess.Popen(
        words,
        env={**os.environ, "MEMCONFORM_SERVER_API_KEYS": "key-of-alice-0123456789,key-of-bob-9876543210"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield next(word for word in process.stdout.readline().split() if word.startswith("http"))
    process.terminate()
    process.communicate(timeout=15)


def test_an_added_requirement_is_reported_and_not_scored(memconform: Any, bent: Run, defective: str) -> None:
    """A server of 1.0 breaks two requirements of 1.1: they are tested and told, and it is conformant with its badge."""
    ended = bent("memconform", "check", defective, "--budget", "smoke", "--json", "result.json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    result = json.loads((memconform.folder / "result.json").read_text())
    assert validator("conformance").errors(result) == []
    assert result["contract"] == "1.0"
    unscored = {row["id"]: row for row in result["requirements"] if "scored" in row}
    assert set(unscored) == set(BROKEN)
    assert {(row["outcome"], row["scored"], row["since"]) for row in unscored.values()} == {("fail", False, "1.1")}
    assert sum(test["outcome"] == "fail" for test in result["tests"]) >= len(BROKEN)
    verdict = result["verdict"]
    assert (verdict["conformance"], verdict["badge"], verdict["exit_code"]) == ("conformant", "full", 0)
    assert "fail" not in verdict["counts"]
    assert sum(verdict["counts"].values()) == len(result["requirements"]) - len(BROKEN)
    assert all("fail" not in profile["counts"] for profile in result["profiles"])
    assert "CONFORMANT, badge Full" in ended.stdout
    for name in BROKEN:
        assert any("unscored" in line.lower() and name in line for line in ended.stdout.splitlines()), ended.stdout


def test_a_server_of_the_later_version_fails(memconform: Any, bent: Run, later_server: str) -> None:
    """The same server declares 1.1: now both requirements are its own, and it is not conformant."""
    ended = bent("memconform", "check", later_server, "--budget", "smoke", "--json", "result.json")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    result = json.loads((memconform.folder / "result.json").read_text())
    assert result["contract"] == "1.1"
    assert {row["id"] for row in result["requirements"] if row["outcome"] == "fail"} == set(BROKEN)
    assert not any("scored" in row for row in result["requirements"])
    assert "FAIL CORE-13" in ended.stdout


ONE = ("--requirement", "CORE-13", "--requirement", "CORE-07", "--budget", "smoke")


@pytest.mark.parametrize(
    ("server", "contract", "code"),
    [("defective", "1.1", 1), ("defective", "1.0", 0), ("later_server", "1.0", 0), ("later_server", "1.1", 1)],
)
def test_the_version_can_be_chosen(
    bent: Run, request: pytest.FixtureRequest, server: str, contract: str, code: int
) -> None:
    """`--contract` comes before what the server declares."""
    ended = bent("memconform", "check", request.getfixturevalue(server), *ONE, "--contract", contract)
    assert ended.returncode == code, ended.stdout + ended.stderr


def test_only_what_is_scored_can_be_conformant(bent: Run, reference: str) -> None:
    """Where nothing that was tested counts, nothing is proven: the run is incomplete, not conformant."""
    ended = bent("memconform", "check", reference, "--requirement", "CORE-13", "--budget", "smoke")
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "INCOMPLETE" in ended.stdout


def test_plain_pytest_expects_an_unscored_failure(bent: Run, defective: str) -> None:
    """With pytest's own report it is an expected failure, with its reason, and the run passes."""
    ended = bent("pytest", "-p", "memconform.plugin", "-rx", "--memory-url", defective, "--memory-budget=smoke",
                 "--memory-requirement=CORE-13", "--memory-requirement=CORE-07", "-p", "no:cacheprovider")  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 xfailed" in ended.stdout
    assert "unscored: CORE-13 came with contract 1.1, the server is judged against 1.0" in ended.stdout


def test_an_unscored_requirement_needs_no_baseline(memconform: Any, bent: Run, defective: str) -> None:
    """Its failure is not unexpected, and an entry about it is neither stale nor of use."""
    file = memconform.folder / "known.toml"
    file.write_text('[[failure]]\nrequirement = "CORE-13"\nreason = "r"\nexpires = 2999-01-01\n')
    ended = bent("memconform", "check", defective, *ONE, "--baseline", "known.toml", "--json", "result.json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = json.loads((memconform.folder / "result.json").read_text())["baseline"]
    assert [entry["seen"] for entry in said["not_judged"]] == ["unscored"]
    assert said["unexpected"] == said["stale"] == []


def test_the_list_says_what_came_later(bent: Run) -> None:
    """`memconform requirements` marks what came with a later version, and lists it alone."""
    said = bent("memconform", "requirements").stdout
    assert said.count("(since 1.1)") == len(BROKEN)
    alone = bent("memconform", "requirements", "--since", "1.1").stdout.splitlines()
    assert [line.split()[0] for line in alone if "since 1.1" in line] == ["CORE-13", "BATCH-01"]
    refused = bent("memconform", "requirements", "--since", "1.5")
    assert refused.returncode == 2
    assert "there are those of 1.0, 1.1" in refused.stderr


@pytest.mark.parametrize(
    ("contract", "said"),
    [("1.1", "newer version of the contract than this suite knows, which is 1.0"), ("2.0", "no version"), ("", "no")],
    ids=["newer", "another", "empty"],
)
def test_an_unknown_version_is_refused(memconform: Any, contract: str, said: str) -> None:
    """A version that this suite does not know is a mistake of usage, told before anything is sent."""
    ended = memconform.check("http://127.0.0.1:1", "--contract", contract)
    assert ended.code == 2
    assert said in ended.err


def test_a_later_profile_is_no_part_of_an_older_badge(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that came with 1.1 is needed for the badge of 1.1, and not for that of 1.0."""
    more = {**profiles(), "later": Profile("later", "t", "core", since="1.1")}
    monkeypatch.setattr(sys.modules["memconform.contract.requirements"], "profiles", lambda: more)
    assert "later" in badge_profiles("core", "1.1")
    assert "later" not in badge_profiles("core", "1.0")


@pytest.fixture
def checkout(later_contract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in a copy of that contract, to freeze it."""
    caches = (content.content_root, requirements, profiles, newest)
    shutil.copytree(later_contract, tmp_path / "copy")
    monkeypatch.setattr(content, "PACKAGE", tmp_path / "copy")
    for cache in caches:
        cache.cache_clear()
    yield tmp_path / "copy/_content/schemas/v1"
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()


def test_a_version_is_frozen_once(checkout: Path) -> None:
    """`freeze` writes the newest version beside the older ones, and refuses to do so again."""
    runner = CliRunner()
    assert runner.invoke(freezing, ["freeze"]).exit_code == 0
    file = checkout / "frozen/1.1.json"
    assert len(json.loads(file.read_text())["requirements"]) == len(requirements())
    again = runner.invoke(freezing, ["freeze"])
    assert again.exit_code == 2
    assert "contract 1.1 is frozen already" in again.output


def test_a_wording_is_restated(checkout: Path) -> None:
    """`restate` takes over the words of one requirement, and leaves all other rows of the frozen set alone."""
    file = checkout / "frozen/1.0.json"
    before = json.loads(file.read_text())
    for row in before["requirements"]:
        if row["id"] in ("CORE-01", "CORE-02"):
            row["digest"] = "0" * 64
    file.write_text(json.dumps(before))
    assert CliRunner().invoke(freezing, ["restate", "CORE-01"]).exit_code == 0
    rows = {row["id"]: row["digest"] for row in json.loads(file.read_text())["requirements"]}
    assert rows["CORE-01"] == digest(requirements()["CORE-01"])
    assert rows["CORE-02"] == "0" * 64
    unknown = CliRunner().invoke(freezing, ["restate", "CORE-98"])
    assert unknown.exit_code == 2
    assert "CORE-98" in unknown.output
