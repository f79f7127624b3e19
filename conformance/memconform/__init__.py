"""memconform: proves that AI memory servers do what they promise."""
