"""What a client puts into its scopes besides the user: an app, an agent. The judge has to store things there, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from memconform.clients.identity import scopes_of

if TYPE_CHECKING:
    from memconform.clients.stage import Stage


def scopes_besides(stage: Stage) -> Mapping[str, Mapping[str, Any]]:
    """Call each tool once, whatever comes of it, and return the members that it adds to the scope, by tool."""
    found = {}
    for met in stage.each(stage.tools, stage.call):
        scopes = [scope for seen in met.main for scope in scopes_of(seen)]
        found[met.called.tool.tool] = {
            name: value for scope in scopes for name, value in scope.items() if name != "user_id"
        }
    return found
