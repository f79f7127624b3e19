"""The test material lies where it is looked for, fits small servers, and is what it claims to be."""

from __future__ import annotations

import json
import unicodedata

import pytest

from memconform.contract import validator
from memconform.scene.material import cut, depth, filled, json_bytes, material

SCOPE = {"user_id": "u1"}


def test_texts_fit_a_server_with_little_room() -> None:
    """No hostile text takes more than 200 bytes, and all are different and valid content."""
    texts = [each["text"] for each in material("hostile_texts")]
    assert max(len(text.encode()) for text in texts) <= 200
    assert len(set(texts)) == len(texts)
    assert all(validator("memory-create").is_valid({"content": text, "scope": SCOPE}) for text in texts)


def test_texts_hold_what_servers_like_to_change() -> None:
    """Among the texts are blanks at the ends, both normal forms, CR, NUL, a byte order mark and astral characters."""
    texts = [each["text"] for each in material("hostile_texts")]
    assert any(text != text.strip() for text in texts)
    for form in ("NFC", "NFD", "NFKC"):
        assert any(text != unicodedata.normalize(form, text) for text in texts)
    for needle in ("\r", "\r\n", "\0", "\ufeff", "\U0001f469", "\u2028", "\u200d"):
        assert any(needle in text for text in texts)


def test_malformed_json_is_malformed() -> None:
    """Python's strict parser refuses every body of the corpus."""
    for each in material("malformed_json"):
        with pytest.raises(json.JSONDecodeError):
            json.loads(each["body"].replace("@", json.dumps(SCOPE)))


def test_broken_memories_break_the_schema() -> None:
    """Every broken body is invalid, and only because of the members that break it."""
    good = {"content": "x", "scope": SCOPE}
    assert validator("memory-create").is_valid(good)
    for each in material("broken_memories"):
        assert not validator("memory-create").is_valid(good | each["members"]), each["name"]


def test_metadata_is_shallow_and_small() -> None:
    """Every metadata text is an object at most three deep and of at most 256 bytes."""
    for each in material("hostile_metadata"):
        value = json.loads(each["json"])
        assert isinstance(value, dict)
        assert depth(value) <= 3
        assert json_bytes(value) <= 256


def test_cut_and_filled_count_bytes() -> None:
    """Texts are cut between code points and filled to the exact number of bytes."""
    assert cut("éé", 3) == "é"
    assert cut("ab", 3) == "ab"
    for limit in (1, 2, 7, 64):
        assert len(filled(limit).encode()) == limit
    assert filled(6, "ab", "é") == "abéé"
    assert depth({}) == 1
    assert depth({"a": [{}]}) == 3
