"""Figures as people read them: three digits that count, thousands apart, a dash for what is not known."""

from __future__ import annotations

import math

UNKNOWN = "–"


def number(value: float | None) -> str:
    """Return a figure with three significant digits, whole from 100 on: `0.412`, `41.2`, `1,712`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    digits = max(2 - math.floor(math.log10(abs(value))), 0)
    return f"{value:.{min(digits, 4)}f}".rstrip("0").rstrip(".") or "0"


def milliseconds(value: float | None) -> str:
    """Return a time as tables hold it: three significant digits, zeros at the end kept so that columns are calm."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}" if value >= 0.9995 else f"{value:.3f}"


def whole(value: float | None) -> str:
    """Return a count, thousands apart."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:,.0f}"


def with_unit(value: float | None, unit: str) -> str:
    """Return a figure and its unit: `231 ms`, `0.03 %`, `49.9/s`."""
    if value is None:
        return UNKNOWN
    return f"{number(value)}{unit if unit.startswith('/') else f' {unit}'}".rstrip()


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Return a count with its noun: `1 call`, `2 calls`, `2 processes`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {nouns or noun + 's'}"


def clock(second: float) -> str:
    """Return an instant of the load as `m:ss`, or `h:mm:ss` from one hour on."""
    minutes, seconds = divmod(int(second), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def span(seconds: float) -> str:
    """Return a length of time: `9.5 s`, `12 min 30 s`, `2 h 5 min`."""
    if seconds < 120:
        return f"{number(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
