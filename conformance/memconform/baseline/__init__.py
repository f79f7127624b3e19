"""Known failures of a server or a client, with reasons and expiry dates, and what they make of a result."""
