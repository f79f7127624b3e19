"""recall_context: what is remembered about a question, as text for the prompt of a model."""

from __future__ import annotations

from memory_api import parameters, prompt, searching, tool
from memory_api.call import Call, Output, presentable
from memory_api.failures import MemoryFailure

MAX_CHARS = 2000
MOST_CHARS = 100_000


class RecallContext(tool.MemoryTool):
    """POST /v1/search, as text."""

    def run(self, call: Call) -> Output:
        """Return the text; where the author asked for it, an empty one that says so instead of a failure."""
        on_error = parameters.choice(call.parameters, "on_error", ("fail", "empty"))
        most = min(parameters.whole_number(call.parameters, "max_chars") or MAX_CHARS, MOST_CHARS)
        try:
            found = searching.found(call)
        except MemoryFailure as failure:
            if on_error == "fail" or failure.kind == "bad_parameter":
                raise
            return degraded(str(presentable(failure, call.client.settings.api_key)))
        context, used, cut = prompt.prompt_text([result["memory"] for result in found], most)
        members = {
            "context": context,
            "memory_ids": used,
            "count": len(used),
            "truncated": cut,
            "degraded": False,
            "degraded_reason": "",
        }
        return Output(members, context or "Nothing is remembered about this.")


def degraded(reason: str) -> Output:
    """Return an empty context that says why it is empty."""
    members = {
        "context": "",
        "memory_ids": [],
        "count": 0,
        "truncated": False,
        "degraded": True,
        "degraded_reason": reason,
    }
    return Output(members, f"The memory could not be asked, so this goes on without it. {reason}")
