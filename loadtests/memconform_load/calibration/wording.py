"""Laws as text: `stall,at=10s,length=2s`, for command lines."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from memconform.settings import UsageError
from memconform_load import quantities
from memconform_load.calibration.laws import LAWS, Law

_PLAIN = frozenset({"mu", "rate", "seed", "servers", "sigma"})
"""Parameters that are numbers; `share` is a share, all others are times."""


def parse_law(text: str) -> Law:
    """Return the law; raise `UsageError` that says which laws or which parameters there are."""
    name, *given = text.split(",")
    law: Any = LAWS.get(name)
    if law is None:
        raise UsageError(f"there is no law {name!r}; the laws are {', '.join(LAWS)}")
    known = {field.name: field for field in fields(law) if field.name != "dies_at"}
    values: dict[str, float | int] = {}
    for word in given:
        parameter, _, value = word.partition("=")
        if parameter not in known:
            raise UsageError(f"the law {name} has no parameter {parameter!r}; it has {', '.join(known)}")
        number = _value(parameter, value)
        values[parameter] = int(number) if isinstance(known[parameter].default, int) else number
    made: Law = law(**values)
    return made


def law_text(law: Law) -> str:
    """Return the text that `parse_law` reads, with every parameter."""
    values = ((field.name, getattr(law, field.name)) for field in fields(law) if field.name != "dies_at")  # type: ignore[arg-type] # every law is a dataclass
    name = next(name for name, kind in LAWS.items() if kind is type(law))
    return ",".join([name, *(f"{parameter}={_text(value)}" for parameter, value in values)])


def _value(parameter: str, text: str) -> float:
    if parameter == "share":
        return quantities.share(text, what=parameter)
    return (quantities.number if parameter in _PLAIN else quantities.duration)(text, what=parameter)


def _text(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.9f}".rstrip("0").rstrip(".")
