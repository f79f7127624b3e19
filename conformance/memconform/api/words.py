"""Messages that speak of options and variables, in the words of whoever called a function."""

from __future__ import annotations

import re

_COMMAND = re.compile(r"('memconform [^']*')")
"""A command to type stays as it is."""

_SAID = (
    (r"Put the API key there, or name another variable with --api-key-env\.", "Give the key as api_key."),
    (r"Put the API key there, or name another variable with --second-api-key-env\.", "Give the key as second_api_key."),
    (r"put the API key into \$MEMCONFORM_API_KEY instead", "give the API key as api_key instead"),
    (r" in \$MEMCONFORM_(?:SECOND_)?API_KEY\b", ""),
    (r"(?<!\S)--header\b", "headers"),
    (r"(?<!\S)--map\b", "mapping"),
    (r"(?<!\S)--ca\b(?: FILE)?", "ca_file"),
    (r"(?<!\S)--insecure\b", "insecure=True"),
)
_OPTION = re.compile(r"(?<![\w-])--([a-z]+(?:-[a-z]+)*)")


def as_arguments(message: str) -> str:
    """Return a message with the names of arguments where it has those of options."""
    return "".join(part if _COMMAND.fullmatch(part) else _translated(part) for part in _COMMAND.split(message))


def _translated(text: str) -> str:
    for pattern, words in _SAID:
        text = re.sub(pattern, words, text)
    return _OPTION.sub(lambda found: found[1].replace("-", "_"), text)
