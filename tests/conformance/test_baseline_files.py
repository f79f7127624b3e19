"""Files of baselines: how they are read, refused in words, and edited so that all that people wrote stays."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memconform.baseline.blocks import edited
from memconform.baseline.entry import Entry
from memconform.baseline.file import EMPTY, Baseline, parse_baseline, read_baseline
from memconform.settings import UsageError

GONE = "test_core_deleting.py::test_deleted_memory_is_gone"
LATER = date(2027, 2, 25)


def known(requirement: str = "CORE-13", **more: Any) -> Entry:
    """Return an entry."""
    return Entry(requirement, **{"reason": "a reason", "expires": LATER, **more})


WRITTEN = f'''\
# Of the server in production.

# Deleting: the second DELETE
# is answered from a cache.
[[failure]]   # issue 4711
requirement = "CORE-13"
test = "{GONE}"   # see there
reason = """
two
lines"""
expires = 2027-02-25
# until the cache is gone

# --- what comes and goes ---

[[flaky]]
requirement = "CORE-16"
reason = "a race"
expires = "2027-01-31"

# About lists.
[[failure]]
requirement = "CORE-14"
reason = "order"
expires = 2027-02-25

# The end.
'''


def test_a_file_is_read() -> None:
    """TOML dates and texts, in any order of both kinds; the members that are not given stay open."""
    entries = parse_baseline(WRITTEN, "known.toml").entries
    assert [(each.requirement, each.flaky, each.expires, each.test) for each in entries] == [
        ("CORE-13", False, LATER, GONE),
        ("CORE-14", False, LATER, None),
        ("CORE-16", True, date(2027, 1, 31), None),
    ]
    assert parse_baseline(EMPTY, "known.toml").entries == ()
    assert parse_baseline("", "known.toml").entries == ()


def test_an_edit_leaves_all_else_as_it_is() -> None:
    """An entry goes with the comments right above it and in it; every other line stays; what is new comes last."""
    baseline = parse_baseline(WRITTEN, "known.toml")
    first, second, flaky = baseline.entries
    assert edited(WRITTEN, baseline, (), ()) == WRITTEN
    begin, end = WRITTEN.index("# Deleting"), WRITTEN.index("# until the cache")
    assert edited(WRITTEN, baseline, (first,), ()) == WRITTEN[:begin] + WRITTEN[end:]
    begin, end = WRITTEN.index("# About"), WRITTEN.index("# The end")
    assert edited(WRITTEN, baseline, (second,), ()) == WRITTEN[:begin] + WRITTEN[end:]
    begin, end = WRITTEN.index("[[flaky]]"), WRITTEN.index("# About")
    assert edited(WRITTEN, baseline, (flaky,), ()) == WRITTEN[:begin] + WRITTEN[end:]
    new = known("CORE-01", reason='say "so" \\ and\nso', expected="200")
    end = WRITTEN.index("\n# The end")
    added = edited(WRITTEN, baseline, (), (new,))
    assert added.startswith(WRITTEN[:end])
    assert added.endswith(WRITTEN[end:])
    assert parse_baseline(added, "known.toml").entries[2] == new


@pytest.mark.parametrize("below", ["# Ask Ann.", "# Ask Ann.\n\n# The end.", "\n\n# Ask Ann."])
def test_comments_below_an_entry_stay(below: str) -> None:
    """Also right below the last one, at the end of the file, and where another takes its place."""
    entry = '[[failure]]\nrequirement = "CORE-13"\nreason = "r"  # its own\nexpires = 2027-02-25\n'
    text = f"# Mine.\n\n# above\n{entry}{below}\n"
    baseline = parse_baseline(text, "known.toml")
    left = edited(text, baseline, baseline.entries, ())
    assert left == f"# Mine.\n\n{below.lstrip()}\n"
    replaced = edited(text, baseline, baseline.entries, (known("CORE-14"),))
    assert [line for line in replaced.splitlines() if line.startswith("#")] == [*filter(None, left.splitlines())]


def test_line_ends_stay_as_they_are() -> None:
    """A file with CRLF gets new entries with CRLF; what is a line end to Python, and none in TOML, is none."""
    text = WRITTEN.replace("order", "order\u2028and more").replace("\n", "\r\n")
    baseline = parse_baseline(text, "known.toml")
    new = known("CORE-01", reason="one\u2028line\x85")
    changed = edited(text, baseline, (baseline.entries[0],), (new,))
    assert changed.count("\n") == changed.count("\r\n")
    assert set(parse_baseline(changed, "known.toml").entries) == {*baseline.entries[1:], new}
    assert edited(text, baseline, (), ()) == text


def test_an_empty_file_gets_its_first_entry_and_loses_it() -> None:
    """What the file said at its top is still there after its last entry went."""
    for text in (EMPTY, "", "# mine\n"):
        once = edited(text, Baseline("known.toml"), (), (known(),))
        assert once.startswith(text)
        assert edited(once, Baseline("known.toml", (known(),)), (known(),), ()) == text


comments = st.lists(st.sampled_from(["# one", "# two [[flaky]]", "", "# [[failure]]"]), max_size=4)
IDS = ("CORE-01", "CORE-02", "CORE-05", "CORE-13", "CORE-14")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_edit_of_any_file_has_exactly_its_effect(data: st.DataObject) -> None:
    """Whatever comments, blank lines and kinds in turn: what was asked for is changed, and no other entry."""
    chosen = data.draw(st.lists(st.tuples(st.sampled_from(IDS), st.booleans()), unique=True, max_size=6))
    lines_of_file: list[str] = []
    for name, flaky in chosen:
        lines_of_file += [*data.draw(comments), "[[flaky]]" if flaky else "[[failure]]", f'requirement = "{name}"']
        lines_of_file += [*data.draw(comments), 'reason = "r"', "expires = 2027-02-25", *data.draw(comments)]
    text = "\n".join(lines_of_file)
    baseline = parse_baseline(text, "known.toml")
    removed = [entry for entry in baseline.entries if data.draw(st.booleans())]
    added = [known("CORE-16")] if data.draw(st.booleans()) else []
    new = edited(text, baseline, removed, added)
    assert set(parse_baseline(new, "known.toml").entries) == {*(set(baseline.entries) - set(removed)), *added}
    if chosen:
        below = text[text.rindex("expires = 2027-02-25") :].splitlines()[1:]
        assert Counter(filter(None, below)) <= Counter(new.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        'failure = [{requirement = "CORE-13", reason = "r", expires = 2027-01-01}]\n',
        '[[failure]]\nrequirement = "CORE-13"\nexpires = 2027-01-01\nreason = """\n[[failure]]\n"""\n',
    ],
    ids=["in one line", "a text with a header in it"],
)
def test_what_cannot_be_edited_without_loss_is_refused(text: str) -> None:
    """Valid baselines in an unusual layout are read, and left alone."""
    baseline = parse_baseline(text, "known.toml")
    assert len(baseline.entries) == 1
    with pytest.raises(UsageError, match="without loss"):
        edited(text, baseline, baseline.entries, ())


ENTRY = '[[failure]]\nrequirement = "CORE-13"\nreason = "r"\nexpires = 2027-01-01\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[failure]", "is no TOML"),
        (ENTRY.replace('reason = "r"\n', ""), '"reason" is a required'),
        (ENTRY.replace('"r"', '"  "'), "failure 1: reason"),
        (ENTRY.replace("expires = 2027-01-01\n", ""), '"expires" is a required'),
        (ENTRY.replace("2027-01-01", '"2027-13-01"'), "CORE-13 expires on 2027-13-01, which is no day"),
        (ENTRY.replace("2027-01-01", "2027-01-01T00:00:00Z"), "failure 1: expires"),
        (ENTRY.replace("2027-01-01", '"20270101"'), "failure 1: expires"),
        (ENTRY.replace("CORE-13", "CORE-31"), "did you mean"),
        (ENTRY.replace("CORE-13", "core13"), "failure 1: requirement"),
        (ENTRY.replace("reason", "raeson"), "raeson"),
        (ENTRY + 'outcome = "pass"\n', "failure 1: outcome"),
        (ENTRY + ENTRY, "CORE-13 is listed 2 times"),
        (ENTRY.replace("failure", "flaky") + 'outcome = "fail"\n', "outcome"),
        (ENTRY.replace("failure", "failures"), "failures"),
        ("today = 2026-01-01\n", "today"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(text: str, said: str) -> None:
    """A baseline that is misspelt would tolerate nothing, or too much: it is refused, with the place."""
    with pytest.raises(UsageError) as refused:
        parse_baseline(text, "known.toml")
    assert "known.toml" in str(refused.value)
    assert said in str(refused.value)


def test_a_file_below_is_named_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report does not tell in which folder of which machine the run was started."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known.toml").write_text("")
    assert read_baseline(tmp_path / "known.toml").file == "known.toml"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert read_baseline(tmp_path / "known.toml").file == str(tmp_path / "known.toml")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The message names the command that makes one; what is no text is told as such."""
    with pytest.raises(UsageError, match=r"'memconform baseline update RESULT\.json --baseline .*' makes one"):
        read_baseline(tmp_path / "known.toml")
    (tmp_path / "known.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="no UTF-8 text"):
        read_baseline(tmp_path / "known.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        read_baseline(tmp_path)
