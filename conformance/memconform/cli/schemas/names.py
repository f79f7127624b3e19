"""Names of schemas as arguments."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from memconform.cli.known import completed
from memconform.contract import schemas

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class SchemaName(click.ParamType[str]):
    """The name of a schema; near misses are suggested."""

    name = "schema"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, also of one that is given as a file's."""
        wanted = str(value).removesuffix(".json").removesuffix(".schema")
        if wanted in schemas():
            return wanted
        near = get_close_matches(wanted, list(schemas()), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "see 'memconform schemas list'"
        return self.fail(f"there is no schema {value!r}; {hint}", param, ctx)

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002 - click's signature
        incomplete: str,
    ) -> list[CompletionItem[Any]]:
        """Return the names that begin like this."""
        return completed(schemas(), incomplete)


SCHEMA = SchemaName()
