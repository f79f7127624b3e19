"""What stands behind the names of `memconform`: import them from there, never from here."""
