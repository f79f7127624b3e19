"""Scenes that several tests look at: each is lived once in a run, by the first test that asks for it.

A story sends and keeps; it judges nothing, so that what is wrong at one step spoils no other test's verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from memconform.answer import Answer
from memconform.http import Wire
from memconform.memory_api import Memory, MemoryApi
from memconform.plot import Plot
from memconform.verdict import Inconclusive, NotApplicable

_lived: WeakKeyDictionary[Wire, dict[str, Any]] = WeakKeyDictionary()


class Story:
    """The answers of a scene by the names of its steps; several where a step has more than one request."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._steps: dict[str, list[Answer]] = {}

    def tell(self, step: str, *answers: Answer) -> Answer:
        """Keep the answers of a step and return the last one."""
        self._steps[step] = list(answers)
        return answers[-1]

    def __contains__(self, step: str) -> bool:
        """Whether the step was taken."""
        return step in self._steps

    def __getitem__(self, step: str) -> Answer:
        """Return the last answer of a step."""
        return self.all(step)[-1]

    def all(self, step: str) -> list[Answer]:
        """Return the answers of a step; `NotApplicable` where the server declares too little for it."""
        if step not in self._steps:
            raise NotApplicable(f"the step {step!r} needs a profile that the server does not declare")
        return self._steps[step]

    def record(self, step: str) -> Memory:
        """Return the memory that a step answered with; `Inconclusive` where it did not."""
        return self[step].control(200, 201).control_object("id", str)

    def acknowledged(self, *steps: str) -> bool:
        """Tell whether one of the steps was taken and answered with a good status."""
        return any(answer.status < 300 for step in steps if step in self for answer in self.all(step))


def once(memory: MemoryApi, plot: Plot, live: Callable[[], Story]) -> Story:
    """Return this run's story of that plot; live it where nobody has. One that broke off is not kept.

    One that set no scene is kept as its reason: the next test need not try it again.
    """
    known, name = _lived.setdefault(memory.wire, {}), plot.name
    if name not in known:
        try:
            with memory.recorder.telling(plot):
                known[name] = live()
        except Inconclusive as nothing:
            known[name] = nothing.after(memory.recorder.exchanges)
        except NotApplicable as nothing:
            known[name] = nothing
    if isinstance(known[name], Exception):
        raise known[name]
    story: Story = known[name]
    return story
