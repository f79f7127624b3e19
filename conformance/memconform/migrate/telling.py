"""What a migration tells on a terminal: one line that moves, and at the end the totals."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import click

_EVERY_S = 0.1

_WORDS = {
    "assigned": "the target gives its own",
    "undeclared": "the target does not declare what it needs",
    "no operation": "no operation of the target sets it",
    "limit": "above a limit of the target",
    "refused": "the target refused it",
    "unlinked": "what it names is not at the target",
    "ignored": "the target took it and does not show it",
    "altered": "the target shows another value",
    "merged": "the target keeps one memory for several records",
    "conflict": "another record is there",
    "lost": "acknowledged, and not there when it was read back",
    "expired": "its time was over",
    "unreadable": "the target does not show it",
    "changed at the source": "it is another one at the source by now",
}


class Progress:
    """Moves one line on a terminal; silent anywhere else."""

    def __init__(self) -> None:
        self._moving = sys.stderr.isatty()
        self._counts: dict[str, int] = {}
        self._next = 0.0

    def __call__(self, phase: str, more: int) -> None:
        """Take note that a phase is so many records further."""
        self._counts[phase] = self._counts.get(phase, 0) + more
        if self._moving and time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY_S
            said = ", ".join(f"{count:,} {name}" for name, count in self._counts.items())
            click.echo(f"\r\x1b[K  {said}", nl=False, err=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._moving:
            click.echo("\r\x1b[K", nl=False, err=True)


def lines(head: Mapping[str, Any]) -> Iterator[str]:
    """Yield the totals of a receipt."""
    yield f"from  {_service(head['from'])}, read by {head['from']['read_by']}"
    yield f"to    {_service(head['to'])}, written by {head['to']['written_by']}"
    scope = head["scope"]
    yield "scope " + ("all" if scope is None else " ".join(f"{name}={value}" for name, value in scope.items()))
    yield from _counts(head)
    for loss in head["losses"]:
        member = loss["member"] or "(the whole record)"
        yield f"  {member:<20} {loss['records']:>8,}  {loss['cause']}: {_WORDS[loss['cause']]}"
    if head["given_up"]:
        given_up = ", ".join(f"{name} of {count:,}" for name, count in head["given_up"].items())
        yield f"not counted as a loss, for no import of the contract keeps it: {given_up}"
    unsure = [doubt for doubt in head["doubts"] if not doubt["certain"]]
    if head["doubts"]:
        yield f"writes without an answer: {len(head['doubts'])}, of which {len(unsure)} could not be decided for sure"
    yield from (f"note: {note}" for note in head["notes"])


def _counts(head: Mapping[str, Any]) -> Iterator[str]:
    counts = head["counts"]
    would = "would be " if head["plan"]["dry_run"] else ""
    if not counts["records"]:
        yield "the source holds nothing in this scope" if head["verdict"]["stopped"] is None else "nothing was read"
    else:
        yield (
            f"{counts['records']:,} records: {counts['carried']:,} {would}carried, {counts['carried_with_loss']:,} "
            f"{would}carried with loss, {counts['not_carried']:,} {'' if not would else 'would '}not "
            f"{'be ' if would else ''}carried, {counts['not_finished']:,} not finished"
        )
    if counts["unreadable_at_source"]:
        yield f"{counts['unreadable_at_source']:,} could not be read at the source: see `unreadable` in the receipt"
    if counts["gone_from_source"]:
        yield f"{counts['gone_from_source']:,} are gone from the source since they were planned"


def _service(told: Mapping[str, Any]) -> str:
    service = told["service"]
    return f"{service['name']} {service['version']} at {told['url']}" if service else str(told["url"])
