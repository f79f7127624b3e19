"""Reading YAML with the C parser where PyYAML has it: the contract's files, and those that somebody else wrote."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 200
"""How many levels a foreign file may have."""


class TooDeep(yaml.MarkedYAMLError):
    """A text whose collections are nested beyond all reason, or without end."""

    def __init__(self, problem: str, event: Any) -> None:
        """Say what it is, and at which event of the parser."""
        super().__init__(problem=problem, problem_mark=event.start_mark)


@cache
def load_yaml(path: Path) -> Any:
    """Return what a file of ours says; the result is shared between callers, who leave it as it is."""
    with path.open("rb") as file:
        return yaml.load(file, Loader=SafeLoader)  # noqa: S506 - both loaders are safe ones


def foreign_yaml(text: str, loader: Any = SafeLoader) -> Any:
    """Return what a text of somebody else's says; raise `yaml.YAMLError` where it is no YAML, `TooDeep` among them."""
    check_depth(text)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - a safe one
    except (ValueError, LookupError, AttributeError, TypeError) as error:  # 2026-02-30, !!bool maybe, !!timestamp now
        why = f": {error}" if isinstance(error, ValueError) else ""
        raise yaml.YAMLError(f"a value in it is none of its type{why}") from None


def check_depth(text: str) -> None:
    """Raise `TooDeep` for what a parser would end this process at: the one in C crashes, the other one recurses."""
    anchors: list[str | None] = []
    for event in yaml.parse(text, Loader=SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            anchors.append(event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchors.pop()
        if len(anchors) > DEEPEST:
            raise TooDeep(f"it is nested too deeply, beyond {DEEPEST} levels", event)
        if isinstance(event, yaml.AliasEvent) and event.anchor in anchors:
            raise TooDeep(f"a value holds itself, by the alias *{event.anchor}", event)
