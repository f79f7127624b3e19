"""What a memory server must not do, whatever the load."""

from __future__ import annotations

from enum import StrEnum


class Law(StrEnum):
    """The breaches that are counted. The values stand in results."""

    LOST_WRITE = "lost write"
    """An acknowledged write is not there."""
    STALE_READ = "stale read"
    """A read shows a state that is older than the server's bound allows."""
    FOREIGN = "foreign memory"
    """A memory or a text of another person."""
    DELETED_SEEN = "deleted memory seen"
    """A deletion was acknowledged, and a later read still shows the memory, or shows it again."""
    RESIDUE = "residue after erase"
    """An erasure was completed, and a later read shows a memory that it covered."""
    COLLATERAL = "collateral of an erase"
    """A memory that was there is gone after the erasure of another person."""
    DUPLICATE = "duplicate"
    """One write, two memories; or one memory twice in one answer or one walk through pages."""
    UNSTABLE_REPEAT = "unstable repeat"
    """An idempotent repeat was answered with another memory."""
    CHANGED = "changed content"
    """A text is not, code point for code point, what was written."""
    REFUSED_SEEN = "refused write seen"
    """A write was refused and is there."""
