"""The messages of a conversation, from JSON or from lines of text."""

from __future__ import annotations

import re
from typing import Any

from .answer import type_name
from .failures import bad_parameter
from .parameters import Parameters, content, parsed, shown, text_itself

ROLES = ("user", "assistant", "system", "tool")
EXPECTED = 'a JSON array of {"role", "content"}, or lines that begin with user: or assistant:'

_SPEAKER = re.compile(r"(user|assistant|system|tool):[ ]?", re.IGNORECASE)


def messages(parameters: Parameters) -> list[dict[str, Any]]:
    """Return the messages, oldest first; what somebody said is passed on as it is."""
    value = parameters.get("messages")
    if isinstance(value, str):
        value = content(parameters, "messages")
        value = parsed(value, "messages", EXPECTED) if value.lstrip()[:1] in {"[", "{"} else _from_lines(value)
    if value is None:
        raise bad_parameter("messages", EXPECTED, "missing")
    if not isinstance(value, list):
        raise bad_parameter("messages", EXPECTED, type_name(value))
    if not value:
        raise bad_parameter("messages", EXPECTED, "empty")
    return [_message(each, number) for number, each in enumerate(value, 1)]


def _message(value: object, number: int) -> dict[str, Any]:
    """Return one message with what the contract knows of it."""
    name = f"messages (number {number})"
    if not isinstance(value, dict):
        raise bad_parameter(name, 'an object {"role", "content"}', type_name(value))
    role = value.get("role")
    if role not in ROLES:
        raise bad_parameter(name, f"by one of {', '.join(ROLES)}", f"by {shown(role)}")
    said = text_itself(value.get("content"), f"content of {name}")
    optional = {each: text_itself(value[each], f"{each} of {name}") for each in ("id", "created_at") if value.get(each)}
    return {"role": role, "content": said, **optional}


def _from_lines(text: str) -> list[dict[str, Any]]:
    """Return messages from lines; one without a speaker goes on with the message before it."""
    found: list[dict[str, Any]] = []
    for line in text.split("\n"):
        speaker = _SPEAKER.match(line)
        if speaker:
            found.append({"role": speaker[1].lower(), "content": line[speaker.end() :]})
        elif found:
            found[-1]["content"] += f"\n{line}"
        elif line.strip():
            raise bad_parameter("messages", EXPECTED, shown(line))
    return found
