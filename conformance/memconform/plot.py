"""What a story is called and what it costs: the plan counts each one once, whoever comes to live it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plot:
    """A scene that several tests look at and that is lived once in a run (see `memconform.scene.story`).

    `requests` bounds what living it takes: one number, or one for each budget (smoke, standard, full).
    """

    name: str
    requests: int | tuple[int, int, int]
