"""The provider: checks the credentials that its tools use."""

from __future__ import annotations

from typing import Any

from dify_plugin import ToolProvider
from dify_plugin.errors.tool import ToolProviderCredentialValidationError
from memory_api.checking import check
from memory_api.failures import MemoryFailure


class MemoryProvider(ToolProvider):  # type: ignore[misc]  # the SDK is not in the environment that checks types
    """Any server of the Memory API."""

    def _validate_credentials(self, credentials: dict[str, Any]) -> None:
        """Raise ToolProviderCredentialValidationError with one sentence unless the server accepts the credentials."""
        try:
            check(credentials)
        except MemoryFailure as failure:
            raise ToolProviderCredentialValidationError(str(failure)) from None
