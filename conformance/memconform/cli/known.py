"""Names of the contract as command-line arguments: any case is taken, near misses are suggested."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from memconform.contract import profiles, requirements

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Known(click.ParamType[str]):
    """One of the names of a set."""

    def __init__(self, name: str, known: Callable[[], Mapping[str, Any]], spell: Callable[[str], str]) -> None:
        """Say what the names are called, where they come from, and how the contract spells them."""
        self.name = name
        self._known = known
        self._spell = spell

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as the contract spells it."""
        wanted, known = self._spell(str(value)), self._known()
        if wanted in known and wanted != "client":
            return wanted
        near = get_close_matches(wanted, list(known), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "see 'memconform requirements'"
        return self.fail(f"{value!r} is no {self.name} of the contract; {hint}", param, ctx)

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002 - likewise
        incomplete: str,
    ) -> list[CompletionItem[Any]]:
        """Return the names that begin like this, in whatever case it is."""
        return completed(self._known(), self._spell(incomplete))


class ContractVersion(click.ParamType[str]):
    """A version of the contract that this suite can judge against."""

    name = "contract version"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the version."""
        from memconform.contract.versions import known

        try:
            return known(str(value))
        except ValueError as error:
            return self.fail(str(error), param, ctx)


def completed(names: Iterable[str], incomplete: str) -> list[CompletionItem[Any]]:
    """Return the names that begin like this, for a shell to complete."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


REQUIREMENT = Known("requirement", requirements, str.upper)
PROFILE = Known("profile", profiles, str.lower)
CONTRACT = click.option(
    "--contract",
    type=ContractVersion(),
    metavar="VERSION",
    help="Judge against this version of the contract, such as 1.0; when not given, the one that a server declares.",
)
BASELINE = click.option(
    "--baseline",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Known failures, which fail the run no longer; see 'memconform baseline'.",
)
