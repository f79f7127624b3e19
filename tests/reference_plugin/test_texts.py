"""What recall_context and export_memories make of an answer."""

from __future__ import annotations

import json

import pytest
from memory_api.answer import Answer
from memory_api.export_file import export_file
from memory_api.failures import MemoryFailure
from memory_api.prompt import HEADING, prompt_text

from .scripted_server import memory


@pytest.mark.parametrize("most", [1, 2, 3, 4, 10, 50, 200, 360, 500, 2000])
def test_prompt_text_keeps_within_its_characters(most: int) -> None:
    """Whatever the limit, the text is not longer, and the ids are those of the memories in it."""
    memories = [memory(f"{number} " + "😀" * 60, id=f"m-{number}") for number in range(60)]
    text, used, cut = prompt_text(memories, most)
    assert 0 < len(text) <= most
    assert cut
    for number in range(1, 60):
        assert (f"m-{number}" in used) == (f"- {number} 😀" in text)


def test_prompt_text_holds_memories_as_they_are() -> None:
    """Nothing in a memory is changed, and the heading says that it is information."""
    contents = ["two\nlines", "  spaces  ", "e\u0301"]
    text, used, cut = prompt_text([memory(each, id=each) for each in contents], 2000)
    assert text == HEADING + "\n".join(f"- {each}" for each in contents)
    assert used == contents
    assert not cut


def test_memory_that_does_not_fit_makes_room_for_a_shorter_one() -> None:
    """A long memory between short ones is left out, and that is said."""
    memories = [memory("short", id="a"), memory("x" * 5000, id="b"), memory("also short", id="c")]
    assert prompt_text(memories, 500)[1:] == (["a", "c"], True)


def test_no_memories_are_no_text() -> None:
    """Nothing remembered is an empty text without heading."""
    assert prompt_text([], 2000) == ("", [], False)


def exported(
    count: int, promised: int | None = None, *, tail: bytes = b"", broken: MemoryFailure | None = None
) -> Answer:
    """Return an export with `count` records."""
    manifest = {"type": "manifest", "count": count if promised is None else promised, "sha256": "0" * 64}
    lines = [manifest, *(memory(f"text {number}", id=f"m-{number}") for number in range(count))]
    body = b"".join(json.dumps(each).encode() + b"\n" for each in lines) + tail
    return Answer(200, {"Content-Type": "application/x-ndjson"}, body, broken)


BROKEN = MemoryFailure("disconnected", "The server closed the connection in the middle of its answer.", "Try again.")


def test_whole_export_is_complete() -> None:
    """An export that holds what its manifest promises is passed on byte by byte."""
    answer = exported(3)
    export = export_file(answer, None)
    assert [each["id"] for each in export.records] == ["m-0", "m-1", "m-2"]
    assert export.data == answer.body
    assert export.missing == ""


@pytest.mark.parametrize(
    ("answer", "most", "count", "said"),
    [
        (exported(3, 5), None, 3, "promises 5 records, but 3 came"),
        (exported(3, 5, tail=b'{"id": "m-', broken=BROKEN), None, 3, "after 3 of 5 records"),
        (exported(3, 4, tail=b'{"id": "m-'), None, 3, "promises 4 records, but 3 came"),
        (exported(3), 2, 2, "2 of 3 records"),
    ],
)
def test_export_that_is_not_whole_says_so(answer: Answer, most: int | None, count: int, said: str) -> None:
    """Records that came are kept, half of one is not, and what is missing is said."""
    export = export_file(answer, most)
    assert len(export.records) == count
    assert export.data.count(b"\n") == count + 1
    assert said in export.missing


def test_export_without_manifest_is_a_failure() -> None:
    """An export of which nothing came is why it broke, and one without a manifest is none."""
    with pytest.raises(MemoryFailure, match="closed the connection"):
        export_file(Answer(200, {}, b'{"type": "mani', BROKEN), None)
    for body in (b"", b'{"id": "m-1"}\n', b"<html>\n", b'{"type": "manifest", "count": "3"}\n', b"[]\n"):
        with pytest.raises(MemoryFailure) as caught:
            export_file(Answer(200, {}, body), None)
        assert caught.value.kind == "bad_answer"
