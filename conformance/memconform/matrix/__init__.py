"""Servers side by side: providers × requirements, providers × profiles, latency, and what changed since the last run.

`read` reads result files, `matrix` makes one document of them (`schemas/results/matrix.schema.json`); the modules
`markdown`, `page` and `site` show it.
"""

from memconform.matrix.document import Matrix, matrix
from memconform.matrix.earlier import MATRIX, read_earlier
from memconform.matrix.reading import Given, read

__all__ = ["MATRIX", "Given", "Matrix", "matrix", "read", "read_earlier"]
