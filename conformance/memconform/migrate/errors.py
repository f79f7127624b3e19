"""Why a migration ends before its end; what has been done stays done, and a rerun goes on from there."""

from __future__ import annotations


class Stopped(Exception):
    """It cannot go on for now; the message says who is to blame, what was seen and what to do."""


class Damaged(Stopped):
    """What the source answered is not what it says itself that it is; nothing of it is used."""


class NoRoom(Exception):
    """The disk of this machine is full or cannot be written to: no server's fault."""
