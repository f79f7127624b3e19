"""The parts of a migration that need no server: what fits, what differs, what refers to what, what a journal says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from memconform.capabilities import Capabilities
from memconform.exchange import Received
from memconform.migrate.errors import Damaged
from memconform.migrate.export_stream import ExportStream
from memconform.migrate.fitting import Fitting, depth_of, without
from memconform.migrate.journal import Journal
from memconform.migrate.losses import Cause, Loss, NotWritten
from memconform.migrate.problem import refusal_of
from memconform.migrate.records import Unusable, differing, digest_of, record_of
from memconform.migrate.relinking import relinked
from memconform.migrate.state import Stage, State, Step
from memconform.migrate.verifying import Outcome, outcome_of
from memconform.scene.export_file import checksum
from memconform.settings import UsageError

RECORD: dict[str, Any] = {
    "id": "a",
    "content": "tea",
    "scope": {"user_id": "ann"},
    "metadata": {"n": 1},
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-01T00:00:00.000Z",
    "version": 1,
}
ABOUT = {"from": "http://one", "to": "http://two", "scope": {"user_id": "ann"}}


def everything(*profiles: str, **limits: int) -> Capabilities:
    """Return capabilities with these profiles and limits."""
    return Capabilities({"profiles": ["core", *profiles], "limits": limits})


@pytest.mark.parametrize(
    ("altered", "said"),
    [
        ({"content": ""}, "content"),
        ({"content": 3}, "content"),
        ({"id": None}, "id"),
        ({"scope": {}}, "scope"),
        ({"scope": {"user": "ann"}}, "scope"),
        ({"scope": {"user_id": 1}}, "scope"),
        ({"metadata": []}, "metadata"),
        ({"content": "\ud800"}, "no text"),
        ({"metadata": {"n": float("inf")}}, "no number"),
        ({"supersedes": "a"}, "supersedes"),
    ],
)
def test_what_is_no_record_is_not_taken_for_one(altered: dict[str, Any], said: str) -> None:
    """A damaged record is told to be one, without its values."""
    with pytest.raises(Unusable, match=said):
        record_of({**RECORD, **altered})


def test_null_members_and_unknown_ones_mean_nothing() -> None:
    """A record is what the contract knows of it: two spellings of one record are equal."""
    spelled = {**RECORD, "key": None, "ext": None, "scope": {"user_id": "ann", "app_id": None}, "vendor": 1}
    assert record_of(spelled) == RECORD
    assert digest_of(record_of(spelled), "salt") == digest_of(RECORD, "salt") != digest_of(RECORD, "pepper")


@pytest.mark.parametrize(
    ("altered", "pointers"),
    [
        ({"updated_at": "2027-01-01T00:00:00Z", "version": 7}, []),
        ({"created_at": "2026-01-01T00:00:00+00:00"}, []),
        ({"metadata": {"n": 1.0}}, []),
        ({"supersedes": []}, []),
        ({"metadata": {"n": True}}, ["/metadata/n"]),
        ({"metadata": {"a/b~": 1}}, ["/metadata/a~1b~0", "/metadata/n"]),
        ({"content": "tea "}, ["/content"]),
        ({"scope": {"user_id": "ann", "app_id": "x"}}, ["/scope"]),
        ({"confidence": 0.5, "id": "b"}, ["/id", "/confidence"]),
    ],
)
def test_what_differs_is_named(altered: dict[str, Any], pointers: list[str]) -> None:
    """Records compare by value: instants, numbers, absent members; metadata by their names."""
    assert list(differing(RECORD, {**RECORD, **altered})) == pointers


def test_a_record_that_fits_loses_nothing() -> None:
    """Where everything is declared, a record of every kind is written as it is."""
    record = {**RECORD, "key": "k", "expires_at": "2199-01-01T00:00:00Z", "superseded_by": "b", "supersedes": ["c"]}
    fitting = Fitting(everything("keyed", "lifecycle", "supersession"), by_import=True, revive=False)
    assert fitting.fit(record) == (record, ())


@pytest.mark.parametrize(("member", "value"), [("superseded_by", "b"), ("expires_at", "2199-01-01T00:00:00Z")])
def test_nothing_is_revived_unasked(member: str, value: str) -> None:
    """What the target would show longer than the source is left, by import too, unless it is asked for."""
    record = {**RECORD, member: value}
    for by_import in (True, False):
        left = Fitting(everything("portability"), by_import=by_import, revive=False).fit(record)
        assert isinstance(left, NotWritten)
        assert [(loss.member, loss.cause) for loss in left.losses] == [(f"/{member}", Cause.UNDECLARED)]
        revived = Fitting(everything("portability"), by_import=by_import, revive=True).fit(record)
        assert not isinstance(revived, NotWritten)
        assert (member in revived[0]) == by_import
        assert [loss.member for loss in revived[1]] == [f"/{member}"]


def test_a_refused_expiry_is_never_left_out_unasked() -> None:
    """A record whose expiry a target refuses would stay there for ever."""
    assert not Fitting(everything("lifecycle"), by_import=False, revive=False).may_go("/expires_at")
    assert Fitting(everything("lifecycle"), by_import=False, revive=True).may_go("/expires_at")
    assert Fitting(everything(), by_import=False, revive=False).may_go("/confidence")


def test_what_no_put_takes_is_said() -> None:
    """Under a key only some members can be set record by record."""
    record = {**RECORD, "key": "k", "valid_from": "2026-01-01T00:00:00Z", "source": {"method": "verbatim"}}
    fitted = Fitting(everything("keyed"), by_import=False, revive=False).fit(record)
    assert not isinstance(fitted, NotWritten)
    assert [(loss.member, loss.cause) for loss in fitted[1]] == [
        ("/source", Cause.NO_OPERATION),
        ("/valid_from", Cause.NO_OPERATION),
    ]


def test_members_that_can_be_done_without() -> None:
    """Content and scope cannot be left out; of metadata a single name can."""
    record = {**RECORD, "ext": {}, "metadata": {"a/b": 1, "c": 2}}
    assert [without(record, each) for each in ("", "/content", "/scope/app_id", "/nothing")] == [False] * 4
    assert without(record, "/metadata/a~1b/0/x")
    assert record["metadata"] == {"c": 2}
    assert without(record, "/metadata")
    assert not without(record, "/metadata")
    assert without(record, "/ext")
    assert (depth_of({}), depth_of({"a": [[1]]}), depth_of(1)) == (1, 3, 0)


def test_references_follow_their_records() -> None:
    """What a record names is named by the target's ids; what is not there is a loss, but in an import."""
    state = State()
    state.set("old", Step(Stage.STORED, target="new"))
    record = {**RECORD, "supersedes": ["old", "gone"], "source": {"memory_ids": ["old", "gone"]}}
    copy, losses = relinked(record, state, by_import=False)
    assert (copy["supersedes"], copy["source"]["memory_ids"]) == (["new"], ["new", "gone"])
    assert [(loss.member, loss.cause) for loss in losses] == [
        ("/supersedes", Cause.UNLINKED),
        ("/source/memory_ids", Cause.UNLINKED),
    ]
    assert relinked(record, state, by_import=True)[0]["supersedes"] == ["new", "gone"]
    assert relinked(record, state, by_import=True)[1] == ()
    state.close()


@pytest.mark.parametrize(
    ("losses", "outcome"),
    [
        ([], Outcome.CARRIED),
        ([Loss("/id", Cause.ASSIGNED)], Outcome.WITH_LOSS),
        ([Loss("", Cause.MERGED)], Outcome.WITH_LOSS),
        ([Loss("", Cause.LOST)], Outcome.NOT_CARRIED),
        ([Loss("/content", Cause.CONFLICT)], Outcome.NOT_CARRIED),
    ],
)
def test_outcomes(losses: list[Loss], outcome: Outcome) -> None:
    """Only a record without any loss is carried."""
    assert outcome_of(losses) is outcome


def export(records: list[dict[str, Any]], **manifest: Any) -> bytes:
    """Return an export of these records."""
    head = {"type": "manifest", "count": len(records), "sha256": checksum(records), **manifest}
    return b"".join(json.dumps(each).encode() + b"\n" for each in (head, *records))


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_an_export_comes_in_pieces(size: int) -> None:
    """However it is cut, every record is taken once."""
    file = export([RECORD, {**RECORD, "id": "b", "content": "\u2028é"}])
    taken: list[Any] = []
    stream = ExportStream("a source", taken.append)
    for start in range(0, len(file), size):
        stream.feed(file[start : start + size])
    stream.end()
    assert [each["id"] for each in taken] == ["a", "b"]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "empty"),
        (b'{"type": "record"}\n', "no manifest"),
        (b"[1]\n", "no manifest"),
        (export([RECORD], count=2), "counts 2 records, and 1 came"),
        (export([RECORD], sha256="0" * 64), "checksum"),
        (export([RECORD])[:-5], "line 2 is no JSON"),
        (export([RECORD]) + b"{}\n", "counts 1 records, and 2 came"),
    ],
)
def test_a_damaged_export_is_refused(file: bytes, said: str) -> None:
    """What its manifest does not say, and what is none, is told, with a way out."""
    with pytest.raises(Damaged, match=said):
        _read(file)


def _read(file: bytes) -> None:
    stream = ExportStream("the source", lambda _: None)
    stream.feed(file)
    stream.end()


def test_a_journal_tells_what_was_done(tmp_path: Path) -> None:
    """Every step comes back from the file; a line that was cut by a kill does not count, and is written over."""
    file = tmp_path / "j.jsonl"
    state = State()
    journal = Journal(file, state, ABOUT)
    for each in "abcd":
        journal.planned(each, f"digest of {each}")
    journal.sent(["a", "b", "c"], {"by": "import", "at": 1.5})
    journal.unsent(["c"])
    journal.stored("a", "new a", [Loss("/ext", Cause.REFUSED, {"status": 422})], skipped=True)
    journal.left("d", [Loss("/content", Cause.LIMIT, {"limit": "content_bytes", "most": 1, "size": 2})])
    journal.doubt("b", "found", "it is there", certain=False)
    journal.close()
    with file.open("ab") as torn:
        torn.write(b'{"verified": "a", "outc')
    again = State()
    journal = Journal(file, again, ABOUT)
    assert {each: again.step(each) for each in "abcd"} == {each: state.step(each) for each in "abcd"}
    assert (journal.runs, journal.doubts[0]["certain"]) == (2, False)
    journal.verified("a", "carried with loss", [])
    journal.close()
    assert all(json.loads(line) for line in file.read_bytes().splitlines())
    assert file.stat().st_mode & 0o077 == 0


def test_a_journal_is_one_migrations(tmp_path: Path) -> None:
    """It is refused while another run holds it, and for another scope or server."""
    file = tmp_path / "j.jsonl"
    journal = Journal(file, State(), ABOUT)
    with pytest.raises(UsageError, match="in use"):
        Journal(file, State(), ABOUT)
    journal.close()
    for altered in ({"scope": None}, {"to": "http://three"}):
        with pytest.raises(UsageError, match="of another migration"):
            Journal(file, State(), {**ABOUT, **altered})


def test_a_refusal_is_read_without_its_words() -> None:
    """Kind, places and line of a problem are kept, and who answered; its sentences are not."""
    document = {
        "type": "urn:memory-api:problem:invalid",
        "detail": "content 'secret' is bad",
        "errors": [{"pointer": "/ext", "detail": "secret"}, {"parameter": "app_id"}, {"parameter": "key"}, 3],
        "line": 4,
    }
    answer = Received(422, (("Memory-Answered-By", "bridge"),), json.dumps(document).encode())
    refusal = refusal_of(answer)
    assert refusal.pointers == ("/ext", "/scope/app_id", "/key")
    assert (refusal.line, refusal.detail) == (4, {"status": 422, "problem": "invalid", "by": "bridge"})
    assert "secret" not in repr(refusal)
    assert refusal_of(Received(500, (), b"<html>")).detail == {"status": 500}
