"""`Retry-After`: when the server wants to be asked again, in seconds or as an HTTP date."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .quoting import quoted


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """What the server said: `seconds` from now, 0.0 or more; None where it is not usable. `said` is a sentence."""

    seconds: float | None
    said: str


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> RetryAfter | None:
    """Return what an answer says about coming back; None where it says nothing."""
    text = headers.get("Retry-After")
    if text is None:
        return None
    text = text.strip()
    if re.fullmatch(r"[0-9]+", text):
        return _after(float(text) if len(text) < 300 else math.inf)
    moment = _moment(text)
    if moment is None:
        return RetryAfter(None, f"Its Retry-After, {quoted(text, 40)}, is neither seconds nor an HTTP date.")
    # Both clocks may differ: what counts is the server's own, which stands beside it.
    server_now = _moment(headers.get("Date", "")) or now or datetime.now(UTC)
    return _after(max(0.0, (moment - server_now).total_seconds()))


def _after(seconds: float) -> RetryAfter:
    """Return a wait in words."""
    if seconds < 120:
        return RetryAfter(seconds, f"It asks to come back in {math.ceil(seconds)} s.")
    if seconds < 2 * 86400:
        return RetryAfter(seconds, f"It asks to come back in {math.ceil(seconds / 60)} minutes.")
    if seconds < 3650 * 86400:
        return RetryAfter(seconds, f"It asks to come back in {math.ceil(seconds / 86400)} days.")
    return RetryAfter(seconds, "It asks to come back in more than ten years, which is hardly meant.")


def _moment(text: str) -> datetime | None:
    """Return the instant of an HTTP date; None for anything else."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
