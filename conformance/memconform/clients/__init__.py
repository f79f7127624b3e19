"""Conformance of clients: the other half of the judge (CLIENT-01 to CLIENT-10)."""
