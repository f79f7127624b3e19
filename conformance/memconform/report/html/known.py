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
    return f"Known until {entry['expires']}: {entry['reason']}" if entry else ""
