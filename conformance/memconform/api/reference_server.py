"""`reference_server`: a server of the contract for a test of one's own client, right or wrong in one way."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from memconform.api.words import as_arguments
from memconform.serving import NotServing, served
from memconform.settings import UsageError

if TYPE_CHECKING:
    import os

_EXTRA = ("httptools", "numpy", "starlette", "structlog", "uvicorn", "wordllama")
"""What the extra `server` installs."""


@contextmanager
def reference_server(
    *,
    defect: str | None = None,
    variant: str | None = None,
    api_keys: Sequence[str] = (),
    data: str | os.PathLike[str] | None = None,
) -> Iterator[str]:
    """Serve the contract from a process of its own while the block runs, and yield the server's URL.

    It serves every profile, on a free port of the loopback interface. `defect` makes it wrong in one way and `variant`
    unusual but legal: `memconform defects` lists both; a client that is tested against them shows how it bears them.
    `api_keys` are the keys of its principals; without any it is open. `data` is a file that keeps the memories; without
    one they are gone at the end.

    Raises `UsageError` where a name is not known, or the extra `server` is not installed. Safe in several threads at
    once.

    >>> import urllib.request
    >>> from memconform import reference_server
    >>> with reference_server() as url:
    ...     print(urllib.request.urlopen(f"{url}/v1/health").status)
    200
    """
    absent = [module for module in _EXTRA if importlib.util.find_spec(module) is None]
    if absent:
        raise UsageError(
            f"reference_server needs what is not installed: {', '.join(absent)}. Try: pip install 'memconform[server]'"
        )
    if defect and variant:
        raise UsageError("defect and variant exclude each other; choose one")
    if isinstance(api_keys, str):
        raise UsageError("api_keys is one text; expected a list of keys")
    given = (("--defect", defect), ("--variant", variant), ("--data", None if data is None else str(data)))
    options = [word for option, value in given if value is not None for word in (option, value)]
    try:
        # An empty value, too: keys that are in the caller's own environment are not meant.
        with served(options, {"MEMCONFORM_SERVER_API_KEYS": ",".join(api_keys)}) as url:
            yield url
    except NotServing as error:
        raise UsageError(f"the reference server did not start: {as_arguments(_last_line(str(error)))}") from None


def _last_line(said: str) -> str:
    return said.strip().rpartition("\n")[2].removeprefix("Error: ")
