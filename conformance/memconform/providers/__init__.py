"""Real providers, started for real, and judged behind their bridges.

A *definition* (`fixtures/providers/NAME/`) says how one configuration of a provider is started and which bridge speaks
for it; the rest is the same for all: environments from locks, services beside it, a free port, waiting until it is
ready, the bridge, the check.
"""

from memconform.providers.bridge import Bridge, bridged
from memconform.providers.definition import Definition, definition, definitions
from memconform.providers.failures import NotStarted, ProviderFailed, Unfit
from memconform.providers.starting import Started, started

__all__ = [
    "Bridge",
    "Definition",
    "NotStarted",
    "ProviderFailed",
    "Started",
    "Unfit",
    "bridged",
    "definition",
    "definitions",
    "started",
]
