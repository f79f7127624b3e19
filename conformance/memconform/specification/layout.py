"""JSON laid out for people: what fits a line stays on it."""

from __future__ import annotations

import json
from typing import Any

WIDTH = 96
"""The longest line, in characters, that something with parts is written on."""


def laid_out(value: Any, indent: int = 0) -> str:
    """Return a value as JSON, indented by two where it is too long for a line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent <= WIDTH or not value or not isinstance(value, (dict, list)):
        return line
    deeper = indent + 2
    if isinstance(value, dict):
        parts = [f"{json.dumps(name, ensure_ascii=False)}: {laid_out(each, deeper)}" for name, each in value.items()]
    else:
        parts = [laid_out(each, deeper) for each in value]
    inside = ",\n".join(" " * deeper + part for part in parts)
    ends = "{}" if isinstance(value, dict) else "[]"
    return f"{ends[0]}\n{inside}\n{' ' * indent}{ends[1]}"
