"""`memconform migrate` between real servers: what it carries, what it says is lost, and that it says nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from memconform.serving import served

from .conftest import ALICE, BOB
from .migrating import ANN, Migrate, Server, wait_for

EXTREME = {
    "é": [1e21, 1e-7, -0.25, 2**53 + 1, 1e300, -0.0],
    "\U0001f600": {"": None, "a/b~c": [True, False, [[[]]]]},
    "ﬁ": "\u0001\u007f\u2028",
}
TEXTS = [
    "Zeile eins\r\nZeile zwei\u2028 \U0001f469\u200d\U0001f680",
    "  padded \t",
    "e\u0301 \u00e9",
    "\ufeffbom",
    "a\0b",
]


@pytest.fixture
def migrate(tmp_path: Path) -> Migrate:
    """Run `memconform migrate` in an empty folder."""
    return Migrate(tmp_path)


@pytest.fixture
def source() -> Iterator[Server]:
    """Serve an empty reference server."""
    with served() as url:
        yield Server(url)


@pytest.fixture
def target() -> Iterator[Server]:
    """Serve another one."""
    with served() as url:
        yield Server(url)


def fill(server: Server) -> dict[str, str]:
    """Keep every kind of record for Ann, and one of Bob's; return Ann's ids by what they are."""
    ids = {f"text {number}": server.add(text) for number, text in enumerate(TEXTS)}
    ids["extreme"] = server.add("extreme metadata", metadata=EXTREME)
    ids["old"] = server.add("lives in Rome")
    ids["middle"] = server.add("lives in Oslo", supersedes=[ids["old"]])
    ids["new"] = server.add("lives in Lima", supersedes=[ids["middle"]], confidence=0.123456789)
    ids["session"] = server.add("said so", {**ANN, "session_id": "s 1", "agent_id": "*", "app_id": "ü"})
    ids["valid"] = server.add("in May", valid_from="2026-05-01T00:00:00.123456Z", valid_to="2026-06-01T00:00:00Z")
    ids["expiring"] = server.add("for a while", expires_at="2199-01-01T00:00:00Z")
    ids["concluded"] = server.add("moves a lot", source={"method": "inferred", "memory_ids": [ids["old"], ids["new"]]})
    ids["ext"] = server.add("vendor", ext={"com.example": {"kept": [1, None]}})
    ids["keyed"] = server.set("editor \N{SNOWMAN}", "vim", metadata={"since": 1999})
    server.set("editor \N{SNOWMAN}", "helix", metadata={"since": 2021})
    server.add("of Bob", {"user_id": "bob"})
    return ids


def test_nothing_is_lost_between_two_references(migrate: Migrate, source: Server, target: Server) -> None:
    """Every record arrives with its id and all members, superseded and keyed ones too, and nobody else's."""
    ids = fill(source)
    ran = migrate.run(source.url, target.url)
    assert (ran.code, ran.receipt["verdict"]["word"]) == (0, "complete")
    assert ran.counts == {"records": len(ids), "carried": len(ids)}
    assert {row["id"]: row["as"] for row in ran.receipt["records"]} == {each: each for each in ids.values()}
    for each in ids.values():
        one, two = source.get(each), target.get(each)
        assert {**one, "updated_at": 0, "version": 0} == {**two, "updated_at": 0, "version": 0}
    assert target.contents() == source.contents()
    assert target.listed({"user_id": "bob"}) == []
    assert ran.receipt["given_up"] == {"history": 3, "updated_at": len(ids), "version": len(ids)}


def test_read_by_list_and_written_one_by_one(migrate: Migrate, source: Server, target: Server) -> None:
    """Without export and import ids and times are the target's, what refers to memories refers to the new ones."""
    ids = fill(source)
    ran = migrate.run(source.url, target.url, "--read", "list", "--write", "add")
    assert (ran.code, ran.counts) == (1, {"records": len(ids), "carried_with_loss": len(ids)})
    assert ran.lost == {("/id", "assigned"): len(ids), ("/created_at", "assigned"): len(ids)}
    new = {name: str(ran.row(each)["as"]) for name, each in ids.items()}
    assert target.get(new["new"])["supersedes"] == [new["middle"]]
    assert target.get(new["old"])["superseded_by"] == new["middle"]
    assert target.get(new["concluded"])["source"]["memory_ids"] == [new["old"], new["new"]]
    assert target.ask("GET", "/v1/keyed", params={"key": "editor \N{SNOWMAN}", **ANN}).json()["content"] == "helix"
    assert target.contents() == source.contents()
    assert [item["content"] for item in target.listed()] == [item["content"] for item in source.listed()]
    assert "superseded" in ran.receipt["notes"][0]


def test_expected_losses_are_accepted(migrate: Migrate, source: Server, target: Server) -> None:
    """Losses that --accept names do not make the exit code 1; one that it does not name does."""
    source.add("tea")
    words = ("--write", "add", "--accept", "id")
    assert migrate.run(source.url, target.url, *words).code == 1
    ran = migrate.run(source.url, target.url, *words, "--accept", "created_at")
    assert (ran.code, ran.receipt["verdict"]["word"], ran.receipt["plan"]["accepted"]) == (
        0,
        "complete",
        ["created_at", "id"],
    )
    assert ran.counts == {"records": 1, "carried_with_loss": 1}


def test_a_target_that_declares_only_core(migrate: Migrate, source: Server) -> None:
    """What it does not declare is named; what it would show longer than the source is left where it is."""
    ids = fill(source)
    with served(["--variant", "only-core"]) as url:
        ran = migrate.run(source.url, url)
        assert ran.code == 1
        for name, member in (("old", "/superseded_by"), ("middle", "/superseded_by"), ("expiring", "/expires_at")):
            assert ran.row(ids[name])["outcome"] == "not carried"
            assert ran.causes(ids[name]) == {member: "undeclared"}
        assert ran.causes(ids["keyed"]) == {"/key": "undeclared", "/id": "assigned", "/created_at": "assigned"}
        assert ran.causes(ids["new"])["/supersedes"] == "undeclared"
        assert ran.causes(ids["concluded"])["/source/memory_ids"] == "unlinked"
        gone = Counter(["for a while"])
        assert Server(url).contents() == source.contents() - gone


def test_revived_records_are_carried_with_their_loss(migrate: Migrate, source: Server) -> None:
    """With --revive superseded and expiring memories go along, and the receipt says what they have become."""
    ids = fill(source)
    with served(["--variant", "only-core"]) as url:
        ran = migrate.run(source.url, url, "--revive")
        assert ran.counts == {"records": len(ids), "carried_with_loss": len(ids)}
        assert ran.causes(ids["expiring"])["/expires_at"] == "undeclared"
        assert Server(url).contents() == source.contents() + Counter(["lives in Rome", "lives in Oslo"])


def test_an_altered_content_is_found(migrate: Migrate, source: Server) -> None:
    """A target that trims what it stores is found out, record by record."""
    padded, plain = source.add("  padded "), source.add("plain")
    with served(["--defect", "trims-content"]) as url:
        ran = migrate.run(source.url, url, "--write", "add")
    assert ran.code == 1
    assert ran.causes(padded)["/content"] == "altered"
    assert "/content" not in ran.causes(plain)
    assert ran.lost["/content", "altered"] == 1


def test_altered_metadata_is_named_by_its_members(migrate: Migrate, source: Server) -> None:
    """Of metadata it is told which names are gone or altered, and no value."""
    record = source.add("tea", metadata={"sugar": None, "milk/cow": "only a drop", "kept": 1})
    with served(["--defect", "drops-nulls-from-metadata"]) as url:
        ran = migrate.run(source.url, url, "--write", "add", "--accept", "id", "--accept", "created_at")
    assert (ran.code, ran.causes(record)["/metadata/sugar"]) == (1, "ignored")
    assert ran.lost["/metadata", "ignored"] == 1
    assert "only a drop" not in json.dumps(ran.receipt) + ran.out


def test_lost_writes_are_found(migrate: Migrate, source: Server) -> None:
    """What a target acknowledges and drops is not carried, whatever it answered."""
    record = source.add("tea")
    with served(["--defect", "loses-later-writes"]) as url:
        Server(url).add("another one's")
        begun = Server(url).ask("POST", "/v1/erasures", json={"scope": ANN}).json()
        wait_for(lambda: Server(url).ask("GET", f"/v1/operations/{begun['id']}").json()["status"] == "succeeded")
        ran = migrate.run(source.url, url, "--write", "add")
    assert (ran.code, ran.counts) == (1, {"records": 1, "not_carried": 1})
    assert (ran.row(record)["outcome"], ran.causes(record)) == ("not carried", {"": "lost"})


@pytest.mark.parametrize(
    ("defect", "name", "losses"),
    [
        ("import-loses-validity", "valid", {"/valid_from": "ignored", "/valid_to": "ignored"}),
        ("import-loses-source-and-ext", "ext", {"/ext": "ignored"}),
        ("import-creates-now", "keyed", {"/created_at": "altered"}),
        ("import-gives-new-ids", "keyed", {"": "lost"}),
    ],
)
def test_a_target_whose_import_loses_something(
    migrate: Migrate, source: Server, defect: str, name: str, losses: dict[str, str]
) -> None:
    """Nobody's receipt is believed: each record is read back and compared."""
    ids = fill(source)
    with served(["--defect", defect]) as url:
        ran = migrate.run(source.url, url)
    assert (ran.code, ran.causes(ids[name])) == (1, losses)


@pytest.mark.parametrize("defect", ["manifest-counts-itself", "checksum-without-line-feeds"])
def test_a_damaged_export_is_not_carried(migrate: Migrate, target: Server, defect: str) -> None:
    """An export that its manifest does not fit ends the migration before anything is written; the list is a way out."""
    with served(["--defect", defect]) as url:
        for text in ("one", "two", "three"):
            Server(url).add(text)
        ran = migrate.run(url, target.url)
        assert (ran.code, ran.receipt["counts"]["carried"], target.listed()) == (3, 0, [])
        assert "damaged" in ran.err
        assert "--read list" in ran.err
        assert migrate.run(url, target.url, "--read", "list").code == 0
    assert target.contents() == Counter(["one", "two", "three"])


@pytest.mark.parametrize("defect", ["export-loses-the-last-record", "export-repeats-a-record", "exports-one-page-only"])
def test_an_export_is_held_against_the_list(migrate: Migrate, target: Server, defect: str) -> None:
    """What an export leaves out is read from the list, and told; what it repeats is carried once."""
    with served(["--defect", defect]) as url:
        for number in range(105):
            Server(url).add(f"memory {number}")
        ran = migrate.run(url, target.url)
        assert target.contents() == Server(url).contents()
    assert ran.counts == {"records": 105, "carried": 105}
    assert bool(ran.receipt["notes"]) == (defect != "export-repeats-a-record")


def test_a_dry_run_writes_nothing(migrate: Migrate, source: Server) -> None:
    """It tells what would be lost, in words that claim nothing, and leaves target and folder as they are."""
    ids = fill(source)
    with served(["--variant", "only-core"]) as url:
        ran = migrate.run(source.url, url, "--dry-run")
        assert Server(url).listed() == []
        assert migrate.journals() == []
        done = migrate.run(source.url, url)
    assert (ran.code, ran.receipt["verdict"]["word"]) == (1, "dry run")
    assert {row["outcome"] for row in ran.receipt["records"]} == {"to be carried with loss", "not to be carried"}
    foreseen = {pair: count for pair, count in ran.lost.items() if pair[1] != "unlinked"}
    assert foreseen == {pair: count for pair, count in done.lost.items() if pair[1] != "unlinked"}
    assert ran.causes(ids["old"]) == {"/superseded_by": "undeclared"}
    assert "would be carried" in ran.out


def test_limits_of_the_target(migrate: Migrate, source: Server) -> None:
    """What is above its limits is not sent: content ends a record, metadata is left out; both are named."""
    long, deep, good = source.add("x" * 300), source.add("deep", metadata={"a": "y" * 200}), source.add("good")
    for words in ([], ["--write", "add"]):
        with served(["--limit", "content_bytes=256", "--limit", "metadata_bytes=64"]) as url:
            ran = migrate.run(source.url, url, *words)
            assert ran.row(long)["losses"] == [
                {"member": "/content", "cause": "limit", "limit": "content_bytes", "most": 256, "size": 300}
            ]
            assert (ran.row(long)["outcome"], ran.causes(deep)["/metadata"]) == ("not carried", "limit")
            assert Server(url).contents() == Counter(["deep", "good"])
            assert ran.row(good)["as"] is not None


def test_all_scopes(migrate: Migrate, source: Server, target: Server) -> None:
    """--all carries everything once, also what several scopes select."""
    scopes = [
        ANN,
        {**ANN, "session_id": "1"},
        {"agent_id": "a"},
        {**ANN, "agent_id": "a"},
        {"app_id": "%&=?\U0001f600"},
    ]
    for number, scope in enumerate(scopes):
        source.add(f"memory {number}", scope)
    ran = migrate.run(source.url, target.url, "--all")
    assert (ran.code, ran.counts) == (0, {"records": 5, "carried": 5})
    for scope in scopes:
        assert target.contents(scope) == source.contents(scope)
    assert ran.receipt["notes"] == []


def test_a_scope_is_all_of_its_pairs(migrate: Migrate, source: Server, target: Server) -> None:
    """--scope twice selects what has both; the value may hold what an option's does."""
    source.add("of the session", {**ANN, "session_id": "a=b"})
    source.add("of another", {**ANN, "session_id": "a"})
    ran = migrate.run(source.url, target.url, "--scope", "user_id=ann", "--scope", "session_id=a=b")
    assert ran.receipt["scope"] == {"user_id": "ann", "session_id": "a=b"}
    assert target.contents() == Counter(["of the session"])


def test_all_needs_erasure(migrate: Migrate, target: Server) -> None:
    """A source that does not tell its scopes is said to be one, with what to do."""
    with served(["--variant", "only-core"]) as url:
        ran = migrate.run(url, target.url, "--all")
    assert ran.code == 2
    assert "does not declare the profile erasure" in ran.err
    assert "--scope user_id=…" in ran.err


def test_what_is_there_already(migrate: Migrate, source: Server, target: Server) -> None:
    """An id that is taken stops, is left as it is, or is replaced; what was skipped and differs is not carried."""
    record = source.add("tea")
    assert migrate.run(source.url, target.url).code == 0
    target.ask("PATCH", f"/v1/memories/{record}", json={"content": "coffee"})
    more = source.add("toast")
    ran = migrate.run(source.url, target.url, "--journal", "another.jsonl")
    assert (ran.code, ran.counts) == (3, {"records": 2, "not_finished": 2})
    assert "--on-conflict" in ran.err
    ran = migrate.run(source.url, target.url, "--journal", "another.jsonl", "--on-conflict", "skip")
    assert (ran.code, ran.causes(record)) == (1, {"/content": "conflict"})
    assert (ran.row(record)["outcome"], ran.row(more)["outcome"]) == ("not carried", "carried")
    ran = migrate.run(source.url, target.url, "--journal", "third.jsonl", "--on-conflict", "overwrite")
    assert (ran.code, target.contents()) == (0, Counter(["tea", "toast"]))


def test_a_key_that_is_there_already(migrate: Migrate, source: Server, target: Server) -> None:
    """Record by record the same holds for keys; an equal memory under the key is carried."""
    same, other = source.set("a", "one"), source.set("b", "two")
    target.set("a", "one")
    target.set("b", "three")
    words = ("--write", "add", "--journal", "j.jsonl")
    assert migrate.run(source.url, target.url, *words).code == 3
    ran = migrate.run(source.url, target.url, *words, "--on-conflict", "skip")
    assert (ran.row(same)["outcome"], ran.causes(other)) == ("carried with loss", {"/key": "conflict"})
    assert target.contents() == Counter(["one", "three"])
    again = ("--write", "add", "--journal", "k.jsonl", "--on-conflict", "overwrite")
    assert migrate.run(source.url, target.url, *again).counts == {"records": 2, "carried_with_loss": 2}
    assert target.contents() == Counter(["one", "two"])


def test_a_finished_migration_is_verified_anew(migrate: Migrate, source: Server, target: Server) -> None:
    """Nothing is called carried from memory: what has gone from the target since is told; new records are carried."""
    record = source.add("tea")
    assert migrate.run(source.url, target.url).code == 0
    target.ask("DELETE", f"/v1/memories/{record}")
    more = source.add("toast")
    ran = migrate.run(source.url, target.url)
    assert (ran.code, ran.causes(record), ran.row(more)["outcome"]) == (1, {"": "lost"}, "carried")
    assert ran.receipt["runs"] == 2


def test_what_has_changed_at_the_source_since(migrate: Migrate, source: Server, target: Server) -> None:
    """A record that is another one by now is not called carried; one that is gone is told to be."""
    changed, gone = source.add("tea"), source.add("toast")
    assert migrate.run(source.url, target.url).code == 0
    source.ask("PATCH", f"/v1/memories/{changed}", json={"content": "coffee"})
    source.ask("DELETE", f"/v1/memories/{gone}")
    ran = migrate.run(source.url, target.url)
    assert (ran.code, ran.causes(changed)) == (1, {"": "changed at the source"})
    assert (ran.row(gone)["outcome"], ran.receipt["counts"]["gone_from_source"]) == ("gone from source", 1)


def test_keys_open_both_ends_and_show_nowhere(tmp_path: Path) -> None:
    """Each side gets its own key, from a variable or a file; no output, receipt or journal shows one."""
    (tmp_path / "key").write_text(f"{BOB}\n")
    keys = {"MEMCONFORM_API_KEY": ALICE, "MEMCONFORM_TO_API_KEY": "wrong-key-of-nobody"}
    migrate = Migrate(tmp_path, keys)
    with (
        served(environment={"MEMCONFORM_SERVER_API_KEYS": ALICE}) as one,
        served(environment={"MEMCONFORM_SERVER_API_KEYS": BOB}) as two,
    ):
        Server(one, ALICE).add("tea")
        refused = migrate.run(one, two)
        header = ("--header", "X-Secret: hidden-value", "--to-header", "X-Secret: hidden-value")
        again = migrate.run(one, two, "--patience", "5", *header)
        done = migrate.run(one, two, "--to-api-key-file", "key", *header)
        assert Server(two, BOB).contents() == Counter(["tea"])
    assert (refused.code, again.code, done.code) == (3, 3, 0)
    assert "$MEMCONFORM_TO_API_KEY" in refused.err
    said = "".join(each.out + each.err + json.dumps(each.receipt) for each in (refused, again, done))
    said += "".join(file.read_text() for file in migrate.journals())
    assert "To go on:" in again.err
    for secret in (ALICE, BOB, "wrong-key-of-nobody", "hidden-value"):
        assert secret not in said


def test_another_principal_of_the_same_server(tmp_path: Path) -> None:
    """Memories move between two principals of one server; between one and itself there is nothing to carry."""
    migrate = Migrate(tmp_path, {"MEMCONFORM_API_KEY": ALICE, "MEMCONFORM_TO_API_KEY": BOB})
    with served(environment={"MEMCONFORM_SERVER_API_KEYS": f"{ALICE},{BOB}"}) as url:
        Server(url, ALICE).add("tea")
        assert migrate.run(url, url, "--write", "add").counts == {"records": 1, "carried_with_loss": 1}
        assert Server(url, BOB).contents() == Counter(["tea"])
        ran = Migrate(tmp_path, {"MEMCONFORM_API_KEY": ALICE, "MEMCONFORM_TO_API_KEY": ALICE}).run(url, url)
    assert (ran.code, "same server with the same key" in ran.err) == (2, True)


def test_a_rate_limit_is_waited_for(migrate: Migrate, source: Server) -> None:
    """A target that answers 429 is asked again when it said; beyond --patience it is told to be too slow."""
    for number in range(12):
        source.add(f"memory {number}")
    with served(["--requests-per-minute", "20"]) as url:
        slow = migrate.run(source.url, url, "--write", "add", "--patience", "2")
        assert slow.code == 3
        assert "--patience 2" in slow.err
        ran = migrate.run(source.url, url, "--write", "add", "--patience", "70")
        assert ran.counts == {"records": 12, "carried_with_loss": 12}
    assert ran.receipt["doubts"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scope", "user=ann"], "expected MEMBER=VALUE"),
        (["--scope", "user_id="], "expected MEMBER=VALUE"),
        (["--scope", "user_id=a", "--scope", "user_id=b"], "given twice"),
        (["--all", "--scope", "user_id=a"], "exclude each other"),
        (["--scope", "user_id=a", "--journal", "/proc/none/j"], "cannot be written"),
        (["--scope", "user_id=a", "--to-api-key-env", "NOT_THERE"], "no variable NOT_THERE"),
        (["--scope", "user_id=a", "--accept", "colour"], "--accept"),
    ],
)
def test_wrong_usage_is_told(migrate: Migrate, words: list[str], said: str) -> None:
    """What makes no sense ends with 2 and what was expected."""
    ran = migrate.run("http://127.0.0.1:9", "http://127.0.0.1:10", *words)
    assert ran.code == 2
    assert said in ran.err


def test_nobody_listens(migrate: Migrate, source: Server) -> None:
    """An end that does not answer, or is no memory server, is named; nothing is written."""
    ran = migrate.run(source.url, "http://127.0.0.1:9")
    assert (ran.code, "the target http://127.0.0.1:9 does not answer" in ran.err) == (3, True)
    ran = migrate.run(f"{source.url}/nowhere", source.url)
    assert ran.code == 3
    assert "is no memory server" in ran.err
    assert migrate.journals() == []


def test_a_journal_of_another_migration(migrate: Migrate, source: Server, target: Server) -> None:
    """A journal goes on with its own migration only; a damaged one, or any other file, is refused."""
    source.add("tea")
    assert migrate.run(source.url, target.url, "--journal", "j.jsonl").code == 0
    ran = migrate.run(source.url, target.url, "--journal", "j.jsonl", "--scope", "user_id=bob")
    assert (ran.code, "of another migration" in ran.err) == (2, True)
    file = migrate.folder / "j.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], "{damaged", *lines[1:]]) + "\n")
    ran = migrate.run(source.url, target.url, "--journal", "j.jsonl")
    assert (ran.code, "line 2" in ran.err) == (2, True)
    file.write_text('{"some": "file"}\n')
    assert migrate.run(source.url, target.url, "--journal", "j.jsonl").code == 2
    assert file.read_text() == '{"some": "file"}\n'


def test_nothing_to_carry_is_said(migrate: Migrate, source: Server, target: Server) -> None:
    """A scope without memories is no failure, and is said."""
    ran = migrate.run(source.url, target.url)
    assert (ran.code, ran.counts) == (0, {})
    assert "holds nothing in this scope" in ran.out
