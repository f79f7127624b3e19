"""Whose memories a call is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .failures import MemoryFailure
from .parameters import Parameters, text

OPTIONAL_MEMBERS = ("agent_id", "app_id", "session_id")


def effective_user(parameters: Parameters, runtime_user: str | None) -> str:
    """Return the user that the app's author bound, or else Dify's own id of the person who asks."""
    user = text(parameters, "user_id") or text({"user_id": runtime_user}, "user_id")
    if user is None:
        raise MemoryFailure(
            "bad_parameter",
            "There is no user: the parameter user_id is empty, and Dify named none.",
            "Bind user_id to sys.user_id in the tool's settings.",
        )
    return user


def full_scope(parameters: Parameters, user: str) -> dict[str, str]:
    """Return the scope of a call: the user, and the agent, app and session where they are given."""
    optional = {name: text(parameters, name) for name in OPTIONAL_MEMBERS}
    return {"user_id": user, **{name: value for name, value in optional.items() if value is not None}}


def user_scope(user: str) -> dict[str, str]:
    """Return everything of one user, in whatever agent, app or session."""
    return {"user_id": user}


def belongs_to(memory: Mapping[str, Any], user: str) -> bool:
    """Tell whether a memory is of exactly this user."""
    scope = memory.get("scope")
    return isinstance(scope, Mapping) and scope.get("user_id") == user
