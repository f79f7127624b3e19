"""What the person who sets a project up has decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Ci: TypeAlias = Literal["github", "gitlab", "none"]


@dataclass(frozen=True, slots=True)
class Answers:
    """How the server is reached, and what is written where."""

    start: str | None
    url: str | None
    budget: str
    place: str
    """The configuration's file: memconform.toml or pyproject.toml."""
    ci: Ci
    action: str | None = None
    """The GitHub Action as `uses:` names it, OWNER/REPOSITORY@REF; None for memconform from pip."""
    force: bool = False
    restart: bool = False
    """Whether the command that starts the server finds its data again, so that it may be killed and started again."""
