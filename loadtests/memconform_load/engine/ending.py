"""How a run ends: one result, judged, written to its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from memconform_load.engine.result import assembled
from memconform_load.exit_codes import HARNESS

if TYPE_CHECKING:
    from memconform_load.engine.beginning import Start
    from memconform_load.engine.channel import Channel
    from memconform_load.engine.whole import Whole


def ended(whole: Whole, start: Start, channel: Channel) -> int:
    """Write the result; return the exit code."""
    result = assembled(whole, start)
    if start.result_file:
        try:
            Path(start.result_file).write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        except OSError as error:
            channel.note(f"the result cannot be written to {start.result_file}: {error.strerror}")
            return HARNESS
    channel.ended(result["verdict"]["exit_code"], _summary(result))
    return int(result["verdict"]["exit_code"])


def _summary(result: dict) -> str:  # type: ignore[type-arg]
    from memconform_load.report.terminal import render

    return render(result)
