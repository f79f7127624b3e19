"""Times for people: three digits in a unit that fits."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return a time such as "2.15 ms" or "1.2 s"."""
    if seconds < 0.000_9995:
        return f"{seconds * 1e6:.3g} µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 99.95:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
