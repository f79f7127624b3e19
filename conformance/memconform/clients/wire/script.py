"""What the front was told to answer."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from memconform.clients.wire.answers import Answer
from memconform.clients.wire.seen import Seen

Chooser: TypeAlias = Callable[[Seen], Answer | None]
"""Says how to answer a request; None forwards it."""

Matcher: TypeAlias = Callable[[Seen], object] | str
"""Tells whether a request is meant: a function of it, or an operationId."""


@dataclass
class _Sequence:
    matches: Callable[[Seen], object]
    answers: deque[Answer | None]
    repeat: bool


class Script:
    """Sequences of answers for requests that match, and a chooser for all others."""

    def __init__(self) -> None:
        """Forward everything."""
        self.chooser: Chooser | None = None
        self._sequences: list[_Sequence] = []
        self._lock = threading.Lock()

    def when(self, matcher: Matcher, answers: Iterable[Answer | None], *, repeat: bool) -> None:
        """Add a sequence; earlier ones come first while they last."""
        matches = (lambda seen: seen.operation_id == matcher) if isinstance(matcher, str) else matcher
        with self._lock:
            self._sequences.append(_Sequence(matches, deque(answers), repeat))

    def clear(self) -> None:
        """Forward everything again."""
        with self._lock:
            self._sequences.clear()
            self.chooser = None

    def choose(self, seen: Seen) -> Answer | None:
        """Return the answer to a request, None to forward it."""
        with self._lock:
            for sequence in self._sequences:
                if sequence.answers and sequence.matches(seen):
                    last = sequence.repeat and len(sequence.answers) == 1
                    return sequence.answers[0] if last else sequence.answers.popleft()
            chooser = self.chooser
        return None if chooser is None else chooser(seen)
