"""Output is kept up to a bound."""

from __future__ import annotations

from memconform.dify.kept import Kept


def test_the_newest_is_kept() -> None:
    """Whole pieces at the old end go first, and what is gone is counted."""
    kept = Kept(10)
    for piece in (b"aaaa", b"bbbb", b"cccc"):
        kept.add(piece)
    assert kept.bytes() == b"bbbbcccc"
    assert kept.forgotten == 4
    assert kept.tail(2) == "cc"


def test_a_piece_that_is_larger_than_the_bound_is_cut() -> None:
    """Its end is kept."""
    kept = Kept(3)
    kept.add(b"a")
    kept.add(b"bcdef")
    assert kept.bytes() == b"def"
    assert kept.forgotten == 3
