"""Texts of a server as people can see them: nothing in them stays unseen, turns the line around, or breaks the file."""

from __future__ import annotations

from typing import Any

_UNSEEN = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: 0x2421,
    **dict.fromkeys((*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029), 0xFFFD),
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),
}


def visible(value: Any) -> Any:
    """Return a value of JSON with the pictures of control characters in their place, in all its texts and names."""
    if isinstance(value, str):
        return value.translate(_UNSEEN)
    if isinstance(value, dict):
        return {visible(name): visible(each) for name, each in value.items()}
    return [visible(each) for each in value] if isinstance(value, list) else value
