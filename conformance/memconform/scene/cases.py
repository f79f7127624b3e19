"""Cases of one rule, each tried although another one failed: a finding names them all, and costs no request more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from memconform.verdict import NotMet

_NAMED = 3
"""So many further cases are named."""


class Cases:
    """`with Cases() as case:` around a loop, `with case(name):` around each turn, whose failure ends that turn alone.

    At the end the first failure is raised, with the names of the others behind what was observed. It goes before
    whatever else ended the loop.
    """

    def __init__(self) -> None:
        """Begin without a failure."""
        self._failed: list[tuple[str, NotMet]] = []

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Try one case, named for people."""
        try:
            yield
        except NotMet as failure:
            self._failed.append((name, failure))

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise the first failure, if there was one, unless the harness itself is being stopped."""
        if not self._failed or not (error is None or isinstance(error, Exception)):
            return
        (_, first), *others = self._failed
        raise NotMet(first.expected, first.observed + _more([name for name, _ in others]), first.see) from error


def _more(names: list[str]) -> str:
    """Return what is said of further cases; nothing where there are none."""
    if not names:
        return ""
    told = "; ".join(names[:_NAMED]) + ("; …" if len(names) > _NAMED else "")
    return f" (and {len(names)} more {'case' if len(names) == 1 else 'cases'}: {told})"
