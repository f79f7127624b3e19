"""The base of every tool: it turns credentials and parameters into a call, and an output or a failure into messages.

A tool's module imports this module, not the class: Dify's loader wants to see exactly one tool class in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dify_plugin import Tool
from dify_plugin.entities.tool import ToolInvokeMessage

from . import settings
from .call import Call, Output, new_call, presentable
from .failures import MemoryFailure


class MemoryTool(Tool):  # type: ignore[misc]  # the SDK is not in the environment that checks types
    """A tool that makes one call; subclasses say what in `run`."""

    def run(self, call: Call) -> Output:
        """Make the call; raises MemoryFailure."""
        raise NotImplementedError

    def _invoke(self, tool_parameters: dict[str, Any]) -> Iterator[ToolInvokeMessage]:
        """Yield the text, the JSON and the variables; raises MemoryFailure, whose text is one line."""
        outcome = self._outcome(tool_parameters)
        if isinstance(outcome, MemoryFailure):
            raise outcome from None
        yield self.create_text_message(outcome.text)
        yield self.create_json_message(outcome.members)
        for name, value in outcome.members.items():
            # Dify takes no null as the value of a variable.
            yield self.create_variable_message(name, "" if value is None else value)
        if outcome.file is not None:
            yield self.create_blob_message(outcome.file, meta=dict(outcome.file_meta))

    def _outcome(self, tool_parameters: dict[str, Any]) -> Output | MemoryFailure:
        """Return the output, with the user whom it is about, or the failure to show."""
        key = None
        try:
            found = settings.from_credentials(self.runtime.credentials or {})
            key = found.api_key
            call = new_call(found, tool_parameters, self.runtime.user_id)
            output = self.run(call)
        except Exception as error:  # noqa: BLE001 - whatever it is, the user gets a sentence and no internals
            failure = presentable(error, key)
            return MemoryFailure(failure.kind, failure.happened, failure.advice)
        return Output({**output.members, "user_id": call.user}, output.text, output.file, output.file_meta)
