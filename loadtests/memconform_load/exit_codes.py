"""What a load test ends with."""

from __future__ import annotations

MET = 0
"""Every objective is met."""
NOT_MET = 1
USAGE = 2
"""What was asked for makes no sense, or not with this server."""
INVALID = 3
"""The run measured nothing that can be believed; it says why."""
HARNESS = 4
"""Ours failed; this says nothing about the server."""
