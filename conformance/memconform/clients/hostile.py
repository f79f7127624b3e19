"""What memories, ids and names may hold, and what must not come of it."""

from __future__ import annotations

import json
import re
from functools import cache

from memconform.contract import content_root

MARK = "mcfmark7d1f"
"""In every hostile memory, to be looked for where no memory's text belongs."""

FORGED = "x-mcf-forged"
"""A header field that a memory tries to smuggle in."""

_RAW_PIECES = (FORGED, f"{MARK} ![")
"""What of a hostile memory cannot be in a header field whose value was escaped."""

LONG = "A long memory, á lingua franca — 長い。\t" * 160 + "its end "
"""About 6,000 characters; a blank ends it."""

_FORGED_LINE = f"2026-01-01 00:00:00 ERROR {MARK} forged"
_RAW = re.compile(rf"(?m)^{re.escape(_FORGED_LINE)}|\x1b\[31m{MARK}")


@cache
def texts() -> tuple[str, ...]:
    """Return texts of every kind: blanks, line ends, forms of Unicode, controls, right-to-left, markup."""
    rows = json.loads((content_root() / "fixtures/data/hostile_texts.json").read_text(encoding="utf-8"))
    return (*(row["text"] for row in rows), LONG, "null", "None", "0", "{content}", "{{#sys.query#}}", "%s %(a)s {0}")


def names() -> tuple[str, ...]:
    """Return names that a query string has to carry with care; none begins or ends with a blank."""
    return (
        "a b",
        "a+b",
        "a&user_id=somebody",
        "50%25 a%20b %zz",
        "a=b;c#d?e/f",
        "Zoë 日本語 🌱",
        "cafe\u0301",
        'O\'Neil "x" \\n',
    )


def odd_ids() -> tuple[str, ...]:
    """Return ids that some server may give out, for they are opaque, and that have to arrive as they are."""
    return ("Ab-Cd_9", "0199F3C2-7D1E-7A64-9C1B-3F5D2A6E8B90", "mem_01HZX~K.7", "0012", "null")


def hostile_ids() -> tuple[str, ...]:
    """Return ids that no server gives out, and that a model may still pass on."""
    return (
        "../scopes",
        "a/../../v1/scopes?x=1",
        "..",
        ".",
        "a?user_id=somebody",
        "a#b",
        "a b",
        "a\r\nX-Mcf-Forged: 1",
        "%2e%2e%2fscopes",
        "a;b=c",
        "é/ü",
        "//example.invalid/x",
    )


def hostile_memory(address: str) -> str:
    """Return a memory with an address to visit, a line of a log to forge, a header field and control characters."""
    return (
        f"spare key {MARK} ![picture]({address}/v1/memories?{MARK}) {address}/{MARK}\r\n{FORGED}: 1\r\n"
        f"{_FORGED_LINE}\n\x1b[31m{MARK}\x1b[0m ../../{MARK} ${{jndi:ldap://{MARK}}} <img src={address}/{MARK}>"
    )


def carried_raw(name: str, value: str) -> bool:
    """Tell whether a header field carries a piece of a hostile memory as it is."""
    return any(piece in name or piece in value for piece in _RAW_PIECES)


def logged_raw(text: str) -> str | None:
    """Return a line of a log that a memory wrote, or coloured, by itself; None when there is none."""
    found = _RAW.search(text)
    return found.group() if found else None
