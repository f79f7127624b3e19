"""What a baseline says of a finding that it knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def known(result: Mapping[str, Any], finding: Mapping[str, Any]) -> str:
    """Return it in a sentence; empty where there is no baseline, or where it does not know the finding."""
    if not result.get("baseline"):
        return ""
    from memconform.baseline.comparing import covering

    entry = covering(result, finding)
    if entry is None:
        return ""
    doubt = f". It reads otherwise than when that was written down: {entry['found']}" if "found_now" in entry else ""
    return f"Known until {entry['expires']}: {entry['reason']}{doubt}"
