"""What is known of a call of a plugin that did not end well."""

from __future__ import annotations

import re

from memconform.dify import CallError
from memconform_load.calls import Ended, Failed, Op

TIMED_OUT = "timed out"
DIED = "plugin died"
NOT_RUNNING = "plugin not running"

SHOWN = 300
"""So many characters of what was seen are kept."""

_CODE = re.compile(r"([a-z][a-z0-9_-]{2,39}):\s")
"""A plugin's own code of an error, where its message begins with one: `rate_limited: The server is asked …`."""

_NOTHING_HAPPENED = frozenset(
    {
        "bad_parameter", "bad_settings", "forbidden", "invalid", "name_not_found", "not_found", "not_supported", "tls",
        "too_large", "unauthorized",
    }
)  # fmt: skip
"""Codes of the reference plugin after which the server did nothing; whatever else a plugin says proves nothing."""

_LAST_OF_SEVERAL = frozenset({"changed", "conflict", "gone", "rate_limited", "refused", "unreachable"})
"""Codes that tell of the last attempt: a former one, whose answer was lost, may have written."""

_READS = frozenset({Op.SEARCH, Op.LIST, Op.GET, Op.GET_KEYED, Op.EXPORT})

_STATUS = {
    "changed": 412, "conflict": 409, "forbidden": 403, "gone": 410, "not_found": 404, "rate_limited": 429,
    "too_large": 413, "unauthorized": 401,
}  # fmt: skip


def told(op: Op, error: CallError) -> tuple[Ended, Failed, int | None]:
    """Return how a call ended whose tool answered an error, why, and the HTTP status where the code stands for one."""
    code = _CODE.match(error.message)
    kind = code[1] if code else error.type or "an error without a type"
    status = _STATUS.get(kind)
    refused = kind in _NOTHING_HAPPENED or (kind in _LAST_OF_SEVERAL and op in _READS)
    if kind == "timeout":
        kind = f"{TIMED_OUT} in the plugin"
    return Ended.REFUSED if refused else Ended.UNKNOWN, Failed(kind, short(error.message or str(error))), status


def short(text: str) -> str:
    """Return the first line or so of a text."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
