"""Canonical JSON, and export files that were damaged."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from memconform.scene.canonical import canonical
from memconform.scene.export_file import ExportFile, damages, sealed

TREES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)  # fmt: skip
RECORDS = [{"id": f"id-{number}", "content": f"content {number}", "metadata": {"é": 0.1}} for number in range(3)]
WHOLE = sealed({"type": "manifest", "contract": "1.0", "scope": {"user_id": "u"}}, RECORDS)


@given(TREES)
def test_canonical_form_is_that_of_rfc_8785(tree: Any) -> None:
    """The canonical form is the one that the reference implementation of RFC 8785 writes."""
    assert canonical(tree) == rfc8785.dumps(tree)


def test_integers_beyond_binary64_keep_their_digits() -> None:
    """An integer that RFC 8785 cannot write is written with all its digits."""
    assert canonical({"n": 2**63 + 1}) == b'{"n":9223372036854775809}'


def test_every_damage_differs_from_the_whole_file() -> None:
    """No damaged file is the whole file, no two are the same, and each may name a line."""
    files = [each.bytes for each in damages(WHOLE)]
    assert WHOLE.bytes not in files
    assert len(set(files)) == len(files)
    assert all(each.lines for each in damages(WHOLE))


@pytest.mark.parametrize("damaged", list(damages(WHOLE)), ids=lambda each: each.what)
def test_damage_shows(damaged: object) -> None:
    """A damaged file has a line that is no JSON object, or a manifest that is not true of its records."""
    lines = damaged.bytes.splitlines()  # type: ignore[attr-defined]  # a Damaged
    assert not _is_whole(lines)


def test_sealed_file_is_whole() -> None:
    """The control: a sealed file is true of itself."""
    assert _is_whole(WHOLE.bytes.splitlines())


def _is_whole(lines: list[bytes]) -> bool:
    try:
        manifest, *records = [json.loads(line) for line in lines]
    except ValueError:
        return False
    if manifest.get("type") != "manifest" or not all("content" in record for record in records):
        return False
    return sealed(manifest, records).manifest == manifest and isinstance(WHOLE, ExportFile)
