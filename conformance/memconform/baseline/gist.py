"""What a failure said without what is another one in every run, so that an entry can tell what it was written for.

Measured with seeded defects, run after run, with other seeds and budgets: the gist of a failing test stayed the same,
its text did not. It is still only a note for people: a later version of the suite may word a failure otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_READ, _KEPT = 1000, 200
"""Letters of a text that are looked at, and that are kept of its gist."""
_VARYING = re.compile(
    r"""
      [{\[].*                                # JSON, and all behind it: what is met first depends on the seed
    | "(?:[^"\\]|\\.)*(?:"|$)
    | (?<!\w)'(?:[^'\\]|\\.)*(?:'(?!\w)|$)   # a quoted text, not the apostrophe of "a principal's"
    | (?<![\w/])/(?!v1/).*[ ]=[ ].*          # a pointer into generated metadata, and what is there
    | (?<=[ ]=[ ]).+
    | (?<![\w.:-])(?![1-5]\d\d[ ](?:or|for)[ ]|v1/)(?=[\w.:+-]*\d)[\w.:+-]+   # ids, numbers, times; no expected status
    """,
    re.DOTALL | re.VERBOSE,
)
_SEVERAL = re.compile(r"…(?:[ ,]*…)*")
_STATUS = re.compile(r"[1-5]\d\d(?!\S)")


def gist(finding: Mapping[str, Any]) -> str | None:
    """Return what was expected, or why nothing is proven, and the status that came; `…` for all that varies.

    None where a finding says neither.
    """
    expected, reason = finding.get("expected"), finding.get("reason")
    if not expected and not reason:
        return None
    text = _SEVERAL.sub("…", _VARYING.sub("…", str(expected or reason)[:_READ]))
    said = " ".join(f"{'expected ' if expected else ''}{text}".split())
    if len(said) > _KEPT:
        said = f"{said[:_KEPT].rstrip(' …')} …"
    status = _STATUS.match(str(finding.get("observed") or ""))
    return f"{said}; observed {status[0]}" if status else said
