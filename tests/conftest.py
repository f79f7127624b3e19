"""What holds for all tests."""

from hypothesis import settings

settings.register_profile("busy machine", deadline=None)
"""An example may take any time: 200 ms is no promise of ours, and a busy machine would break it."""
settings.load_profile("busy machine")
