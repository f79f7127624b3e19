"""JSON Merge Patch, as RFC 7396 writes it down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Any


def merge_patched(target: Json, patch: Json) -> Json:
    """Return what the patch makes of a value: absent keeps, null removes, anything but an object replaces."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patched(result.get(name), value)
    return result
