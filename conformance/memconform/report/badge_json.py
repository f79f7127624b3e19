"""The badge as JSON, for services that draw badges from an address: the endpoint schema of shields.io, version 1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from memconform.report.badge import badge

_COLOURS = {"good": "brightgreen", "fair": "yellowgreen", "bad": "red", "none": "lightgrey"}


def render(result: Mapping[str, Any], specification: str | None = None) -> str:  # noqa: ARG001 - a badge has no links
    """Return the badge; what is not earned is marked as an error, so that no address can give it another colour."""
    said = badge(result)
    document = {
        "schemaVersion": 1,
        "label": said.label,
        "message": said.message,
        "color": _COLOURS[said.tone],
        "isError": said.tone in ("bad", "none"),
    }
    return json.dumps(document, indent=1) + "\n"
