"""Reading back: a record is carried when the target shows it equal, and only then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from memconform.capabilities import Capabilities
from memconform.migrate.fitting import Fitting
from memconform.migrate.journal import Journal
from memconform.migrate.losses import WHOLE, Cause, Loss
from memconform.migrate.records import Record, Unusable, differing, is_over, record_of, unescaped
from memconform.migrate.relinking import relinked, target_of
from memconform.migrate.service import Service, json_of
from memconform.migrate.state import Stage, State, Step
from memconform.verbs import path_of


class Outcome(StrEnum):
    """What became of a record."""

    CARRIED = "carried"
    WITH_LOSS = "carried with loss"
    NOT_CARRIED = "not carried"
    NOT_FINISHED = "not finished"


class Verifying:
    """Reads every stored record back from the target and compares it member by member."""

    def __init__(self, target: Service, state: State, journal: Journal, fitting: Fitting) -> None:
        self.target, self.state, self.journal, self.fitting = target, state, journal, fitting

    def verify(self, told: Callable[[int], None]) -> None:
        """Verify what is stored and not verified yet; raise `Stopped` where the target is gone."""
        self.target.settle("get")
        for _, record in self.state.records():
            step = self.state.step(record["id"])
            if step is not None and step.stage is Stage.STORED:
                losses = self._read_back(record, step)
                self.journal.verified(record["id"], outcome_of(losses), losses)
            told(1)

    def _read_back(self, record: Record, step: Step) -> list[Loss]:
        target_id = str(step.target)
        answer = self.target.read(path_of(target_id))
        if answer.status == 404:
            return [Loss(WHOLE, Cause.EXPIRED if is_over(record) else Cause.LOST)]
        try:
            seen = record_of(json_of(answer)) if answer.status == 200 else None
        except Unusable:
            seen = None
        if seen is None:
            return [Loss(WHOLE, Cause.UNREADABLE, {"status": answer.status})]
        if step.digest not in (None, self.state.digest(record["id"])):
            return [Loss(WHOLE, Cause.CHANGED)]
        return [*self._known(record, step), *self._found(record, seen, step)]

    def _known(self, record: Record, step: Step) -> Iterator[Loss]:
        yield from step.losses
        if step.target != record["id"]:
            yield from self.fitting.lost_on_the_way(record)
        if len(self.state.of_target(str(step.target))) > 1:
            yield Loss(WHOLE, Cause.MERGED)

    def _found(self, record: Record, seen: Record, step: Step) -> Iterator[Loss]:
        """Yield what differs and is not known to be lost."""
        expected, _ = relinked(record, self.state, by_import=step.target == record["id"])
        successor = record.get("superseded_by")
        same = successor if seen.get("superseded_by") == successor else None
        expected["superseded_by"] = (target_of(successor, self.state) or same) if successor else None
        if step.target != record["id"]:
            expected |= {name: seen.get(name) for name in ("id", "created_at")}
        for pointer in differing(expected, seen):
            if not _is_covered(pointer, step.losses):
                yield Loss(pointer, self._cause(pointer, seen, skipped=step.skipped))
        if successor and expected["superseded_by"] is None and not _is_covered("/superseded_by", step.losses):
            yield Loss("/superseded_by", Cause.UNLINKED)

    def _cause(self, pointer: str, seen: Record, *, skipped: bool) -> Cause:
        if skipped:
            return Cause.CONFLICT
        member, *below = pointer.split("/")[1:]
        if below:
            names = seen["metadata"]
            return Cause.ALTERED if unescaped(below[0]) in names else Cause.IGNORED
        return Cause.ALTERED if member in seen else Cause.IGNORED


def outcome_of(losses: Sequence[Loss]) -> Outcome:
    """Return what became of a record that was read back with these losses."""
    if any(loss.member == WHOLE and loss.cause is not Cause.MERGED for loss in losses):
        return Outcome.NOT_CARRIED
    if any(loss.cause is Cause.CONFLICT for loss in losses):
        return Outcome.NOT_CARRIED
    return Outcome.WITH_LOSS if losses else Outcome.CARRIED


def given_up(record: Record, source: Capabilities) -> Iterator[str]:
    """Yield what no import of the contract carries, and this record has."""
    yield from ("updated_at", "version")
    if "history" in source.profiles and record.get("version", 1) != 1:
        yield "history"


def _is_covered(pointer: str, losses: Sequence[Loss]) -> bool:
    """Tell whether a loss is known of the member, of something in it, or of what it is in."""
    return any(
        loss.member and (f"{pointer}/".startswith(f"{loss.member}/") or f"{loss.member}/".startswith(f"{pointer}/"))
        for loss in losses
    )
