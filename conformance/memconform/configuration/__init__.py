"""What a project says once about its server: `[tool.memconform]` of pyproject.toml, or memconform.toml.

A flag overrides the environment, which overrides the file, which overrides the default.
"""

from memconform.configuration.defaults import CONFIGURED, defaults
from memconform.configuration.file import Configuration, read_configuration
from memconform.configuration.place import FILE, PYPROJECT, find_file
from memconform.configuration.strict import faults

__all__ = [
    "CONFIGURED",
    "FILE",
    "PYPROJECT",
    "Configuration",
    "defaults",
    "faults",
    "find_file",
    "read_configuration",
]
