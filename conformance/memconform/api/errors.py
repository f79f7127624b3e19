"""What the functions of the public API raise beside `UsageError`: each says who is to blame."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memconform.api.conformance_result import ConformanceResult


class ServerUnreachable(Exception):
    """There is nothing to judge: nobody listens, it is no memory server, it refuses the credentials, or does not start.

    The message says which, and what to look at. Nothing is said about the server's conformance.

    >>> from memconform import ServerUnreachable, check_server
    >>> try:
    ...     check_server("http://127.0.0.1:9")
    ... except ServerUnreachable as error:
    ...     print(str(error).split(":")[0])
    no connection to http
    """


class HarnessFailed(Exception):
    """The judge failed, not the server. Report it; the message has what to report.

    `result` is what is known where the run came to its end all the same, else None.

    >>> from memconform import HarnessFailed
    >>> HarnessFailed("the suite cannot be loaded").result is None
    True
    """

    def __init__(self, said: str, result: ConformanceResult | None = None) -> None:
        super().__init__(said)
        self.result = result
